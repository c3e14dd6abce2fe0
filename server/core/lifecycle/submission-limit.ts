import type { Clock } from '../../contracts/clock.ts';
import { CofferError } from '../../contracts/errors.ts';

/** More than the largest set of shares, so that a script can bring all of them at once. */
const burst = 300;
const perSecond = 5;

/** Bounds how often anybody, with no token, makes the server try key shares. Shared by all that takes them. */
export class SubmissionLimit {
  readonly #clock: Clock;
  #left = burst;
  #asOfMs: number;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#asOfMs = clock.now();
  }

  /** Throws 'rate-limited'. */
  take(): void {
    const now = this.#clock.now();
    // A clock that went backwards gives nothing and takes nothing.
    this.#left = Math.min(burst, this.#left + Math.max(0, now - this.#asOfMs) * (perSecond / 1000));
    this.#asOfMs = now;
    if (this.#left < 1) {
      throw new CofferError('rate-limited', 'too many key shares in a short time', {
        hint: 'Wait a few seconds.',
      });
    }
    this.#left -= 1;
  }
}
