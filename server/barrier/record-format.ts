import type { KeyObject } from 'node:crypto';
import { CofferError } from '../contracts/errors.ts';
import { AeadError, aeadNonceBytes, aeadTagBytes, openAead, sealAead } from '../crypto/aead.ts';
import { RandomPool } from '../crypto/random.ts';

/*
 * format (1) | algorithm (1) | key id (4, big-endian) | nonce (12) | ciphertext | tag (16)
 *
 * Everything before the nonce is authenticated with the namespace and the storage key, so a record opens only
 * where it was written, and only as what it was written.
 */
const encryptedFormat = 1;
const plaintextFormat = 0;
const aes256GcmSiv = 1;
const nonceAt = 6;
const ciphertextAt = nonceAt + aeadNonceBytes;
export const recordOverheadBytes = ciphertextAt + aeadTagBytes;

/** Where a record stands; authenticated with it. */
export interface RecordPlace {
  /** Empty for the barrier's own records. */
  readonly namespaceId: string;
  readonly storageKey: string;
}

export type RecordHeader =
  | { readonly kind: 'encrypted'; readonly keyId: number }
  | { readonly kind: 'plaintext'; readonly json: Uint8Array };

export function corrupt(storageKey: string, detail: string): CofferError {
  return new CofferError('storage-corrupt', `the stored record ${storageKey} cannot be trusted`, {
    detail,
    hint: 'Restore it from a backup, or look for a disk fault or for somebody who edits the store.',
  });
}

/** Reads what stands before the ciphertext. Throws 'storage-corrupt' for everything but the known forms. */
export function parseHeader(record: Uint8Array, storageKey: string): RecordHeader {
  const format = record[0];
  if (format === plaintextFormat) return { kind: 'plaintext', json: record.subarray(1) };
  if (format !== encryptedFormat)
    throw corrupt(storageKey, format === undefined ? 'empty' : 'unknown format');
  if (record.length < recordOverheadBytes) throw corrupt(storageKey, 'truncated');
  if (record[1] !== aes256GcmSiv) throw corrupt(storageKey, 'unknown algorithm');
  return { kind: 'encrypted', keyId: readKeyId(record) };
}

export function sealRecord(
  key: KeyObject,
  keyId: number,
  place: RecordPlace,
  plaintext: Uint8Array,
  nonces: RandomPool = new RandomPool(),
): Uint8Array {
  const record = Buffer.allocUnsafeSlow(recordOverheadBytes + plaintext.length);
  record[0] = encryptedFormat;
  record[1] = aes256GcmSiv;
  record.writeUInt32BE(keyId, 2);
  nonces.fill(record, nonceAt, ciphertextAt);
  const nonce = record.subarray(nonceAt, ciphertextAt);
  const { ciphertext, tag } = sealAead(key, nonce, associatedData(record, place), plaintext);
  record.set(ciphertext, ciphertextAt);
  record.set(tag, record.length - aeadTagBytes);
  return record;
}

/** The plaintext of a record whose header was parsed; 'storage-corrupt' when it was altered or moved. The caller wipes it. */
export function openRecord(key: KeyObject, place: RecordPlace, record: Uint8Array): Buffer {
  const tagAt = record.length - aeadTagBytes;
  try {
    return openAead(
      key,
      record.subarray(nonceAt, ciphertextAt),
      associatedData(record, place),
      record.subarray(ciphertextAt, tagAt),
      record.subarray(tagAt),
    );
  } catch (error) {
    if (error instanceof AeadError)
      throw corrupt(place.storageKey, 'altered, moved, or sealed under another key');
    throw error;
  }
}

function readKeyId(record: Uint8Array): number {
  return new DataView(record.buffer, record.byteOffset, record.byteLength).getUint32(2);
}

/** Lengths stand before the texts, so that no two places have the same bytes. */
function associatedData(record: Uint8Array, place: RecordPlace): Uint8Array {
  const namespaceBytes = Buffer.byteLength(place.namespaceId);
  const data = Buffer.allocUnsafe(nonceAt + 8 + namespaceBytes + Buffer.byteLength(place.storageKey));
  data.set(record.subarray(0, nonceAt));
  data.writeUInt32BE(namespaceBytes, nonceAt);
  data.write(place.namespaceId, nonceAt + 4);
  const keyAt = nonceAt + 4 + namespaceBytes;
  data.writeUInt32BE(data.length - keyAt - 4, keyAt);
  data.write(place.storageKey, keyAt + 4);
  return data;
}
