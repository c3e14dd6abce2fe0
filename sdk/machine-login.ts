import type { SdkClock } from './sdk-clock.ts';
import type { SecretAuth } from './secret.ts';

/** How a machine gets its token. */
export interface LoginOptions {
  readonly method: 'approle';
  readonly roleId: string;
  /** Left out for roles that need none. */
  readonly secretId?: string;
  /** Where the method is mounted, below `auth/`. Default: the method's name. */
  readonly mount?: string;
  /** Where the mount is. Default: the client's namespace. */
  readonly namespace?: string;
}

/** What a login asks of the server. */
export interface LoginRequests {
  logIn(): Promise<SecretAuth>;
  /** Undefined when the server refuses to renew it; throws when it cannot tell. */
  renew(token: string): Promise<SecretAuth | undefined>;
  /** Whether the server still knows the token; throws when it cannot tell. */
  isAlive(token: string): Promise<boolean>;
}

interface Held {
  readonly token: string;
  readonly renewable: boolean;
  /** 0: does not end. */
  readonly leaseMs: number;
  readonly sinceMs: number;
}

/** A token that was alive this short a time ago was refused by a policy. */
const sureForMs = 5000;
const longestPauseMs = 30_000;

/**
 * The token of a machine: made when it is first needed, renewed at two-thirds of its time, made anew when it cannot
 * be renewed, has nearly reached its longest life, or is no longer known to the server. In memory and nowhere else.
 */
export class MachineLogin {
  readonly #requests: LoginRequests;
  readonly #clock: SdkClock;
  #held: Held | undefined;
  /** The lease of the login itself: renewals that give less have met the longest life. */
  #fullLeaseMs = 0;
  #comingLogin: Promise<string> | undefined;
  #cancelTimer: () => void = () => {};
  #surelyAliveMs = Number.NEGATIVE_INFINITY;
  /** Policies of the role hide even the token from itself: a refusal says nothing about it. */
  #cannotTell = false;
  #isClosed = false;

  constructor(requests: LoginRequests, clock: SdkClock) {
    this.#requests = requests;
    this.#clock = clock;
  }

  async token(): Promise<string> {
    return this.#held && !this.#isOver(this.#held) ? this.#held.token : this.#logIn();
  }

  /** For a token that was refused: another one, or undefined when the token is not the reason. */
  async replace(refused: string): Promise<string | undefined> {
    if (this.#held && this.#held.token !== refused) return this.#held.token;
    const sinceSure = this.#clock.now() - this.#surelyAliveMs;
    if (this.#cannotTell || (sinceSure >= 0 && sinceSure < sureForMs)) return undefined;
    if (await this.#isAlive(refused)) return undefined;
    if (this.#held && this.#held.token !== refused) return this.#held.token;
    const token = await this.#logIn();
    this.#cannotTell = !(await this.#isAlive(token));
    return token;
  }

  /** Nothing is renewed any more; the token ends by itself. */
  close(): void {
    this.#isClosed = true;
    this.#cancelTimer();
  }

  async #isAlive(token: string): Promise<boolean> {
    // A server that cannot tell is no reason for another login.
    const isAlive = await this.#requests.isAlive(token).catch(() => true);
    if (isAlive) this.#surelyAliveMs = this.#clock.now();
    return isAlive;
  }

  #logIn(): Promise<string> {
    this.#comingLogin ??= this.#requests
      .logIn()
      .then((auth) => {
        this.#fullLeaseMs = auth.lease_duration * 1000;
        return this.#hold(auth);
      })
      .finally(() => {
        this.#comingLogin = undefined;
      });
    return this.#comingLogin;
  }

  #hold(auth: SecretAuth): string {
    const held = {
      token: auth.client_token,
      renewable: auth.renewable,
      leaseMs: auth.lease_duration * 1000,
      sinceMs: this.#clock.now(),
    };
    this.#held = held;
    this.#surelyAliveMs = held.sinceMs;
    if (held.leaseMs > 0) this.#later((held.leaseMs * 2) / 3);
    else this.#cancelTimer();
    return held.token;
  }

  #later(delayMs: number): void {
    this.#cancelTimer();
    if (!this.#isClosed) this.#cancelTimer = this.#clock.after(delayMs, () => void this.#prolong());
  }

  async #prolong(): Promise<void> {
    const held = this.#held;
    if (!held || this.#isClosed) return;
    try {
      const renewed = held.renewable ? await this.#requests.renew(held.token) : undefined;
      // Somebody has logged in meanwhile.
      if (this.#held !== held) return;
      if (renewed && renewed.lease_duration * 2000 >= this.#fullLeaseMs) this.#hold(renewed);
      else await this.#logIn();
    } catch {
      // The token still has a third of its time; when that is over, the next request logs in and says what is wrong.
      const leftMs = held.sinceMs + held.leaseMs - this.#clock.now();
      if (this.#held === held && leftMs > 0)
        this.#later(Math.min(longestPauseMs, Math.max(leftMs / 3, 1000)));
    }
  }

  #isOver({ leaseMs, sinceMs }: Held): boolean {
    return leaseMs > 0 && this.#clock.now() >= sinceMs + leaseMs;
  }
}
