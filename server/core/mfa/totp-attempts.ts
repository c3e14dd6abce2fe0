/** Wrong codes of one entity for one method. Milliseconds since the epoch. */
export interface Attempts {
  /** In a row, since the last wait. */
  readonly failed: number;
  /** Waits in a row; each is twice as long as the one before. */
  readonly waits: number;
  readonly untilMs: number;
  readonly lastMs: number;
}

export const noAttempts: Attempts = Object.freeze({ failed: 0, waits: 0, untilMs: 0, lastMs: 0 });

const longestWaitMs = 15 * 60_000;
/** A wrong code this long ago says nothing of a guesser. */
const forgottenAfterMs = 60 * 60_000;

/** Seconds to wait before another code is looked at; 0 when one may be tried. */
export function secondsToWait({ untilMs }: Attempts, nowMs: number): number {
  return nowMs < untilMs ? Math.ceil((untilMs - nowMs) / 1000) : 0;
}

/**
 * After one more wrong code. At `most` in a row the entity waits: for two periods, then twice as long each time, up to
 * a quarter of an hour, until a right code or an hour without a wrong one.
 */
export function afterFailure(
  before: Attempts,
  nowMs: number,
  { most, periodSeconds }: { readonly most: number; readonly periodSeconds: number },
): Attempts {
  const { failed, waits } = nowMs - before.lastMs > forgottenAfterMs ? noAttempts : before;
  if (failed + 1 < most) return { failed: failed + 1, waits, untilMs: 0, lastMs: nowMs };
  const waitMs = Math.min(periodSeconds * 1000 * 2 ** Math.min(waits + 1, 20), longestWaitMs);
  return { failed: 0, waits: waits + 1, untilMs: nowMs + waitMs, lastMs: nowMs };
}
