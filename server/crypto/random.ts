import { createSecretKey, getRandomValues, type KeyObject, randomBytes, randomUUID } from 'node:crypto';
import { wipe } from './wipe.ts';

export { randomBytes, randomUUID };

/** A fresh 256-bit key that never was a string. */
export function randomKey(): KeyObject {
  const bytes = randomBytes(32);
  try {
    return createSecretKey(bytes);
  } finally {
    wipe(bytes);
  }
}

export const base62 = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';

/** `length` characters of `alphabet` (at most 256), each equally likely: biased bytes are thrown away. */
export function randomText(length: number, alphabet: string = base62): string {
  const size = alphabet.length;
  if (size < 2 || size > 256) throw new RangeError('an alphabet has 2 to 256 characters');
  const limit = 256 - (256 % size);
  let text = '';
  while (text.length < length) {
    for (const byte of randomBytes(Math.ceil((length - text.length) * 1.3) + 4)) {
      if (byte < limit && text.length < length) text += alphabet.charAt(byte % size);
    }
  }
  return text;
}

const poolBytes = 4096;

/**
 * Random bytes drawn a page at a time, since a call to the generator costs far more than the bytes. Only for what
 * is written in clear anyway (nonces): bytes to come lie in memory until they are used, each once.
 */
export class RandomPool {
  readonly #pool: Uint8Array<ArrayBuffer> = new Uint8Array(poolBytes);
  #at = poolBytes;

  /** Fills `target` (at most a page) from `start` to `end`. */
  fill(target: Uint8Array, start: number, end: number): void {
    const size = end - start;
    if (size > poolBytes) throw new RangeError('more than a page of random bytes at once');
    if (this.#at + size > poolBytes) {
      getRandomValues(this.#pool);
      this.#at = 0;
    }
    target.set(this.#pool.subarray(this.#at, this.#at + size), start);
    this.#at += size;
  }
}
