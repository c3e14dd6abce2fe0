import { JsonError, parseJson } from '../../formats/json/index.ts';
import { CofferError } from '../contracts/errors.ts';
import { RandomPool } from '../crypto/random.ts';
import { wipe } from '../crypto/wipe.ts';
import { corrupt, openRecord, parseHeader, type RecordPlace, sealRecord } from './record-format.ts';
import { StoredRecord } from './stored-record.ts';
import type { UnsealedKeys } from './unsealed-keys.ts';

/** Turns JSON text into records and back with the keys of one unsealing. */
export class RecordCipher {
  readonly keys: UnsealedKeys;
  readonly #acceptPlaintext: boolean;
  readonly #nonces: RandomPool = new RandomPool();

  constructor(keys: UnsealedKeys, acceptPlaintext: boolean) {
    this.keys = keys;
    this.#acceptPlaintext = acceptPlaintext;
  }

  /** The namespace's key must be in memory (`UnsealedKeys.loadNamespace`). */
  encrypt(place: RecordPlace, text: string): Uint8Array {
    const plain = Buffer.from(text, 'utf8');
    try {
      return this.#seal(place, plain);
    } finally {
      wipe(plain);
    }
  }

  async decrypt(place: RecordPlace, value: Uint8Array): Promise<StoredRecord> {
    const header = parseHeader(value, place.storageKey);
    if (header.kind === 'plaintext') return new StoredRecord(this.#readPlaintext(place, header.json), value);
    const plain = await this.#open(place, header.keyId, value);
    try {
      return new StoredRecord(plain.toString('utf8'), value);
    } finally {
      wipe(plain);
    }
  }

  /** The record under the newest key; undefined when it is already, or has no value. */
  async reencrypt(place: RecordPlace, value: Uint8Array): Promise<Uint8Array | undefined> {
    if (value.length === 0) return undefined;
    const header = parseHeader(value, place.storageKey);
    if (header.kind === 'plaintext') {
      const text = this.#readPlaintext(place, header.json);
      await this.keys.loadNamespace(place.namespaceId);
      return this.encrypt(place, text);
    }
    if (header.keyId === this.keys.newestTerm.id) return undefined;
    const plain = await this.#open(place, header.keyId, value);
    try {
      return this.#seal(place, plain);
    } finally {
      wipe(plain);
    }
  }

  async #open(place: RecordPlace, termId: number, value: Uint8Array): Promise<Buffer> {
    const key =
      this.keys.decryptionKey(place.namespaceId, termId) ??
      (await this.keys.findDecryptionKey(place.namespaceId, termId, place.storageKey));
    return openRecord(key, place, value);
  }

  #seal(place: RecordPlace, plain: Uint8Array): Uint8Array {
    const found = this.keys.encryptionKey(place.namespaceId);
    if (!found) throw new CofferError('not-found', 'the namespace does not exist');
    return sealRecord(found.key, found.termId, place, plain, this.#nonces);
  }

  /** A row that an older store wrote in clear; it says nothing about who wrote it, so it is read only on request. */
  #readPlaintext(place: RecordPlace, json: Uint8Array): string {
    const { storageKey } = place;
    if (!this.#acceptPlaintext) throw corrupt(storageKey, 'in plaintext, which this server does not accept');
    const text = Buffer.from(json).toString('utf8');
    try {
      parseJson(text);
      return text;
    } catch (error) {
      if (error instanceof JsonError) throw corrupt(storageKey, 'in plaintext and not JSON');
      throw error;
    }
  }
}
