import type { Clock } from '../../contracts/clock.ts';
import { CofferError } from '../../contracts/errors.ts';

/** More than the largest set of shares, so that a script can bring all of them at once. */
const burst = 300;
const perSecond = 5;
/** Memory for this many addresses; the one that was silent longest makes room. */
const maxSources = 1_000;

interface Bucket {
  left: number;
  asOfMs: number;
}

/**
 * Bounds how often one address, with no token, makes the server try key shares. By address, so that a flood from one
 * keeps nobody else from unsealing.
 */
export class SubmissionLimit {
  readonly #clock: Clock;
  readonly #sources = new Map<string, Bucket>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Throws 'rate-limited'. `source` is an address; '' for the program itself and for unix sockets. */
  take(source: string): void {
    const now = this.#clock.now();
    const bucket = this.#sources.get(source) ?? { left: burst, asOfMs: now };
    // A clock that went backwards gives nothing and takes nothing.
    bucket.left = Math.min(burst, bucket.left + Math.max(0, now - bucket.asOfMs) * (perSecond / 1000));
    bucket.asOfMs = now;
    this.#sources.delete(source);
    this.#sources.set(source, bucket);
    if (this.#sources.size > maxSources) {
      const [oldest = ''] = this.#sources.keys();
      this.#sources.delete(oldest);
    }
    if (bucket.left < 1) {
      throw new CofferError('rate-limited', 'too many key shares in a short time', {
        hint: 'Wait a few seconds.',
      });
    }
    bucket.left -= 1;
  }
}
