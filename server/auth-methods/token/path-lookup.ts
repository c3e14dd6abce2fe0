import { CofferError, invalidRequest } from '../../contracts/errors.ts';
import { type Call, definePath, type PathDeclaration } from '../../contracts/paths.ts';
import type { Reply } from '../../contracts/request.ts';
import type { TokenService } from '../../contracts/token-service.ts';
import { ShownFacts } from './facts.ts';
import { accessorField, tokenField } from './token-fields.ts';

export function lookupPaths(tokens: TokenService): PathDeclaration[] {
  const shown = new ShownFacts();
  return [self(), lookup(), byAccessor()];

  async function lookUpSelf(call: Call<unknown>): Promise<Reply> {
    const facts = await tokens.lookUpCaller(call.caller);
    if (!facts) throw badToken();
    return { data: shown.of(facts, call.origin.token ?? '') };
  }

  async function lookUpGiven(call: Call<{ readonly token: string | undefined }>): Promise<Reply> {
    const given = call.fields.token;
    if (given === undefined || given === '') return lookUpSelf(call);
    const facts = await tokens.lookUp(given, call.namespace);
    if (!facts) throw badToken();
    return { data: shown.of(facts, given) };
  }

  function self(): PathDeclaration {
    const operation = { summary: 'Look up the calling token', pure: true, handler: lookUpSelf };
    return definePath({
      pattern: 'lookup-self',
      fields: {},
      operations: { read: operation, write: operation },
      help: {
        synopsis: 'What the calling token is.',
        description: 'Policies, times left, metadata of the token that makes the call.',
      },
    });
  }

  function lookup(): PathDeclaration {
    const operation = { summary: 'Look up a token', pure: true, handler: lookUpGiven };
    return definePath({
      pattern: 'lookup',
      fields: { token: { ...tokenField, query: true } },
      operations: { read: operation, write: operation },
      help: {
        synopsis: 'What a token is.',
        description: 'As lookup-self, for the token in the body; without one, the calling token.',
      },
    });
  }

  function byAccessor(): PathDeclaration {
    return definePath({
      pattern: 'lookup-accessor',
      fields: { accessor: accessorField },
      operations: {
        write: {
          summary: 'Look up a token by its accessor',
          pure: true,
          async handler(call) {
            const facts = await tokens.lookUpAccessor(call.fields.accessor, call.namespace);
            if (!facts) throw invalidRequest('1 error occurred:\n\t* invalid accessor\n\n');
            return { data: shown.of(facts, '') };
          },
        },
      },
      help: {
        synopsis: 'What the token with an accessor is.',
        description: 'The token itself is not shown.',
      },
    });
  }
}

const badToken = () => new CofferError('permission-denied', 'bad token');
