import type { Clock } from '../../contracts/clock.ts';
import { CofferError, invalidRequest } from '../../contracts/errors.ts';
import { definePath, type PathDeclaration } from '../../contracts/paths.ts';
import type { JsonObject, Reply } from '../../contracts/request.ts';
import { checkMetadataCas } from './check-and-set.ts';
import { patchCustomMetadata, readCustomMetadata } from './custom-metadata.ts';
import { metadataReply, rootReply } from './replies.ts';
import { emptyRecord, endSecret, type KvConfig, type SecretRecord } from './secret-record.ts';
import type { SecretStore } from './secret-store.ts';

/** Settings of one secret as a client gives them; what is undefined stays as it was. */
interface Settings {
  readonly max_versions?: number | undefined;
  readonly cas_required?: boolean | undefined;
  readonly metadata_cas_required?: boolean | undefined;
  readonly delete_version_after?: number | undefined;
}

const settingNames: ReadonlySet<string> = new Set([
  'max_versions',
  'cas_required',
  'metadata_cas_required',
  'delete_version_after',
  'custom_metadata',
]);

export function metadataPath(store: SecretStore, clock: Clock): PathDeclaration {
  return definePath({
    pattern: 'metadata/{path?...}',
    fields: {
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
    },
    help: {
      synopsis: 'Metadata and settings of a secret, and lists of secrets.',
      description:
        'Metadata can be written before there is data. Delete ends the secret with all its versions for good.',
    },
    exists: async ({ fields }) => fields.path !== undefined && (await store.get(fields.path)) !== undefined,
    operations: {
      read: {
        summary: 'Read the metadata of a secret and its versions',
        pure: true,
        handler: async ({ fields: { path } }) => {
          if (!path) return rootReply();
          const stored = store.peek(path) ?? (await store.get(path));
          return stored && metadataReply(stored);
        },
      },
      list: {
        summary: 'List the names directly below a folder',
        pure: true,
        handler: async ({ fields: { path, after, limit } }) =>
          keysReply(await store.list(path ?? '', pageOf(after, limit))),
      },
      scan: {
        summary: 'List all secrets below a folder, at any depth',
        pure: true,
        handler: async ({ fields: { path, after, limit } }) =>
          keysReply(await store.scan(path ?? '', pageOf(after, limit))),
      },
      write: {
        summary: 'Set the metadata of a secret',
        examples: [
          { description: 'Keep 5 versions', data: { max_versions: 5, custom_metadata: { owner: 'ml' } } },
        ],
        handler: async ({ fields }) => {
          const { path, custom_metadata, metadata_cas } = fields;
          if (!path) return rootReply();
          checkSettings(fields);
          if (
            !Object.entries(fields).some(([name, value]) => settingNames.has(name) && value !== undefined)
          ) {
            return undefined;
          }
          const custom = custom_metadata && readCustomMetadata(custom_metadata);
          const config = await store.config();
          return store.change(path, (before) => {
            const now = clock.now();
            const record = before ?? emptyRecord(now);
            checkCas(record, config, metadata_cas);
            const after = withSettings(record, fields, custom ?? record.customMetadata, now);
            return { change: { record: after, drop: [] }, result: mandateWarning(fields, config) };
          });
        },
      },
      patch: {
        summary: 'Merge into the metadata of a secret; null resets a setting or removes a custom name',
        handler: async ({ fields, data }) => {
          const { path, custom_metadata, metadata_cas } = fields;
          if (!path) return rootReply();
          const settings = withResets(fields, data);
          checkSettings(settings);
          const config = await store.config();
          return store.change(path, (record) => {
            if (!record) throw new CofferError('not-found');
            checkCas(record, config, metadata_cas);
            const kept = data['custom_metadata'] === null ? null : record.customMetadata;
            const custom = custom_metadata ? patchCustomMetadata(kept, custom_metadata) : kept;
            const after = withSettings(record, settings, custom, clock.now());
            return { change: { record: after, drop: [] }, result: mandateWarning(settings, config) };
          });
        },
      },
      delete: {
        summary: 'End a secret with all its versions, for good',
        handler: async ({ fields: { path } }) => {
          if (!path) return rootReply();
          return store.change(path, (record) => ({ change: record && endSecret(record), result: undefined }));
        },
      },
    },
  });
}

/** Nothing is 404, as everywhere. */
export function keysReply(keys: readonly string[]): Reply | undefined {
  return keys.length === 0 ? undefined : { data: { keys } };
}

export function pageOf(
  after: string | undefined,
  limit: number | undefined,
): { after?: string; limit?: number } {
  return { ...(after ? { after } : {}), ...(limit && limit > 0 ? { limit } : {}) };
}

function checkSettings(settings: Settings): void {
  if (settings.max_versions !== undefined && settings.max_versions < 0) {
    throw invalidRequest('max_versions cannot be negative');
  }
}

function checkCas(record: SecretRecord, config: KvConfig, cas: number | undefined): void {
  checkMetadataCas(cas, config.metadataCasRequired || record.metadataCasRequired, record.metadataVersion);
}

/** In a merge patch an explicit null means "back to unset". */
function withResets(settings: Settings, data: JsonObject): Settings {
  return {
    max_versions: data['max_versions'] === null ? 0 : settings.max_versions,
    cas_required: data['cas_required'] === null ? false : settings.cas_required,
    metadata_cas_required: data['metadata_cas_required'] === null ? false : settings.metadata_cas_required,
    delete_version_after: data['delete_version_after'] === null ? 0 : settings.delete_version_after,
  };
}

function withSettings(
  record: SecretRecord,
  settings: Settings,
  custom: Readonly<Record<string, string>> | null,
  now: number,
): SecretRecord {
  return {
    ...record,
    maxVersions: settings.max_versions ?? record.maxVersions,
    casRequired: settings.cas_required ?? record.casRequired,
    metadataCasRequired: settings.metadata_cas_required ?? record.metadataCasRequired,
    deleteVersionAfterSeconds: settings.delete_version_after ?? record.deleteVersionAfterSeconds,
    customMetadata: custom && Object.keys(custom).length > 0 ? custom : null,
    metadataVersion: record.metadataVersion + 1,
    updated: now,
  };
}

function mandateWarning(settings: Settings, config: KvConfig): Reply | undefined {
  if (settings.cas_required !== false || !config.casRequired) return undefined;
  return {
    warnings: ['"cas_required" set to false, but is mandated by backend config. This value will be ignored.'],
  };
}
