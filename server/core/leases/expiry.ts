import type { Clock } from '../../contracts/clock.ts';
import type { Logger } from '../../contracts/logger.ts';
import type { Records } from '../../contracts/records.ts';
import type { Namespace } from '../namespaces/namespaces.ts';
import type { Fence } from '../tokens/system-change.ts';
import type { TokenStore } from '../tokens/token-store.ts';
import type { Claims } from './claims.ts';
import { type DueEntry, dueBefore, duePrefix, parseDueKey } from './due.ts';
import type { Leases } from './leases.ts';

export interface ExpiryDependencies {
  /** The root namespace's `sys/` records, which hold the due index. */
  readonly due: Records;
  readonly claims: Claims;
  readonly namespaceById: (id: string) => Promise<Namespace | undefined>;
  readonly leases: Leases;
  readonly tokens: TokenStore;
  readonly clock: Clock;
  readonly logger: Logger;
}

const job = 'expiry';
/** Longer than an engine is waited for. */
const holdMs = 60_000;
const pauseMs = 1000;
const pageSize = 500;
const atOnce = 32;
/** Of a long queue, one turn looks at so many and the next goes on behind them: whatever hangs in front holds up nothing. */
const mostPerTurn = 20_000;

/**
 * Ends tokens and leases when their time comes, by looking at the front of the due index once a second.
 * Start-up and memory do not depend on how many there are. Of several nodes the one that holds the claim does
 * it, and every commit carries the claim. A token or lease whose time has come is refused whether this has run or not.
 */
export class Expiry {
  readonly #deps: ExpiryDependencies;
  #stop = new AbortController();
  #cancel: (() => void) | undefined;
  #running: Promise<number> | undefined;
  #cursor: string | undefined;
  #started = false;

  constructor(deps: ExpiryDependencies) {
    this.#deps = deps;
  }

  start(): void {
    if (this.#started) return;
    this.#started = true;
    this.#stop = new AbortController();
    this.#next(0);
  }

  /** Resolves when nothing of it runs any more; engines that have not answered are not waited for. */
  async stop(): Promise<void> {
    this.#started = false;
    this.#cancel?.();
    this.#stop.abort();
    await this.#running?.catch(() => undefined);
    await this.#deps.claims.release(job).catch(() => undefined);
  }

  /** Works off what is due now, unless another node does. Resolves with how many entries it looked at. */
  runOnce(): Promise<number> {
    this.#running ??= this.#turn().finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  async #turn(): Promise<number> {
    const limit = dueBefore(this.#deps.clock.now());
    let looked = 0;
    while (looked < mostPerTurn && !this.#stop.signal.aborted) {
      const after = this.#cursor;
      const keys = await this.#deps.due.scanKeys(duePrefix, {
        limit: pageSize,
        ...(after === undefined ? {} : { after }),
      });
      const due = keys.filter((key) => key < limit);
      const claim = due.length > 0 ? await this.#deps.claims.take(job, holdMs) : undefined;
      if (claim) await this.#work(due, claim.fence);
      looked += due.length;
      // Only what stays due is still in front of the cursor: the next turn begins there again.
      this.#cursor = claim && due.length === pageSize ? due.at(-1) : undefined;
      if (this.#cursor === undefined) break;
    }
    return looked;
  }

  async #work(due: readonly string[], fence: Fence): Promise<void> {
    let next = 0;
    const worker = async () => {
      while (next < due.length && !this.#stop.signal.aborted) await this.#end(due[next++]!, fence);
    };
    await Promise.all(Array.from({ length: Math.min(atOnce, due.length) }, worker));
  }

  async #end(key: string, fence: Fence): Promise<void> {
    try {
      const entry = parseDueKey(key);
      const namespace = entry && (await this.#deps.namespaceById(entry.namespaceId));
      if (entry && namespace && (await this.#settle(entry, namespace, fence))) return;
      await this.#deps.due.commitWith({ remove: [key] }, [fence]);
    } catch (error) {
      this.#deps.logger.warn('something that is due could not be ended; trying again', {
        error: error instanceof Error ? error.message : 'unknown',
      });
    }
  }

  /** True when the index entry has its place: it is gone already, or has to be looked at again. */
  async #settle(entry: DueEntry, namespace: Namespace, fence: Fence): Promise<boolean> {
    const { kind, id, timeMs } = entry;
    if (kind === 'token') {
      const address = { namespaceId: namespace.id, digest: id };
      if (!(await this.#deps.tokens.isDueAt(address, timeMs))) return false;
      await this.#deps.tokens.expire(address, fence);
      return true;
    }
    if (!(await this.#deps.leases.isDueAt(namespace, id, timeMs))) return false;
    await this.#deps.leases.expire(namespace, id, { fence, signal: this.#stop.signal });
    return true;
  }

  #next(delayMs: number): void {
    this.#cancel = this.#deps.clock.after(delayMs, () => {
      this.runOnce()
        .catch((error: unknown) =>
          this.#deps.logger.warn('the due index could not be read', {
            error: error instanceof Error ? error.message : 'unknown',
          }),
        )
        .finally(() => {
          if (this.#started) this.#next(pauseMs);
        });
    });
  }
}
