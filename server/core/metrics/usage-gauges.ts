import type { Clock } from '../../contracts/clock.ts';
import type { Gauge } from './metric.ts';

/** One number that takes a walk through storage. */
export interface UsageCount {
  readonly name: string;
  readonly help: string;
  readonly count: () => Promise<number>;
}

/**
 * Counts that are costly, so they are taken at most once in `periodSeconds` (`usage_gauge_period`, 0: never), in the
 * background when somebody asks for metrics: an answer never waits for them, and the first has none.
 */
export class UsageGauges {
  readonly #counts: readonly UsageCount[];
  readonly #clock: Clock;
  readonly #periodMs: number;
  #gauges: readonly Gauge[] = [];
  #nextMs = 0;
  #counting: Promise<void> | undefined;

  constructor(counts: readonly UsageCount[], clock: Clock, periodSeconds: number) {
    this.#counts = counts;
    this.#clock = clock;
    this.#periodMs = periodSeconds * 1000;
  }

  gauges(): readonly Gauge[] {
    if (this.#periodMs > 0 && this.#clock.now() >= this.#nextMs) void this.refresh();
    return this.#gauges;
  }

  /** Never rejects: what cannot be counted now keeps its last value. */
  refresh(): Promise<void> {
    this.#counting ??= this.#count().finally(() => {
      this.#counting = undefined;
    });
    return this.#counting;
  }

  /** Before sealing: nothing is known of a sealed store. */
  forget(): void {
    this.#gauges = [];
    this.#nextMs = 0;
  }

  async #count(): Promise<void> {
    this.#nextMs = this.#clock.now() + this.#periodMs;
    const gauges: Gauge[] = [];
    for (const { name, help, count } of this.#counts) {
      try {
        gauges.push({ name, help, labels: {}, value: await count() });
      } catch {
        const last = this.#gauges.find((gauge) => gauge.name === name);
        if (last) gauges.push(last);
      }
    }
    this.#gauges = gauges;
  }
}
