import type { Revision, StorageBackend } from '../contracts/storage.ts';

/** What `Freshness` tells the cache that it serves. */
export type ForeignChange = (keys: readonly string[] | 'all') => Promise<void>;

/**
 * A read index: `freshen` resolves when the cache reflects every commit acknowledged anywhere before the call.
 * All calls of one turn of the event loop share one `revision()` query, which starts after the last of them.
 */
export class Freshness {
  readonly #storage: StorageBackend;
  readonly #onChange: ForeignChange;
  /** Every commit up to here is reflected. */
  #known: Revision | undefined;
  /** Own commits above `#known`, already reflected by whoever made them. */
  readonly #own = new Set<Revision>();
  #batch: Promise<void> | undefined;
  /** Queries run one after the other, so that `#known` never goes back. */
  #last: Promise<void> = Promise.resolve();

  constructor(storage: StorageBackend, onChange: ForeignChange) {
    this.#storage = storage;
    this.#onChange = onChange;
  }

  /** Call while nothing is cached: what is read from now on is no older than this. */
  async start(): Promise<void> {
    this.#own.clear();
    this.#known = await this.#storage.revision();
  }

  freshen(): Promise<void> {
    this.#batch ??= new Promise<void>((resolve, reject) => {
      // The check phase comes after all the input of this turn was read.
      setImmediate(() => {
        this.#batch = undefined;
        const query = this.#last.then(() => this.#catchUp());
        this.#last = query.catch(() => undefined);
        query.then(resolve, reject);
      });
    });
    return this.#batch;
  }

  /** An own commit was acknowledged. False when a query has already passed it, so that what it wrote may be superseded. */
  noteOwn(revision: Revision): boolean {
    if (this.#known === undefined) return true;
    if (revision <= this.#known) return false;
    this.#own.add(revision);
    this.#advance();
    return true;
  }

  async #catchUp(): Promise<void> {
    const revision = await this.#storage.revision();
    this.#advance();
    if (this.#known === undefined || revision < this.#known) {
      // The first query, or a store that was replaced by an older copy under a running server.
      await this.#forget(revision, 'all');
    } else if (revision > this.#known) {
      await this.#forget(revision, await this.#storage.changesSince(this.#known));
    }
  }

  async #forget(revision: Revision, keys: readonly string[] | 'all' | 'too old'): Promise<void> {
    // First, so that an own commit which is acknowledged from here on knows that it may be superseded.
    this.#known = revision;
    for (const own of this.#own) if (own <= revision) this.#own.delete(own);
    this.#advance();
    try {
      await this.#onChange(keys === 'too old' ? 'all' : keys);
    } catch (error) {
      this.#known = undefined;
      throw error;
    }
  }

  #advance(): void {
    while (this.#known !== undefined && this.#own.delete(this.#known + 1)) this.#known++;
  }
}
