import { wipe } from '../../crypto/wipe.ts';
import { boxWords, subkeyCount } from './blowfish-tables.ts';

/**
 * bcrypt (Provos and Mazières, "A Future-Adaptable Password Scheme", USENIX 1999), only to check hashes that
 * were made elsewhere: what Coffer makes is Argon2id.
 */
export interface BcryptHash {
  /** Binary logarithm of the rounds. */
  readonly cost: number;
  readonly salt: Uint8Array;
  readonly tag: Uint8Array;
}

const form = /^\$2[aby]\$(0[4-9]|[12]\d|3[01])\$([./A-Za-z0-9]{22})([./A-Za-z0-9]{31})$/;
const alphabet = './ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';
const saltBytes = 16;
/** The last of the 24 bytes is left out, as it always was. */
const tagBytes = 23;
/** Longer passwords count with their first 72 bytes, as in every bcrypt. */
const longestKeyBytes = 72;

/** Undefined for what is not a bcrypt hash of the variants 2a, 2b and 2y. */
export function parseBcryptHash(text: string): BcryptHash | undefined {
  const found = form.exec(text);
  if (!found) return undefined;
  const [, cost, salt = '', tag = ''] = found;
  return { cost: Number(cost), salt: decode(salt, saltBytes), tag: decode(tag, tagBytes) };
}

/** The tag that `password` has under `cost` and `salt`. Takes 2^cost rounds of some 50 µs each: for a thread of its own. */
export function bcryptTag(
  password: string,
  { cost, salt }: Pick<BcryptHash, 'cost' | 'salt'>,
  tables: Int32Array,
): Uint8Array {
  const key = Buffer.from(`${password}\0`);
  const keyWords = words(key.subarray(0, longestKeyBytes), subkeyCount);
  const saltWords = words(salt, subkeyCount);
  const state = new Blowfish(tables);
  state.expand(keyWords, saltWords);
  const noSalt = new Int32Array(subkeyCount);
  for (let round = 2 ** cost; round > 0; round--) {
    state.expand(keyWords, noSalt);
    state.expand(saltWords, noSalt);
  }
  const tag = state.encryptText('OrpheanBeholderScryDoubt');
  wipe(key);
  keyWords.fill(0);
  state.wipe();
  return tag.subarray(0, tagBytes);
}

class Blowfish {
  readonly #p: Int32Array;
  readonly #s: Int32Array;
  #left = 0;
  #right = 0;

  constructor(tables: Int32Array) {
    this.#p = tables.slice(0, subkeyCount);
    this.#s = tables.slice(subkeyCount);
  }

  /** ExpandKey of the paper. Both arrays repeat; a salt has four words, which come round in the boxes too. */
  expand(key: Int32Array, salt: Int32Array): void {
    const p = this.#p;
    const s = this.#s;
    for (let at = 0; at < subkeyCount; at++) p[at] = p[at]! ^ key[at]!;
    this.#left = 0;
    this.#right = 0;
    let from = 0;
    for (let at = 0; at < subkeyCount; at += 2, from ^= 2) {
      this.#mixedBlock(salt, from);
      p[at] = this.#left;
      p[at + 1] = this.#right;
    }
    for (let at = 0; at < boxWords; at += 2, from ^= 2) {
      this.#mixedBlock(salt, from);
      s[at] = this.#left;
      s[at + 1] = this.#right;
    }
  }

  encryptText(text: string): Uint8Array {
    const bytes = Buffer.from(text, 'latin1');
    for (let at = 0; at < bytes.length; at += 8) {
      this.#left = bytes.readInt32BE(at);
      this.#right = bytes.readInt32BE(at + 4);
      for (let time = 0; time < 64; time++) this.#encryptBlock();
      bytes.writeInt32BE(this.#left, at);
      bytes.writeInt32BE(this.#right, at + 4);
    }
    return bytes;
  }

  wipe(): void {
    this.#p.fill(0);
    this.#s.fill(0);
  }

  #mixedBlock(salt: Int32Array, from: number): void {
    this.#left ^= salt[from]!;
    this.#right ^= salt[from + 1]!;
    this.#encryptBlock();
  }

  #encryptBlock(): void {
    const p = this.#p;
    const s = this.#s;
    let left = this.#left ^ p[0]!;
    let right = this.#right;
    for (let round = 1; round <= 16; round += 2) {
      right ^=
        ((((s[left >>> 24]! + s[256 + ((left >>> 16) & 255)]!) ^ s[512 + ((left >>> 8) & 255)]!) +
          s[768 + (left & 255)]!) |
          0) ^
        p[round]!;
      left ^=
        ((((s[right >>> 24]! + s[256 + ((right >>> 16) & 255)]!) ^ s[512 + ((right >>> 8) & 255)]!) +
          s[768 + (right & 255)]!) |
          0) ^
        p[round + 1]!;
    }
    this.#left = right ^ p[17]!;
    this.#right = left;
  }
}

/** `count` big-endian words of `bytes`, which repeat. */
function words(bytes: Uint8Array, count: number): Int32Array {
  return Int32Array.from({ length: count }, (_, word) => {
    let value = 0;
    for (let at = 0; at < 4; at++) value = (value << 8) | bytes[(word * 4 + at) % bytes.length]!;
    return value;
  });
}

/** bcrypt's own base64: another alphabet, no padding. */
function decode(text: string, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  let bits = 0;
  let held = 0;
  let at = 0;
  for (const letter of text) {
    held = ((held << 6) | alphabet.indexOf(letter)) & 0xffff;
    bits += 6;
    if (bits < 8 || at >= length) continue;
    bits -= 8;
    bytes[at++] = (held >> bits) & 255;
  }
  return bytes;
}
