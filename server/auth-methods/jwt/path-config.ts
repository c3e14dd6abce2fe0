import type { Clock } from '../../contracts/clock.ts';
import { invalidRequest } from '../../contracts/errors.ts';
import { definePath, type PathDeclaration } from '../../contracts/paths.ts';
import { OutboundError } from '../outbound-request.ts';
import { type ConfigRecord, configFields, configOf, shownConfig } from './config-record.ts';
import type { ConfigStore } from './config-store.ts';
import { KeySource } from './key-source.ts';

export function configPath(store: ConfigStore, clock: Clock): PathDeclaration {
  return definePath({
    pattern: 'config',
    fields: configFields,
    exists: async () => (await store.find()) !== undefined,
    help: {
      synopsis: 'Whose tokens are accepted: the source of their keys.',
      description:
        'Exactly one source: public keys, a URL of published keys, several, or an issuer to discover. A write replaces the whole configuration. The secret of the OIDC client never reads back.',
    },
    operations: {
      read: {
        summary: 'Read the configuration',
        async handler() {
          const live = await store.find();
          return live && { data: shownConfig(live.config, await statusOf(live.keys)) };
        },
      },
      write: {
        summary: 'Replace the configuration',
        async handler({ fields }) {
          const config = configOf(fields);
          const problem = await problemOf(config, clock);
          if (problem !== undefined && !fields.skip_jwks_validation) throw invalidRequest(problem);
          await store.write(config);
          return problem === undefined ? undefined : { warnings: [problem] };
        },
        examples: [
          {
            description: 'Tokens of one issuer',
            data: { oidc_discovery_url: 'https://token.actions.githubusercontent.com' },
          },
        ],
      },
    },
  });
}

async function problemOf(config: ConfigRecord, clock: Clock): Promise<string | undefined> {
  try {
    await new KeySource(config, clock).check();
    return undefined;
  } catch (error) {
    if (!(error instanceof OutboundError)) throw error;
    const what = config.discovery.url === '' ? 'jwks URL' : 'oidc discovery URL';
    return `error checking ${what}: ${error.message}`;
  }
}

async function statusOf(keys: KeySource): Promise<string> {
  try {
    await keys.check();
    return 'valid';
  } catch (error) {
    if (!(error instanceof OutboundError)) throw error;
    return `invalid: ${error.message}`;
  }
}
