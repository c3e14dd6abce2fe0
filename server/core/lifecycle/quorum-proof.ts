import { createSecretKey } from 'node:crypto';
import { CofferError, invalidRequest } from '../../contracts/errors.ts';
import { type Seal, SealError } from '../../contracts/seal.ts';
import { equalBytes } from '../../crypto/constant-time.ts';
import { hmacSha256 } from '../../crypto/digest.ts';
import { wipe } from '../../crypto/wipe.ts';
import { keyBytes, wrongShares } from './key-shares.ts';
import type { Quorum, ReadyRecord } from './seal-record.ts';

const rootKeyContext = 'coffer root key';
const recoveryCheckContext = 'coffer recovery key check';

/** How many shares speak for the owners of this store: unseal keys, or recovery keys where the server unseals itself. */
export function quorumOf(record: ReadyRecord): Quorum | undefined {
  return record.seal.mode === 'shares' ? record.seal : record.recovery;
}

/** As `quorumOf`, for what cannot be done without one. */
export function requiredQuorum(record: ReadyRecord): Quorum {
  const quorum = quorumOf(record);
  if (quorum) return quorum;
  throw invalidRequest('this server has no recovery keys', {
    hint: 'Make some first, with a token that may: POST sys/rotate/recovery/init.',
  });
}

/** Wraps `rootKey`; `seal` holds its key. Base64, as the record holds it. */
export async function wrapRootKey(seal: Seal, rootKey: Uint8Array): Promise<string> {
  return Buffer.from(await seal.wrap(rootKey, rootKeyContext)).toString('base64');
}

/** The root key of `record`, which the caller wipes. Throws `SealError`. */
export function unwrapRootKey(seal: Seal, record: ReadyRecord): Promise<Uint8Array> {
  return seal.unwrap(Buffer.from(record.rootKey, 'base64'), rootKeyContext);
}

/** The root key when `unsealKey` is the one of `record`; throws 'invalid-request' when it is not. */
export async function rootKeyFromUnsealKey(
  seal: Seal,
  record: ReadyRecord,
  unsealKey: Uint8Array,
): Promise<Uint8Array> {
  const keyed = unsealKey.length === keyBytes ? withKey(seal, unsealKey) : undefined;
  if (!keyed) throw wrongShares();
  try {
    return await unwrapRootKey(keyed, record);
  } catch (error) {
    if (error instanceof SealError && error.kind === 'wrong-key') throw wrongShares();
    throw error;
  } finally {
    await keyed.close();
  }
}

export function withKey(seal: Seal, unsealKey: Uint8Array): Seal {
  const keyed = seal.withKey?.(unsealKey);
  if (!keyed)
    throw new CofferError('internal', undefined, { detail: `seal ${seal.type} takes no unseal key` });
  return keyed;
}

/** What the store keeps of the recovery key: enough to know it again, not to make it. */
export async function wrapRecoveryCheck(seal: Seal, recoveryKey: Uint8Array): Promise<string> {
  const check = checkOf(recoveryKey);
  try {
    return Buffer.from(await seal.wrap(check, recoveryCheckContext)).toString('base64');
  } finally {
    wipe(check);
  }
}

/** Throws 'invalid-request' when `recoveryKey` is not the one of `record`. */
export async function proveRecoveryKey(
  seal: Seal,
  record: ReadyRecord,
  recoveryKey: Uint8Array,
): Promise<void> {
  if (!record.recovery || recoveryKey.length !== keyBytes) throw wrongShares();
  const check = checkOf(recoveryKey);
  const expected = await seal.unwrap(Buffer.from(record.recovery.check, 'base64'), recoveryCheckContext);
  try {
    if (!equalBytes(check, expected)) throw wrongShares();
  } finally {
    wipe(check, expected);
  }
}

/** Throws 'invalid-request' unless `key` is the unseal key, or the recovery key, of `record`. */
export async function proveQuorum(seal: Seal, record: ReadyRecord, key: Uint8Array): Promise<void> {
  if (record.seal.mode === 'auto') return proveRecoveryKey(seal, record, key);
  wipe(await rootKeyFromUnsealKey(seal, record, key));
}

/** Wraps a recovery check again under the key of `to`, without the recovery key. */
export async function moveRecoveryCheck(from: Seal, to: Seal, wrapped: string): Promise<string> {
  const check = await from.unwrap(Buffer.from(wrapped, 'base64'), recoveryCheckContext);
  try {
    return Buffer.from(await to.wrap(check, recoveryCheckContext)).toString('base64');
  } finally {
    wipe(check);
  }
}

function checkOf(recoveryKey: Uint8Array): Buffer {
  return hmacSha256(createSecretKey(recoveryKey), Buffer.from(recoveryCheckContext));
}
