import { createCipheriv, createDecipheriv, createSecretKey, type KeyObject, randomBytes } from 'node:crypto';
import type { Records } from '../../contracts/records.ts';
import { StorageConflict } from '../../contracts/storage.ts';
import type { TokenEntry } from './token-entry.ts';

const algorithm = 'aes-256-gcm-siv';
const nonceBytes = 12;
const tagBytes = 16;
const keyRecord = 'batch-token-key';
const associatedData = Buffer.from('coffer batch token 1');
/** Room for a nonce and a tag at least; longer than any entry that fits a header. */
const sealedForm = /^[A-Za-z0-9_-]{40,8192}$/;

/**
 * Batch tokens: the entry itself, sealed under a key of the namespace (AES-256-GCM-SIV, RFC 8452), so that
 * they cost no storage and cannot be revoked one by one, as in Vault.
 */
export class BatchTokens {
  readonly #keys = new WeakMap<object, KeyObject>();

  async seal(records: Records, entry: TokenEntry): Promise<string> {
    const nonce = randomBytes(nonceBytes);
    const cipher = createCipheriv(algorithm, await this.#makeKey(records), nonce, {
      authTagLength: tagBytes,
    });
    cipher.setAAD(associatedData);
    const sealed = Buffer.concat([cipher.update(JSON.stringify(entry)), cipher.final()]);
    return Buffer.concat([nonce, sealed, cipher.getAuthTag()]).toString('base64url');
  }

  /** Undefined for anything that this namespace did not seal. */
  async open(records: Records, text: string): Promise<TokenEntry | undefined> {
    if (!sealedForm.test(text)) return undefined;
    const bytes = Buffer.from(text, 'base64url');
    // One text for one token: base64url has spare bits at the end.
    if (bytes.toString('base64url') !== text) return undefined;
    const key = await this.#key(records);
    if (!key) return undefined;
    try {
      const decipher = createDecipheriv(algorithm, key, bytes.subarray(0, nonceBytes), {
        authTagLength: tagBytes,
      });
      decipher.setAAD(associatedData);
      decipher.setAuthTag(bytes.subarray(-tagBytes));
      const plain = Buffer.concat([decipher.update(bytes.subarray(nonceBytes, -tagBytes)), decipher.final()]);
      // Authentic: only this namespace's key seals, and only entries.
      const entry: TokenEntry = JSON.parse(plain.toString());
      return entry;
    } catch {
      return undefined;
    }
  }

  /** The namespace's key, made when the first batch token is. */
  async #makeKey(records: Records): Promise<KeyObject> {
    const made = await this.#key(records);
    if (made) return made;
    try {
      await records.commit({
        expect: [{ key: keyRecord, stored: undefined }],
        put: [[keyRecord, randomBytes(32).toString('base64')]],
      });
    } catch (error) {
      // Somebody else made it at the same moment.
      if (!(error instanceof StorageConflict)) throw error;
    }
    const key = await this.#key(records);
    if (!key) throw new Error('the key for batch tokens is gone');
    return key;
  }

  async #key(records: Records): Promise<KeyObject | undefined> {
    const stored = await records.get<string>(keyRecord);
    if (!stored) return undefined;
    let key = this.#keys.get(stored);
    if (!key) {
      key = createSecretKey(stored.value, 'base64');
      this.#keys.set(stored, key);
    }
    return key;
  }
}
