import type { Call, FieldDeclarations, FieldValues } from '../../contracts/paths.ts';

export const metadataFields = {
  path: { type: 'string', description: 'Where the secret is; a folder for lists.' },
  max_versions: {
    type: 'int',
    description: 'Versions to keep; the larger of this and the setting of the mount holds.',
  },
  cas_required: { type: 'bool', description: 'Every write of the secret must carry `options.cas`.' },
  metadata_cas_required: {
    type: 'bool',
    description: 'Every write of this metadata must carry `metadata_cas`.',
  },
  metadata_cas: {
    type: 'int',
    description: 'The `current_metadata_version` that must be in force for the write to happen.',
  },
  delete_version_after: {
    type: 'duration',
    description:
      'Versions are deleted so long after they were written; the shorter of this and the setting of the mount holds. 0 clears it.',
  },
  custom_metadata: {
    type: 'map',
    description: 'Names and texts of your own: at most 64, of 128 and 512 bytes.',
  },
  after: { type: 'string', query: true, description: 'Lists begin behind this name.' },
  limit: { type: 'int', query: true, description: 'Names to list at most; all when 0 or not given.' },
} as const satisfies FieldDeclarations;

export type MetadataCall = Call<FieldValues<typeof metadataFields>>;
