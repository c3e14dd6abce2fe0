import type { Distribution } from './distribution.ts';

/** Values must be names and kinds from a small, closed set; never something that a caller chose. */
export type Labels = Readonly<Record<string, string>>;

interface Named {
  /** In Vault's words, without the prefix: `core.in_flight_requests`. */
  readonly name: string;
  readonly labels: Labels;
  /** One sentence, for the exposition's HELP. */
  readonly help: string;
}

/** How much there is of something now. */
export interface Gauge extends Named {
  readonly value: number;
}

/** How often something has happened since the process began. */
export interface Counter extends Named {
  readonly count: number;
}

/** How long things took, in milliseconds. With `isHistogram`, the exposition has its buckets in seconds. */
export interface Sample extends Named {
  readonly distribution: Distribution;
  readonly isHistogram: boolean;
}

/** All numbers at one moment. */
export interface Snapshot {
  readonly timeMs: number;
  readonly startedMs: number;
  /** The first word of every name. */
  readonly prefix: string;
  readonly gauges: readonly Gauge[];
  readonly counters: readonly Counter[];
  readonly samples: readonly Sample[];
}
