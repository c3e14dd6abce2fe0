import { formatGoDuration } from '../../../formats/duration/index.ts';
import { CofferError } from '../../contracts/errors.ts';
import type { Stored } from '../../contracts/records.ts';
import type { JsonObject, Reply } from '../../contracts/request.ts';
import { isGone, type SecretRecord, type VersionInfo } from './secret-record.ts';
import { formatTimestamp } from './timestamp.ts';

/** The replies made from one stored record, so that the same record gives the same object. */
class Replies {
  latest: Reply | undefined;
  latestGone: Reply | undefined;
  metadata: Reply | undefined;
}

/** Live at `now`: its data. Deleted or destroyed: 404 with metadata. Undefined when there is no version. */
export function latestReply(stored: Stored<SecretRecord>, now: number): Reply | undefined {
  const record = stored.value;
  const version = record.versions[record.current];
  if (!version) return undefined;
  const replies = repliesOf(stored);
  if (isGone(version, now)) {
    replies.latestGone ??= versionReply(record, record.current, version, undefined);
    return replies.latestGone;
  }
  replies.latest ??= versionReply(record, record.current, version, record.data);
  return replies.latest;
}

export function metadataReply(stored: Stored<SecretRecord>): Reply {
  const replies = repliesOf(stored);
  replies.metadata ??= Object.freeze({ data: Object.freeze(metadataOf(stored.value)) });
  return replies.metadata;
}

/** The answer to a read of `version`; without `data` (null is data) it is the 404 of a version that is gone. */
export function versionReply(
  record: SecretRecord,
  number: number,
  version: VersionInfo,
  data: JsonObject | null | undefined,
): Reply {
  const metadata = versionMetadata(record, number, version);
  const body = Object.freeze({ data: data ?? null, metadata });
  return Object.freeze(data === undefined ? { status: 404, data: body } : { data: body });
}

/** As in the `metadata` of a read, and flat in the answer to a write. */
export function versionMetadata(record: SecretRecord, number: number, version: VersionInfo): JsonObject {
  return Object.freeze({
    created_time: formatTimestamp(version.created),
    custom_metadata: record.customMetadata,
    deletion_time: deletionText(version),
    destroyed: version.destroyed === true,
    version: number,
  });
}

export function metadataOf(record: SecretRecord): JsonObject {
  const versions = Object.entries(record.versions).map(([number, version]) => [
    number,
    Object.freeze({
      created_time: formatTimestamp(version.created),
      deletion_time: deletionText(version),
      destroyed: version.destroyed === true,
    }),
  ]);
  return {
    cas_required: record.casRequired,
    created_time: formatTimestamp(record.created),
    current_metadata_version: record.metadataVersion,
    current_version: record.current,
    custom_metadata: record.customMetadata,
    delete_version_after: formatGoDuration(record.deleteVersionAfterSeconds),
    max_versions: record.maxVersions,
    metadata_cas_required: record.metadataCasRequired,
    oldest_version: record.oldest,
    updated_time: formatTimestamp(record.updated),
    versions: Object.freeze(Object.fromEntries(versions)),
  };
}

/** To a request on the root of `data`, `metadata` and the like. */
export function rootReply(): Reply {
  return {
    status: 404,
    data: null,
    warnings: ['Non-listing operations on the root of a K/V v2 mount are not supported.'],
  };
}

/** The record says that data is there, and it is not. */
export function missingData(): CofferError {
  return new CofferError('storage-corrupt', undefined, { detail: 'kv: the data of a version is missing' });
}

function deletionText(version: VersionInfo): string {
  return version.deletion === undefined ? '' : formatTimestamp(version.deletion);
}

function repliesOf(stored: Stored<SecretRecord>): Replies {
  if (stored.memo instanceof Replies) return stored.memo;
  const replies = new Replies();
  stored.memo = replies;
  return replies;
}
