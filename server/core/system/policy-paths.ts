import { CofferError, invalidRequest } from '../../contracts/errors.ts';
import { definePath, type PathDeclaration } from '../../contracts/paths.ts';
import type { JsonObject, Reply } from '../../contracts/request.ts';
import type { Namespace } from '../namespaces/namespaces.ts';
import type { Access } from '../policies/access.ts';
import type { PolicyStore, StoredPolicy } from '../policies/policy-store.ts';
import type { TokenState } from '../tokens/token-state.ts';
import type { TokenStore } from '../tokens/token-store.ts';

const name = { type: 'string', description: 'Name of the policy', required: true } as const;

/** `sys/policies/acl`, the older `sys/policy`, and the three capabilities calls. */
export function policyPaths(policies: PolicyStore): PathDeclaration[] {
  return [...aclPaths(policies), ...legacyPaths(policies)];
}

function aclPaths(policies: PolicyStore): PathDeclaration[] {
  return [
    definePath({
      pattern: 'policies/acl',
      fields: {},
      operations: {
        list: {
          summary: 'List policies',
          handler: async (call) => ({ data: { keys: withRoot(await policies.list(call.namespace.id)) } }),
        },
      },
      help: { synopsis: 'The names of all policies.', description: '`root` is always there.' },
    }),
    definePath({
      pattern: 'policies/acl/{name}',
      fields: {
        name,
        policy: { type: 'string', description: 'The policy in HCL or JSON, plain or base64' },
        cas: { type: 'int', description: 'Version that must be there now, -1 for none' },
      },
      operations: {
        read: {
          summary: 'Read a policy',
          async handler(call) {
            const policy = await policies.find(call.namespace.id, call.fields.name.toLowerCase());
            return policy && { data: { ...shown(policy), policy: policy.text } };
          },
        },
        write: {
          summary: 'Write a policy',
          handler: (call) =>
            write(policies, call.namespace.id, call.fields.name, call.fields.policy, call.fields.cas),
        },
        delete: {
          summary: 'Delete a policy',
          async handler(call) {
            await policies.remove(call.namespace.id, call.fields.name.toLowerCase());
            return undefined;
          },
        },
      },
      help: {
        synopsis: 'Read, write and delete a policy.',
        description: 'A change is in force for the next request of every token that has the policy.',
      },
    }),
  ];
}

function legacyPaths(policies: PolicyStore): PathDeclaration[] {
  const all = async (call: { namespace: { id: string } }): Promise<Reply> => {
    const keys = withRoot(await policies.list(call.namespace.id));
    return { data: { keys, policies: keys } };
  };
  return [
    definePath({
      pattern: 'policy',
      shape: 'flattened',
      fields: {},
      operations: {
        read: { summary: 'List policies', handler: all },
        list: { summary: 'List policies', handler: all },
      },
      help: { synopsis: 'The names of all policies.', description: 'The older form of policies/acl.' },
    }),
    definePath({
      pattern: 'policy/{name}',
      shape: 'flattened',
      fields: {
        name,
        policy: {
          type: 'string',
          description: 'The policy in HCL or JSON, plain or base64',
          aliases: ['rules'],
        },
      },
      operations: {
        read: {
          summary: 'Read a policy',
          async handler(call) {
            const policy = await policies.find(call.namespace.id, call.fields.name.toLowerCase());
            return policy && { data: { ...shown(policy), rules: policy.text } };
          },
        },
        write: {
          summary: 'Write a policy',
          handler: (call) =>
            write(policies, call.namespace.id, call.fields.name, call.fields.policy, undefined),
        },
        delete: {
          summary: 'Delete a policy',
          async handler(call) {
            await policies.remove(call.namespace.id, call.fields.name.toLowerCase());
            return undefined;
          },
        },
      },
      help: {
        synopsis: 'Read, write and delete a policy.',
        description: 'The older form of policies/acl: `rules` for `policy`.',
      },
    }),
  ];
}

async function write(
  policies: PolicyStore,
  namespaceId: string,
  given: string,
  text: string | undefined,
  cas: number | undefined,
): Promise<Reply | undefined> {
  if (text === undefined || text === '') throw invalidRequest("'policy' parameter not supplied or empty");
  const lower = given.toLowerCase();
  await policies.write(namespaceId, lower, text, cas);
  return lower === given ? undefined : { warnings: [`policy name was converted to ${lower}`] };
}

function shown(policy: StoredPolicy): JsonObject {
  return {
    name: policy.name,
    version: policy.version,
    cas_required: false,
    ...(policy.modifiedMs > 0 ? { modified: new Date(policy.modifiedMs).toISOString() } : {}),
  };
}

function withRoot(names: readonly string[]): string[] {
  return [...names.filter((other) => other !== 'root'), 'root'];
}

/** `sys/capabilities`, `-self`, `-accessor`: what a token may do on paths. */
export function capabilityPaths(access: Access, tokens: TokenStore): PathDeclaration[] {
  const paths = { type: 'strings', description: 'Paths to ask about' } as const;
  const path = { type: 'strings', description: 'The same, older', deprecated: true } as const;
  const help = {
    synopsis: 'What a token may do.',
    description: 'The capabilities on each path: `deny` alone, `root` alone, or a list.',
  };
  return [
    definePath({
      pattern: 'capabilities-self',
      shape: 'flattened',
      fields: { paths, path, token: { type: 'string', description: 'Ignored', sensitive: true } },
      help,
      operations: {
        write: {
          summary: 'Capabilities of the calling token',
          handler: (call) =>
            answer(call.fields, call.namespace as Namespace, () => tokens.find(call.origin.token ?? '')),
        },
      },
    }),
    definePath({
      pattern: 'capabilities',
      shape: 'flattened',
      fields: {
        paths,
        path,
        token: { type: 'string', description: 'The token', required: true, sensitive: true },
      },
      help,
      operations: {
        write: {
          summary: 'Capabilities of a token',
          handler: (call) =>
            answer(call.fields, call.namespace as Namespace, () => tokens.find(call.fields.token)),
        },
      },
    }),
    definePath({
      pattern: 'capabilities-accessor',
      shape: 'flattened',
      fields: {
        paths,
        path,
        accessor: { type: 'string', description: 'Accessor of the token', required: true },
      },
      help,
      operations: {
        write: {
          summary: 'Capabilities of the token with an accessor',
          handler: (call) =>
            answer(call.fields, call.namespace as Namespace, () =>
              tokens.byAccessor(call.fields.accessor, call.namespace.id),
            ),
        },
      },
    }),
  ];

  async function answer(
    fields: { readonly paths: readonly string[] | undefined; readonly path: readonly string[] | undefined },
    namespace: Namespace,
    find: () => Promise<TokenState | undefined>,
  ): Promise<Reply> {
    const asked = fields.paths?.length ? fields.paths : (fields.path ?? []);
    if (asked.length === 0) throw invalidRequest('paths must be supplied');
    const state = await find();
    if (!state) throw new CofferError('invalid-request', '1 error occurred:\n\t* invalid token\n\n');
    const reachable = namespace.path.startsWith(state.namespace.path);
    const acl = await access.of(state);
    const data: Record<string, unknown> = {};
    for (const one of asked)
      data[one] = reachable ? acl.capabilities(one.replace(/^\//, ''), namespace.path) : ['deny'];
    return { data: asked.length === 1 ? { capabilities: data[asked[0]!], ...data } : data };
  }
}
