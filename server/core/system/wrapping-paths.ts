import { CofferError, invalidRequest } from '../../contracts/errors.ts';
import { type Call, definePath, type PathDeclaration } from '../../contracts/paths.ts';
import type { Reply } from '../../contracts/request.ts';
import { isWrapping } from '../tokens/token-entry.ts';
import type { TokenState } from '../tokens/token-state.ts';
import type { TokenStore } from '../tokens/token-store.ts';
import type { Wrapping } from '../wrapping/wrapping.ts';

const token = {
  type: 'string',
  description: 'The wrapping token; else the client token is one',
  sensitive: true,
  default: '',
} as const;

/** `sys/wrapping/*`. Unwrapping takes the token as the client token or in the body, never both. */
export function wrappingPaths(wrapping: Wrapping, tokens: TokenStore): PathDeclaration[] {
  return [wrapPath(), ...unwrapPaths(wrapping, tokens), lookUpPath(wrapping)];
}

function wrapPath(): PathDeclaration {
  return definePath({
    pattern: 'wrapping/wrap',
    anyFields: true,
    fields: {},
    operations: {
      write: {
        summary: 'Wrap data of one’s own',
        async handler(call) {
          if ((call.origin.wrapTtlSeconds ?? 0) <= 0)
            throw invalidRequest('endpoint requires response wrapping to be used', {
              hint: 'Send X-Vault-Wrap-TTL.',
            });
          return { data: call.data };
        },
      },
    },
    help: { synopsis: 'Wrap any data.', description: 'The body is what unwrap will answer.' },
  });
}

function unwrapPaths(wrapping: Wrapping, tokens: TokenStore): PathDeclaration[] {
  return [
    definePath({
      pattern: 'wrapping/unwrap',
      fields: { token },
      operations: {
        write: {
          summary: 'Unwrap, once',
          async handler(call): Promise<Reply> {
            const answer = await using(call, (state) => wrapping.unwrap(state));
            return { raw: { contentType: 'application/json', body: answer.body, status: answer.status } };
          },
        },
      },
      help: {
        synopsis: 'The answer behind a wrapping token, once.',
        description: 'A second attempt fails and shows in the audit log, which is how a thief is noticed.',
      },
    }),
    definePath({
      pattern: 'wrapping/rewrap',
      fields: { token },
      operations: {
        write: {
          summary: 'Wrap again with a new token',
          async handler(call): Promise<Reply> {
            return { wrap: await using(call, (state) => wrapping.rewrap(state)) };
          },
        },
      },
      help: {
        synopsis: 'A new wrapping token for the same answer.',
        description: 'The old one ends; the new one lives as long as the old did at first.',
      },
    }),
  ];

  /** A client token that is the wrapping token had its use taken when the request came in. */
  async function using<T>(
    call: Call<{ readonly token: string }>,
    action: (state: TokenState) => Promise<T>,
  ): Promise<T> {
    const given = call.fields.token;
    if (given !== '' && given !== call.origin.token) return wrapping.using(given, action);
    const state = await tokens.ofCaller(call.caller);
    if (!state || !isWrapping(state.entry)) throw new CofferError('bad-wrapping-token');
    return action(state);
  }
}

function lookUpPath(wrapping: Wrapping): PathDeclaration {
  return definePath({
    pattern: 'wrapping/lookup',
    access: 'anyone',
    fields: { token },
    operations: {
      read: { summary: 'What a wrapping token is', pure: true, handler: lookUp },
      write: { summary: 'What a wrapping token is', pure: true, handler: lookUp },
    },
    help: {
      synopsis: 'Where and when a wrapping token was made.',
      description: 'Does not use it up and needs no other token: check `creation_path` before you unwrap.',
    },
  });

  async function lookUp(call: Call<{ readonly token: string }>): Promise<Reply> {
    const given = call.fields.token || call.origin.token || '';
    if (given === '') throw invalidRequest('missing "token" value in input');
    const answer = await wrapping.lookUp(given);
    return {
      data: {
        creation_path: answer.creationPath,
        creation_time: new Date(answer.creationTimeMs).toISOString(),
        creation_ttl: answer.ttlSeconds,
      },
    };
  }
}
