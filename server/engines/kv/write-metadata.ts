import type { Clock } from '../../contracts/clock.ts';
import { CofferError, invalidRequest } from '../../contracts/errors.ts';
import type { JsonObject, Reply } from '../../contracts/request.ts';
import { checkMetadataCas } from './check-and-set.ts';
import { patchCustomMetadata, readCustomMetadata } from './custom-metadata.ts';
import type { MetadataCall } from './metadata-fields.ts';
import { rootReply } from './replies.ts';
import { emptyRecord, type KvConfig, type SecretRecord } from './secret-record.ts';
import type { SecretStore } from './secret-store.ts';

/** Settings of one secret as a client gives them; what is undefined stays as it was. */
interface Settings {
  readonly max_versions?: number | undefined;
  readonly cas_required?: boolean | undefined;
  readonly metadata_cas_required?: boolean | undefined;
  readonly delete_version_after?: number | undefined;
}

/** Makes the secret when it is not there. A request without any setting does nothing, as in Vault. */
export async function writeMetadata(
  store: SecretStore,
  clock: Clock,
  { fields }: MetadataCall,
): Promise<Reply | undefined> {
  const { path, custom_metadata, metadata_cas } = fields;
  if (!path) return rootReply();
  const settings = settingsOf(fields);
  checkSettings(settings);
  const custom = custom_metadata && readCustomMetadata(custom_metadata);
  if (!custom && Object.values(settings).every((value) => value === undefined)) return undefined;
  const config = await store.config();
  return store.change(path, 'metadata-write', (before) => {
    const now = clock.now();
    const record = before ?? emptyRecord(now);
    checkCas(record, config, metadata_cas);
    const after = withSettings(record, settings, custom ?? record.customMetadata, now);
    return { change: { record: after, drop: [] }, result: mandateWarning(settings, config) };
  });
}

export async function patchMetadata(
  store: SecretStore,
  clock: Clock,
  { fields, data }: MetadataCall,
): Promise<Reply | undefined> {
  const { path, custom_metadata, metadata_cas } = fields;
  if (!path) return rootReply();
  const settings = withResets(settingsOf(fields), data);
  checkSettings(settings);
  const config = await store.config();
  return store.change(path, 'metadata-patch', (record) => {
    if (!record) throw new CofferError('not-found');
    checkCas(record, config, metadata_cas);
    const kept = data['custom_metadata'] === null ? null : record.customMetadata;
    const custom = custom_metadata ? patchCustomMetadata(kept, custom_metadata) : kept;
    const after = withSettings(record, settings, custom, clock.now());
    return { change: { record: after, drop: [] }, result: mandateWarning(settings, config) };
  });
}

function settingsOf(fields: MetadataCall['fields']): Settings {
  const { max_versions, cas_required, metadata_cas_required, delete_version_after } = fields;
  return { max_versions, cas_required, metadata_cas_required, delete_version_after };
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
