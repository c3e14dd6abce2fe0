/** Upper bounds of the buckets, in milliseconds; what is above the last counts in none. */
export const bucketBoundsMs: readonly number[] = [
  0.25, 0.5, 1, 2.5, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000,
];

const bounds = Float64Array.from(bucketBoundsMs);

/** Durations in milliseconds, added up. Adding one is a few number operations and allocates nothing. */
export class Distribution {
  count = 0;
  sum = 0;
  sumOfSquares = 0;
  min = 0;
  max = 0;
  /** How many fell into each bucket, not cumulative. */
  readonly buckets = new Float64Array(bounds.length);

  add(ms: number): void {
    if (this.count === 0 || ms < this.min) this.min = ms;
    if (ms > this.max) this.max = ms;
    this.count++;
    this.sum += ms;
    this.sumOfSquares += ms * ms;
    let at = 0;
    while (at < bounds.length && ms > (bounds[at] as number)) at++;
    if (at < bounds.length) this.buckets[at] = (this.buckets[at] as number) + 1;
  }

  get mean(): number {
    return this.count === 0 ? 0 : this.sum / this.count;
  }

  /** Of the sample, as go-metrics has it. */
  get standardDeviation(): number {
    const { count, sum } = this;
    if (count < 2) return 0;
    return Math.sqrt(Math.max(0, (this.sumOfSquares - (sum * sum) / count) / (count - 1)));
  }
}
