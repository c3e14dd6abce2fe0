import { ProblemError } from './problem.ts';
import type { SdkClock } from './sdk-clock.ts';
import type { SecretValue } from './secret-value.ts';
import { TransportError } from './transport.ts';

export interface CacheOptions {
  /** How long a value is answered without asking the server. Default 300. */
  readonly ttlSeconds?: number;
  /** How much longer it is answered while the server is away or overloaded. Default 600; 0 for never. */
  readonly staleSeconds?: number;
}

/** What became of each name: its value, or why there is none. */
export type Outcomes = ReadonlyMap<string, SecretValue | Error>;
export type LoadSecrets = (names: readonly string[]) => Promise<Outcomes>;

interface Held {
  readonly secret: SecretValue;
  readonly storedMs: number;
}

/** The oldest go first, so that a program that walks over many names does not keep them all. */
const mostHeld = 10_000;
/** From this part of its time on, a value that is used is read again in the background. */
const refreshFrom = 0.8;

/**
 * The newest values of secrets, in memory and nowhere else. Equal reads that are under way become one. A no of the
 * server (no right, no such secret, expired) drops the value at once: only silence and overload are bridged. A
 * secret's own expiry ends it here as well.
 */
export class SecretCache {
  readonly #ttlMs: number;
  readonly #staleMs: number;
  readonly #clock: SdkClock;
  readonly #held = new Map<string, Held>();
  readonly #coming = new Map<string, Promise<SecretValue | Error>>();

  constructor({ ttlSeconds = 300, staleSeconds = 600 }: CacheOptions, clock: SdkClock) {
    for (const [name, seconds] of Object.entries({ ttlSeconds, staleSeconds }))
      if (!Number.isFinite(seconds) || seconds < 0) throw new RangeError(`${name} must be 0 or more`);
    this.#ttlMs = ttlSeconds * 1000;
    this.#staleMs = staleSeconds * 1000;
    this.#clock = clock;
  }

  /** One outcome for each name; never throws for what `load` throws. */
  async read(names: readonly string[], load: LoadSecrets): Promise<Outcomes> {
    const known = new Map<string, SecretValue>();
    const wanted = new Set<string>();
    for (const name of new Set(names)) {
      const secret = this.#within(name, this.#ttlMs);
      if (secret) known.set(name, secret);
      if (!this.#within(name, this.#ttlMs * refreshFrom) && !this.#coming.has(name)) wanted.add(name);
    }
    if (wanted.size > 0) this.#start([...wanted], load);
    const outcomes = new Map<string, SecretValue | Error>();
    const waiting = [...new Set(names)].map(
      async (name) => [name, await this.#outcome(name, known)] as const,
    );
    for (const [name, outcome] of await Promise.all(waiting)) outcomes.set(name, outcome);
    return outcomes;
  }

  /** Also of a read that is under way: what it brings may be older than the change that this call is about. */
  forget(name: string): void {
    this.#held.delete(name);
    this.#coming.delete(name);
  }

  clear(): void {
    this.#held.clear();
    this.#coming.clear();
  }

  #outcome(name: string, known: ReadonlyMap<string, SecretValue>): Promise<SecretValue | Error> {
    const secret = known.get(name);
    return secret
      ? Promise.resolve(secret)
      : (this.#coming.get(name) ?? Promise.resolve(new Error(`${name} was not read`)));
  }

  #start(names: readonly string[], load: LoadSecrets): void {
    const all = load(names).catch((error: unknown): Outcomes => {
      const reason = error instanceof Error ? error : new Error('the secret could not be read');
      return new Map(names.map((name) => [name, reason]));
    });
    for (const name of names) {
      const one: Promise<SecretValue | Error> = all.then((outcomes) => {
        const outcome = outcomes.get(name) ?? new Error(`the server answered nothing about ${name}`);
        const isCurrent = this.#coming.get(name) === one;
        if (isCurrent) this.#coming.delete(name);
        return this.#settle(name, outcome, isCurrent);
      });
      this.#coming.set(name, one);
    }
  }

  #settle(name: string, outcome: SecretValue | Error, isCurrent: boolean): SecretValue | Error {
    if (outcome instanceof Error) {
      if (isPassing(outcome)) return this.#within(name, this.#ttlMs + this.#staleMs) ?? outcome;
      if (isCurrent) this.#held.delete(name);
      return outcome;
    }
    if (isCurrent && this.#ttlMs > 0) {
      this.#held.delete(name);
      this.#held.set(name, { secret: outcome, storedMs: this.#clock.now() });
      const oldest = this.#held.keys().next();
      if (this.#held.size > mostHeld && !oldest.done) this.#held.delete(oldest.value);
    }
    return outcome;
  }

  /** A clock that was set back makes a value old, not young. */
  #within(name: string, mostMs: number): SecretValue | undefined {
    const held = this.#held.get(name);
    if (!held) return undefined;
    const nowMs = this.#clock.now();
    const ageMs = nowMs - held.storedMs;
    const isYoung = ageMs >= 0 && ageMs < mostMs;
    const { expiresAt } = held.secret;
    return isYoung && (expiresAt === undefined || nowMs < expiresAt.getTime()) ? held.secret : undefined;
  }
}

/** The server said nothing about the secret: it was away, broken or asked for patience. */
function isPassing(error: Error): boolean {
  if (error instanceof TransportError) return true;
  return error instanceof ProblemError && (error.status === 429 || error.status >= 500);
}
