import { combine, split } from 'shamir-secret-sharing';
import { wipe } from './wipe.ts';

/** The numbers, lengths or texts of shares that cannot be right. The message is fit for the person who typed them. */
export class ShareError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'ShareError';
  }
}

export const maxShares = 255;

/**
 * Splits `secret` so that any `threshold` of the shares give it back and fewer say nothing. A share is one byte longer than
 * the secret, its last byte the x coordinate, as Vault's. As in Vault, 1 of 1 is the secret itself, and
 * several shares need a threshold of at least 2.
 */
export async function splitSecret(
  secret: Uint8Array,
  shares: number,
  threshold: number,
): Promise<Uint8Array[]> {
  checkShareNumbers(shares, threshold);
  if (secret.length === 0) throw new ShareError('there is nothing to split');
  if (shares === 1) return [Uint8Array.from(secret)];
  const copy = Uint8Array.from(secret);
  try {
    return await split(copy, shares, threshold);
  } finally {
    wipe(copy);
  }
}

/** Throws `ShareError` with Vault's words. */
export function checkShareNumbers(shares: number, threshold: number): void {
  if (!Number.isInteger(shares) || shares < 1) throw new ShareError('shares must be at least one');
  if (shares > maxShares) throw new ShareError('shares must be less than 256');
  if (!Number.isInteger(threshold) || threshold < 1) throw new ShareError('threshold must be at least one');
  if (threshold > shares) throw new ShareError('threshold cannot be larger than shares');
  if (shares > 1 && threshold === 1) {
    throw new ShareError('threshold must be greater than one for multiple shares');
  }
}

/**
 * The secret from `threshold` shares, or from one with a threshold of 1. Shares of another secret, or altered ones, give another result
 * and no error: whoever uses the result finds out. Throws `ShareError` for shares that cannot belong together.
 */
export async function combineShares(shares: readonly Uint8Array[]): Promise<Uint8Array> {
  const [first] = shares;
  if (!first || first.length === 0) throw new ShareError('there are no shares to combine');
  if (shares.length === 1) return Uint8Array.from(first);
  if (first.length < 2 || shares.some((share) => share.length !== first.length)) {
    throw new ShareError('the shares do not have the same length');
  }
  const coordinates = new Set(shares.map((share) => share.at(-1)));
  if (coordinates.size !== shares.length) throw new ShareError('a share was given twice');
  if (coordinates.has(0)) throw new ShareError('a share is malformed');
  const copies = shares.map((share) => Uint8Array.from(share));
  try {
    return await combine(copies);
  } finally {
    wipe(...copies);
  }
}

/** A share as a person gives it: hex or base64, standard or URL-safe, padded or not. Throws `ShareError`. */
export function parseShare(text: string): Uint8Array {
  const trimmed = text.trim();
  if (/^(?:[0-9a-fA-F]{2})+$/.test(trimmed)) return Uint8Array.from(Buffer.from(trimmed, 'hex'));
  const unpadded = trimmed.replace(/={1,2}$/, '');
  if (/^[A-Za-z0-9+/_-]+$/.test(unpadded) && unpadded.length % 4 !== 1) {
    return Uint8Array.from(Buffer.from(unpadded, 'base64'));
  }
  throw new ShareError("'key' must be a valid hex or base64 string");
}
