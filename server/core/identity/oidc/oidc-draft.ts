import { CofferError } from '../../../contracts/errors.ts';
import type { Records, Stored } from '../../../contracts/records.ts';
import { StorageConflict } from '../../../contracts/storage.ts';
import { type ChangePart, dueNamespaceId, type RecordsOf, SystemChange } from '../../tokens/system-change.ts';
import { type DueKind, dueKey } from './due-index.ts';

/** Below `sys/` of every namespace. Apart from `sys/identity/`, whose every change makes views of entities anew. */
export const oidcPrefix = 'oidc/';

const revisionKey = `${oidcPrefix}revision`;
const mostAttempts = 50;

/**
 * Changes that are made together or not at all: one commit, which expects that nothing that was read for it has
 * changed since.
 */
export class OidcDraft {
  readonly namespaceId: string;
  readonly #recordsOf: RecordsOf;
  readonly #records: Records;
  readonly #change: SystemChange;
  readonly #read = new Map<string, Stored<unknown> | undefined>();
  readonly #written = new Map<string, unknown>();
  #isEmpty = true;

  constructor(recordsOf: RecordsOf, namespaceId: string) {
    this.namespaceId = namespaceId;
    this.#recordsOf = recordsOf;
    this.#records = recordsOf(namespaceId, 'sys/');
    this.#change = new SystemChange(recordsOf);
  }

  /** The value at `key`, below `oidc/`, as this draft leaves it so far. */
  async get<T>(key: string): Promise<T | undefined> {
    const full = `${oidcPrefix}${key}`;
    if (this.#written.has(full)) return this.#written.get(full) as T | undefined;
    if (!this.#read.has(full)) {
      const stored = await this.#records.get<T>(full);
      this.#read.set(full, stored);
      this.#change.expect(this.namespaceId, full, stored);
    }
    return this.#read.get(full)?.value as T | undefined;
  }

  /** Names below a folder. What is written about one of them meanwhile makes the commit fail, if it says `settings`. */
  async names(folder: string): Promise<string[]> {
    return this.#records.list(`${oidcPrefix}${folder}`, { limit: 1_000_000 });
  }

  put(key: string, value: unknown): void {
    this.#written.set(`${oidcPrefix}${key}`, value);
    this.#change.put(this.namespaceId, `${oidcPrefix}${key}`, value);
    this.#isEmpty = false;
  }

  remove(key: string): void {
    this.#written.set(`${oidcPrefix}${key}`, undefined);
    this.#change.remove(this.namespaceId, `${oidcPrefix}${key}`);
    this.#isEmpty = false;
  }

  /**
   * This changes keys, roles, clients, scopes, assignments or providers: such changes are made one after the other,
   * so that what one refers to is not deleted by another that does not know of it yet.
   */
  async settings(): Promise<void> {
    const revision = await this.get<number>('revision');
    this.#written.set(revisionKey, (revision ?? 0) + 1);
    this.#change.put(this.namespaceId, revisionKey, (revision ?? 0) + 1);
  }

  /** Moves an entry of the index of what is due; undefined for none. */
  moveDue(kind: DueKind, name: string, fromMs: number | undefined, toMs: number | undefined): void {
    if (fromMs === toMs) return;
    const at = (timeMs: number) => dueKey(timeMs, kind, this.namespaceId, name);
    if (fromMs !== undefined) this.#change.remove(dueNamespaceId, at(fromMs));
    if (toMs !== undefined) this.#change.mark(dueNamespaceId, at(toMs));
    this.#isEmpty = false;
  }

  /** The claim of a background job. */
  add(part: ChangePart): void {
    this.#change.add([part]);
  }

  /** Rejects with `StorageConflict` when something that was read has changed. */
  async commit(): Promise<void> {
    if (!this.#isEmpty) await this.#change.commit();
  }

  /** Another, to try again with. */
  again(): OidcDraft {
    return new OidcDraft(this.#recordsOf, this.namespaceId);
  }
}

/** Runs `work` on drafts until one of them can be committed. `work` may run more than once. */
export async function changeOidc<T>(first: OidcDraft, work: (draft: OidcDraft) => Promise<T>): Promise<T> {
  let draft = first;
  for (let attempt = 1; ; attempt++) {
    const result = await work(draft);
    try {
      await draft.commit();
      return result;
    } catch (error) {
      if (!(error instanceof StorageConflict)) throw error;
      if (attempt >= mostAttempts) throw new CofferError('conflict');
      draft = draft.again();
    }
  }
}
