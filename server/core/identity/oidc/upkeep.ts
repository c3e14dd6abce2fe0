import type { Clock } from '../../../contracts/clock.ts';
import type { Logger } from '../../../contracts/logger.ts';
import type { Records } from '../../../contracts/records.ts';
import type { Claims } from '../../leases/claims.ts';
import type { Namespace } from '../../namespaces/namespaces.ts';
import type { Fence } from '../../tokens/system-change.ts';
import type { Codes } from './codes.ts';
import { dueBefore, dueKey, duePrefix, parseDueKey } from './due-index.ts';
import { dueAt } from './key-ring.ts';
import type { OidcStore } from './oidc-store.ts';
import type { SigningKeys } from './signing-keys.ts';

export interface OidcUpkeepOptions {
  /** The root namespace's `sys/` records, which hold the index of what is due. */
  readonly due: Records;
  readonly claims: Claims;
  readonly namespaceById: (id: string) => Promise<Namespace | undefined>;
  readonly store: OidcStore;
  readonly keys: SigningKeys;
  readonly codes: Codes;
  readonly clock: Clock;
  readonly logger: Logger;
}

const job = 'oidc';
const holdMs = 60_000;
const pauseMs = 5000;
const pageSize = 500;
const mostPerTurn = 20_000;

/**
 * Rotates keys when their time comes, forgets those that have verified long enough and codes that nobody
 * exchanged, by looking at the front of an index by time. Of several nodes the one that holds the claim does it,
 * and every commit carries the claim. What has expired is refused whether this has run or not.
 */
export class OidcUpkeep {
  readonly #options: OidcUpkeepOptions;
  #stop = new AbortController();
  #cancel: (() => void) | undefined;
  #running: Promise<number> | undefined;
  #started = false;

  constructor(options: OidcUpkeepOptions) {
    this.#options = options;
  }

  start(): void {
    if (this.#started) return;
    this.#started = true;
    this.#stop = new AbortController();
    this.#next(pauseMs);
  }

  /** Resolves when nothing of it runs any more. */
  async stop(): Promise<void> {
    this.#started = false;
    this.#cancel?.();
    this.#stop.abort();
    await this.#running?.catch(() => undefined);
    await this.#options.claims.release(job).catch(() => undefined);
  }

  /** Works off what is due now, unless another node does. Resolves with how many entries it looked at. */
  runOnce(): Promise<number> {
    this.#running ??= this.#turn().finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  async #turn(): Promise<number> {
    const { due, claims, clock } = this.#options;
    const limit = dueBefore(clock.now());
    let looked = 0;
    let after: string | undefined;
    while (looked < mostPerTurn && !this.#stop.signal.aborted) {
      const page = { limit: pageSize, ...(after === undefined ? {} : { after }) };
      const keys = (await due.scanKeys(duePrefix, page)).filter((key) => key < limit);
      const claim = keys.length > 0 ? await claims.take(job, holdMs) : undefined;
      if (!claim) break;
      for (const key of keys) if (!this.#stop.signal.aborted) await this.#settle(key, claim.fence);
      looked += keys.length;
      after = keys.at(-1);
    }
    return looked;
  }

  async #settle(key: string, fence: Fence): Promise<void> {
    const { due, namespaceById, keys, codes, logger } = this.#options;
    try {
      const entry = parseDueKey(key);
      const namespace = entry && (await namespaceById(entry.namespaceId));
      if (entry && namespace?.tainted) return;
      if (entry && namespace) {
        if (entry.kind === 'key') await keys.upkeep(namespace, entry.name, fence);
        else await codes.forget(namespace, entry.name, fence);
        if (await this.#isWanted(key, namespace)) return;
      }
      await due.commitWith({ remove: [key] }, [fence]);
    } catch (error) {
      logger.warn('a key or a code of the identity provider could not be seen to; trying again', {
        error: error instanceof Error ? error.message : 'unknown',
      });
    }
  }

  /** Whether the entry is where its record says. */
  async #isWanted(key: string, namespace: Namespace): Promise<boolean> {
    const entry = parseDueKey(key);
    if (entry?.kind !== 'key') return false;
    const at = dueAt(await this.#options.store.read(namespace, 'key', entry.name));
    return at !== undefined && dueKey(at, 'key', namespace.id, entry.name) === key;
  }

  #next(delayMs: number): void {
    this.#cancel = this.#options.clock.after(delayMs, () => {
      this.runOnce()
        .catch((error: unknown) =>
          this.#options.logger.warn('the index of keys to rotate could not be read', {
            error: error instanceof Error ? error.message : 'unknown',
          }),
        )
        .finally(() => {
          if (this.#started) this.#next(pauseMs);
        });
    });
  }
}
