import { randomInt } from 'node:crypto';

/** The longest that a timer of Node's takes. */
const longestMilliseconds = 2 ** 31 - 1;

/** Resolves after `seconds`, or at once when `signal` ends; true when the time passed. */
export function pause(seconds: number, signal: AbortSignal): Promise<boolean> {
  if (signal.aborted) return Promise.resolve(false);
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const stop = () => {
    clearTimeout(timer);
    resolve(false);
  };
  const timer = setTimeout(
    () => {
      signal.removeEventListener('abort', stop);
      resolve(true);
    },
    Math.min(seconds * 1000, longestMilliseconds),
  );
  signal.addEventListener('abort', stop, { once: true });
  return promise;
}

/** Doubles from `min` to `max`; a quarter of each wait is random, so that many agents do not come back at once. */
export class BackOff {
  readonly #min: number;
  readonly #max: number;
  #next: number;

  constructor(minSeconds: number, maxSeconds: number) {
    this.#min = minSeconds;
    this.#max = Math.max(minSeconds, maxSeconds);
    this.#next = minSeconds;
  }

  nextSeconds(): number {
    const base = this.#next;
    this.#next = Math.min(this.#max, base * 2);
    return base * (0.75 + randomInt(0, 1000) / 4000);
  }

  reset(): void {
    this.#next = this.#min;
  }
}
