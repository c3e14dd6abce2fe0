import type { PlainRecords } from '../../barrier/index.ts';
import { CofferError } from '../../contracts/errors.ts';
import type { RekeyTarget } from './rekey-request.ts';

/** New shares of the last rekey, each encrypted with its owner's PGP key. */
export interface KeysBackup {
  /** Of the rekey that made them. */
  readonly nonce: string;
  /** PGP key fingerprint → hex of the messages for that key. */
  readonly keys: Readonly<Record<string, readonly string[]>>;
}

export function keysBackupKey(target: RekeyTarget): string {
  return `core/${target}-keys-backup`;
}

export function keysBackupEntry(
  target: RekeyTarget,
  backup: KeysBackup,
): readonly [key: string, bytes: Uint8Array] {
  return [keysBackupKey(target), Buffer.from(JSON.stringify(backup))];
}

export async function readKeysBackup(
  plain: Pick<PlainRecords, 'get'>,
  target: RekeyTarget,
): Promise<KeysBackup | undefined> {
  const key = keysBackupKey(target);
  const stored = await plain.get(key);
  if (!stored) return undefined;
  try {
    const value: unknown = JSON.parse(Buffer.from(stored.bytes).toString('utf8'));
    if (isBackup(value)) return value;
  } catch {
    // Told below.
  }
  throw new CofferError('storage-corrupt', `the stored record ${key} cannot be trusted`);
}

function isBackup(value: unknown): value is KeysBackup {
  if (typeof value !== 'object' || value === null || !('nonce' in value) || !('keys' in value)) return false;
  const { nonce, keys } = value;
  if (typeof nonce !== 'string' || typeof keys !== 'object' || keys === null) return false;
  return Object.values(keys).every(
    (list) => Array.isArray(list) && list.every((item) => typeof item === 'string'),
  );
}
