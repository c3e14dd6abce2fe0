import type { KeyObject } from 'node:crypto';
import { SealError } from '../contracts/seal.ts';
import { AeadError, aeadNonceBytes, aeadTagBytes, openAead, sealAead } from '../crypto/aead.ts';
import { hmacSha256 } from '../crypto/digest.ts';
import { randomBytes } from '../crypto/random.ts';

/*
 * format (1) | length of the key id (1) | key id | nonce (12) | ciphertext | tag (16)
 *
 * All before the nonce is authenticated, with the seal's type and the context.
 */
const format = 1;
const maxKeyIdBytes = 255;

/** A key of a seal that encrypts in this process, and the name under which its wrapped bytes say so. */
export interface WrappingKey {
  /** Not secret: stored in clear. 1 to 255 bytes of UTF-8. */
  readonly id: string;
  readonly key: KeyObject;
}

/** Names a random 256-bit key without telling anything about it. */
export function keyFingerprint(key: KeyObject): string {
  return `k${hmacSha256(key, Buffer.from('coffer seal key id')).toString('hex').slice(0, 16)}`;
}

/** Encrypts `plaintext` with AES-256-GCM-SIV; the seal's `type` and `context` have to be the same to open it. */
export function wrapBytes(
  type: string,
  wrapping: WrappingKey,
  plaintext: Uint8Array,
  context: string,
): Uint8Array {
  const id = Buffer.from(wrapping.id);
  if (id.length === 0 || id.length > maxKeyIdBytes) {
    throw new SealError('invalid', 'the key id of the seal is empty or too long', 'Use 1 to 255 bytes.');
  }
  const head = Buffer.concat([Buffer.of(format, id.length), id]);
  const nonce = randomBytes(aeadNonceBytes);
  const sealed = sealAead(wrapping.key, nonce, associatedData(head, type, context), plaintext);
  return Buffer.concat([head, nonce, sealed.ciphertext, sealed.tag]);
}

/** The key id that `wrapped` names. Throws `SealError` 'invalid' when these are no wrapped bytes. */
export function keyIdOf(wrapped: Uint8Array): string {
  return Buffer.from(headOf(wrapped).subarray(2)).toString('utf8');
}

/**
 * What `wrapBytes` was given; the caller wipes it. Throws `SealError` 'wrong-key' when they do not open under
 * `key`: another key, another context, or altered bytes cannot be told apart.
 */
export function unwrapBytes(type: string, key: KeyObject, wrapped: Uint8Array, context: string): Uint8Array {
  const head = headOf(wrapped);
  const nonceEnd = head.length + aeadNonceBytes;
  const tagAt = wrapped.length - aeadTagBytes;
  try {
    return openAead(
      key,
      wrapped.subarray(head.length, nonceEnd),
      associatedData(head, type, context),
      wrapped.subarray(nonceEnd, tagAt),
      wrapped.subarray(tagAt),
    );
  } catch (error) {
    if (!(error instanceof AeadError)) throw error;
    throw new SealError(
      'wrong-key',
      `the wrapped key does not open under the key of seal "${type}"`,
      'Give the server the key that this store was sealed with.',
    );
  }
}

function headOf(wrapped: Uint8Array): Uint8Array {
  const headBytes = 2 + (wrapped[1] ?? 0);
  if (
    wrapped[0] !== format ||
    headBytes === 2 ||
    wrapped.length < headBytes + aeadNonceBytes + aeadTagBytes
  ) {
    throw new SealError(
      'invalid',
      'the stored seal record holds no wrapped key',
      'The store was altered or damaged: restore it from a backup.',
    );
  }
  return wrapped.subarray(0, headBytes);
}

/** Every part but the last has its length before it, so that no two triples have the same bytes. */
function associatedData(head: Uint8Array, type: string, context: string): Uint8Array {
  const typeBytes = Buffer.from(type);
  const lengths = Buffer.alloc(4);
  lengths.writeUInt16BE(head.length, 0);
  lengths.writeUInt16BE(typeBytes.length, 2);
  return Buffer.concat([lengths, head, typeBytes, Buffer.from(context)]);
}
