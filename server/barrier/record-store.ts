import { stringifyJson } from '../../formats/json/index.ts';
import { CofferError } from '../contracts/errors.ts';
import type { RecordChange } from '../contracts/records.ts';
import { type Change, type Revision, type StorageBackend, StorageConflict } from '../contracts/storage.ts';
import { Freshness } from './freshness.ts';
import { keyringKey } from './keyring.ts';
import { namespaceKeyPrefix } from './namespace-keys.ts';
import { type CacheEntry, RecordCache } from './record-cache.ts';
import { RecordCipher } from './record-cipher.ts';
import { entriesBelow, walkKeys } from './storage-walk.ts';
import { AbsentRecord, StoredRecord } from './stored-record.ts';
import type { UnsealedKeys } from './unsealed-keys.ts';

/** Storage keys as storage has them (`n/<namespace id>/…`), or everything. Must not throw. */
export type ChangeListener = (keys: readonly string[] | 'all') => void;

export interface RecordStoreOptions {
  readonly storage: StorageBackend;
  readonly cacheBytes: number;
  readonly exclusiveStore: boolean;
  readonly acceptPlaintextRecords: boolean;
}

/** One view's share of a commit. */
export interface ChangePart {
  readonly namespaceId: string;
  /** Prefix of the view: storage key = prefix + key. */
  readonly prefix: string;
  readonly change: RecordChange;
}

const mark = new Uint8Array(0);
const done: Promise<void> = Promise.resolve();

/** Encrypted records over storage, with the cache before it. Everything here takes storage keys. */
export class RecordStore {
  readonly #storage: StorageBackend;
  readonly #cache: RecordCache;
  readonly #freshness: Freshness | undefined;
  readonly #acceptPlaintext: boolean;
  readonly #listeners = new Set<ChangeListener>();
  #cipher: RecordCipher | undefined;

  constructor(options: RecordStoreOptions) {
    this.#storage = options.storage;
    this.#cache = new RecordCache(options.cacheBytes);
    this.#acceptPlaintext = options.acceptPlaintextRecords;
    this.#freshness = options.exclusiveStore
      ? undefined
      : new Freshness(options.storage, (keys) => this.#foreignChange(keys));
  }

  /** Throws 'sealed'; so does everything below that has to ask storage. */
  get cipher(): RecordCipher {
    if (!this.#cipher) throw new CofferError('sealed');
    return this.#cipher;
  }

  get keys(): UnsealedKeys {
    return this.cipher.keys;
  }

  get isOpen(): boolean {
    return this.#cipher !== undefined;
  }

  /** For metrics. */
  get cacheFacts(): { hits: number; misses: number; entries: number; bytes: number } {
    const { hits, misses, size, bytes } = this.#cache;
    return { hits, misses, entries: size, bytes };
  }

  /** Before the first record is read: nothing cached, so nothing can be out of date. */
  async open(keys: UnsealedKeys): Promise<void> {
    await this.#freshness?.start();
    this.#cache.dropAll();
    this.#cipher = new RecordCipher(keys, this.#acceptPlaintext);
  }

  close(): void {
    this.#cipher = undefined;
    this.changed('all');
  }

  freshen(): Promise<void> {
    return this.#freshness?.freshen() ?? done;
  }

  onChange(listener: ChangeListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  peek(storageKey: string): StoredRecord | undefined {
    const entry = this.#cache.get(storageKey);
    return entry instanceof StoredRecord ? entry : undefined;
  }

  get(namespaceId: string, storageKey: string): Promise<StoredRecord | undefined> {
    const entry = this.#cache.get(storageKey);
    if (entry !== undefined) return Promise.resolve(entry instanceof StoredRecord ? entry : undefined);
    const pending = this.#cache.pending(storageKey);
    if (pending) return pending.promise;
    const reading = this.#storageRead([storageKey]);
    return this.#cache.share(
      storageKey,
      reading.then(([value]) => value && this.#decrypt(namespaceId, storageKey, value)),
    );
  }

  /** One storage read for all that memory does not have. */
  getMany(namespaceId: string, storageKeys: readonly string[]): Promise<(StoredRecord | undefined)[]> {
    const missing = [...new Set(storageKeys)].filter(
      (key) => this.#cache.get(key) === undefined && this.#cache.pending(key) === undefined,
    );
    if (missing.length > 0) {
      const reading = this.#storageRead(missing);
      missing.forEach((key, index) => {
        const one = reading.then((values) => {
          const value = values[index];
          return value && this.#decrypt(namespaceId, key, value);
        });
        this.#cache.share(key, one);
      });
    }
    return Promise.all(storageKeys.map((key) => this.get(namespaceId, key)));
  }

  /** Records below `prefix` whose storage key is greater than `after`; index marks are passed over. */
  async scan(
    namespaceId: string,
    prefix: string,
    after: string | undefined,
    limit: number,
  ): Promise<[storageKey: string, record: StoredRecord][]> {
    const found: [string, StoredRecord][] = [];
    if (limit <= 0) return found;
    void this.keys;
    for await (const rows of entriesBelow(this.#storage, prefix, after, limit)) {
      for (const [key, value] of rows) {
        if (value.length > 0) found.push([key, await this.#decryptOrReuse(namespaceId, key, value)]);
        if (found.length >= limit) return found;
      }
    }
    return found;
  }

  scanKeys(prefix: string, after: string | undefined, limit: number): Promise<string[]> {
    void this.keys;
    return walkKeys(this.#storage, prefix, after, limit);
  }

  async list(prefix: string, page: { after?: string; limit?: number }): Promise<string[]> {
    void this.keys;
    const limit = page.limit ?? Number.POSITIVE_INFINITY;
    const names: string[] = [];
    let after = page.after;
    while (names.length < limit) {
      const size = Math.min(1000, limit - names.length);
      const some = await this.#storage.list(
        prefix,
        after === undefined ? { limit: size } : { after, limit: size },
      );
      for (const name of some) names.push(name);
      if (some.length < size) break;
      after = some.at(-1);
    }
    return names;
  }

  async commit(parts: readonly ChangePart[]): Promise<void> {
    const cipher = this.cipher;
    const { keys } = cipher;
    for (const { namespaceId, change } of parts) {
      if (change.put?.length && !keys.hasNamespace(namespaceId)) await keys.loadNamespace(namespaceId);
    }
    if (cipher !== this.#cipher) throw new CofferError('sealed');
    const { change, outcome } = this.#prepare(cipher, parts);
    await this.commitStorage(change, outcome);
  }

  /**
   * Commits, and makes cache and listeners follow before it resolves. `outcome`: what the cache may hold
   * afterwards of each key that `change` writes.
   */
  async commitStorage(
    change: Change,
    outcome: ReadonlyMap<string, CacheEntry | undefined> = unknownOutcome(change),
  ): Promise<void> {
    const session = this.#cipher;
    const touched = [...outcome.keys()];
    this.#cache.beginWrite(touched);
    let revision: Revision;
    try {
      revision = await this.#storage.commit(change);
    } catch (error) {
      // After a conflict the caller reads again, and must not meet what it has just been told is out of date.
      const suspect = [...touched, ...(change.expect ?? []).map(({ key }) => key)];
      for (const key of touched) this.#cache.endWrite(key, undefined);
      this.changed(error instanceof StorageConflict ? [...suspect, error.key] : suspect);
      throw error;
    }
    const newest =
      (this.#freshness?.noteOwn(revision) ?? true) && session !== undefined && session === this.#cipher;
    for (const [key, entry] of outcome) this.#cache.endWrite(key, newest ? entry : undefined);
    this.#tell(touched);
  }

  /** Drops from memory what is no longer certain, and tells those who derived something from it. */
  changed(keys: readonly string[] | 'all'): void {
    if (keys === 'all') this.#cache.dropAll();
    else for (const key of keys) this.#cache.drop(key);
    this.#tell(keys);
  }

  /** What `value`, read from storage just now, says. */
  async #decrypt(namespaceId: string, storageKey: string, value: Uint8Array): Promise<StoredRecord> {
    const cipher = this.cipher;
    const record = await cipher.decrypt({ namespaceId, storageKey }, value);
    if (cipher !== this.#cipher) throw new CofferError('sealed');
    return record;
  }

  #prepare(cipher: RecordCipher, parts: readonly ChangePart[]) {
    const expect: { key: string; tag: Uint8Array | undefined }[] = [];
    const put: [string, Uint8Array][] = [];
    const remove: string[] = [];
    const outcome = new Map<string, CacheEntry | undefined>();
    for (const { namespaceId, prefix, change } of parts) {
      for (const { key, stored } of change.expect ?? [])
        expect.push({ key: prefixed(prefix, key), tag: stored?.tag });
      for (const [key, value] of change.put ?? []) {
        const storageKey = prefixed(prefix, key);
        const text = stringifyJson(value);
        const record = cipher.encrypt({ namespaceId, storageKey }, text);
        put.push([storageKey, record]);
        outcome.set(storageKey, new StoredRecord(text, record));
      }
      for (const key of change.mark ?? []) {
        put.push([prefixed(prefix, key), mark]);
        outcome.set(prefixed(prefix, key), undefined);
      }
      for (const key of change.remove ?? []) {
        remove.push(prefixed(prefix, key));
        outcome.set(prefixed(prefix, key), new AbsentRecord());
      }
    }
    return { change: { expect, put, remove }, outcome };
  }

  async #storageRead(keys: readonly string[]): Promise<(Uint8Array | undefined)[]> {
    const session = this.cipher;
    const values = await this.#storage.read(keys);
    if (session !== this.#cipher) throw new CofferError('sealed');
    return values;
  }

  /** A row whose tag is that of the cached record is that record: its derived values are kept, and nothing is decrypted. */
  #decryptOrReuse(namespaceId: string, key: string, value: Uint8Array): StoredRecord | Promise<StoredRecord> {
    const cached = this.#cache.get(key);
    if (cached instanceof StoredRecord && cached.isWriting(value)) return cached;
    return this.#decrypt(namespaceId, key, value);
  }

  async #foreignChange(keys: readonly string[] | 'all'): Promise<void> {
    const ofKeys =
      keys === 'all' || keys.some((key) => key === keyringKey || key.startsWith(namespaceKeyPrefix));
    this.changed(ofKeys ? 'all' : keys);
    const unsealed = this.#cipher?.keys;
    if (!ofKeys || !unsealed) return;
    await unsealed.reload();
    unsealed.forgetNamespaces();
    // Whatever was read meanwhile with the keys of before.
    this.changed('all');
  }

  #tell(keys: readonly string[] | 'all'): void {
    if (keys.length === 0) return;
    for (const listener of this.#listeners) listener(keys);
  }
}

function prefixed(prefix: string, key: string): string {
  if (key === '') throw new TypeError('a record needs a key');
  return prefix + key;
}

function unknownOutcome(change: Change): Map<string, undefined> {
  const keys = [...(change.put ?? []).map(([key]) => key), ...(change.remove ?? [])];
  return new Map(keys.map((key) => [key, undefined]));
}
