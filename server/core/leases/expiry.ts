import type { Clock } from '../../contracts/clock.ts';
import type { Logger } from '../../contracts/logger.ts';
import type { Records } from '../../contracts/records.ts';
import type { Namespace } from '../namespaces/namespaces.ts';
import type { TokenStore } from '../tokens/token-store.ts';
import { dueBefore, parseDueKey } from './due.ts';
import type { Leases } from './leases.ts';

export interface ExpiryDependencies {
  /** The root namespace's `sys/` records, which hold the due index. */
  readonly due: Records;
  readonly namespaceById: (id: string) => Promise<Namespace | undefined>;
  readonly leases: Leases;
  readonly tokens: TokenStore;
  readonly clock: Clock;
  readonly logger: Logger;
}

const pauseMs = 1000;
const pageSize = 500;
const atOnce = 32;

/**
 * Ends tokens and leases when their time comes, by looking at the front of the due index once a second.
 * Start-up and memory do not depend on how many there are. Safe to run on several nodes: every step is a
 * conditional commit, and "already gone" is success.
 */
export class Expiry {
  readonly #deps: ExpiryDependencies;
  #stopped = true;
  #cancel: (() => void) | undefined;
  #running: Promise<void> = Promise.resolve();

  constructor(deps: ExpiryDependencies) {
    this.#deps = deps;
  }

  start(): void {
    if (!this.#stopped) return;
    this.#stopped = false;
    this.#next(0);
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#cancel?.();
    await this.#running;
  }

  /** Works off what is due now. Resolves with how many entries it looked at. */
  async runOnce(): Promise<number> {
    const limit = dueBefore(this.#deps.clock.now());
    let looked = 0;
    let after: string | undefined;
    for (;;) {
      const keys = await this.#deps.due.scanKeys('due/', { limit: pageSize, ...(after === undefined ? {} : { after }) });
      const due = keys.filter((key) => key < limit);
      for (let at = 0; at < due.length && !this.#stopping(); at += atOnce) {
        await Promise.all(due.slice(at, at + atOnce).map((key) => this.#end(key)));
      }
      looked += due.length;
      after = due.at(-1);
      if (due.length < pageSize || this.#stopping()) return looked;
    }
  }

  #stopping(): boolean {
    return this.#stopped && this.#cancel !== undefined;
  }

  async #end(key: string): Promise<void> {
    const entry = parseDueKey(key);
    try {
      const namespace = entry && (await this.#deps.namespaceById(entry.namespaceId));
      if (!entry || !namespace) {
        await this.#deps.due.commit({ remove: [key] });
        return;
      }
      if (entry.kind === 'token') await this.#deps.tokens.expire({ namespaceId: namespace.id, digest: entry.id });
      else await this.#deps.leases.expire(namespace, entry.id);
      await this.#dropStale(key, entry, namespace);
    } catch (error) {
      this.#deps.logger.warn('something that is due could not be ended; trying again', { error: error instanceof Error ? error.message : 'unknown' });
    }
  }

  /** An index entry whose record is gone or has another time is only in the way. */
  async #dropStale(key: string, entry: NonNullable<ReturnType<typeof parseDueKey>>, namespace: Namespace): Promise<void> {
    if (entry.kind === 'lease' && (await this.#deps.leases.isDueAt(namespace, entry.id, entry.timeMs))) return;
    await this.#deps.due.commit({ remove: [key] });
  }

  #next(delayMs: number): void {
    this.#cancel = this.#deps.clock.after(delayMs, () => {
      this.#running = this.runOnce()
        .then(
          () => undefined,
          (error: unknown) => this.#deps.logger.warn('the due index could not be read', { error: error instanceof Error ? error.message : 'unknown' }),
        )
        .then(() => {
          if (!this.#stopped) this.#next(pauseMs);
        });
    });
  }
}
