/** At the limit, counting again may take this share of the time at the most. */
const longestShare = 20;
const soonestAgainMs = 1_000;
const refreshMs = 60_000;

/**
 * How many leases a quota has, without counting them at every request: what this process makes is added up, and
 * all are counted anew when the limit seems reached (others end, or are made by other processes) and now and then.
 * May say too many for a second, and too few by what other processes made since the last count.
 */
export class LeaseCounter {
  readonly #countAll: (limit: number) => Promise<number>;
  readonly #max: number;
  #count: number | undefined;
  #countedAtMs = 0;
  #nextCountMs = 0;
  #counting: Promise<void> | undefined;
  #madeMeanwhile = 0;

  /** `countAll` may stop at `limit`. */
  constructor(max: number, countAll: (limit: number) => Promise<number>) {
    this.#max = max;
    this.#countAll = countAll;
  }

  /** Undefined before the first request. */
  get count(): number | undefined {
    return this.#count;
  }

  /** Whether one more may be made; then it is counted. `isStored`: it is there already, so that a count finds it. */
  async admit(nowMs: number, isStored = false): Promise<boolean> {
    const isCountable = nowMs >= this.#nextCountMs || nowMs < this.#countedAtMs;
    if (this.#count === undefined || (this.#count >= this.#max && isCountable)) {
      await this.#recount(nowMs);
      if (isStored) this.#add(-1);
    } else if (nowMs - this.#countedAtMs > refreshMs) this.#recount(nowMs).catch(() => {});
    if ((this.#count ?? 0) >= this.#max) return false;
    this.#add(1);
    return true;
  }

  #add(change: 1 | -1): void {
    this.#count = Math.max(0, (this.#count ?? 0) + change);
    if (this.#counting) this.#madeMeanwhile += change;
  }

  #recount(nowMs: number): Promise<void> {
    this.#counting ??= (async () => {
      this.#madeMeanwhile = 0;
      const startedMs = performance.now();
      // One more than the limit is as full as any number above it.
      const counted = await this.#countAll(this.#max + 1);
      this.#count = counted + this.#madeMeanwhile;
      this.#countedAtMs = nowMs;
      this.#nextCountMs = nowMs + Math.max(soonestAgainMs, (performance.now() - startedMs) * longestShare);
    })().finally(() => {
      this.#counting = undefined;
    });
    return this.#counting;
  }
}
