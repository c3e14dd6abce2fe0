import { CofferError, invalidRequest } from '../../contracts/errors.ts';
import { type Call, definePath, type PathDeclaration } from '../../contracts/paths.ts';
import type { Reply } from '../../contracts/request.ts';
import type { Access } from '../policies/access.ts';
import type { TokenState } from '../tokens/token-state.ts';
import type { TokenStore } from '../tokens/token-store.ts';

const fields = {
  paths: { type: 'strings', description: 'Paths to ask about' },
  path: { type: 'strings', description: 'The same, older', deprecated: true },
} as const;
const help = {
  synopsis: 'What a token may do.',
  description: 'The capabilities on each path: `deny` alone, `root` alone, or a list.',
};

interface Asked {
  readonly fields: {
    readonly paths: readonly string[] | undefined;
    readonly path: readonly string[] | undefined;
  };
  readonly namespace: Call<object>['namespace'];
}

/** `sys/capabilities`, `-self`, `-accessor`: what a token may do on paths. */
export function capabilityPaths(access: Access, tokens: TokenStore): PathDeclaration[] {
  return [
    definePath({
      pattern: 'capabilities-self',
      shape: 'flattened',
      fields: { ...fields, token: { type: 'string', description: 'Ignored', sensitive: true } },
      help,
      operations: {
        write: {
          summary: 'Capabilities of the calling token',
          handler: async (call) => answer(access, call, await tokens.find(call.origin.token ?? '')),
        },
      },
    }),
    definePath({
      pattern: 'capabilities',
      shape: 'flattened',
      fields: {
        ...fields,
        token: { type: 'string', description: 'The token', required: true, sensitive: true },
      },
      help,
      operations: {
        write: {
          summary: 'Capabilities of a token',
          handler: async (call) => answer(access, call, await tokens.find(call.fields.token)),
        },
      },
    }),
    definePath({
      pattern: 'capabilities-accessor',
      shape: 'flattened',
      fields: {
        ...fields,
        accessor: { type: 'string', description: 'Accessor of the token', required: true },
      },
      help,
      operations: {
        write: {
          summary: 'Capabilities of the token with an accessor',
          handler: async (call) =>
            answer(access, call, await tokens.byAccessor(call.fields.accessor, call.namespace.id)),
        },
      },
    }),
  ];
}

/** A token of a namespace that is neither above nor below the caller's does not exist for it. */
async function answer(access: Access, call: Asked, state: TokenState | undefined): Promise<Reply> {
  const here = call.namespace.path;
  const asked = call.fields.paths?.length ? call.fields.paths : (call.fields.path ?? []);
  if (asked.length === 0) throw invalidRequest('paths must be supplied');
  const reaches = state !== undefined && here.startsWith(state.namespace.path);
  if (!state || (!reaches && !state.namespace.path.startsWith(here)))
    throw new CofferError('invalid-request', '1 error occurred:\n\t* invalid token\n\n');
  const acl = await access.of(state);
  const found = asked.map((path): [string, string[]] => [
    path,
    reaches ? acl.capabilities(path.replace(/^\//, ''), here) : ['deny'],
  ]);
  const [only] = found;
  const single = found.length === 1 && only ? { capabilities: only[1] } : {};
  return { data: { ...single, ...Object.fromEntries(found) } };
}
