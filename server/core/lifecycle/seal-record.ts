import type { PlainChange, PlainRecord, PlainRecords } from '../../barrier/index.ts';
import { CofferError } from '../../contracts/errors.ts';
import type { Seal } from '../../contracts/seal.ts';

/** Unencrypted, since it is what leads to the key. The wrapped keys in it authenticate themselves. */
export const sealRecordKey = 'core/seal';

/** How many shares there are and how many of them make up the key. */
export interface Quorum {
  readonly shares: number;
  readonly threshold: number;
}

/** An initialisation that has not finished: the store holds nothing that anybody was given a key for. */
export interface InitialisingRecord {
  readonly stage: 'initialising';
  readonly attempt: string;
  readonly startedAtMs: number;
  /** The process that is at it. */
  readonly host: string;
  readonly pid: number;
}

export interface ReadyRecord {
  readonly stage: 'ready';
  readonly seal: Quorum & { readonly type: string; readonly mode: Seal['mode'] };
  /** The root key, wrapped by the seal. Base64. */
  readonly rootKey: string;
  /** Seals of mode `auto`; absent when nobody holds recovery keys. `check` is wrapped by the seal, base64. */
  readonly recovery?: Quorum & { readonly check: string };
  readonly cluster: { readonly name: string; readonly id: string };
  /** After a rekey, until it is certain that the new shares were handed out: the same root key under the new unseal key. */
  readonly offered?: Quorum & { readonly rootKey: string };
}

export type SealRecord = InitialisingRecord | ReadyRecord;

export interface StoredSealRecord<R extends SealRecord = SealRecord> {
  readonly record: R;
  /** Holds as long as nobody else wrote the record. */
  readonly unchanged: SealExpectation;
}

export type SealExpectation = NonNullable<PlainChange['expect']>[number];

export const sealRecordAbsent: SealExpectation = { key: sealRecordKey, stored: undefined };

export async function readSealRecord(
  plain: Pick<PlainRecords, 'get'>,
): Promise<StoredSealRecord | undefined> {
  const stored: PlainRecord | undefined = await plain.get(sealRecordKey);
  if (!stored) return undefined;
  return { record: parse(stored.bytes), unchanged: { key: sealRecordKey, stored } };
}

/** The entry of a commit that writes `record`. */
export function sealRecordEntry(record: SealRecord): readonly [key: string, bytes: Uint8Array] {
  return [sealRecordKey, Buffer.from(JSON.stringify({ format: 1, ...record }))];
}

/** The record with the keys that are in force, and no others. */
export function currentReading({ offered: _, ...record }: ReadyRecord): ReadyRecord {
  return record;
}

/** The record as it will be once the offered keys are in force; undefined when there are none. */
export function offeredReading(record: ReadyRecord): ReadyRecord | undefined {
  if (!record.offered) return undefined;
  const { shares, threshold, rootKey } = record.offered;
  return { ...currentReading(record), seal: { ...record.seal, shares, threshold }, rootKey };
}

function parse(bytes: Uint8Array): SealRecord {
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(bytes).toString('utf8'));
  } catch {
    throw damaged('not JSON');
  }
  if (!isObject(value) || value['format'] !== 1) throw damaged('of an unknown format');
  if (value['stage'] === 'initialising') {
    return {
      stage: 'initialising',
      attempt: text(value['attempt']),
      startedAtMs: count(value['startedAtMs'], 0, Number.MAX_SAFE_INTEGER),
      host: text(value['host']),
      pid: count(value['pid'], 0, Number.MAX_SAFE_INTEGER),
    };
  }
  if (value['stage'] !== 'ready') throw damaged('of an unknown stage');
  return parseReady(value);
}

function parseReady(value: Readonly<Record<string, unknown>>): ReadyRecord {
  const { seal, recovery, cluster, offered } = value;
  if (!isObject(seal) || !isObject(cluster)) throw damaged('incomplete');
  const mode = seal['mode'];
  if (mode !== 'auto' && mode !== 'shares') throw damaged('of an unknown mode');
  return {
    stage: 'ready',
    seal: { type: text(seal['type']), mode, ...quorum(seal) },
    rootKey: text(value['rootKey']),
    cluster: { name: text(cluster['name']), id: text(cluster['id']) },
    ...(isObject(recovery) && { recovery: { ...quorum(recovery), check: text(recovery['check']) } }),
    ...(isObject(offered) && { offered: { ...quorum(offered), rootKey: text(offered['rootKey']) } }),
  };
}

function quorum(value: Readonly<Record<string, unknown>>): Quorum {
  return { shares: count(value['shares'], 1, 255), threshold: count(value['threshold'], 1, 255) };
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function text(value: unknown): string {
  if (typeof value !== 'string') throw damaged('incomplete');
  return value;
}

function count(value: unknown, least: number, most: number): number {
  if (typeof value !== 'number' || !Number.isInteger(value) || value < least || value > most) {
    throw damaged('with an impossible number');
  }
  return value;
}

function damaged(detail: string): CofferError {
  return new CofferError('storage-corrupt', `the stored record ${sealRecordKey} cannot be trusted`, {
    detail,
    hint: 'Restore it from a backup: without it the keys of this store cannot be unwrapped.',
  });
}
