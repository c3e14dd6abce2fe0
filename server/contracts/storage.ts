/**
 * Durable, ordered key-value storage. It is not trusted: it sees storage keys and ciphertext, never a
 * value or an encryption key, and whatever it returns is authenticated by the barrier before use.
 *
 * Keys are non-empty strings of at most `maxKeyBytes` UTF-8 bytes, ordered by their UTF-8 bytes, with `/`
 * between folders; one that holds a NUL or a lone surrogate is refused as 'invalid'. Values are up to `maxValueBytes` long and may be empty.
 */
export interface StorageBackend {
  /** No other process can write here while this is open, so a cache above it is always fresh. */
  readonly exclusive: boolean;

  /** The values of `keys`, in their order; `undefined` where there is none. */
  read(keys: readonly string[]): Promise<(Uint8Array | undefined)[]>;

  /**
   * The names directly below `prefix` (which is empty or ends in `/`), in key order, without the prefix.
   * A folder appears once, ending in `/`. `after` is the last name of the page before (file or folder).
   * A key equal to `prefix` has no name below it and is left out.
   */
  list(prefix: string, page: { after?: string; limit: number }): Promise<string[]>;

  /** Up to `limit` entries with `from <= key < to`, in key order, at any depth. */
  scan(from: string, to: string, limit: number): Promise<[key: string, value: Uint8Array][]>;

  /**
   * Applies all of `change` or nothing, and resolves only when it survives a power cut. Rejects with
   * `StorageConflict` when an expectation does not hold; then nothing was written.
   */
  commit(change: Change): Promise<Revision>;

  /** No older than any commit acknowledged, by any process on this storage, before the call. */
  revision(): Promise<Revision>;

  /** Keys changed after `revision`, each once, in no order; 'too old' when the log no longer reaches back. */
  changesSince(revision: Revision): Promise<string[] | 'too old'>;

  /** Waits for what is in flight, then lets go of every resource. Idempotent. */
  close(): Promise<void>;
}

/** Grows by at least one with every commit; 0 before the first. */
export type Revision = number;

/** Names each key at most once among `put` and `remove`; anything else is refused as 'invalid'. */
export interface Change {
  readonly expect?: readonly Expectation[];
  readonly put?: readonly (readonly [key: string, value: Uint8Array])[];
  readonly remove?: readonly string[];
}

/**
 * Holds when the value now at `key` ends in `tag` (see `tagOf`), or when there is no such key and `tag` is
 * undefined. A record's last 16 bytes are its authentication tag under a fresh nonce, so this says
 * "still exactly the record that I read" without keeping or sending the record.
 */
export interface Expectation {
  readonly key: string;
  readonly tag: Uint8Array | undefined;
}

export const tagBytes = 16;

/** What an `Expectation` compares: the last 16 bytes of a value, or all of a shorter one. */
export function tagOf(value: Uint8Array): Uint8Array {
  return value.subarray(Math.max(0, value.length - tagBytes));
}

export const maxKeyBytes = 4096;
/** Room for the largest request (32 MiB) with the record's own header and encoding. */
export const maxValueBytes = 48 * 1024 * 1024;

/** An expectation did not hold: somebody else wrote first. Read again and decide anew. */
export class StorageConflict extends Error {
  readonly key: string;
  constructor(key: string) {
    super(`storage: ${key} was changed by somebody else`);
    this.name = 'StorageConflict';
    this.key = key;
  }
}

/**
 * The storage could not do what was asked. `kind` says what an operator has to know:
 * full: no space, nothing of the change was written, what was acknowledged is safe;
 * corrupt: the medium returned something that cannot be right; in-use: another process owns it;
 * unavailable: not reachable or closed; fatal: a sync failed, so the process has to stop and recover from the log.
 */
export class StorageError extends Error {
  readonly kind: 'full' | 'corrupt' | 'in-use' | 'unavailable' | 'invalid' | 'fatal';
  readonly hint: string;
  constructor(kind: StorageError['kind'], message: string, hint: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'StorageError';
    this.kind = kind;
    this.hint = hint;
  }
}

/** What every folder of `server/storage/` exports as `plugin`. */
export interface StoragePlugin {
  /** The folder's name. */
  readonly type: string;
  /** `settings` are the words of the `storage "TYPE" { … }` stanza; an unknown or wrong one throws `StorageError` 'invalid'. */
  open(settings: Readonly<Record<string, unknown>>, context: StorageContext): Promise<StorageBackend>;
}

export interface StorageContext {
  readonly logger: import('./logger.ts').Logger;
  /** Called once when the storage can no longer be trusted to write (see 'fatal'); the process must exit. */
  onFatal(error: StorageError): void;
}
