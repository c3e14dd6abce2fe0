import { type CofferError, invalidRequest } from '../../contracts/errors.ts';
import { equalBytes } from '../../crypto/constant-time.ts';
import { randomUUID } from '../../crypto/random.ts';
import { combineShares, parseShare, ShareError, splitSecret } from '../../crypto/shamir.ts';
import { wipe } from '../../crypto/wipe.ts';
import type { Quorum } from './seal-record.ts';

export const keyBytes = 32;
/** As Vault: 16 bytes, and a 32-byte key with the byte that says which share it is. */
const minShareBytes = 16;
const maxShareBytes = keyBytes + 1;
/** The longest spelling of a share, with room for padding and white space. */
const maxShareText = 256;

/** A share or key as people give it, hex or base64. The caller wipes the result. */
export function decodeShare(text: string): Uint8Array {
  if (text.trim() === '') throw invalidRequest("'key' must be specified in request body as JSON");
  const share = parse(text);
  if (share.length < minShareBytes || share.length > maxShareBytes) {
    wipe(share);
    throw invalidRequest(
      share.length < minShareBytes
        ? `invalid key: key is shorter than minimum ${minShareBytes} bytes`
        : `invalid key: key is longer than maximum ${maxShareBytes} bytes`,
    );
  }
  return share;
}

function parse(text: string): Uint8Array {
  const notAShare = "'key' must be a valid hex or base64 string";
  if (text.length > maxShareText) throw invalidRequest(notAShare);
  try {
    return parseShare(text);
  } catch (error) {
    if (error instanceof ShareError) throw invalidRequest(error.message);
    throw error;
  }
}

/** The shares of `key`: a single one is the key itself, as with Vault. The caller wipes key and shares. */
export function splitKey(key: Uint8Array, quorum: Quorum): Promise<Uint8Array[]> {
  return splitSecret(key, quorum.shares, quorum.threshold);
}

async function combineKey(shares: readonly Uint8Array[]): Promise<Uint8Array> {
  try {
    return await combineShares(shares);
  } catch (error) {
    if (error instanceof ShareError) throw wrongShares();
    throw error;
  }
}

/** Which share is wrong cannot be known, so all have to be given again. */
export function wrongShares(): CofferError {
  return invalidRequest('invalid key: the key shares given do not make up the key', {
    hint: 'All shares given so far were dropped; give each of them again, from one and the same set.',
  });
}

/** The shares that people have given so far for one purpose. */
export class ShareCollection {
  /** Names this attempt; '' before the first share when `named` is 'when started'. */
  #nonce: string;
  #shares: Uint8Array[] = [];

  constructor(named: 'now' | 'when started') {
    this.#nonce = named === 'now' ? randomUUID() : '';
  }

  get nonce(): string {
    return this.#nonce;
  }

  get progress(): number {
    return this.#shares.length;
  }

  /** Takes `share` over. One that was given before is not counted twice. */
  add(share: Uint8Array): void {
    if (this.#shares.some((other) => equalBytes(other, share))) {
      wipe(share);
      return;
    }
    this.#nonce ||= randomUUID();
    this.#shares.push(share);
  }

  holds(share: Uint8Array): boolean {
    return this.#shares.includes(share);
  }

  /** The key that the shares given so far make up, which stay; the caller wipes it. */
  combined(): Promise<Uint8Array> {
    return combineKey(this.#shares);
  }

  /** The key when there are `threshold` shares, which are then dropped; the caller wipes it. */
  async take(threshold: number): Promise<Uint8Array | undefined> {
    if (this.#shares.length < threshold) return undefined;
    try {
      return await combineKey(this.#shares);
    } finally {
      this.clear();
    }
  }

  /** Drops the shares, and keeps the nonce. */
  clear(): void {
    wipe(...this.#shares);
    this.#shares = [];
  }
}
