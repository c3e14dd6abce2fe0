/** The answer to one request of one client. Seconds are whole and rounded up. */
export interface RateVerdict {
  readonly isAllowed: boolean;
  /** Requests in an interval. */
  readonly limit: number;
  readonly remaining: number;
  /** Until the count begins anew. */
  readonly resetSeconds: number;
  /** Until it is worth trying again; 0 when allowed. */
  readonly retryAfterSeconds: number;
}

export interface RateLimits {
  readonly rate: number;
  readonly intervalSeconds: number;
  readonly blockIntervalSeconds: number;
}

interface Client {
  windowStartMs: number;
  used: number;
  blockedUntilMs: number;
}

/** So many clients are told apart at once; then those seen longest ago are forgotten. About 20 MB. */
const maxClients = 100_000;

/**
 * Counts the requests of each client address in intervals that begin with its first request, as Vault does. Times
 * are milliseconds and may jump: a clock set back begins a new interval.
 */
export class RateLimiter {
  readonly #limit: number;
  readonly #intervalMs: number;
  readonly #blockMs: number;
  readonly #maxClients: number;
  /** In the order in which their intervals began. */
  readonly #clients = new Map<string, Client>();

  constructor({ rate, intervalSeconds, blockIntervalSeconds }: RateLimits, capacity: number = maxClients) {
    // Less than one in an interval is one in a longer interval.
    this.#limit = Math.max(1, Math.floor(rate));
    this.#intervalMs = rate < 1 ? (intervalSeconds * 1000) / rate : intervalSeconds * 1000;
    this.#blockMs = blockIntervalSeconds * 1000;
    this.#maxClients = capacity;
  }

  get clients(): number {
    return this.#clients.size;
  }

  take(address: string, nowMs: number): RateVerdict {
    const client = this.#client(address, nowMs);
    if (nowMs < client.blockedUntilMs) return this.#refuse(client, client.blockedUntilMs, nowMs);
    if (client.used >= this.#limit) {
      if (this.#blockMs > 0) client.blockedUntilMs = nowMs + this.#blockMs;
      const windowEndMs = client.windowStartMs + this.#intervalMs;
      return this.#refuse(client, Math.max(windowEndMs, client.blockedUntilMs), nowMs);
    }
    client.used++;
    return {
      isAllowed: true,
      limit: this.#limit,
      remaining: this.#limit - client.used,
      resetSeconds: secondsUntil(client.windowStartMs + this.#intervalMs, nowMs),
      retryAfterSeconds: 0,
    };
  }

  #refuse(client: Client, untilMs: number, nowMs: number): RateVerdict {
    return {
      isAllowed: false,
      limit: this.#limit,
      remaining: 0,
      resetSeconds: secondsUntil(client.windowStartMs + this.#intervalMs, nowMs),
      retryAfterSeconds: Math.max(1, secondsUntil(untilMs, nowMs)),
    };
  }

  #client(address: string, nowMs: number): Client {
    const known = this.#clients.get(address);
    if (known) {
      const isRunning = nowMs >= known.windowStartMs && nowMs < known.windowStartMs + this.#intervalMs;
      if (isRunning || (nowMs < known.blockedUntilMs && nowMs >= known.windowStartMs)) return known;
      this.#clients.delete(address);
    } else if (this.#clients.size >= this.#maxClients) this.#forgetSome(nowMs);
    const client: Client = { windowStartMs: nowMs, used: 0, blockedUntilMs: 0 };
    this.#clients.set(address, client);
    return client;
  }

  /** Those whose interval is over, and at least the oldest. */
  #forgetSome(nowMs: number): void {
    let forgotten = 0;
    for (const [address, client] of this.#clients) {
      const isOver =
        nowMs >= client.blockedUntilMs &&
        (nowMs >= client.windowStartMs + this.#intervalMs || nowMs < client.windowStartMs);
      if (forgotten > 0 && !isOver) return;
      this.#clients.delete(address);
      forgotten++;
    }
  }
}

function secondsUntil(timeMs: number, nowMs: number): number {
  return Math.max(0, Math.ceil((timeMs - nowMs) / 1000));
}
