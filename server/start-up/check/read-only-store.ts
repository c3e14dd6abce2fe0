import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { type StorageBackend, StorageError } from '../../contracts/storage.ts';
import { StartProblem } from '../start-problem.ts';

/** More would say nothing new. */
const mostPageProblems = 20;
const keysAtOnce = 500;

/** The database of a data folder, opened so that nothing can be written to it, as the storage that the barrier reads. */
export class ReadOnlyStore implements StorageBackend {
  readonly exclusive = false;
  readonly #db: DatabaseSync;
  readonly #value: StatementSync;

  /** Throws `StartProblem` for a folder without a store, and what SQLite throws for a file that is no database. */
  constructor(folder: string) {
    const file = join(folder, 'coffer.db');
    if (!existsSync(file))
      throw new StartProblem(`there is no store in ${folder}`, 'Name the data folder with -data or -config.');
    this.#db = new DatabaseSync(file, { readOnly: true, timeout: 5000, allowExtension: false });
    this.#db.exec('PRAGMA cell_size_check = ON; PRAGMA trusted_schema = OFF; PRAGMA query_only = ON');
    this.#value = this.#db.prepare('SELECT value FROM entry WHERE key = ?');
  }

  /** What SQLite finds wrong with pages and indexes, in its own words: they name pages and no content. */
  pageProblems(): string[] {
    try {
      const rows = this.#db.prepare(`PRAGMA integrity_check(${mostPageProblems})`).all();
      return rows.map((row) => String(row['integrity_check'])).filter((text) => text !== 'ok');
    } catch (error) {
      return [reasonOf(error)];
    }
  }

  count(): number {
    return Number(this.#db.prepare('SELECT count(*) AS n FROM entry').get()?.['n'] ?? 0);
  }

  /** Every key in order, read from the index alone, so that a damaged value does not end the walk. */
  *keys(): Generator<string> {
    const page = this.#db.prepare(`SELECT key FROM entry WHERE key > ? ORDER BY key LIMIT ${keysAtOnce}`);
    for (let after = ''; ; ) {
      const rows = page.all(after);
      for (const row of rows) {
        after = String(row['key']);
        yield after;
      }
      if (rows.length < keysAtOnce) return;
    }
  }

  value(key: string): Uint8Array | undefined {
    const value = this.#value.get(key)?.['value'];
    return value instanceof Uint8Array ? value : undefined;
  }

  async read(keys: readonly string[]): Promise<(Uint8Array | undefined)[]> {
    return keys.map((key) => this.value(key));
  }

  async commit(): Promise<never> {
    throw new StorageError('invalid', 'storage: it is open for reading only', 'A check changes nothing.');
  }

  list = notNeeded;
  scan = notNeeded;
  revision = notNeeded;
  changesSince = notNeeded;

  async close(): Promise<void> {
    if (this.#db.isOpen) this.#db.close();
  }
}

async function notNeeded(): Promise<never> {
  throw new StorageError('invalid', 'storage: a check reads by key only', 'This is a defect of the check.');
}

/** An error of SQLite in its words, which hold no values. */
export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : 'unknown error';
}
