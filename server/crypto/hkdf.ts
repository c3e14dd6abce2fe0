import { createSecretKey, hkdfSync, type KeyObject } from 'node:crypto';
import { wipe } from './wipe.ts';

/** HKDF-SHA-256 (RFC 5869). The caller wipes the result. */
export function deriveBytes(key: KeyObject, salt: Uint8Array, info: Uint8Array, length: number): Uint8Array {
  return new Uint8Array(hkdfSync('sha256', key, salt, info, length));
}

/** A 256-bit key derived with HKDF-SHA-256; `info` says what for. */
export function deriveKey(key: KeyObject, salt: Uint8Array, info: Uint8Array): KeyObject {
  const bytes = deriveBytes(key, salt, info, 32);
  try {
    return createSecretKey(bytes);
  } finally {
    wipe(bytes);
  }
}
