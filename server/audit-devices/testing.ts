import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** Without a word for this long, a sender on the same machine has said all. */
const quietMs = 40;

/** A receiver on loopback or at a path. Keeps what each connection sent, in the order they came. */
export class StreamReceiver {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #received: Buffer[][] = [];
  #heardAt = performance.now();
  /** New connections are accepted and left unread while this is set. */
  isDeaf = false;

  constructor() {
    this.#server = createServer((socket) => this.#accept(socket));
  }

  static async listen(where: { port: number; host: string } | { path: string }): Promise<StreamReceiver> {
    const receiver = new StreamReceiver();
    receiver.#server.listen(where);
    await once(receiver.#server, 'listening');
    return receiver;
  }

  get port(): number {
    const address = this.#server.address();
    return typeof address === 'object' && address !== null ? address.port : 0;
  }

  get connections(): number {
    return this.#received.length;
  }

  get openConnections(): number {
    return this.#sockets.size;
  }

  /** What each connection has sent, once all is quiet. */
  async received(): Promise<Buffer[]> {
    await sleep(quietMs);
    while (performance.now() - this.#heardAt < quietMs) await sleep(quietMs / 4);
    return this.#received.map((chunks) => Buffer.concat(chunks));
  }

  async text(): Promise<string> {
    return Buffer.concat(await this.received()).toString();
  }

  /** Ends connections without ceasing to listen. */
  drop(how: 'politely' | 'reset'): void {
    for (const socket of this.#sockets) {
      if (how === 'reset') socket.resetAndDestroy();
      else socket.end();
    }
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    const closed = once(this.#server, 'close');
    this.#server.close();
    await closed;
  }

  #accept(socket: Socket): void {
    const chunks: Buffer[] = [];
    this.#received.push(chunks);
    this.#sockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => this.#sockets.delete(socket));
    if (this.isDeaf) return;
    socket.on('data', (chunk: Buffer) => {
      chunks.push(chunk);
      this.#heardAt = performance.now();
    });
  }
}
