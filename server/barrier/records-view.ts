import type { RecordChange, Records, Stored } from '../contracts/records.ts';
import type { RecordStore } from './record-store.ts';

/** `Records` over the storage keys that begin with one prefix. Keys are appended, so there is no way out of it. */
export class RecordsView implements Records {
  readonly #store: RecordStore;
  readonly #namespaceId: string;
  readonly #prefix: string;

  constructor(store: RecordStore, namespaceId: string, prefix: string) {
    if (!prefix.endsWith('/')) throw new TypeError('the prefix of a view ends in /');
    this.#store = store;
    this.#namespaceId = namespaceId;
    this.#prefix = prefix;
  }

  get<T>(key: string): Promise<Stored<T> | undefined>;
  get(key: string): Promise<Stored<unknown> | undefined> {
    return this.#store.get(this.#namespaceId, this.#prefix + key);
  }

  getMany<T>(keys: readonly string[]): Promise<(Stored<T> | undefined)[]>;
  getMany(keys: readonly string[]): Promise<(Stored<unknown> | undefined)[]> {
    return this.#store.getMany(
      this.#namespaceId,
      keys.map((key) => this.#prefix + key),
    );
  }

  peek<T>(key: string): Stored<T> | undefined;
  peek(key: string): Stored<unknown> | undefined {
    return this.#store.peek(this.#prefix + key);
  }

  list(prefix: string, page: { after?: string; limit?: number } = {}): Promise<string[]> {
    return this.#store.list(this.#prefix + prefix, page);
  }

  scan<T>(
    prefix: string,
    page: { after?: string; limit: number },
  ): Promise<[key: string, stored: Stored<T>][]>;
  async scan(
    prefix: string,
    page: { after?: string; limit: number },
  ): Promise<[key: string, stored: Stored<unknown>][]> {
    const found = await this.#store.scan(
      this.#namespaceId,
      this.#prefix + prefix,
      this.#absolute(page.after),
      page.limit,
    );
    return found.map(([storageKey, record]) => [storageKey.slice(this.#prefix.length), record]);
  }

  async scanKeys(prefix: string, page: { after?: string; limit: number }): Promise<string[]> {
    const keys = await this.#store.scanKeys(this.#prefix + prefix, this.#absolute(page.after), page.limit);
    return keys.map((storageKey) => storageKey.slice(this.#prefix.length));
  }

  commit(change: RecordChange): Promise<void> {
    return this.#store.commit([this.#part(change)]);
  }

  async commitWith(
    change: RecordChange,
    others: readonly { records: Records; change: RecordChange }[],
  ): Promise<void> {
    const parts = others.map(({ records, change: theirs }) => {
      if (!(records instanceof RecordsView) || records.#store !== this.#store) {
        throw new TypeError('one commit cannot span two stores');
      }
      return records.#part(theirs);
    });
    await this.#store.commit([this.#part(change), ...parts]);
  }

  within(prefix: string): Records {
    return new RecordsView(this.#store, this.#namespaceId, this.#prefix + prefix);
  }

  #absolute(key: string | undefined): string | undefined {
    return key === undefined ? undefined : this.#prefix + key;
  }

  #part(change: RecordChange) {
    return { namespaceId: this.#namespaceId, prefix: this.#prefix, change };
  }
}
