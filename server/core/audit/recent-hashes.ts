import type { Clock } from '../../contracts/clock.ts';
import type { SaltedHash } from './salted-hash.ts';

const keptMs = 1000;
const keptEntries = 1024;
/** Longer texts are rare, and dearer to keep than to hash again. */
const longestKept = 128;

/**
 * The hashes of the last second, for answers that are made anew each time from the same strings (a token's
 * look-up). Everything is forgotten after at most a second, so that no secret outlives its use here.
 */
export class RecentHashes {
  readonly #salted: SaltedHash;
  readonly #clock: Clock;
  readonly #known = new Map<string, string>();

  constructor(salted: SaltedHash, clock: Clock) {
    this.#salted = salted;
    this.#clock = clock;
  }

  text(secret: string): string {
    const known = this.#known.get(secret);
    if (known !== undefined) return known;
    const hashed = this.#salted.text(secret);
    if (secret.length > longestKept || this.#known.size >= keptEntries) return hashed;
    if (this.#known.size === 0) this.#clock.after(keptMs, () => this.#known.clear());
    this.#known.set(secret, hashed);
    return hashed;
  }
}
