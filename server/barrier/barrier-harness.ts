import { ManualClock } from '../contracts/clock.ts';
import { silentLogger } from '../contracts/logger.ts';
import type { Change, Revision, StorageBackend } from '../contracts/storage.ts';
import { randomBytes } from '../crypto/random.ts';
import { plugin } from '../storage/memory/index.ts';
import { Barrier, type BarrierOptions } from './index.ts';

/** For this room's tests: the real memory storage. */
export function openMemoryStorage(): Promise<StorageBackend> {
  return plugin.open(
    {},
    {
      logger: silentLogger,
      onFatal(error) {
        throw error;
      },
    },
  );
}

/** A fresh store, initialised and unsealed. */
export async function openBarrier(options: Partial<BarrierOptions> = {}) {
  const storage = options.storage ?? (await openMemoryStorage());
  const clock = new ManualClock();
  const rootKey = randomBytes(32);
  const barrier = new Barrier({ clock, ...options, storage });
  await barrier.initialize(rootKey);
  await barrier.unseal(rootKey);
  return { barrier, storage, rootKey, clock };
}

/** Another process on the same store, as far as the barrier can tell. */
export async function openSecond(
  storage: StorageBackend,
  rootKey: Uint8Array,
  options: Partial<BarrierOptions> = {},
): Promise<Barrier> {
  const barrier = new Barrier({ ...options, storage });
  await barrier.unseal(rootKey);
  return barrier;
}

/** A real storage behind a slow line: calls and answers wait for `line`, which a test holds. */
export class SlowStorage implements StorageBackend {
  readonly exclusive = false;
  readonly #inner: StorageBackend;
  /** Waited for before the inner call. */
  before: (call: string) => Promise<void> | void = () => {};
  /** Waited for after it, before the answer arrives. */
  after: (call: string) => Promise<void> | void = () => {};
  readonly calls: string[] = [];

  constructor(inner: StorageBackend) {
    this.#inner = inner;
  }

  async #through<T>(call: string, action: () => Promise<T>): Promise<T> {
    this.calls.push(call);
    await this.before(call);
    const result = await action();
    await this.after(call);
    return result;
  }

  read(keys: readonly string[]): Promise<(Uint8Array | undefined)[]> {
    return this.#through('read', () => this.#inner.read(keys));
  }
  list(prefix: string, page: { after?: string; limit: number }): Promise<string[]> {
    return this.#through('list', () => this.#inner.list(prefix, page));
  }
  scan(from: string, to: string, limit: number): Promise<[string, Uint8Array][]> {
    return this.#through('scan', () => this.#inner.scan(from, to, limit));
  }
  commit(change: Change): Promise<Revision> {
    return this.#through('commit', () => this.#inner.commit(change));
  }
  revision(): Promise<Revision> {
    return this.#through('revision', () => this.#inner.revision());
  }
  changesSince(revision: Revision): Promise<string[] | 'too old'> {
    return this.#through('changesSince', () => this.#inner.changesSince(revision));
  }
  close(): Promise<void> {
    return this.#inner.close();
  }
}

/** All keys and values below `prefix`. */
export async function entriesOf(storage: StorageBackend, prefix: string): Promise<[string, Uint8Array][]> {
  return storage.scan(prefix, `${prefix}\u{10ffff}`, 1_000_000);
}

/** A copy of everything, as a backup would hold it. */
export async function copyOf(storage: StorageBackend): Promise<StorageBackend> {
  const copy = await openMemoryStorage();
  await copy.commit({ put: [...(await entriesOf(storage, 'core/')), ...(await entriesOf(storage, 'n/'))] });
  return copy;
}
