import { invalidRequest } from '../../contracts/errors.ts';
import { definePath, type PathDeclaration } from '../../contracts/paths.ts';
import type { TokenService } from '../../contracts/token-service.ts';
import { accessorField, tokenField } from './token-fields.ts';

export function revokePaths(tokens: TokenService): PathDeclaration[] {
  return [self(tokens), given(tokens), orphaning(tokens), byAccessor(tokens)];
}

const atOnce =
  'And every token and lease that it made. When the answer comes, none of them is accepted any more.';

function self(tokens: TokenService): PathDeclaration {
  return definePath({
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
    help: { synopsis: 'Revoke the calling token.', description: atOnce },
  });
}

function given(tokens: TokenService): PathDeclaration {
  return definePath({
    pattern: 'revoke',
    fields: { token: tokenField },
    operations: {
      write: {
        summary: 'Revoke a token and its children',
        async handler(call) {
          await tokens.revoke(required(call.fields.token), call.namespace);
          return undefined;
        },
      },
    },
    help: { synopsis: 'Revoke a token.', description: atOnce },
  });
}

function orphaning(tokens: TokenService): PathDeclaration {
  return definePath({
    pattern: 'revoke-orphan',
    access: 'sudo',
    fields: { token: tokenField },
    operations: {
      write: {
        summary: 'Revoke a token and leave its children',
        async handler(call) {
          await tokens.revokeOrphan(required(call.fields.token), call.namespace);
          return undefined;
        },
      },
    },
    help: { synopsis: 'Revoke a token alone.', description: 'Its children live on as orphans.' },
  });
}

function byAccessor(tokens: TokenService): PathDeclaration {
  return definePath({
    pattern: 'revoke-accessor',
    fields: { accessor: accessorField },
    operations: {
      write: {
        summary: 'Revoke a token by its accessor',
        async handler(call) {
          const found = await tokens.revokeAccessor(call.fields.accessor, call.namespace);
          return found ? undefined : { warnings: ['No token found with this accessor'] };
        },
      },
    },
    help: { synopsis: 'Revoke the token with an accessor.', description: atOnce },
  });
}

function required(token: string | undefined): string {
  if (!token) throw invalidRequest('missing token');
  return token;
}
