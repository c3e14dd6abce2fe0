/** One connection to what records the entries. It is used by one caller at a time and, once down, never again. */
export interface Connection {
  /** False as soon as it is known that nothing more can be sent. */
  readonly isUp: boolean;
  /**
   * Resolves when the system has taken all of `messages` and no word came back that the peer is gone.
   * Rejects with `EntryTooLarge`, which leaves the connection as it was, or with what broke it. A `signal` that
   * aborts breaks it too, for what was written cannot be taken back.
   */
  send(messages: readonly Uint8Array[], signal: AbortSignal): Promise<void>;
  /** Lets go of it once the peer has been sent everything, or when `signal` aborts. Never rejects. */
  end(signal: AbortSignal): Promise<void>;
  destroy(): void;
}

/** An entry that this kind of connection can never carry. All others of its batch were sent. */
export class EntryTooLarge extends Error {
  constructor(bytes: number, mostBytes: number) {
    super(
      `an entry of ${bytes} bytes is larger than a datagram can hold (${mostBytes}); ` +
        'use tcp or unix, or enable a file device besides',
    );
    this.name = 'EntryTooLarge';
  }
}

/** The short name of a system error (`ECONNREFUSED`), or its message. */
export function reasonOf(error: unknown): string {
  if (error instanceof Error && 'code' in error && typeof error.code === 'string') return error.code;
  return error instanceof Error ? error.message : 'unknown error';
}

/** Rejects when `signal` aborts, and settles as `work` does otherwise. */
export function unlessAborted<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(signal.reason);
    if (signal.aborted) onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
}

/**
 * Whether a connection is up, and the news that it is not, for the one caller who waits. Nothing of a wait stays
 * behind when it ends well, as it would with `Promise.race` and a promise that lasts as long as the connection.
 */
export class Lifeline {
  #error: Error | undefined;
  #waiting: ((error: Error) => void) | undefined;

  get isUp(): boolean {
    return this.#error === undefined;
  }

  /** Only the first reason counts. */
  break(reason: Error): void {
    this.#error ??= reason;
    this.#waiting?.(this.#error);
  }

  /** Rejects when this breaks, or has broken, and settles as `work` does otherwise. */
  unlessBroken<T>(work: Promise<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      if (this.#error !== undefined) reject(this.#error);
      else this.#waiting = reject;
      work.then(resolve, reject);
    }).finally(() => {
      this.#waiting = undefined;
    });
  }

  /** Resolves after one look at the network, unless that tells of a break. */
  stillUp(): Promise<void> {
    return this.unlessBroken(new Promise<void>((resolve) => setImmediate(resolve)));
  }
}
