import { formatGoDuration } from '../../../formats/duration/index.ts';
import { invalidRequest } from '../../contracts/errors.ts';
import { definePath, type PathDeclaration } from '../../contracts/paths.ts';
import type { SecretStore } from './secret-store.ts';

export function configPath(store: SecretStore): PathDeclaration {
  return definePath({
    pattern: 'config',
    fields: {
      max_versions: {
        type: 'int',
        description: 'Versions to keep of each secret; 0 means 10. A secret may ask for more.',
      },
      cas_required: { type: 'bool', description: 'Every write of a secret must carry `options.cas`.' },
      metadata_cas_required: {
        type: 'bool',
        description: 'Every write of metadata must carry `metadata_cas`.',
      },
      delete_version_after: {
        type: 'signed-duration',
        description:
          'Versions are deleted so long after they were written; 0 means never, and a negative duration never for any secret.',
      },
    },
    help: {
      synopsis: 'Settings of this mount.',
      description: 'They hold for every secret of the mount; what is not given stays as it was.',
    },
    operations: {
      read: {
        summary: 'Read the settings of the mount',
        pure: true,
        handler: async () => {
          const config = await store.config();
          return {
            data: {
              cas_required: config.casRequired,
              delete_version_after: formatGoDuration(config.deleteVersionAfterSeconds),
              max_versions: config.maxVersions,
              metadata_cas_required: config.metadataCasRequired,
            },
          };
        },
      },
      write: {
        summary: 'Change settings of the mount',
        handler: async ({ fields }) => {
          const { max_versions, cas_required, metadata_cas_required, delete_version_after } = fields;
          if (max_versions !== undefined && max_versions < 0)
            throw invalidRequest('max_versions cannot be negative');
          if (Object.values(fields).every((value) => value === undefined)) return undefined;
          await store.changeConfig((before) => ({
            maxVersions: max_versions ?? before.maxVersions,
            casRequired: cas_required ?? before.casRequired,
            metadataCasRequired: metadata_cas_required ?? before.metadataCasRequired,
            deleteVersionAfterSeconds:
              delete_version_after === undefined
                ? before.deleteVersionAfterSeconds
                : Math.max(delete_version_after, -1),
          }));
          return undefined;
        },
      },
    },
  });
}
