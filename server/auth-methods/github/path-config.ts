import { invalidRequest } from '../../contracts/errors.ts';
import { definePath, type PathDeclaration } from '../../contracts/paths.ts';
import type { Records } from '../../contracts/records.ts';
import { OutboundError } from '../outbound-request.ts';
import { type ConfigRecord, changeConfig, configFields, noConfig, shownConfig } from './config-record.ts';
import { GitHubApi } from './github-api.ts';

const configKey = 'config';

export async function readConfig(records: Records): Promise<ConfigRecord | undefined> {
  const stored = records.peek<ConfigRecord>(configKey) ?? (await records.get<ConfigRecord>(configKey));
  return stored?.value;
}

export function configPath(records: Records): PathDeclaration {
  return definePath({
    pattern: 'config',
    fields: configFields,
    exists: async () => (await readConfig(records)) !== undefined,
    help: {
      synopsis: 'The organization whose members log in.',
      description:
        'Its id is asked for at GitHub unless it is given, and decides from then on: a name can be taken over. What a change does not name stays as it was.',
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
        summary: 'Change the configuration',
        async handler({ fields }) {
          const config = await withId(changeConfig((await readConfig(records)) ?? noConfig, fields));
          await records.commit({ put: [[configKey, config]] });
          return undefined;
        },
        examples: [{ description: 'Members of one organization', data: { organization: 'example' } }],
      },
    },
  });
}

async function withId(config: ConfigRecord): Promise<ConfigRecord> {
  if (config.organizationId > 0) return config;
  try {
    return {
      ...config,
      organizationId: await new GitHubApi(config.baseUrl).organizationId(config.organization),
    };
  } catch (error) {
    if (!(error instanceof OutboundError)) throw error;
    throw invalidRequest(
      `unable to fetch the organization_id, you must manually set it in the config: ${error.message}`,
    );
  }
}
