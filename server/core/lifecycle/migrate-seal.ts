import { CofferError } from '../../contracts/errors.ts';
import { type Seal, SealError } from '../../contracts/seal.ts';
import { randomBytes } from '../../crypto/random.ts';
import { wipe } from '../../crypto/wipe.ts';
import { keyBytes } from './key-shares.ts';
import type { LifecycleParts } from './parts.ts';
import { moveRecoveryCheck, withKey, wrapRecoveryCheck, wrapRootKey } from './quorum-proof.ts';
import type { SealChoice } from './seal-choice.ts';
import { type ReadyRecord, type StoredSealRecord, sealRecordEntry } from './seal-record.ts';

/**
 * Puts an open store under another seal: a fresh root key, wrapped by the new seal, in one commit with the keyring.
 * The shares of before stay valid in their other role: unseal keys become recovery keys, and recovery keys unseal keys.
 *
 * `key` is what the shares gave; undefined for a store of which nobody holds recovery keys.
 */
export async function migrateSeal(
  parts: LifecycleParts,
  choice: Extract<SealChoice, { kind: 'migration' }>,
  stored: StoredSealRecord<ReadyRecord>,
  key: Uint8Array | undefined,
): Promise<void> {
  const rootKey = randomBytes(keyBytes);
  try {
    const record =
      choice.to.mode === 'shares'
        ? await underShares(choice.to, stored.record, rootKey, key)
        : await underAuto(choice, stored.record, rootKey, key);
    await parts.barrier.rekeyRoot(rootKey, { expect: [stored.unchanged], put: [sealRecordEntry(record)] });
    parts.logger.info('the store is under another seal now', { from: choice.from.type, to: choice.to.type });
  } finally {
    wipe(rootKey);
  }
}

async function underShares(
  to: Seal,
  record: ReadyRecord,
  rootKey: Uint8Array,
  key: Uint8Array | undefined,
): Promise<ReadyRecord> {
  const quorum = record.seal.mode === 'shares' ? record.seal : record.recovery;
  if (!quorum || !key) throw noRecoveryKeys();
  const keyed = withKey(to, key);
  try {
    const { shares, threshold } = quorum;
    const { recovery: _, ...rest } = record;
    return {
      ...rest,
      seal: { type: to.type, mode: to.mode, shares, threshold },
      rootKey: await wrapRootKey(keyed, rootKey),
    };
  } finally {
    await keyed.close();
  }
}

async function underAuto(
  { from, to }: { readonly from: Seal; readonly to: Seal },
  record: ReadyRecord,
  rootKey: Uint8Array,
  key: Uint8Array | undefined,
): Promise<ReadyRecord> {
  const { recovery, ...rest } = record;
  const base: ReadyRecord = {
    ...rest,
    seal: { type: to.type, mode: to.mode, shares: 1, threshold: 1 },
    rootKey: await wrapRootKey(to, rootKey),
  };
  if (recovery) {
    return { ...base, recovery: { ...recovery, check: await moveRecoveryCheck(from, to, recovery.check) } };
  }
  if (record.seal.mode === 'auto') return base;
  if (!key) throw new CofferError('internal', undefined, { detail: 'a migration from shares without a key' });
  const { shares, threshold } = record.seal;
  return { ...base, recovery: { shares, threshold, check: await wrapRecoveryCheck(to, key) } };
}

export function noRecoveryKeys(): SealError {
  return new SealError(
    'invalid',
    'this store has no recovery keys, which would become its unseal keys',
    'Start it under its old seal, make recovery keys (POST sys/rotate/recovery/init with a token), then migrate.',
  );
}
