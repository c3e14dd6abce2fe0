import { type CipherGCMOptions, createCipheriv, createDecipheriv, type KeyObject } from 'node:crypto';

declare module 'node:crypto' {
  /** In OpenSSL 3.2 and later, and not yet in the runtime's types. */
  function createCipheriv(
    algorithm: 'aes-256-gcm-siv',
    key: KeyObject,
    nonce: Uint8Array,
    options: CipherGCMOptions,
  ): CipherGCM;
  function createDecipheriv(
    algorithm: 'aes-256-gcm-siv',
    key: KeyObject,
    nonce: Uint8Array,
    options: CipherGCMOptions,
  ): DecipherGCM;
}

export const aeadKeyBytes = 32;
export const aeadNonceBytes = 12;
export const aeadTagBytes = 16;

const algorithm = 'aes-256-gcm-siv';
const options: CipherGCMOptions = { authTagLength: aeadTagBytes };

/** The ciphertext is not what was sealed under this key, nonce and associated data. Says nothing else on purpose. */
export class AeadError extends Error {
  constructor() {
    super('the ciphertext does not open');
    this.name = 'AeadError';
  }
}

export interface AeadParts {
  readonly ciphertext: Uint8Array;
  readonly tag: Uint8Array;
}

/**
 * AEAD_AES_256_GCM_SIV encryption (RFC 8452 section 4). `key` has 32 bytes, `nonce` 12. Repeating a nonce reveals only that
 * two plaintexts with the same associated data are equal; nonces are random all the same.
 */
export function sealAead(
  key: KeyObject,
  nonce: Uint8Array,
  associatedData: Uint8Array,
  plaintext: Uint8Array,
): AeadParts {
  const cipher = createCipheriv(algorithm, key, nonce, options);
  cipher.setAAD(associatedData);
  // One update with all of the plaintext, an empty one too: SIV mode needs the whole message at once.
  const ciphertext = cipher.update(plaintext);
  cipher.final();
  return { ciphertext, tag: cipher.getAuthTag() };
}

/** The plaintext, or `AeadError`. Nothing of the plaintext escapes before the tag was checked. The caller wipes the result. */
export function openAead(
  key: KeyObject,
  nonce: Uint8Array,
  associatedData: Uint8Array,
  ciphertext: Uint8Array,
  tag: Uint8Array,
): Buffer {
  if (tag.length !== aeadTagBytes || nonce.length !== aeadNonceBytes) throw new AeadError();
  let plaintext: Buffer | undefined;
  try {
    const decipher = createDecipheriv(algorithm, key, nonce, options);
    decipher.setAAD(associatedData);
    decipher.setAuthTag(tag);
    plaintext = decipher.update(ciphertext);
    decipher.final();
    return plaintext;
  } catch {
    plaintext?.fill(0);
    throw new AeadError();
  }
}
