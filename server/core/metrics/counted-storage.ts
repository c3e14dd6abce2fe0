import { type Change, type Revision, type StorageBackend, StorageConflict } from '../../contracts/storage.ts';
import { Distribution } from './distribution.ts';
import type { Counter, Sample } from './metric.ts';

/** A storage that counts what is asked of it, and how long that took. The read index is not counted: it comes with every request. */
export class CountedStorage implements StorageBackend {
  readonly #inner: StorageBackend;
  readonly #reads = new Distribution();
  readonly #lists = new Distribution();
  readonly #scans = new Distribution();
  readonly #commits = new Distribution();
  #conflicts = 0;
  #failures = 0;

  constructor(inner: StorageBackend) {
    this.#inner = inner;
  }

  get exclusive(): boolean {
    return this.#inner.exclusive;
  }

  read(keys: readonly string[]): Promise<(Uint8Array | undefined)[]> {
    return this.#timed(this.#reads, this.#inner.read(keys));
  }

  list(prefix: string, page: { after?: string; limit: number }): Promise<string[]> {
    return this.#timed(this.#lists, this.#inner.list(prefix, page));
  }

  scan(from: string, to: string, limit: number): Promise<[key: string, value: Uint8Array][]> {
    return this.#timed(this.#scans, this.#inner.scan(from, to, limit));
  }

  commit(change: Change): Promise<Revision> {
    return this.#timed(this.#commits, this.#inner.commit(change));
  }

  revision(): Promise<Revision> {
    return this.#inner.revision();
  }

  changesSince(revision: Revision): Promise<string[] | 'too old'> {
    return this.#inner.changesSince(revision);
  }

  close(): Promise<void> {
    return this.#inner.close();
  }

  counters(): Counter[] {
    return [
      { name: 'storage.conflicts', labels: {}, help: 'Commits that lost a race.', count: this.#conflicts },
      { name: 'storage.failures', labels: {}, help: 'Calls that storage failed.', count: this.#failures },
    ];
  }

  samples(): Sample[] {
    const sample = (operation: string, distribution: Distribution): Sample => ({
      name: 'storage.operation',
      labels: { operation },
      help: 'Calls of storage; reads that memory answers are none.',
      distribution,
      isHistogram: true,
    });
    return [
      sample('read', this.#reads),
      sample('list', this.#lists),
      sample('scan', this.#scans),
      sample('commit', this.#commits),
    ];
  }

  async #timed<T>(distribution: Distribution, pending: Promise<T>): Promise<T> {
    const startedMs = performance.now();
    try {
      return await pending;
    } catch (error) {
      if (error instanceof StorageConflict) this.#conflicts++;
      else this.#failures++;
      throw error;
    } finally {
      distribution.add(performance.now() - startedMs);
    }
  }
}
