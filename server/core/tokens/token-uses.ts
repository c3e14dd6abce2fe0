import type { TokenAddress, TokenEntry } from './token-entry.ts';
import { idOf } from './token-keys.ts';

interface Counter {
  readonly waiting: ((entry: TokenEntry | undefined) => void)[];
  readonly rejected: ((reason: unknown) => void)[];
  /** Requests of this process that are being served with a use of it. */
  running: number;
  /** The last use was taken here: once nothing runs, the token is to go. */
  usedUp: boolean;
  taking: boolean;
}

/** Takes up to `wanted` uses in one commit: the entries that each of them sees, fewer when fewer were left. */
export type TakeUses = (address: TokenAddress, wanted: number) => Promise<readonly TokenEntry[]>;

/**
 * Uses of tokens that have a limited number of them. Requests that ask at the same moment share a commit, and
 * the one with the last use does not end the token under those that are still being served.
 */
export class TokenUses {
  readonly #take: TakeUses;
  readonly #counters = new Map<string, Counter>();

  constructor(take: TakeUses) {
    this.#take = take;
  }

  /** The entry as this use sees it; undefined when none was left. Call `done` afterwards if there was one. */
  take(address: TokenAddress): Promise<TokenEntry | undefined> {
    const id = idOf(address);
    let counter = this.#counters.get(id);
    if (!counter) {
      counter = { waiting: [], rejected: [], running: 0, usedUp: false, taking: false };
      this.#counters.set(id, counter);
    }
    const { waiting, rejected } = counter;
    const taken = new Promise<TokenEntry | undefined>((resolve, reject) => {
      waiting.push(resolve);
      rejected.push(reject);
    });
    if (!counter.taking) void this.#serve(address, counter);
    return taken;
  }

  /** True when the last use was taken here and nothing is being served with the token any more: revoke it now. */
  done(address: TokenAddress): boolean {
    const id = idOf(address);
    const counter = this.#counters.get(id);
    if (!counter) return false;
    counter.running--;
    const { usedUp } = counter;
    this.#forgetIdle(id, counter);
    return usedUp && counter.running <= 0;
  }

  async #serve(address: TokenAddress, counter: Counter): Promise<void> {
    counter.taking = true;
    while (counter.waiting.length > 0) {
      const waiting = counter.waiting.splice(0);
      const rejected = counter.rejected.splice(0);
      try {
        const entries = await this.#take(address, waiting.length);
        counter.running += entries.length;
        if (entries.at(-1)?.numUses === -1) counter.usedUp = true;
        for (const [index, resolve] of waiting.entries()) resolve(entries[index]);
      } catch (error) {
        for (const reject of rejected) reject(error);
      }
    }
    counter.taking = false;
    this.#forgetIdle(idOf(address), counter);
  }

  #forgetIdle(id: string, counter: Counter): void {
    if (counter.running <= 0 && !counter.taking) this.#counters.delete(id);
  }
}
