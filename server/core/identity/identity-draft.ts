import { isDeepStrictEqual } from 'node:util';
import { CofferError } from '../../contracts/errors.ts';
import type { Records, Stored } from '../../contracts/records.ts';
import { StorageConflict } from '../../contracts/storage.ts';

/** In place of a value: an index entry that has none. */
export const mark: unique symbol = Symbol('mark');

/** Keys that lead to a record, with what they hold. */
export type IndexEntries = ReadonlyMap<string, unknown>;

const mostAttempts = 50;

/**
 * Changes to identity that are made together or not at all: one commit, which expects that nothing that was
 * read for it has changed since.
 */
export class IdentityDraft {
  readonly #records: Records;
  readonly #read = new Map<string, Stored<unknown> | undefined>();
  readonly #written = new Map<string, unknown>();
  readonly #removed = new Set<string>();

  constructor(records: Records) {
    this.#records = records;
  }

  /** The value at `key` as this draft leaves it so far. */
  async get<T>(key: string): Promise<T | undefined> {
    if (this.#removed.has(key)) return undefined;
    if (this.#written.has(key)) return this.#written.get(key) as T;
    if (!this.#read.has(key)) this.#read.set(key, await this.#records.get<T>(key));
    return this.#read.get(key)?.value as T | undefined;
  }

  put(key: string, value: unknown): void {
    this.#removed.delete(key);
    this.#written.set(key, value);
  }

  remove(key: string): void {
    this.#written.delete(key);
    this.#removed.add(key);
  }

  /** Moves an object's index from `before` to `after`. Throws 'invalid-request' for a key that leads to another object. */
  async reindex(before: IndexEntries, after: IndexEntries, taken: string): Promise<void> {
    for (const key of before.keys()) if (!after.has(key)) this.remove(key);
    for (const [key, value] of after) {
      if (before.has(key) && isDeepStrictEqual(before.get(key), value)) continue;
      if (value !== mark && !before.has(key) && (await this.get(key)) !== undefined)
        throw new CofferError('invalid-request', taken);
      this.put(key, value);
    }
  }

  /** Rejects with `StorageConflict` when something that was read has changed. */
  async commit(): Promise<void> {
    if (this.#written.size === 0 && this.#removed.size === 0) return;
    const written = [...this.#written];
    await this.#records.commit({
      expect: [...this.#read].map(([key, stored]) => ({ key, stored })),
      put: written.filter(([, value]) => value !== mark),
      mark: written.filter(([, value]) => value === mark).map(([key]) => key),
      remove: [...this.#removed],
    });
  }
}

/** Runs `work` on drafts until one of them can be committed. `work` may run more than once. */
export async function changeIdentity<T>(
  records: Records,
  work: (draft: IdentityDraft) => Promise<T>,
): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    const draft = new IdentityDraft(records);
    const result = await work(draft);
    try {
      await draft.commit();
      return result;
    } catch (error) {
      if (!(error instanceof StorageConflict)) throw error;
      if (attempt >= mostAttempts) throw new CofferError('conflict');
    }
  }
}
