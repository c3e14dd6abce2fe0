import type { Stored } from '../../contracts/records.ts';
import type { JsonObject, Reply } from '../../contracts/request.ts';
import { missingData, versionReply } from './replies.ts';
import { isGone, type SecretRecord } from './secret-record.ts';
import type { SecretStore } from './secret-store.ts';

/** The answer to a read of version `number`; undefined when there is no such version. */
export async function readVersion(
  store: SecretStore,
  path: string,
  stored: Stored<SecretRecord>,
  number: number,
  now: number,
): Promise<Reply | undefined> {
  const found = await findVersion(store, path, stored, number, now);
  return found && versionReply(found.record, number, found.version, found.data);
}

export interface FoundVersion {
  readonly record: SecretRecord;
  readonly version: SecretRecord['versions'][string];
  /** Undefined when the version is gone. */
  readonly data: JsonObject | null | undefined;
}

/** Version `number` with its data, from one state of the secret although they are two records. */
export async function findVersion(
  store: SecretStore,
  path: string,
  stored: Stored<SecretRecord>,
  number: number,
  now: number,
): Promise<FoundVersion | undefined> {
  const record = stored.value;
  const version = record.versions[number];
  if (!version) return undefined;
  if (isGone(version, now)) return { record, version, data: undefined };
  const data = number === record.current ? record.data : await store.archived(path, number);
  if (data !== undefined) return { record, version, data };
  // Destroyed or dropped between the two reads, which the main record now says; else a record is missing.
  const again = await store.get(path);
  if (!again) return undefined;
  if (again.tag === stored.tag || Buffer.compare(again.tag, stored.tag) === 0) throw missingData();
  return findVersion(store, path, again, number, now);
}
