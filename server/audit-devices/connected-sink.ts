import type { AuditSink } from '../contracts/audit-device.ts';
import type { Clock } from '../contracts/clock.ts';
import { type Connection, EntryTooLarge, reasonOf, unlessAborted } from './connection.ts';
import { connectDatagram } from './datagram-connection.ts';
import { type Destination, describeDestination } from './destination.ts';
import { connectStream } from './stream-connection.ts';

/** How entries are laid out on the wire. */
export interface Framing {
  /** The messages that hold `lines`, in order: over UDP each is a datagram, over a stream they follow one another. */
  messages(lines: Uint8Array): readonly Uint8Array[];
  /** Sent first on a stream whose predecessor broke midway, for receivers that join the two. */
  readonly afterBreak?: Uint8Array;
}

export interface ConnectedSinkParts {
  readonly destination: Destination;
  readonly framing: Framing;
  /** Bounds one append, one reopening, and the farewell. */
  readonly writeTimeoutMs: number;
  readonly clock: Clock;
}

const firstPauseMs = 25;
const longestPauseMs = 1000;

/** Connects; throws an `Error` that names the destination when it cannot, within the bound. */
export async function openConnectedSink(parts: ConnectedSinkParts): Promise<AuditSink> {
  const sink = new ConnectedSink(parts);
  await sink.reopen();
  return sink;
}

/**
 * Sends entries over a connection, and over another when that breaks: at least once, for how far a broken one
 * got cannot be known.
 *
 * An append that finds the peer gone tries anew, with growing pauses, until the bound; so a peer may restart
 * unnoticed. After one that failed, the peer is asked at most once a pause, and appends in between fail at once.
 */
class ConnectedSink implements AuditSink {
  readonly #parts: ConnectedSinkParts;
  #connection: Connection | undefined;
  #brokeMidway = false;
  #isAway = false;
  /** Set while the peer is left alone: what came of asking it last. */
  #lastError: Error | undefined;
  #restMs = firstPauseMs;
  #isClosed = false;
  /** Appends and reopenings, one after the other. */
  #turn: Promise<unknown> = Promise.resolve();

  constructor(parts: ConnectedSinkParts) {
    this.#parts = parts;
  }

  async append(lines: Uint8Array): Promise<void> {
    this.#assertOpen();
    return this.#alone(async () => {
      if (this.#lastError !== undefined && !this.#connection?.isUp) throw this.#lastError;
      const messages = this.#parts.framing.messages(lines);
      try {
        await this.#bounded((signal) => this.#send(messages, signal));
        this.#isAway = false;
        this.#restMs = firstPauseMs;
      } catch (error) {
        if (!(error instanceof EntryTooLarge)) this.#rest(error);
        throw error;
      }
    });
  }

  async reopen(): Promise<void> {
    this.#assertOpen();
    return this.#alone(async () => {
      const old = this.#connection;
      this.#connection = await this.#bounded((signal) => this.#connect(signal));
      if (old !== undefined) await this.#bounded((signal) => old.end(signal));
    });
  }

  close(): Promise<void> {
    this.#isClosed = true;
    return this.#alone(async () => {
      const old = this.#connection;
      this.#connection = undefined;
      if (old !== undefined) await this.#bounded((signal) => old.end(signal));
    });
  }

  async #send(messages: readonly Uint8Array[], signal: AbortSignal): Promise<void> {
    for (let pauseMs = 0; ; pauseMs = Math.min(Math.max(pauseMs * 2, firstPauseMs), longestPauseMs)) {
      try {
        if (!this.#connection?.isUp) this.#connection = await this.#connect(signal);
        await this.#sendOnce(this.#connection, messages, signal);
        return;
      } catch (error) {
        if (error instanceof EntryTooLarge || signal.aborted || this.#isAway) throw error;
        // A break during the last pause would be told as a time-out, which says less.
        await this.#pause(pauseMs, signal, error);
        this.#assertOpen();
      }
    }
  }

  async #sendOnce(
    connection: Connection,
    messages: readonly Uint8Array[],
    signal: AbortSignal,
  ): Promise<void> {
    const { destination, framing } = this.#parts;
    const first = this.#brokeMidway && destination.transport !== 'udp' ? framing.afterBreak : undefined;
    this.#brokeMidway = true;
    try {
      await connection.send(first === undefined ? messages : [first, ...messages], signal);
      this.#brokeMidway = false;
    } catch (error) {
      if (error instanceof EntryTooLarge) this.#brokeMidway = false;
      throw error instanceof EntryTooLarge ? error : this.#failure('cannot send to', error);
    }
  }

  async #connect(signal: AbortSignal): Promise<Connection> {
    const { destination } = this.#parts;
    try {
      return destination.transport === 'udp'
        ? await connectDatagram(destination, signal)
        : await connectStream(destination, signal);
    } catch (error) {
      throw this.#failure('cannot connect to', error);
    }
  }

  /** Throws `error` when `signal` aborts first. */
  async #pause(ms: number, signal: AbortSignal, error: unknown): Promise<void> {
    const over = Promise.withResolvers<void>();
    const cancel = this.#parts.clock.after(ms, over.resolve);
    try {
      await unlessAborted(signal, over.promise);
    } catch {
      throw error;
    } finally {
      cancel();
    }
  }

  #rest(error: unknown): void {
    this.#isAway = true;
    this.#lastError = error instanceof Error ? error : new Error('the entries could not be sent');
    this.#parts.clock.after(this.#restMs, () => {
      this.#lastError = undefined;
    });
    this.#restMs = Math.min(this.#restMs * 2, longestPauseMs);
  }

  #failure(what: string, error: unknown): Error {
    const reason = reasonOf(error);
    const known = reasons[reason];
    const text = known === undefined ? reason : `${known} (${reason})`;
    return new Error(`${what} ${describeDestination(this.#parts.destination)}: ${text}`, { cause: error });
  }

  async #bounded<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const { clock, writeTimeoutMs } = this.#parts;
    const controller = new AbortController();
    const tooLate = new Error(`not done within the write_timeout of ${writeTimeoutMs} ms`);
    const cancel = clock.after(writeTimeoutMs, () => controller.abort(tooLate));
    try {
      return await work(controller.signal);
    } finally {
      cancel();
    }
  }

  #assertOpen(): void {
    if (this.#isClosed) throw new Error('the audit device is closed');
  }

  #alone<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#turn.then(work, work);
    this.#turn = turn.catch(() => {});
    return turn;
  }
}

const reasons: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nobody listens there',
  ENOENT: 'there is no such socket',
  EACCES: 'permission denied',
  EPROTOTYPE:
    'it is a datagram socket, which this server cannot write to; have the receiver listen on a stream socket',
  ENOTFOUND: 'the name does not resolve',
  EHOSTUNREACH: 'no route to it',
  ENETUNREACH: 'no route to it',
};
