/**
 * A plug-in's own part of the encrypted store: JSON values under keys that begin where the plug-in's prefix
 * ends, so that it can reach nothing else. Implemented by the barrier; keys have the limits of storage keys.
 * A reader of the storage medium sees keys and sizes, never values.
 *
 * Values are JSON, numbers kept exactly (see formats/json). What `get` returns is shared by all readers and
 * by the cache: treat it as frozen.
 */
export interface Records {
  /** The value at `key`. From memory when it is there, else one storage read and one decryption. */
  get<T>(key: string): Promise<Stored<T> | undefined>;
  getMany<T>(keys: readonly string[]): Promise<(Stored<T> | undefined)[]>;
  /** `get` when memory knows the answer; `undefined` when storage has to be asked. For hot paths. */
  peek<T>(key: string): Stored<T> | undefined;
  /** As `StorageBackend.list`: the names directly below `prefix`, folders ending in '/'. */
  list(prefix: string, page?: { after?: string; limit?: number }): Promise<string[]>;
  /**
   * Up to `limit` entries below `prefix` at any depth whose key is greater than `after`, in key order. Keys, `after` too, are
   * those that `get` takes: they begin with `prefix`. Index marks have no value and are passed over.
   */
  scan<T>(
    prefix: string,
    page: { after?: string; limit: number },
  ): Promise<[key: string, stored: Stored<T>][]>;
  /** The same without reading or decrypting values, and with the index marks. */
  scanKeys(prefix: string, page: { after?: string; limit: number }): Promise<string[]>;
  /** All or nothing, durable when it resolves. Rejects with `StorageConflict` when an expectation fails. */
  commit(change: RecordChange): Promise<void>;
  /** One commit over several views (a token and its lease). */
  commitWith(
    change: RecordChange,
    others: readonly { records: Records; change: RecordChange }[],
  ): Promise<void>;
  /** A view below `prefix`. */
  within(prefix: string): Records;
}

export interface RecordChange {
  /** `stored` as `get` returned it, or undefined for "there is none". */
  readonly expect?: readonly { key: string; stored: Stored<unknown> | undefined }[];
  readonly put?: readonly (readonly [key: string, value: unknown])[];
  /** Index entries: keys without a value. Not authenticated, so only ever a hint to look at a record. */
  readonly mark?: readonly string[];
  readonly remove?: readonly string[];
}

export interface Stored<T> {
  readonly value: T;
  /** Identifies exactly this writing of the record. */
  readonly tag: Uint8Array;
  /**
   * A place for what is expensive to derive from `value` (a compiled policy, a prepared reply); it dies with
   * the cached record. One owner: the plug-in that owns the record.
   */
  memo: unknown;
}
