import type { Clock } from '../../contracts/clock.ts';
import { CofferError } from '../../contracts/errors.ts';
import type { Logger } from '../../contracts/logger.ts';
import type { Stored } from '../../contracts/records.ts';
import type { EngineLease, SecretsEngine } from '../../contracts/secrets-engine.ts';
import type { Mount } from '../mounts/mount.ts';
import type { Fence } from '../tokens/system-change.ts';
import { EngineGate } from './engine-gate.ts';
import { dueTimeOf, type LeaseEntry } from './lease-entry.ts';
import type { LeaseRecords, Where } from './lease-records.ts';

export interface EndingDependencies {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly mountByUuid: (namespace: Where, uuid: string) => Promise<Mount | undefined>;
  /** Told when the store has it; never throws. A lease is revoked once its engine has taken it back. */
  readonly told?: (
    operation: 'create' | 'renew' | 'revoke',
    namespace: Where,
    entry: LeaseEntry,
    mount: Mount | undefined,
  ) => void;
}

export interface ExpireOptions {
  readonly fence?: Fence;
  /** Gives up waiting for engines: the server stops. */
  readonly signal?: AbortSignal;
}

const firstRetryMs = 5_000;
const longestRetryMs = 15 * 60_000;
/** An engine that has not answered by then is tried again later. */
const answerDeadlineMs = 30_000;
/** Leases of one engine that are taken back at a time. */
const mostPerMount = 16;
const mostAttempts = 100;

/**
 * The ends of leases. A lease is over with one commit; what it stood for is then taken back by its engine, and
 * that is tried for ever, with back-off, until the engine succeeds ("already gone" is success).
 */
export class LeaseEndings {
  readonly #records: LeaseRecords;
  readonly #deps: EndingDependencies;
  readonly #gate: EngineGate;

  constructor(records: LeaseRecords, deps: EndingDependencies) {
    this.#records = records;
    this.#deps = deps;
    this.#gate = new EngineGate(deps.clock, mostPerMount);
  }

  /** Ends the lease and takes back what it stood for. Throws when that could not be done now; it goes on in the background. */
  async revokeNow(namespace: Where, leaseId: string): Promise<void> {
    const ended = await this.end(namespace, leaseId);
    if (!ended) return;
    const failure = await this.#takeBack(namespace, ended, {});
    if (failure === undefined) return;
    throw new CofferError(
      'internal',
      `failed to revoke entry: lease ${leaseId} has ended, but its engine could not take it back yet; this goes on in the background`,
      { status: 400, cause: failure, hint: 'sys/leases/revoke-force forgets it without asking the engine.' },
    );
  }

  /** The lease is over when this resolves; the background job takes it back. Undefined when there is none. */
  async end(namespace: Where, leaseId: string): Promise<Stored<LeaseEntry> | undefined> {
    for (let attempt = 1; attempt <= mostAttempts; attempt++) {
      const stored = await this.#records.get(namespace.id, leaseId);
      if (!stored || stored.value.ending) return stored;
      await this.#records.replace(namespace.id, stored, this.#records.ended(stored.value));
    }
    throw new CofferError('conflict');
  }

  /**
   * All leases below a prefix. `lazily` leaves taking back to the background; `force` forgets leases even where
   * the engine fails. Throws when some could not be taken back now.
   */
  async revokePrefix(
    namespace: Where,
    prefix: string,
    options: { readonly force?: boolean; readonly lazy?: boolean } = {},
  ): Promise<void> {
    let failed = 0;
    let last: unknown;
    for await (const leaseId of this.#records.idsBelow(namespace.id, prefix)) {
      const ended = await this.end(namespace, leaseId);
      if (!ended || options.lazy) continue;
      const failure = await this.#takeBack(namespace, ended, {});
      if (failure === undefined) continue;
      if (options.force) {
        await this.#records.remove(namespace.id, leaseId);
        this.#deps.logger.warn('a lease was forgotten by force; what it stood for may live on', {
          lease_id: leaseId,
        });
      } else {
        failed++;
        last = failure;
      }
    }
    if (failed === 0) return;
    throw new CofferError(
      'internal',
      `failed to revoke ${failed} of the leases below "${prefix}": they have ended, but could not be taken back yet; this goes on in the background`,
      { status: 400, cause: last, hint: 'sys/leases/revoke-force forgets them without asking the engine.' },
    );
  }

  /**
   * The background job's part: a lease whose time has come. Resolves with false when it has to be looked at
   * again soon, because its engine is busy with others.
   */
  async expire(namespace: Where, leaseId: string, options: ExpireOptions = {}): Promise<boolean> {
    const stored = await this.#records.get(namespace.id, leaseId);
    if (!stored || dueTimeOf(stored.value) > this.#deps.clock.now()) return true;
    const { mountUuid } = stored.value;
    if (!(await this.#gate.enter(mountUuid))) return false;
    try {
      const ended = await this.#endAtItsTime(namespace, leaseId, options.fence);
      if (ended) await this.#takeBack(namespace, ended, options);
      return true;
    } finally {
      this.#gate.leave(mountUuid);
    }
  }

  /** For a lease that could not be registered. Throws when its engine fails. */
  async undo(entry: LeaseEntry, mount: Mount): Promise<void> {
    const engine = engineOf(mount);
    if (engine?.revoke) await this.#withDeadline(engine.revoke(engineLease(entry)), undefined);
  }

  /** Not `end`: a lease that is renewed at this very moment must not be ended by a time that has moved. */
  async #endAtItsTime(
    namespace: Where,
    leaseId: string,
    fence: Fence | undefined,
  ): Promise<Stored<LeaseEntry> | undefined> {
    const stored = await this.#records.get(namespace.id, leaseId);
    if (!stored || dueTimeOf(stored.value) > this.#deps.clock.now()) return undefined;
    if (stored.value.ending) return stored;
    const ended = this.#records.ended(stored.value);
    if (!(await this.#records.replace(namespace.id, stored, ended, fence))) return undefined;
    const now = await this.#records.get(namespace.id, leaseId);
    return now?.value.ending ? now : undefined;
  }

  /** Asks the engine. Resolves with what went wrong, after the next attempt was written down. */
  async #takeBack(namespace: Where, stored: Stored<LeaseEntry>, options: ExpireOptions): Promise<unknown> {
    const entry = stored.value;
    let mount: Mount | undefined;
    try {
      mount = await this.#deps.mountByUuid(namespace, entry.mountUuid);
      await mount?.load();
      const engine = engineOf(mount);
      if (engine?.revoke) await this.#withDeadline(engine.revoke(engineLease(entry)), options.signal);
    } catch (error) {
      await this.#postpone(namespace, stored, error, options.fence);
      return error ?? new Error('unknown');
    }
    await this.#records.remove(namespace.id, entry.leaseId, options.fence);
    this.#deps.told?.('revoke', namespace, entry, mount);
    return undefined;
  }

  async #postpone(
    namespace: Where,
    stored: Stored<LeaseEntry>,
    error: unknown,
    fence: Fence | undefined,
  ): Promise<void> {
    const attempts = (stored.value.ending?.attempts ?? 0) + 1;
    const waitMs = Math.min(firstRetryMs * 2 ** Math.min(attempts - 1, 16), longestRetryMs);
    const lastError = error instanceof Error ? error.message.slice(0, 300) : 'unknown';
    const nextTryMs = this.#deps.clock.now() + waitMs;
    await this.#records.replace(
      namespace.id,
      stored,
      { ...stored.value, ending: { attempts, lastError, nextTryMs } },
      fence,
    );
    this.#deps.logger[attempts >= 3 ? 'error' : 'warn'](
      'a lease has ended and could not be taken back; trying again',
      { lease_id: stored.value.leaseId, attempts, next_try_seconds: waitMs / 1000 },
    );
  }

  #withDeadline(work: Promise<void>, signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      const late = () => reject(new Error('the engine did not answer in time'));
      const stop = () => reject(new Error('the server stopped before the engine answered'));
      const cancel = this.#deps.clock.after(answerDeadlineMs, late);
      signal?.addEventListener('abort', stop, { once: true });
      const settle = () => {
        cancel();
        signal?.removeEventListener('abort', stop);
      };
      work.then(resolve, reject).finally(settle);
      if (signal?.aborted) stop();
    });
  }
}

export function engineLease(entry: LeaseEntry, incrementSeconds?: number): EngineLease {
  return {
    leaseId: entry.leaseId,
    internal: entry.internal,
    issuedAtMs: entry.issuedMs,
    expiresAtMs: entry.expiresMs,
    incrementSeconds: incrementSeconds || undefined,
  };
}

/** Only mounts of the secrets table give leases, and the table says which kind of plug-in a mount has. */
export function engineOf(mount: Mount | undefined): SecretsEngine | undefined {
  return mount?.entry.table === 'secret' ? (mount.engine as SecretsEngine | undefined) : undefined;
}
