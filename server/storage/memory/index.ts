import {
  type Change,
  type Revision,
  type StorageBackend,
  StorageConflict,
  StorageError,
  type StoragePlugin,
  tagOf,
} from '../../contracts/storage.ts';
import { changeLogLength } from '../change-log.ts';
import {
  checkChange,
  checkKey,
  checkPage,
  checkRange,
  compareKeys,
  listStart,
  nameBelow,
  pastFolder,
} from '../keys.ts';
import { OrderedMap } from './ordered-map.ts';

/** Storage in this process's memory, gone with it: for `server -dev` and tests. Takes no settings. */
export const plugin: StoragePlugin = {
  type: 'memory',
  async open(settings) {
    const [unknown] = Object.keys(settings);
    if (unknown !== undefined) {
      throw new StorageError(
        'invalid',
        `storage "memory" has no setting ${unknown}`,
        'Remove it: there are none.',
      );
    }
    return new MemoryBackend();
  },
};

class MemoryBackend implements StorageBackend {
  readonly exclusive = true;
  readonly #entries = new OrderedMap<Uint8Array>();
  /** The keys of each commit, the oldest first; the last one made `#revision`. */
  #log: (readonly string[])[] = [];
  #revision: Revision = 0;
  #closed = false;

  async read(keys: readonly string[]): Promise<(Uint8Array | undefined)[]> {
    this.#checkOpen();
    return keys.map((key) => {
      checkKey(key);
      return this.#entries.get(key)?.slice();
    });
  }

  async list(prefix: string, page: { after?: string; limit: number }): Promise<string[]> {
    this.#checkOpen();
    checkPage(prefix, page);
    const names: string[] = [];
    let from: string | undefined = listStart(prefix, page.after);
    while (from !== undefined && names.length < page.limit) {
      from = this.#listUpToFolder(prefix, from, page.limit, names);
    }
    return names;
  }

  /** Adds names up to the first folder, whose subtree is not looked at; returns where to go on. */
  #listUpToFolder(prefix: string, from: string, limit: number, names: string[]): string | undefined {
    for (const key of this.#entries.keysFrom(from)) {
      if (names.length === limit || !key.startsWith(prefix)) return undefined;
      const name = nameBelow(prefix, key);
      names.push(name);
      if (name.endsWith('/')) return pastFolder(prefix + name);
    }
    return undefined;
  }

  async scan(from: string, to: string, limit: number): Promise<[string, Uint8Array][]> {
    this.#checkOpen();
    checkRange(from, to, limit);
    const found: [string, Uint8Array][] = [];
    if (limit === 0) return found;
    for (const key of this.#entries.keysFrom(from)) {
      if (compareKeys(key, to) >= 0) break;
      found.push([key, this.#entries.get(key)!.slice()]);
      if (found.length === limit) break;
    }
    return found;
  }

  async commit(change: Change): Promise<Revision> {
    this.#checkOpen();
    checkChange(change);
    const { expect = [], put = [], remove = [] } = change;
    for (const { key, tag } of expect) {
      const value = this.#entries.get(key);
      const holds =
        value === undefined || tag === undefined ? value === tag : Buffer.compare(tagOf(value), tag) === 0;
      if (!holds) throw new StorageConflict(key);
    }
    for (const key of remove) this.#entries.delete(key);
    for (const [key, value] of put) this.#entries.set(key, Uint8Array.from(value));
    this.#log.push([...remove, ...put.map(([key]) => key)]);
    if (this.#log.length >= 2 * changeLogLength) this.#log = this.#log.slice(-changeLogLength);
    this.#revision += 1;
    return this.#revision;
  }

  async revision(): Promise<Revision> {
    this.#checkOpen();
    return this.#revision;
  }

  async changesSince(revision: Revision): Promise<string[] | 'too old'> {
    this.#checkOpen();
    const commits = this.#revision - revision;
    if (!(commits >= 0 && commits <= this.#log.length)) return 'too old';
    return [...new Set(this.#log.slice(this.#log.length - commits).flat())];
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#entries.clear();
    this.#log = [];
  }

  #checkOpen(): void {
    if (this.#closed) {
      throw new StorageError(
        'unavailable',
        'storage: closed',
        'The server is stopping; ask again when it is up.',
      );
    }
  }
}
