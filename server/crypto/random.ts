import { createSecretKey, type KeyObject, randomBytes, randomUUID } from 'node:crypto';
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
