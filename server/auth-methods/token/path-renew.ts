import { type Call, definePath, type PathDeclaration } from '../../contracts/paths.ts';
import type { Reply } from '../../contracts/request.ts';
import type { TokenService } from '../../contracts/token-service.ts';
import { accessorField, incrementField, tokenField } from './token-fields.ts';

export function renewPaths(tokens: TokenService): PathDeclaration[] {
  return [self(), given(), byAccessor()];

  /** The caller's token is not kept; the caller brought it with the request. */
  async function renewSelf(call: Call<{ readonly increment: number }>): Promise<Reply> {
    const renewed = await tokens.renewCaller(call.caller, call.fields.increment, call.origin);
    return { token: { ...renewed, clientToken: call.origin.token ?? '' } };
  }

  function self(): PathDeclaration {
    return definePath({
      pattern: 'renew-self',
      fields: { increment: incrementField, token: tokenField },
      operations: { write: { summary: 'Renew the calling token', handler: renewSelf } },
      help: {
        synopsis: 'Renew the calling token.',
        description: 'Its life is extended from now, up to its maximum.',
      },
    });
  }

  function given(): PathDeclaration {
    return definePath({
      pattern: 'renew',
      fields: { increment: incrementField, token: tokenField },
      operations: {
        write: {
          summary: 'Renew a token',
          async handler(call) {
            const { token, increment } = call.fields;
            return token
              ? { token: await tokens.renew(token, increment, call.namespace, call.origin) }
              : renewSelf(call);
          },
        },
      },
      help: { synopsis: 'Renew a token.', description: 'The token in the body, or the calling one.' },
    });
  }

  function byAccessor(): PathDeclaration {
    return definePath({
      pattern: 'renew-accessor',
      fields: { increment: incrementField, accessor: accessorField },
      operations: {
        write: {
          summary: 'Renew a token by its accessor',
          async handler({ fields: { accessor, increment }, namespace, origin }) {
            return { token: await tokens.renewAccessor(accessor, increment, namespace, origin) };
          },
        },
      },
      help: { synopsis: 'Renew the token with an accessor.', description: 'The token itself is not shown.' },
    });
  }
}
