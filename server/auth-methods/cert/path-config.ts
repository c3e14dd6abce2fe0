import { definePath, type PathDeclaration } from '../../contracts/paths.ts';
import type { Records } from '../../contracts/records.ts';

/** The settings of a mount, as stored under `config`. */
export interface ConfigRecord {
  readonly isBindingOff: boolean;
  readonly hasAliasMetadata: boolean;
  readonly ocspCacheSize: number;
}

const configKey = 'config';

export async function readConfig(records: Records): Promise<ConfigRecord> {
  const stored = records.peek<ConfigRecord>(configKey) ?? (await records.get<ConfigRecord>(configKey));
  return stored?.value ?? { isBindingOff: false, hasAliasMetadata: false, ocspCacheSize: 0 };
}

export function configPath(records: Records): PathDeclaration {
  return definePath({
    pattern: 'config',
    fields: {
      disable_binding: {
        type: 'bool',
        description: 'Let tokens be renewed without the certificate of their login',
      },
      enable_identity_alias_metadata: {
        type: 'bool',
        description: 'Put what is known of the certificate into the metadata of the alias too',
      },
      ocsp_cache_size: { type: 'int', description: 'Kept and shown' },
    },
    help: {
      synopsis: 'Settings of all roles.',
      description: 'What a change does not name stays as it was.',
    },
    operations: {
      read: {
        summary: 'Read the settings',
        pure: true,
        async handler() {
          const config = await readConfig(records);
          return {
            data: {
              disable_binding: config.isBindingOff,
              enable_identity_alias_metadata: config.hasAliasMetadata,
              ocsp_cache_size: config.ocspCacheSize,
            },
          };
        },
      },
      write: {
        summary: 'Change the settings',
        async handler({ fields }) {
          const before = await readConfig(records);
          const config: ConfigRecord = {
            isBindingOff: fields.disable_binding ?? before.isBindingOff,
            hasAliasMetadata: fields.enable_identity_alias_metadata ?? before.hasAliasMetadata,
            ocspCacheSize: fields.ocsp_cache_size ?? before.ocspCacheSize,
          };
          await records.commit({ put: [[configKey, config]] });
          return undefined;
        },
      },
    },
  });
}
