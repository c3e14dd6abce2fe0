import { randomUUID } from 'node:crypto';
import type { Clock } from '../../contracts/clock.ts';
import type { RecordChange, Records, Stored } from '../../contracts/records.ts';
import { StorageConflict } from '../../contracts/storage.ts';

/** Who does a job: written when the job changes hands, and by nothing else, so that it can be expected. */
interface Holder {
  readonly owner: string;
  /** Grows with every change of hands. */
  readonly fence: number;
}

export interface Claim {
  /**
   * Goes into every commit of the job: an expectation that fails once somebody else has taken the job over,
   * however long this process was asleep meanwhile.
   */
  readonly fence: { readonly records: Records; readonly change: RecordChange };
  readonly number: number;
}

/**
 * Background jobs that one node of several does at a time: `claim/<job>` says who holds it,
 * `claim-until/<job>` for how long. Clocks of nodes may differ: that makes a job change hands early, never run
 * unfenced, since its commits carry the claim.
 */
export class Claims {
  readonly #records: Records;
  readonly #clock: Clock;
  readonly #exclusive: boolean;
  /** New with every start of the process. */
  readonly #owner = randomUUID();

  /** `exclusive`: no other process opens this store, so whoever held a job is gone, and it is taken at once. */
  constructor(records: Records, clock: Clock, options: { readonly exclusive?: boolean } = {}) {
    this.#records = records;
    this.#clock = clock;
    this.#exclusive = options.exclusive ?? false;
  }

  /**
   * Takes the job for `holdMs` from now, or keeps it when it is held already (a commit only when less than half
   * of the time is left). Undefined while somebody else holds it.
   */
  async take(job: string, holdMs: number): Promise<Claim | undefined> {
    const [holder, until] = await this.#read(job);
    const nowMs = this.#clock.now();
    const untilMs = until?.value ?? 0;
    const isOwn = holder?.value.owner === this.#owner;
    const isHeld = untilMs > nowMs && untilMs <= nowMs + 2 * holdMs;
    if (!isOwn && isHeld && !this.#exclusive) return undefined;
    if (isOwn && untilMs > nowMs + holdMs / 2) return this.#claim(job, holder);
    const next: Holder = { owner: this.#owner, fence: (holder?.value.fence ?? 0) + 1 };
    try {
      await this.#records.commit({
        expect: [
          { key: holderKey(job), stored: holder },
          { key: untilKey(job), stored: until },
        ],
        put: [[untilKey(job), nowMs + holdMs], ...(isOwn ? [] : [[holderKey(job), next] as const])],
      });
    } catch (error) {
      // Somebody else took it at the same moment.
      if (error instanceof StorageConflict) return undefined;
      throw error;
    }
    const [taken] = await this.#read(job);
    return taken?.value.owner === this.#owner ? this.#claim(job, taken) : undefined;
  }

  /** Lets others have the job at once. Harmless when it is not held. */
  async release(job: string): Promise<void> {
    const [holder, until] = await this.#read(job);
    if (holder?.value.owner !== this.#owner) return;
    try {
      await this.#records.commit({
        expect: [
          { key: holderKey(job), stored: holder },
          { key: untilKey(job), stored: until },
        ],
        put: [[untilKey(job), 0]],
      });
    } catch (error) {
      if (!(error instanceof StorageConflict)) throw error;
    }
  }

  async #read(job: string): Promise<[Stored<Holder> | undefined, Stored<number> | undefined]> {
    return Promise.all([this.#records.get<Holder>(holderKey(job)), this.#records.get<number>(untilKey(job))]);
  }

  #claim(job: string, stored: Stored<Holder>): Claim {
    return {
      fence: { records: this.#records, change: { expect: [{ key: holderKey(job), stored }] } },
      number: stored.value.fence,
    };
  }
}

const holderKey = (job: string) => `claim/${job}`;
const untilKey = (job: string) => `claim-until/${job}`;
