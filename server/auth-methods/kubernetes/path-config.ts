import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { invalidRequest } from '../../contracts/errors.ts';
import { definePath, type PathDeclaration } from '../../contracts/paths.ts';
import type { Records } from '../../contracts/records.ts';
import { type ConfigRecord, configFields, configOf, shownConfig } from './config-record.ts';

const configKey = 'config';

export async function readConfig(records: Records): Promise<ConfigRecord | undefined> {
  const stored = records.peek<ConfigRecord>(configKey) ?? (await records.get<ConfigRecord>(configKey));
  return stored?.value;
}

export function configPath(records: Records, folder: string): PathDeclaration {
  return definePath({
    pattern: 'config',
    fields: configFields,
    exists: async () => (await readConfig(records)) !== undefined,
    help: {
      synopsis: 'The cluster whose service accounts log in.',
      description:
        'Address and authorities of its API server, and the token that tokens are reviewed with. A write replaces the whole configuration.',
    },
    operations: {
      read: {
        summary: 'Read the configuration',
        pure: true,
        async handler() {
          const config = await readConfig(records);
          return config && { data: shownConfig(config) };
        },
      },
      write: {
        summary: 'Replace the configuration',
        async handler({ fields }) {
          const config = configOf(fields);
          const file = join(folder, 'ca.crt');
          if (config.caPem === '' && config.host.startsWith('https:') && !existsSync(file))
            throw invalidRequest(`open ${file}: no such file or directory`, {
              hint: 'Give kubernetes_ca_cert: this server runs in no pod.',
            });
          await records.commit({ put: [[configKey, config]] });
          return undefined;
        },
        examples: [
          {
            description: 'From inside the cluster',
            data: { kubernetes_host: 'https://kubernetes.default.svc' },
          },
        ],
      },
    },
  });
}
