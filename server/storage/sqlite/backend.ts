import type { DatabaseSync } from 'node:sqlite';
import { type Change, type Revision, type StorageBackend, StorageError } from '../../contracts/storage.ts';
import { checkChange, checkKey, checkPage, checkRange, listStart, nameBelow, pastFolder } from '../keys.ts';
import type { Committer } from './committer.ts';
import { storageErrorOf } from './errors.ts';

const firstChunk = 64;
/** Greater than every text: SQLite orders any blob after any text. */
const afterAllText = Uint8Array.of(0);

export interface BackendParts {
  readonly file: string;
  /** The connection that reads; nobody else uses it. */
  readonly reader: DatabaseSync;
  readonly committer: Committer;
  /** No other process can have the file open. */
  readonly exclusive: boolean;
  letGo(): void;
}

/** Reads happen at once, on the caller's thread and its own connection; commits go to the writer thread. */
export class SqliteBackend implements StorageBackend {
  readonly exclusive: boolean;
  readonly #parts: BackendParts;
  readonly #statements;
  #dataVersion: unknown;
  #revision: Revision = 0;
  #closing: Promise<void> | undefined;

  constructor(parts: BackendParts) {
    const { reader } = parts;
    this.#parts = parts;
    this.exclusive = parts.exclusive;
    this.#statements = {
      begin: reader.prepare('BEGIN'),
      end: reader.prepare('COMMIT'),
      value: reader.prepare('SELECT value FROM entry WHERE key = ?'),
      keys: reader.prepare('SELECT key FROM entry WHERE key >= ? AND key < ? ORDER BY key LIMIT ?'),
      entries: reader.prepare('SELECT key, value FROM entry WHERE key >= ? AND key < ? ORDER BY key LIMIT ?'),
      dataVersion: reader.prepare('PRAGMA data_version'),
      bounds: reader.prepare(
        // Apart, each is one step in the index; in one SELECT they would read the whole log.
        'SELECT coalesce((SELECT min(revision) FROM change), 1), coalesce((SELECT max(revision) FROM change), 0)',
      ),
      newest: reader.prepare('SELECT coalesce(max(revision), 0) FROM change'),
      changes: reader.prepare('SELECT keys FROM change WHERE revision > ?'),
    };
    for (const statement of Object.values(this.#statements)) statement.setReturnArrays(true);
    this.#revision = this.#newestRevision();
  }

  async read(keys: readonly string[]): Promise<(Uint8Array | undefined)[]> {
    this.#checkOpen();
    for (const key of keys) checkKey(key);
    const [only] = keys;
    if (only !== undefined && keys.length === 1) return this.#reading(() => [this.#value(only)]);
    return this.#snapshot(() => keys.map((key) => this.#value(key)));
  }

  async list(prefix: string, page: { after?: string; limit: number }): Promise<string[]> {
    this.#checkOpen();
    checkPage(prefix, page);
    return this.#snapshot(() => this.#names(prefix, page));
  }

  async scan(from: string, to: string, limit: number): Promise<[string, Uint8Array][]> {
    this.#checkOpen();
    checkRange(from, to, limit);
    return this.#reading(() =>
      rowsOf(this.#statements.entries.all(from, to, limit)).map(([key, value]) => [
        textOf(key),
        bytesOf(value),
      ]),
    );
  }

  async commit(change: Change): Promise<Revision> {
    this.#checkOpen();
    checkChange(change);
    return this.#parts.committer.commit(change);
  }

  async revision(): Promise<Revision> {
    this.#checkOpen();
    if (this.#parts.exclusive) return Math.max(this.#revision, this.#parts.committer.lastRevision);
    return this.#reading(() => {
      // Changes whenever another connection has committed, the writer thread's included. Asked first: a commit
      // between the two questions is then seen by the next call again, which is harmless.
      const [dataVersion] = rowOf(this.#statements.dataVersion.get());
      if (dataVersion !== this.#dataVersion) {
        this.#revision = this.#newestRevision();
        this.#dataVersion = dataVersion;
      }
      return this.#revision;
    });
  }

  async changesSince(revision: Revision): Promise<string[] | 'too old'> {
    this.#checkOpen();
    return this.#snapshot(() => {
      const [oldest, newest] = rowOf(this.#statements.bounds.get()).map(Number);
      // Beyond the newest: the file was replaced by an older one, so nothing that was known holds.
      if (!(revision >= oldest! - 1 && revision <= newest!)) return 'too old';
      const changed = new Set<string>();
      for (const [keys] of rowsOf(this.#statements.changes.all(revision))) {
        if (keys === null) return 'too old';
        for (const key of textOf(keys).split('\0')) changed.add(key);
      }
      changed.delete('');
      return [...changed];
    });
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    const { committer, reader, letGo } = this.#parts;
    await committer.close();
    reader.close();
    letGo();
  }

  #value(key: string): Uint8Array | undefined {
    const row = this.#statements.value.get(key);
    return row === undefined ? undefined : bytesOf(rowOf(row)[0]);
  }

  #names(prefix: string, page: { after?: string; limit: number }): string[] {
    const end = prefix === '' ? afterAllText : pastFolder(prefix);
    const names: string[] = [];
    let from = listStart(prefix, page.after);
    let chunk = Math.min(firstChunk, page.limit);
    while (names.length < page.limit) {
      const rows = rowsOf(this.#statements.keys.all(from, end, chunk));
      const before = names.length;
      let folder: string | undefined;
      let key = '';
      for (const row of rows) {
        key = textOf(row[0]);
        if (folder !== undefined && key.startsWith(folder)) continue;
        const name = nameBelow(prefix, key);
        folder = name.endsWith('/') ? prefix + name : undefined;
        if (names.push(name) === page.limit) break;
      }
      if (rows.length < chunk) break;
      from = folder === undefined ? `${key}\0` : pastFolder(folder);
      // Rows inside a folder are wasted: read about twice as many as the last chunk had names.
      chunk = Math.min(2 * (names.length - before), page.limit - names.length);
    }
    return names;
  }

  #newestRevision(): Revision {
    return Number(rowOf(this.#statements.newest.get())[0]);
  }

  /** Several statements that see one state of the storage. */
  #snapshot<T>(read: () => T): T {
    return this.#reading(() => {
      this.#statements.begin.run();
      try {
        return read();
      } finally {
        if (this.#parts.reader.isTransaction) this.#statements.end.run();
      }
    });
  }

  #reading<T>(read: () => T): T {
    try {
      return read();
    } catch (error) {
      throw storageErrorOf(error, this.#parts.file, 'reading');
    }
  }

  #checkOpen(): void {
    if (this.#closing !== undefined) {
      throw new StorageError(
        'unavailable',
        'storage: closed',
        'The server is stopping; ask again when it is up.',
      );
    }
  }
}

function rowsOf(rows: readonly unknown[]): unknown[][] {
  return rows.map(rowOf);
}

function rowOf(row: unknown): unknown[] {
  if (!Array.isArray(row)) throw new TypeError('a row is an array here');
  return row;
}

function textOf(value: unknown): string {
  if (typeof value !== 'string') throw damaged();
  return value;
}

function bytesOf(value: unknown): Uint8Array {
  if (!(value instanceof Uint8Array)) throw damaged();
  return value;
}

function damaged(): StorageError {
  return new StorageError(
    'corrupt',
    'storage: a row holds something else than it can',
    'Restore the last backup.',
  );
}
