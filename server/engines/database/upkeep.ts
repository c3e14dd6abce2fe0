import type { MountContext } from '../../contracts/secrets-engine.ts';
import { type DueEntry, type DueKind, dueEntries } from './due-index.ts';
import { messageOf } from './failures.ts';

const pauseMs = 2_000;
const mostAtOnce = 16;
/** Looked at in one turn, so that what hangs in front does not hide what is behind. */
const mostLookedAt = 500;

/**
 * Does what falls due without a request: rotations, and users that a crash left behind. Nothing waits for it, and
 * one database that hangs holds up neither the others nor the end of the server.
 */
export class Upkeep {
  readonly #context: MountContext;
  readonly #work: Readonly<Record<DueKind, (id: string) => Promise<void>>>;
  readonly #running = new Set<string>();
  #cancel: (() => void) | undefined;
  #isClosed = false;

  constructor(context: MountContext, work: Readonly<Record<DueKind, (id: string) => Promise<void>>>) {
    this.#context = context;
    this.#work = work;
  }

  start(): void {
    if (this.#isClosed) return;
    this.#cancel = this.#context.clock.after(pauseMs, () => {
      void this.#turn().finally(() => this.start());
    });
  }

  close(): void {
    this.#isClosed = true;
    this.#cancel?.();
  }

  /** Starts what is due; does not wait for it. */
  async #turn(): Promise<void> {
    try {
      const due = await dueEntries(this.#context.records, this.#context.clock.now(), mostLookedAt);
      for (const entry of due) {
        if (this.#isClosed || this.#running.size >= mostAtOnce) return;
        if (this.#running.has(entry.key)) continue;
        this.#running.add(entry.key);
        void this.#do(entry).finally(() => this.#running.delete(entry.key));
      }
    } catch (error) {
      this.#warn(error);
    }
  }

  async #do({ kind, id, key }: DueEntry): Promise<void> {
    try {
      await this.#work[kind](id);
      await this.#dropIfStale(key, kind, id);
    } catch (error) {
      this.#warn(error);
    }
  }

  /** A mark whose record is gone would be looked at for ever. */
  async #dropIfStale(key: string, kind: DueKind, id: string): Promise<void> {
    const folder = { made: 'made/', static: 'static/', root: 'config/' }[kind];
    if (await this.#context.records.get(folder + id)) return;
    await this.#context.records.commit({ remove: [key] });
  }

  #warn(error: unknown): void {
    if (this.#isClosed) return;
    this.#context.logger.warn('background work of the database engine failed; trying again', {
      error: messageOf(error),
    });
  }
}
