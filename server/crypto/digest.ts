import { createHmac, hash, type KeyObject } from 'node:crypto';

/**
 * The digest under which a high-entropy secret (a token) is looked up: SHA-256 of salt and text, base64url.
 * `salt` has a fixed length for all texts it is used with, so that salt and text cannot trade places. Not for passwords.
 */
export function saltedDigest(salt: string, text: string): string {
  return hash('sha256', salt + text, 'base64url');
}

/** `hmac-sha256:` and 64 hex digits, as Vault's audit entries hold sensitive strings. */
export function auditHmac(key: KeyObject, text: string): string {
  return `hmac-sha256:${createHmac('sha256', key).update(text).digest('hex')}`;
}

/** HMAC-SHA-256. */
export function hmacSha256(key: KeyObject, data: Uint8Array): Buffer {
  return createHmac('sha256', key).update(data).digest();
}
