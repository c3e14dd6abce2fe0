import { createSocket, type Socket } from 'node:dgram';
import { lookup } from 'node:dns/promises';
import { type Connection, EntryTooLarge, Lifeline, reasonOf, unlessAborted } from './connection.ts';
import type { NetworkDestination } from './destination.ts';

/** A datagram's length field counts 65,535 bytes: less UDP's header, and for IPv4 its header too. */
const mostBytesIPv4 = 65_507;
const mostBytesIPv6 = 65_527;

/**
 * A UDP socket with `destination` as its only peer. That it opens says that the name resolves and that there is
 * a route, no more: whether anybody listens only shows, and only sometimes, after something was sent.
 */
export async function connectDatagram(
  destination: NetworkDestination,
  signal: AbortSignal,
): Promise<Connection> {
  const { host, port, family } = destination;
  const found = await unlessAborted(signal, lookup(host, { family }));
  const socket = createSocket(found.family === 6 ? 'udp6' : 'udp4');
  const connected = Promise.withResolvers<void>();
  socket.once('error', connected.reject);
  // Unlike what the types say, a failure is given to the callback, and only there.
  const onConnect = (error?: Error): void => (error ? connected.reject(error) : connected.resolve());
  socket.connect(port, found.address, onConnect);
  try {
    await unlessAborted(signal, connected.promise);
  } catch (error) {
    socket.on('error', () => {});
    socket.close();
    throw error;
  }
  return new DatagramConnection(socket, found.family === 6 ? mostBytesIPv6 : mostBytesIPv4);
}

class DatagramConnection implements Connection {
  readonly #socket: Socket;
  readonly #mostBytes: number;
  readonly #lifeline = new Lifeline();

  constructor(socket: Socket, mostBytes: number) {
    this.#socket = socket;
    this.#mostBytes = mostBytes;
    socket.on('error', (error) => this.#goDown(error));
    socket.on('message', () => {});
  }

  get isUp(): boolean {
    return this.#lifeline.isUp;
  }

  async send(messages: readonly Uint8Array[], signal: AbortSignal): Promise<void> {
    let tooLarge: EntryTooLarge | undefined;
    try {
      for (const message of messages) {
        const sent = await unlessAborted(signal, this.#lifeline.unlessBroken(this.#sendOne(message)));
        if (!sent) tooLarge ??= new EntryTooLarge(message.length, this.#mostBytes);
      }
      // A host that has nobody at this port has by now, when it is near, said so.
      await this.#lifeline.stillUp();
    } catch (error) {
      this.destroy();
      throw error;
    }
    if (tooLarge) throw tooLarge;
  }

  async end(): Promise<void> {
    this.destroy();
  }

  destroy(): void {
    this.#goDown(new Error('the socket is closed'));
  }

  /** Answers false when no datagram can hold `message`. */
  #sendOne(message: Uint8Array): Promise<boolean> {
    if (message.length > this.#mostBytes) return Promise.resolve(false);
    return new Promise((resolve, reject) => {
      this.#socket.send(message, (error) => {
        if (error === null) resolve(true);
        else if (reasonOf(error) === 'EMSGSIZE') resolve(false);
        else reject(error);
      });
    });
  }

  #goDown(error: Error): void {
    if (!this.isUp) return;
    this.#lifeline.break(error);
    this.#socket.close();
  }
}
