/** Time as the client sees it, so that tests move it. */
export interface SdkClock {
  /** Milliseconds since the Unix epoch. */
  now(): number;
  /** Calls `action` once after `delayMs`; never keeps the process alive. The result cancels it. */
  after(delayMs: number, action: () => void): () => void;
}

/** Delays above this overflow a 32-bit timer and would fire at once. */
const longestTimerMs = 2_147_483_647;

export const sdkSystemClock: SdkClock = {
  now: () => Date.now(),
  after(delayMs, action) {
    const timer: unknown = setTimeout(action, Math.min(Math.max(delayMs, 0), longestTimerMs));
    // A browser's timer is a number.
    if (typeof timer === 'object' && timer !== null && 'unref' in timer && typeof timer.unref === 'function')
      timer.unref();
    return () => clearTimeout(timer as Parameters<typeof clearTimeout>[0]);
  },
};
