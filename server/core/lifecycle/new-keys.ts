import { CofferError } from '../../contracts/errors.ts';
import { randomBytes } from '../../crypto/random.ts';
import { wipe } from '../../crypto/wipe.ts';
import { keyBytes } from './key-shares.ts';
import { type KeysBackup, keysBackupEntry, keysBackupKey } from './keys-backup.ts';
import type { LifecycleParts } from './parts.ts';
import { withKey, wrapRecoveryCheck, wrapRootKey } from './quorum-proof.ts';
import type { RekeyTarget } from './rekey-request.ts';
import {
  currentReading,
  type Quorum,
  type ReadyRecord,
  type StoredSealRecord,
  sealRecordEntry,
} from './seal-record.ts';
import type { IssuedShares } from './share-request.ts';

/** Keys that a rekey has made. */
export interface NewKeys {
  readonly quorum: Quorum;
  /** The new unseal or recovery key; undefined where only the root key changes. */
  readonly key: Uint8Array | undefined;
  readonly backup: KeysBackup | 'as it is' | undefined;
}

/**
 * Lets the new unseal key open the store beside the old one, so that a crash before the new shares reach their owners
 * leaves them the old ones. `putInForce` ends that, soon.
 */
export async function offer(
  parts: LifecycleParts,
  { record, unchanged }: StoredSealRecord<ReadyRecord>,
  { quorum, key, backup }: NewKeys,
  rootKey: Uint8Array,
): Promise<void> {
  if (!key) throw new CofferError('internal', undefined, { detail: 'nothing to offer' });
  const keyed = withKey(parts.seal, key);
  try {
    const offered = { ...quorum, rootKey: await wrapRootKey(keyed, rootKey) };
    const next = sealRecordEntry({ ...currentReading(record), offered });
    const { put, remove } = backupChange('unseal', backup);
    await parts.barrier.plain.commit({ expect: [unchanged], put: [next, ...put], remove });
  } finally {
    await keyed.close();
  }
}

/** One commit: until it is durable the old keys are in force, and from then on only the new ones. */
export async function putInForce(
  parts: LifecycleParts,
  target: RekeyTarget,
  { record, unchanged }: StoredSealRecord<ReadyRecord>,
  { quorum, key, backup }: NewKeys,
): Promise<void> {
  const before = currentReading(record);
  const { put, remove } = backupChange(target, backup);
  if (target === 'recovery') {
    if (!key) throw new CofferError('internal', undefined, { detail: 'a recovery rekey without a key' });
    const recovery = { ...quorum, check: await wrapRecoveryCheck(parts.seal, key) };
    await parts.barrier.plain.commit({
      expect: [unchanged],
      put: [sealRecordEntry({ ...before, recovery }), ...put],
      remove,
    });
    return;
  }
  const rootKey = randomBytes(keyBytes);
  const keyed = key ? withKey(parts.seal, key) : parts.seal;
  try {
    const next = {
      ...before,
      seal: { ...before.seal, ...quorum },
      rootKey: await wrapRootKey(keyed, rootKey),
    };
    await parts.barrier.rekeyRoot(rootKey, {
      expect: [unchanged],
      put: [sealRecordEntry(next), ...put],
      remove,
    });
  } finally {
    if (keyed !== parts.seal) await keyed.close();
    wipe(rootKey);
  }
}

/** A backup of earlier keys would mislead: a rekey without one removes it. */
function backupChange(target: RekeyTarget, backup: NewKeys['backup']) {
  if (backup === 'as it is') return { put: [], remove: [] };
  return backup
    ? { put: [keysBackupEntry(target, backup)], remove: [] }
    : { put: [], remove: [keysBackupKey(target)] };
}

export function backupOf(nonce: string, keys: IssuedShares): KeysBackup {
  const byFingerprint: Record<string, string[]> = {};
  for (const [index, fingerprint] of (keys.fingerprints ?? []).entries()) {
    const share = Buffer.from(keys.bytes[index] ?? []).toString('hex');
    byFingerprint[fingerprint] = [...(byFingerprint[fingerprint] ?? []), share];
  }
  return { nonce, keys: byFingerprint };
}
