import { randomBytes } from 'node:crypto';
import type { RecordChange, Records, Stored } from '../records.ts';
import { StorageConflict } from '../storage.ts';

/** What all views of one set of records share. */
interface Shelf {
  readonly entries: Map<string, Stored<unknown>>;
  readonly commits: RecordChange[];
  /** Awaited before each commit is decided, so that a test can order writers or stop one. */
  beforeCommit: ((change: RecordChange) => Promise<void>) | undefined;
  /** The same for readings, with the key or prefix as the view has it. */
  beforeRead: ((key: string) => Promise<void>) | undefined;
}

/**
 * Records kept in memory with the expectations, order and immutability of real ones, and nothing else: no
 * encryption, no durability. `peek` knows only what `get` has read. For tests of engines and auth methods.
 */
export class MemoryRecords implements Records {
  readonly #shelf: Shelf;
  readonly #prefix: string;
  readonly #known: Set<string> = new Set();

  constructor(shelf?: Shelf, prefix = '') {
    this.#shelf = shelf ?? {
      entries: new Map(),
      commits: [],
      beforeCommit: undefined,
      beforeRead: undefined,
    };
    this.#prefix = prefix;
  }

  /** Every change that was committed through any view, oldest first, with keys as their view wrote them. */
  get commits(): readonly RecordChange[] {
    return this.#shelf.commits;
  }

  /** All keys below this view, in order. */
  get keys(): string[] {
    return [...this.#shelf.entries.keys()]
      .filter((key) => key.startsWith(this.#prefix))
      .map((key) => key.slice(this.#prefix.length))
      .sort(byBytes);
  }

  set beforeCommit(hook: ((change: RecordChange) => Promise<void>) | undefined) {
    this.#shelf.beforeCommit = hook;
  }

  set beforeRead(hook: ((key: string) => Promise<void>) | undefined) {
    this.#shelf.beforeRead = hook;
  }

  async get<T>(key: string): Promise<Stored<T> | undefined> {
    await this.#turn(key);
    this.#known.add(key);
    return this.peek(key);
  }

  async getMany<T>(keys: readonly string[]): Promise<(Stored<T> | undefined)[]> {
    return Promise.all(keys.map((key) => this.get<T>(key)));
  }

  peek<T>(key: string): Stored<T> | undefined {
    if (!this.#known.has(key)) return undefined;
    // The caller names the type of what it wrote, as with real records.
    return this.#shelf.entries.get(this.#prefix + key) as Stored<T> | undefined;
  }

  async list(prefix: string, page: { after?: string; limit?: number } = {}): Promise<string[]> {
    await this.#turn(prefix);
    const names = new Set<string>();
    for (const key of this.keys) {
      if (!key.startsWith(prefix)) continue;
      const rest = key.slice(prefix.length);
      const slash = rest.indexOf('/');
      names.add(slash === -1 ? rest : rest.slice(0, slash + 1));
    }
    const { after, limit } = page;
    return [...names]
      .sort(byBytes)
      .filter((name) => after === undefined || byBytes(name, after) > 0)
      .slice(0, limit);
  }

  async scan<T>(
    prefix: string,
    page: { after?: string; limit: number },
  ): Promise<[key: string, stored: Stored<T>][]> {
    const keys = await this.scanKeys(prefix, page);
    const stored = await this.getMany<T>(keys);
    return keys.flatMap((key, index) => {
      const found = stored[index];
      return found ? [[key, found] as [string, Stored<T>]] : [];
    });
  }

  async scanKeys(prefix: string, page: { after?: string; limit: number }): Promise<string[]> {
    await this.#turn(prefix);
    const { after, limit } = page;
    return this.keys
      .filter((key) => key.startsWith(prefix) && (after === undefined || byBytes(key, after) > 0))
      .slice(0, limit);
  }

  async commit(change: RecordChange): Promise<void> {
    return this.commitWith(change, []);
  }

  async commitWith(
    change: RecordChange,
    others: readonly { records: Records; change: RecordChange }[],
  ): Promise<void> {
    await nextTurn();
    await this.#shelf.beforeCommit?.(change);
    const parts = [{ records: this as Records, change }, ...others].map((part) => {
      if (!(part.records instanceof MemoryRecords) || part.records.#shelf !== this.#shelf)
        throw new TypeError('a commit over records of different stores');
      return { view: part.records, change: part.change };
    });
    for (const part of parts) part.view.#check(part.change);
    for (const part of parts) {
      part.view.#apply(part.change);
      this.#shelf.commits.push(part.change);
    }
  }

  within(prefix: string): MemoryRecords {
    return new MemoryRecords(this.#shelf, this.#prefix + prefix);
  }

  async #turn(key: string): Promise<void> {
    await nextTurn();
    await this.#shelf.beforeRead?.(key);
  }

  #check(change: RecordChange): void {
    for (const { key, stored } of change.expect ?? []) {
      const now = this.#shelf.entries.get(this.#prefix + key);
      if (now?.tag !== stored?.tag) throw new StorageConflict(this.#prefix + key);
    }
  }

  #apply(change: RecordChange): void {
    const touched = [
      ...(change.put ?? []).map(([key]) => key),
      ...(change.mark ?? []),
      ...(change.remove ?? []),
    ];
    if (new Set(touched).size !== touched.length) throw new TypeError('a key twice in one change');
    for (const key of change.remove ?? []) this.#shelf.entries.delete(this.#prefix + key);
    for (const [key, value] of change.put ?? []) this.#set(key, copyOf(value));
    for (const key of change.mark ?? []) this.#set(key, null);
  }

  #set(key: string, value: unknown): void {
    if (key === '') throw new TypeError('an empty key');
    this.#shelf.entries.set(this.#prefix + key, { value, tag: randomBytes(16), memo: undefined });
  }
}

/** As JSON would bring it back, numbers kept as they were written; frozen, to catch a reader that writes. */
function copyOf(value: unknown): unknown {
  const text = JSON.stringify(value);
  if (text === undefined) throw new TypeError('a value without a JSON form');
  return JSON.parse(text, (_key, item: unknown, context?: { readonly source?: string }) => {
    if (typeof item === 'number' && context?.source !== undefined && String(item) !== context.source)
      return JSON.rawJSON(context.source);
    return typeof item === 'object' && item !== null ? Object.freeze(item) : item;
  });
}

function byBytes(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

/** Every operation takes a turn of the event loop, so that concurrent callers do interleave. */
function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
