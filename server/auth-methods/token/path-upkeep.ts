import type { Logger } from '../../contracts/logger.ts';
import { definePath, type PathDeclaration } from '../../contracts/paths.ts';
import type { TokenService } from '../../contracts/token-service.ts';

const started =
  "Tidy operation successfully started. Any information from the operation will be printed to the server's logs.";

export function upkeepPaths(tokens: TokenService, logger: Logger): PathDeclaration[] {
  return [
    definePath({
      pattern: 'accessors',
      access: 'sudo',
      fields: {},
      operations: {
        list: {
          summary: 'List token accessors',
          pure: true,
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
            tokens.tidy(call.namespace).then(
              () => logger.info('token tidy is done'),
              (error: unknown) =>
                logger.warn('token tidy failed', {
                  error: error instanceof Error ? error.message : 'unknown',
                }),
            );
            return { status: 202, warnings: [started] };
          },
        },
      },
      help: { synopsis: 'Clean up after tokens.', description: 'Runs in the background.' },
    }),
  ];
}
