import type { Logger } from '../../contracts/logger.ts';
import { definePath, type PathDeclaration } from '../../contracts/paths.ts';
import type { SecretIdStore } from './secret-id-store.ts';

const started =
  "Tidy operation successfully started. Any information from the operation will be printed to the server's logs.";

export function tidyPath(secretIds: SecretIdStore, logger: Logger): PathDeclaration {
  return definePath({
    pattern: 'tidy/secret-id',
    fields: {},
    help: {
      synopsis: 'Remove secret ids that have expired.',
      description:
        'Runs in the background. They stopped working at their time; this only frees their space, and happens by itself now and then.',
    },
    operations: {
      write: {
        summary: 'Start removing expired secret ids',
        async handler() {
          secretIds.tidy().then(
            () => logger.info('tidy of secret ids is done'),
            (error: unknown) =>
              logger.warn('tidy of secret ids failed', {
                error: error instanceof Error ? error.message : 'unknown',
              }),
          );
          return { status: 202, warnings: [started] };
        },
      },
    },
  });
}
