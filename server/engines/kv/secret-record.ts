import type { JsonObject } from '../../contracts/request.ts';

/** Times are milliseconds since 1970. */
export interface VersionInfo {
  readonly created: number;
  /** When it was, or will be, deleted (softly). */
  readonly deletion?: number;
  /** Its data is gone for good. */
  readonly destroyed?: true;
}

/**
 * The main record of a KV v2 secret: what is known of all versions, and the data of the current one, so that
 * the most common read costs one record. Never changed in place.
 */
export interface SecretRecord {
  /** 0 while there is only metadata. */
  readonly current: number;
  /** Versions below it were dropped because of max_versions; 0 until that first could have happened. */
  readonly oldest: number;
  readonly created: number;
  readonly updated: number;
  readonly versions: Readonly<Record<string, VersionInfo>>;
  /** Of the current version; absent when that is destroyed or there is none. Null is a value. */
  readonly data?: JsonObject | null;
  readonly maxVersions: number;
  readonly casRequired: boolean;
  readonly metadataCasRequired: boolean;
  readonly deleteVersionAfterSeconds: number;
  readonly customMetadata: Readonly<Record<string, string>> | null;
  /** Counts writes of the metadata. */
  readonly metadataVersion: number;
}

/** Settings of a mount. A negative `deleteVersionAfterSeconds` switches deletion by time off for every secret. */
export interface KvConfig {
  readonly maxVersions: number;
  readonly casRequired: boolean;
  readonly metadataCasRequired: boolean;
  readonly deleteVersionAfterSeconds: number;
}

/** What a change to a secret means for its records; one commit. */
export interface SecretChange {
  /** Undefined: the secret ends. */
  readonly record: SecretRecord | undefined;
  /** Data of a version that is no longer the current one. */
  readonly archive?: readonly [version: number, data: JsonObject | null];
  /** Archived versions whose data ends. */
  readonly drop: readonly number[];
}

export const defaultConfig: KvConfig = {
  maxVersions: 0,
  casRequired: false,
  metadataCasRequired: false,
  deleteVersionAfterSeconds: 0,
};

const defaultMaxVersions = 10;

export function emptyRecord(now: number): SecretRecord {
  return {
    current: 0,
    oldest: 0,
    created: now,
    updated: now,
    versions: {},
    maxVersions: 0,
    casRequired: false,
    metadataCasRequired: false,
    deleteVersionAfterSeconds: 0,
    customMetadata: null,
    metadataVersion: 0,
  };
}

/** What a KV v1 record becomes in an upgraded mount. */
export function recordOfVersionOne(data: JsonObject, upgraded: number): SecretRecord {
  return {
    ...emptyRecord(upgraded),
    current: 1,
    oldest: 1,
    versions: { 1: { created: upgraded } },
    data,
  };
}

/** Deleted (now, or by a time that has come) or destroyed: its data must not be shown. */
export function isGone(version: VersionInfo, now: number): boolean {
  return version.destroyed === true || (version.deletion !== undefined && version.deletion <= now);
}

/** When a version that begins to live now has to be deleted: the shorter of the two settings, as in Vault. */
export function deletionTime(now: number, config: KvConfig, record: SecretRecord): number | undefined {
  const mount = config.deleteVersionAfterSeconds;
  if (mount < 0) return undefined;
  const set = [mount, record.deleteVersionAfterSeconds].filter((seconds) => seconds > 0);
  return set.length === 0 ? undefined : now + Math.min(...set) * 1000;
}

/** A new current version with `data`; the one before goes to the archive, those beyond max_versions end. */
export function addVersion(
  before: SecretRecord | undefined,
  data: JsonObject | null,
  now: number,
  config: KvConfig,
): SecretChange & { readonly record: SecretRecord } {
  const base = before ?? emptyRecord(now);
  const current = base.current + 1;
  const limit = Math.max(base.maxVersions, config.maxVersions) || defaultMaxVersions;
  // The window moves once it is full, and then never back, whatever max_versions becomes later.
  const oldest = current - base.oldest >= limit ? current - limit + 1 : base.oldest;
  const record: SecretRecord = {
    ...base,
    current,
    oldest,
    updated: now,
    versions: {
      ...versionsSince(oldest, base),
      [current]: versionInfo(now, deletionTime(now, config, base)),
    },
    data,
  };
  const ended = oldest === base.oldest ? [] : archivedVersions(base).filter((number) => number < oldest);
  const keepPrevious = base.data !== undefined && base.current >= oldest;
  return keepPrevious ? { record, archive: [base.current, base.data], drop: ended } : { record, drop: ended };
}

/** Softly deletes those of `numbers` that live; undefined when none does. */
export function deleteVersions(
  before: SecretRecord,
  numbers: readonly number[],
  now: number,
): SecretChange | undefined {
  return changeVersions(before, numbers, (version) =>
    isGone(version, now) ? undefined : { ...version, deletion: now },
  );
}

/** Takes deletion back; a time to live begins anew. Undefined when there is nothing to take back. */
export function undeleteVersions(
  before: SecretRecord,
  numbers: readonly number[],
  now: number,
  config: KvConfig,
): SecretChange | undefined {
  const deletion = deletionTime(now, config, before);
  return changeVersions(before, numbers, (version) =>
    version.destroyed || (version.deletion === undefined && deletion === undefined)
      ? undefined
      : versionInfo(version.created, deletion),
  );
}

/** Ends the data of those of `numbers` that have any; undefined when none has. */
export function destroyVersions(before: SecretRecord, numbers: readonly number[]): SecretChange | undefined {
  const change = changeVersions(before, numbers, (version) =>
    version.destroyed ? undefined : { ...version, destroyed: true },
  );
  if (!change?.record) return undefined;
  const { data, ...rest } = change.record;
  const currentEnds = rest.versions[rest.current]?.destroyed === true;
  return {
    record: currentEnds || data === undefined ? rest : change.record,
    drop: archivedVersions(before).filter((number) => change.record?.versions[number]?.destroyed === true),
  };
}

/** Ends the secret with all its versions. */
export function endSecret(before: SecretRecord): SecretChange {
  return { record: undefined, drop: archivedVersions(before) };
}

function versionsSince(oldest: number, { oldest: before, versions }: SecretRecord): SecretRecord['versions'] {
  if (oldest === before) return versions;
  return Object.fromEntries(Object.entries(versions).filter(([number]) => Number(number) >= oldest));
}

function archivedVersions(record: SecretRecord): number[] {
  return Object.entries(record.versions)
    .filter(([number, version]) => Number(number) !== record.current && !version.destroyed)
    .map(([number]) => Number(number));
}

function changeVersions(
  before: SecretRecord,
  numbers: readonly number[],
  change: (version: VersionInfo) => VersionInfo | undefined,
): { readonly record: SecretRecord; readonly drop: readonly number[] } | undefined {
  const changed = new Map<string, VersionInfo>();
  for (const number of numbers) {
    const version = before.versions[number];
    const after = version && change(version);
    if (after) changed.set(String(number), after);
  }
  if (changed.size === 0) return undefined;
  return {
    record: { ...before, versions: { ...before.versions, ...Object.fromEntries(changed) } },
    drop: [],
  };
}

function versionInfo(created: number, deletion: number | undefined): VersionInfo {
  return deletion === undefined ? { created } : { created, deletion };
}
