import { CofferError } from '../../contracts/errors.ts';
import { BcryptChecks } from './bcrypt-checks.ts';
import { hashPassword, isRightPassword } from './password-hash.ts';
import type { StoredHash } from './stored-hash.ts';

/** Half of libuv's threads, so that logins never keep files and name look-ups waiting. */
const atOnce = 2;
/** About five seconds of work; who comes later is told to come back. */
const mostWaiting = 256;

/** Hashing of passwords, a few at a time: each takes a thread, some 20 MiB and some 20 ms. */
export class PasswordWork {
  readonly #limits: { readonly atOnce: number; readonly mostWaiting: number };
  readonly #bcrypt = new BcryptChecks();
  readonly #waiting: (() => void)[] = [];
  #running = 0;

  constructor(limits = { atOnce, mostWaiting }) {
    this.#limits = limits;
  }

  hash(password: string): Promise<string> {
    return this.#run(() => hashPassword(password));
  }

  isRight(password: string, { kind, hash }: StoredHash): Promise<boolean> {
    return this.#run(() =>
      kind === 'argon2id' ? isRightPassword(password, hash) : this.#bcrypt.isRight(password, hash),
    );
  }

  close(): Promise<void> {
    return this.#bcrypt.close();
  }

  /** Throws 'rate-limited' when too many wait already. */
  async #run<T>(work: () => Promise<T>): Promise<T> {
    if (this.#running < this.#limits.atOnce) this.#running++;
    else await this.#turn();
    try {
      return await work();
    } finally {
      const next = this.#waiting.shift();
      if (next) next();
      else this.#running--;
    }
  }

  /** Resolves with the place of one that has just finished. */
  #turn(): Promise<void> {
    if (this.#waiting.length >= this.#limits.mostWaiting)
      throw new CofferError('rate-limited', 'too many passwords are being checked at once; try again');
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
    });
  }
}
