import type { DatabaseSync } from 'node:sqlite';
import { type Change, type Revision, StorageConflict, type StorageError } from '../../contracts/storage.ts';
import { changeLogLength } from '../change-log.ts';
import { storageErrorOf } from './errors.ts';

export type Outcome = Revision | StorageConflict | StorageError;

/** A commit that changed more than this is logged as "anything may have changed". */
const maxLoggedCharacters = 16 * 1024;
const trimEvery = 1000;

/** Applies groups of changes, each group in one transaction and so with one sync. */
export class GroupWriter {
  readonly #db: DatabaseSync;
  readonly #file: string;
  readonly #statements;
  #trimmedAt: Revision = 0;

  constructor(db: DatabaseSync, file: string) {
    this.#db = db;
    this.#file = file;
    this.#statements = {
      begin: db.prepare('BEGIN IMMEDIATE'),
      commit: db.prepare('COMMIT'),
      rollback: db.prepare('ROLLBACK'),
      revision: db.prepare('SELECT coalesce(max(revision), 0) AS revision FROM change'),
      exists: db.prepare('SELECT 1 FROM entry WHERE key = ?'),
      // The last bytes of an empty value are NULL to substr.
      hasTag: db.prepare("SELECT 1 FROM entry WHERE key = ? AND coalesce(substr(value, -16), x'') = ?"),
      put: db.prepare(
        'INSERT INTO entry (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value',
      ),
      remove: db.prepare('DELETE FROM entry WHERE key = ?'),
      log: db.prepare('INSERT INTO change (revision, keys) VALUES (?, ?)'),
      trim: db.prepare('DELETE FROM change WHERE revision <= ?'),
    };
  }

  /**
   * One outcome per change, in order, all of them durable. A change whose expectation fails leaves no trace and
   * doesn't touch its neighbours; when there is no space, each is tried by itself, so that a small one may still fit.
   */
  apply(changes: readonly Required<Change>[]): Outcome[] {
    try {
      return this.#applyTogether(changes);
    } catch (error) {
      const failure = this.#undo(storageErrorOf(error, this.#file, 'writing'));
      if (failure.kind !== 'full' || changes.length === 1) return changes.map(() => failure);
    }
    return changes.flatMap((change) => this.apply([change]));
  }

  #applyTogether(changes: readonly Required<Change>[]): Outcome[] {
    const statements = this.#statements;
    statements.begin.run();
    let revision = Number(statements.revision.get()?.['revision']);
    const outcomes = changes.map((change) => {
      const conflict = this.#conflictOf(change);
      if (conflict !== undefined) return conflict;
      revision += 1;
      this.#write(change, revision);
      return revision;
    });
    if (revision - this.#trimmedAt >= trimEvery) {
      statements.trim.run(revision - changeLogLength);
      this.#trimmedAt = revision;
    }
    statements.commit.run();
    return outcomes;
  }

  #conflictOf({ expect }: Required<Change>): StorageConflict | undefined {
    const { exists, hasTag } = this.#statements;
    for (const { key, tag } of expect) {
      const holds = tag === undefined ? exists.get(key) === undefined : hasTag.get(key, tag) !== undefined;
      if (!holds) return new StorageConflict(key);
    }
    return undefined;
  }

  #write({ put, remove }: Required<Change>, revision: Revision): void {
    const statements = this.#statements;
    for (const key of remove) statements.remove.run(key);
    for (const [key, value] of put) statements.put.run(key, value);
    const keys = [...remove, ...put.map(([key]) => key)].join('\0');
    statements.log.run(revision, keys.length <= maxLoggedCharacters ? keys : null);
  }

  /** Ends the transaction that `failure` left open; if even that fails, nobody knows what is on disk. */
  #undo(failure: StorageError): StorageError {
    try {
      if (this.#db.isTransaction) this.#statements.rollback.run();
      return failure;
    } catch (error) {
      return storageErrorOf(error, this.#file, 'writing');
    }
  }
}
