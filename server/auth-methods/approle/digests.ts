import { createHmac, createSecretKey, type KeyObject } from 'node:crypto';
import type { Records } from '../../contracts/records.ts';
import { StorageConflict } from '../../contracts/storage.ts';
import { randomBytes } from '../../crypto/random.ts';

const keyRecord = 'digest-key';

/** Stands for the role in the work done for a role id that is not there. No role has an empty uid. */
export const noRole = '';

/** What is kept of a secret id: half of its digest finds the record, the other half has to be in it. */
export interface SecretIdDigest {
  readonly key: string;
  readonly verifier: Buffer;
}

/**
 * HMAC-SHA-512 under a key of this mount's own, so that whoever reads the names of records cannot test
 * guesses of role ids and secret ids against them.
 */
export class Digests {
  readonly #key: KeyObject;

  private constructor(key: KeyObject) {
    this.#key = key;
  }

  /** With the mount's key, which is made on first use. */
  static async open(records: Records): Promise<Digests> {
    for (;;) {
      const stored = await records.get<string>(keyRecord);
      if (stored) return new Digests(createSecretKey(stored.value, 'base64'));
      try {
        const key = randomBytes(32).toString('base64');
        await records.commit({ expect: [{ key: keyRecord, stored: undefined }], put: [[keyRecord, key]] });
      } catch (error) {
        // Another node made it first.
        if (!(error instanceof StorageConflict)) throw error;
      }
    }
  }

  ofRoleId(roleId: string): string {
    return this.#hmac('role-id', noRole, roleId).subarray(0, 32).toString('base64url');
  }

  /** Two roles may have the same custom secret id; nobody sees it in their records. */
  ofSecretId(roleUid: string, secretId: string): SecretIdDigest {
    const digest = this.#hmac('secret-id', roleUid, secretId);
    return { key: digest.subarray(0, 32).toString('base64url'), verifier: digest.subarray(32) };
  }

  /** Kinds and uids hold no NUL, so that no two triples make the same text. */
  #hmac(kind: string, roleUid: string, text: string): Buffer {
    return createHmac('sha512', this.#key).update(`${kind}\0${roleUid}\0${text}`).digest();
  }
}
