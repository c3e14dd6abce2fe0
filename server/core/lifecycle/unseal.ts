import { CofferError } from '../../contracts/errors.ts';
import type { Seal } from '../../contracts/seal.ts';
import { wipe } from '../../crypto/wipe.ts';
import { type ShareCollection, wrongShares } from './key-shares.ts';
import { keysBackupKey } from './keys-backup.ts';
import { putInForce } from './new-keys.ts';
import type { LifecycleParts } from './parts.ts';
import {
  moveRecoveryCheck,
  proveRecoveryKey,
  requiredQuorum,
  rootKeyFromUnsealKey,
  unwrapRootKey,
  wrapRootKey,
} from './quorum-proof.ts';
import {
  currentReading,
  offeredReading,
  type ReadyRecord,
  type StoredSealRecord,
  sealRecordEntry,
} from './seal-record.ts';

/** The root key that `key` (unseal or recovery key) gives access to; the caller wipes it. Throws 'invalid-request' for a wrong key. */
export async function rootKeyForQuorum(
  seal: Seal,
  record: ReadyRecord,
  key: Uint8Array,
): Promise<Uint8Array> {
  if (record.seal.mode === 'shares') return rootKeyFromUnsealKey(seal, record, key);
  await proveRecoveryKey(seal, record, key);
  return unwrapRootKey(seal, record);
}

export interface ProvenShares {
  /** The record as these shares read it: with the keys in force, or with those that a rekey offered. */
  readonly reading: ReadyRecord;
  readonly offered: boolean;
  /** What the shares make up. The caller wipes it. */
  readonly key: Uint8Array;
  /** The caller wipes it. */
  readonly rootKey: Uint8Array;
}

/**
 * Tries the shares given so far. Undefined when more are needed; throws 'invalid-request' when there are enough
 * and they do not fit.
 */
export async function proveShares(
  seal: Seal,
  record: ReadyRecord,
  shares: ShareCollection,
): Promise<ProvenShares | undefined> {
  const readings = [currentReading(record), offeredReading(record)].filter(
    (reading) => reading !== undefined,
  );
  const thresholds = readings.map((reading) => requiredQuorum(reading).threshold);
  for (const [index, reading] of readings.entries()) {
    if (shares.progress !== thresholds[index]) continue;
    const proven = await proveReading(seal, reading, index === 1, shares).catch((error: unknown) => {
      // Only when no other reading is left is a wrong key the answer.
      if (error instanceof CofferError && error.code === 'invalid-request') return undefined;
      throw error;
    });
    if (proven) return proven;
  }
  if (shares.progress >= Math.max(...thresholds)) throw wrongShares();
  return undefined;
}

async function proveReading(
  seal: Seal,
  reading: ReadyRecord,
  offered: boolean,
  shares: ShareCollection,
): Promise<ProvenShares> {
  const key = await shares.combined();
  try {
    return { reading, offered, key, rootKey: await rootKeyForQuorum(seal, reading, key) };
  } catch (error) {
    wipe(key);
    throw error;
  }
}

/**
 * After a rekey whose answer may never have arrived: the keys that people brought stay, and the others end. `stored` is
 * the record with both; the barrier is open.
 */
export async function chooseKeys(
  parts: LifecycleParts,
  stored: StoredSealRecord<ReadyRecord>,
  { reading, offered, key }: ProvenShares,
): Promise<void> {
  if (offered) {
    await putInForce(parts, 'unseal', stored, { quorum: reading.seal, key, backup: 'as it is' });
    return;
  }
  await parts.barrier.plain.commit({
    expect: [stored.unchanged],
    put: [sealRecordEntry(reading)],
    remove: [keysBackupKey('unseal')],
  });
}

/** Wraps the root key and the recovery check under the seal's current key, when they are under an older one. */
export async function refreshWrapping(
  parts: LifecycleParts,
  seal: Seal,
  stored: StoredSealRecord<ReadyRecord>,
  rootKey: Uint8Array,
): Promise<boolean> {
  const { record } = stored;
  const wrapped = [record.rootKey, ...(record.recovery ? [record.recovery.check] : [])];
  if (!wrapped.some((text) => seal.isStale(Buffer.from(text, 'base64')))) return false;
  const refreshed: ReadyRecord = { ...record, rootKey: await wrapRootKey(seal, rootKey) };
  const recovery = record.recovery && {
    ...record.recovery,
    check: await moveRecoveryCheck(seal, seal, record.recovery.check),
  };
  const put = [sealRecordEntry(recovery ? { ...refreshed, recovery } : refreshed)];
  await parts.barrier.plain.commit({ expect: [stored.unchanged], put });
  return true;
}
