import { type Change, type StorageBackend, tagBytes, tagOf } from '../contracts/storage.ts';
import { randomBytes } from '../crypto/random.ts';
import { keyringKey } from './keyring.ts';
import { namespaceKeyPrefix } from './namespace-keys.ts';

/** A record in clear, as it was read. */
export interface PlainRecord {
  readonly bytes: Uint8Array;
  /** Identifies exactly this writing of the record. */
  readonly tag: Uint8Array;
}

export interface PlainChange {
  /** `stored` as `get` returned it, or undefined for "there is none". */
  readonly expect?: readonly { readonly key: string; readonly stored: PlainRecord | undefined }[];
  readonly put?: readonly (readonly [key: string, bytes: Uint8Array])[];
  readonly remove?: readonly string[];
}

/**
 * What the server has to read while it is sealed: the seal's configuration, the wrapped root key. Keys begin with
 * `core/`. Neither encrypted nor authenticated: hold nothing here that is secret, and believe nothing that matters.
 */
export class PlainRecords {
  readonly #storage: StorageBackend;
  readonly #commit: (change: Change) => Promise<unknown>;

  constructor(storage: StorageBackend, commit: (change: Change) => Promise<unknown>) {
    this.#storage = storage;
    this.#commit = commit;
  }

  /** Always asks storage. */
  async get(key: string): Promise<PlainRecord | undefined> {
    checkPlainKey(key);
    const [stored] = await this.#storage.read([key]);
    if (!stored) return undefined;
    return { bytes: stored.slice(0, Math.max(0, stored.length - tagBytes)), tag: tagOf(stored).slice() };
  }

  /** All or nothing. Rejects with `StorageConflict` when an expectation fails. */
  async commit(change: PlainChange): Promise<void> {
    await this.#commit(storageChangeOf(change));
  }
}

/** Each writing ends in a random tag, so that an expectation means this writing and no other. */
export function storageChangeOf(change: PlainChange): Required<Change> {
  const { expect = [], put = [], remove = [] } = change;
  return {
    expect: expect.map(({ key, stored }) => ({ key: checkPlainKey(key), tag: stored?.tag })),
    put: put.map(([key, bytes]) => [checkPlainKey(key), Buffer.concat([bytes, randomBytes(tagBytes)])]),
    remove: remove.map(checkPlainKey),
  };
}

function checkPlainKey(key: string): string {
  if (!key.startsWith('core/') || key === keyringKey || key.startsWith(namespaceKeyPrefix)) {
    throw new TypeError(`${key} is not the key of a plain record`);
  }
  return key;
}
