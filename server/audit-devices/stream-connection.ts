import { connect, type Socket } from 'node:net';
import { type Connection, Lifeline, unlessAborted } from './connection.ts';
import type { Destination } from './destination.ts';

/** How long an idle connection may be silent before the system asks whether the peer still lives. */
const keepAliveAfterMs = 15_000;

/** Connects to a TCP or unix stream socket. Rejects with the system's error, or when `signal` aborts. */
export async function connectStream(destination: Destination, signal: AbortSignal): Promise<Connection> {
  signal.throwIfAborted();
  const socket =
    destination.transport === 'unix'
      ? connect({ path: destination.path })
      : connect({ host: destination.host, port: destination.port, family: destination.family });
  const connected = Promise.withResolvers<void>();
  socket.once('connect', connected.resolve);
  socket.once('error', connected.reject);
  try {
    await unlessAborted(signal, connected.promise);
  } catch (error) {
    socket.on('error', () => {});
    socket.destroy();
    throw error;
  }
  return new StreamConnection(socket);
}

class StreamConnection implements Connection {
  readonly #socket: Socket;
  readonly #lifeline = new Lifeline();

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.setNoDelay(true);
    socket.setKeepAlive(true, keepAliveAfterMs);
    socket.on('error', (error) => this.#lifeline.break(error));
    socket.on('end', () => this.#lifeline.break(new Error('the peer has closed the connection')));
    socket.on('close', () => this.#lifeline.break(new Error('the connection is closed')));
    // Only a socket that is read learns that its peer has gone. What the peer says is of no interest.
    socket.resume();
  }

  get isUp(): boolean {
    return this.#lifeline.isUp;
  }

  async send(messages: readonly Uint8Array[], signal: AbortSignal): Promise<void> {
    const only = messages.length === 1 ? messages[0] : undefined;
    const bytes = only ?? Buffer.concat(messages);
    const written = new Promise<void>((resolve, reject) => {
      this.#socket.write(bytes, (error) => (error ? reject(error) : resolve()));
    });
    try {
      await unlessAborted(signal, this.#lifeline.unlessBroken(written));
      // A peer that left just before has by now said so, and has not read this.
      await this.#lifeline.stillUp();
    } catch (error) {
      this.destroy();
      throw error;
    }
  }

  async end(signal: AbortSignal): Promise<void> {
    if (this.isUp && !signal.aborted) {
      const finished = new Promise<void>((resolve) => this.#socket.end(resolve));
      await unlessAborted(signal, this.#lifeline.unlessBroken(finished)).catch(() => {});
    }
    this.destroy();
  }

  destroy(): void {
    this.#lifeline.break(new Error('the connection is closed'));
    this.#socket.destroy();
  }
}
