import { CofferError, invalidRequest } from '../../contracts/errors.ts';
import { definePath, type PathDeclaration } from '../../contracts/paths.ts';
import type { TokenService } from '../../contracts/token-service.ts';
import { shownFacts } from './facts.ts';

const token = { type: 'string', description: 'The token', sensitive: true } as const;
const accessor = { type: 'string', description: 'Accessor of the token' } as const;
const increment = {
  type: 'duration',
  description: 'How long from now; 0 for the default',
  default: 0,
} as const;
const badToken = () => new CofferError('permission-denied', 'bad token');
const badAccessor = () => invalidRequest('1 error occurred:\n\t* invalid accessor\n\n');

export function lifePaths(tokens: TokenService): PathDeclaration[] {
  return [...lookups(tokens), ...renewals(tokens), ...revocations(tokens), ...administration(tokens)];
}

function lookups(tokens: TokenService): PathDeclaration[] {
  async function self(caller: Parameters<TokenService['lookUpCaller']>[0], origin: { token?: string }) {
    const facts = await tokens.lookUpCaller(caller);
    if (!facts) throw badToken();
    return { data: shownFacts(facts, origin.token ?? '') };
  }
  return [
    definePath({
      pattern: 'lookup-self',
      fields: {},
      operations: {
        read: {
          summary: 'Look up the calling token',
          pure: true,
          handler: (call) => self(call.caller, call.origin),
        },
        write: { summary: 'Look up the calling token', handler: (call) => self(call.caller, call.origin) },
      },
      help: {
        synopsis: 'What the calling token is.',
        description: 'Policies, times left, metadata of the token that makes the call.',
      },
    }),
    definePath({
      pattern: 'lookup',
      fields: { token: { ...token, query: true } },
      operations: {
        read: { summary: 'Look up a token', handler: (call) => lookUp(call.fields.token, call) },
        write: { summary: 'Look up a token', handler: (call) => lookUp(call.fields.token, call) },
      },
      help: {
        synopsis: 'What a token is.',
        description: 'As lookup-self, for the token in the body; without one, the calling token.',
      },
    }),
    definePath({
      pattern: 'lookup-accessor',
      fields: { accessor: { ...accessor, required: true } },
      operations: {
        write: {
          summary: 'Look up a token by its accessor',
          async handler(call) {
            const facts = await tokens.lookUpAccessor(call.fields.accessor, call.namespace);
            if (!facts) throw badAccessor();
            return { data: shownFacts(facts, '') };
          },
        },
      },
      help: {
        synopsis: 'What the token with an accessor is.',
        description: 'The token itself is not shown.',
      },
    }),
  ];

  async function lookUp(
    given: string | undefined,
    call: {
      caller: Parameters<TokenService['lookUpCaller']>[0];
      origin: { token?: string };
      namespace: { id: string; path: string };
    },
  ) {
    if (given === undefined || given === '') return self(call.caller, call.origin);
    const facts = await tokens.lookUp(given, call.namespace);
    if (!facts) throw badToken();
    return { data: shownFacts(facts, given) };
  }
}

function renewals(tokens: TokenService): PathDeclaration[] {
  return [
    definePath({
      pattern: 'renew-self',
      fields: { increment, token: { ...token, deprecated: true } },
      operations: {
        write: {
          summary: 'Renew the calling token',
          async handler(call) {
            const renewed = await tokens.renewCaller(call.caller, call.fields.increment);
            return { token: { ...renewed, clientToken: call.origin.token ?? '' } };
          },
        },
      },
      help: {
        synopsis: 'Renew the calling token.',
        description: 'Its life is extended from now, up to its maximum.',
      },
    }),
    definePath({
      pattern: 'renew',
      fields: { increment, token },
      operations: {
        write: {
          summary: 'Renew a token',
          async handler(call) {
            const { token: given } = call.fields;
            if (!given) {
              const renewed = await tokens.renewCaller(call.caller, call.fields.increment);
              return { token: { ...renewed, clientToken: call.origin.token ?? '' } };
            }
            return { token: await tokens.renew(given, call.fields.increment, call.namespace) };
          },
        },
      },
      help: { synopsis: 'Renew a token.', description: 'The token in the body, or the calling one.' },
    }),
    definePath({
      pattern: 'renew-accessor',
      fields: { increment, accessor: { ...accessor, required: true } },
      operations: {
        write: {
          summary: 'Renew a token by its accessor',
          async handler(call) {
            return {
              token: await tokens.renewAccessor(call.fields.accessor, call.fields.increment, call.namespace),
            };
          },
        },
      },
      help: { synopsis: 'Renew the token with an accessor.', description: 'The token itself is not shown.' },
    }),
  ];
}

function revocations(tokens: TokenService): PathDeclaration[] {
  return [
    definePath({
      pattern: 'revoke-self',
      fields: {},
      operations: {
        write: {
          summary: 'Revoke the calling token',
          async handler(call) {
            await tokens.revokeCaller(call.caller);
            return undefined;
          },
        },
      },
      help: { synopsis: 'Revoke the calling token.', description: 'And every token and lease that it made.' },
    }),
    definePath({
      pattern: 'revoke',
      fields: { token: { ...token, required: true } },
      operations: {
        write: {
          summary: 'Revoke a token and its children',
          async handler(call) {
            await tokens.revoke(call.fields.token, call.namespace);
            return undefined;
          },
        },
      },
      help: {
        synopsis: 'Revoke a token.',
        description:
          'And every token and lease that it made. When the answer comes, none of them is accepted any more.',
      },
    }),
    definePath({
      pattern: 'revoke-orphan',
      access: 'sudo',
      fields: { token: { ...token, required: true } },
      operations: {
        write: {
          summary: 'Revoke a token and leave its children',
          async handler(call) {
            await tokens.revokeOrphan(call.fields.token, call.namespace);
            return undefined;
          },
        },
      },
      help: { synopsis: 'Revoke a token alone.', description: 'Its children live on as orphans.' },
    }),
    definePath({
      pattern: 'revoke-accessor',
      fields: { accessor: { ...accessor, required: true } },
      operations: {
        write: {
          summary: 'Revoke a token by its accessor',
          async handler(call) {
            const found = await tokens.revokeAccessor(call.fields.accessor, call.namespace);
            return found ? undefined : { warnings: ['No token found with this accessor'] };
          },
        },
      },
      help: {
        synopsis: 'Revoke the token with an accessor.',
        description: 'And every token and lease that it made.',
      },
    }),
  ];
}

function administration(tokens: TokenService): PathDeclaration[] {
  return [
    definePath({
      pattern: 'accessors',
      access: 'sudo',
      fields: {},
      operations: {
        list: {
          summary: 'List token accessors',
          async handler(call) {
            return { data: { keys: await tokens.accessors(call.namespace) } };
          },
        },
      },
      help: {
        synopsis: 'The accessors of all tokens of this namespace.',
        description: 'With an accessor a token can be looked up, renewed and revoked, not used.',
      },
    }),
    definePath({
      pattern: 'tidy',
      fields: {},
      operations: {
        write: {
          summary: 'Remove what refers to tokens that are gone',
          async handler(call) {
            void tokens.tidy(call.namespace).catch(() => undefined);
            return {
              status: 202,
              warnings: [
                "Tidy operation successfully started. Any information from the operation will be printed to the server's logs.",
              ],
            };
          },
        },
      },
      help: { synopsis: 'Clean up after tokens.', description: 'Runs in the background.' },
    }),
  ];
}
