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
