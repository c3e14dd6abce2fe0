import type { Clock } from '../../contracts/clock.ts';
import { DatabaseError } from './database-plugin.ts';

const firstWaitMs = 500;
const longestWaitMs = 5_000;

/**
 * Keeps a database that is away from holding up everything that asks for it: after a failure to connect, one caller
 * at a time finds out whether it is back, not before some time has passed, and all others are told at once. It is
 * also why a wrong password is not tried over and over.
 */
export class Availability {
  readonly #clock: Clock;
  #failure: DatabaseError | undefined;
  #failedMs = 0;
  #waitMs = 0;
  #isProbing = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  async run<T>(work: () => Promise<T>): Promise<T> {
    const isProbe = this.#failure !== undefined;
    if (this.#failure) {
      if (this.#isProbing || this.#isTooEarly())
        throw new DatabaseError(this.#failure.kind, this.#failure.message);
      this.#isProbing = true;
    }
    try {
      const result = await work();
      this.#failure = undefined;
      this.#waitMs = 0;
      return result;
    } catch (error) {
      if (error instanceof DatabaseError && (error.kind === 'away' || error.kind === 'denied')) {
        this.#failure = error;
        this.#failedMs = this.#clock.now();
        this.#waitMs = Math.min(Math.max(this.#waitMs * 2, firstWaitMs), longestWaitMs);
      } else {
        this.#failure = undefined;
        this.#waitMs = 0;
      }
      throw error;
    } finally {
      if (isProbe) this.#isProbing = false;
    }
  }

  #isTooEarly(): boolean {
    const elapsedMs = this.#clock.now() - this.#failedMs;
    // A clock that went back says nothing.
    return elapsedMs >= 0 && elapsedMs < this.#waitMs;
  }
}
