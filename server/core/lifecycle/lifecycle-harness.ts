import { randomBytes } from 'node:crypto';
import { Barrier } from '../../barrier/index.ts';
import { ManualClock } from '../../contracts/clock.ts';
import { type Logger, silentLogger } from '../../contracts/logger.ts';
import type { Seal } from '../../contracts/seal.ts';
import type { Change, StorageBackend } from '../../contracts/storage.ts';
import { randomText } from '../../crypto/random.ts';
import { plugin as shamir } from '../../seals/shamir/index.ts';
import { plugin as staticSeal } from '../../seals/static/index.ts';
import { plugin as memory } from '../../storage/memory/index.ts';
import { Lifecycle, type LifecycleParts } from './index.ts';

/** For tests of this folder: real storage, barrier and seals; hooks that keep a list. */
export async function memoryStorage(): Promise<StorageBackend> {
  return memory.open({}, { logger: silentLogger, onFatal() {} });
}

export function openShamir(): Promise<Seal> {
  return shamir.open({}, { environment: {}, logger: silentLogger });
}

export function openStatic(key: Uint8Array = randomBytes(32), previous?: Uint8Array): Promise<Seal> {
  const text = (bytes: Uint8Array | undefined) => bytes && Buffer.from(bytes).toString('base64');
  const environment = {
    COFFER_SECRET_ENCRYPTION_KEY: text(key),
    COFFER_SECRET_ENCRYPTION_KEY_PREVIOUS: text(previous),
  };
  return staticSeal.open({}, { environment, logger: silentLogger });
}

export interface World {
  readonly lifecycle: Lifecycle;
  readonly barrier: Barrier;
  readonly storage: StorageBackend;
  readonly clock: ManualClock;
  /** What the hooks were called for, in order. */
  readonly events: string[];
  readonly rootTokens: string[];
}

/** A server on `storage`, as after a start of the process. */
export async function openWorld(
  options: {
    storage?: StorageBackend;
    seal?: Seal;
    retiredSeals?: readonly Seal[];
    clock?: ManualClock;
    logger?: Logger;
    hooks?: Partial<LifecycleParts['hooks']>;
  } = {},
): Promise<World> {
  const storage = options.storage ?? (await memoryStorage());
  const clock = options.clock ?? new ManualClock();
  const barrier = new Barrier({ storage, clock });
  const events: string[] = [];
  const rootTokens: string[] = [];
  const lifecycle = new Lifecycle({
    storage,
    barrier,
    seal: options.seal ?? (await openShamir()),
    retiredSeals: options.retiredSeals ?? [await openShamir()],
    clock,
    logger: options.logger ?? silentLogger,
    program: { version: '0.1.0', buildDate: '', storageType: 'inmem' },
    hooks: {
      async createRootToken(id) {
        const token = id ?? `hvs.${randomText(24)}`;
        await barrier.records('root', 'test/').commit({ put: [[`token-${rootTokens.length}`, { token }]] });
        rootTokens.push(token);
        return token;
      },
      async onUnsealed() {
        events.push('unsealed');
      },
      async onSealing() {
        events.push('sealing');
      },
      ...options.hooks,
    },
  });
  return { lifecycle, barrier, storage, clock, events, rootTokens };
}

export const shares = (count: number, threshold: number, pgpKeys: readonly string[] = []) => ({
  shares: count,
  threshold,
  pgpKeys,
});

export const hex = (bytes: Uint8Array | undefined): string => Buffer.from(bytes ?? []).toString('hex');

/** Brings `keys` one after the other; the last status. */
export async function unsealWith(world: World, keys: readonly Uint8Array[], migrate = false) {
  let status = await world.lifecycle.status();
  for (const key of keys) status = await world.lifecycle.submitShare(hex(key), { migrate });
  return status;
}

/** Storage that calls `before` ahead of each commit, and so can fail or die at any of them. */
export function guardedStorage(inner: StorageBackend, before: (change: Change) => void): StorageBackend {
  return {
    exclusive: inner.exclusive,
    read: (keys) => inner.read(keys),
    list: (prefix, page) => inner.list(prefix, page),
    scan: (from, to, limit) => inner.scan(from, to, limit),
    revision: () => inner.revision(),
    changesSince: (revision) => inner.changesSince(revision),
    close: () => inner.close(),
    async commit(change) {
      before(change);
      return inner.commit(change);
    },
  };
}
