import { invalidRequest } from '../../contracts/errors.ts';
import { type Call, definePath, type PathDeclaration } from '../../contracts/paths.ts';
import type { JsonObject, Reply } from '../../contracts/request.ts';
import { canonicalPolicyName } from '../policies/policy-names.ts';
import type { PolicyStore, StoredPolicy } from '../policies/policy-store.ts';

const name = {
  type: 'lower-string',
  description: 'Name of the policy',
  required: true,
  lowerCaseWarning: 'policy name',
} as const;
const text = { type: 'string', description: 'The policy in HCL or JSON, plain or base64' } as const;

type Where = Call<object>['namespace'];

/** `sys/policies/acl` and the older `sys/policy`. */
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
          handler: async ({ namespace }) => ({ data: { keys: await namesIn(policies, namespace) } }),
        },
      },
      help: { synopsis: 'The names of all policies.', description: '`root` is always there.' },
    }),
    definePath({
      pattern: 'policies/acl/{name...}',
      fields: {
        name,
        policy: text,
        cas: { type: 'int', description: 'Version that must be there now, -1 for none' },
      },
      operations: {
        read: {
          summary: 'Read a policy',
          async handler({ fields, namespace }) {
            const policy = await policies.find(namespace.id, canonicalPolicyName(fields.name));
            return policy && { data: { ...shown(policy), policy: policy.text } };
          },
        },
        write: {
          summary: 'Write a policy',
          handler: ({ fields, namespace }) =>
            write(policies, namespace, fields.name, fields.policy, fields.cas),
        },
        delete: {
          summary: 'Delete a policy',
          handler: ({ fields, namespace }) => remove(policies, namespace, fields.name),
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
  const all = async ({ namespace }: { namespace: Where }): Promise<Reply> => {
    const keys = await namesIn(policies, namespace);
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
      pattern: 'policy/{name...}',
      shape: 'flattened',
      fields: { name, policy: { ...text, aliases: ['rules'] } },
      operations: {
        read: {
          summary: 'Read a policy',
          async handler({ fields, namespace }) {
            const policy = await policies.find(namespace.id, canonicalPolicyName(fields.name));
            return policy && { data: { ...shown(policy), rules: policy.text } };
          },
        },
        write: {
          summary: 'Write a policy',
          handler: ({ fields, namespace }) =>
            write(policies, namespace, fields.name, fields.policy, undefined),
        },
        delete: {
          summary: 'Delete a policy',
          handler: ({ fields, namespace }) => remove(policies, namespace, fields.name),
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
  namespace: Where,
  name: string,
  policy: string | undefined,
  cas: number | undefined,
): Promise<undefined> {
  if (policy === undefined || policy === '') throw invalidRequest("'policy' parameter not supplied or empty");
  await policies.write(namespace.id, canonicalPolicyName(name), policy, cas);
}

async function remove(policies: PolicyStore, namespace: Where, name: string): Promise<undefined> {
  await policies.remove(namespace.id, canonicalPolicyName(name));
}

async function namesIn(policies: PolicyStore, namespace: Where): Promise<string[]> {
  const names = await policies.list(namespace.id);
  return [...names.filter((other) => other !== 'root'), 'root'];
}

function shown(policy: StoredPolicy): JsonObject {
  return {
    name: policy.name,
    version: policy.version,
    cas_required: false,
    ...(policy.modifiedMs > 0 ? { modified: new Date(policy.modifiedMs).toISOString() } : {}),
  };
}
