import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';

type Direction = 'requests' | 'answers';

/** A port in front of another, which can stop letting bytes through in the middle of a conversation. */
export class AnswerGate {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #held: { readonly text: string; readonly holds: Direction; readonly seen: () => void } | undefined;

  private constructor(targetPort: number) {
    this.#server = createServer((client) => this.#join(client, connect(targetPort, '127.0.0.1')));
  }

  static async open(targetPort: number): Promise<AnswerGate> {
    const gate = new AnswerGate(targetPort);
    gate.#server.listen(0, '127.0.0.1');
    await once(gate.#server, 'listening');
    return gate;
  }

  get port(): number {
    const address = this.#server.address();
    return typeof address === 'object' && address ? address.port : 0;
  }

  /**
   * Resolves when a request holds `text`. From then on, `requests` keeps it and all later ones from the target;
   * `answers` lets it through, and keeps back what the target says to it.
   */
  holdFrom(text: string, holds: Direction): Promise<void> {
    return new Promise((resolve) => {
      this.#held = { text, holds, seen: resolve };
    });
  }

  /** Cuts every conversation; new ones pass. */
  cut(): void {
    this.#held = undefined;
    for (const socket of this.#sockets) socket.destroy();
  }

  async close(): Promise<void> {
    this.cut();
    this.#server.close();
    await once(this.#server, 'close');
  }

  #join(client: Socket, target: Socket): void {
    let holds: Direction | undefined;
    for (const socket of [client, target]) {
      this.#sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => {
        this.#sockets.delete(socket);
        client.destroy();
        target.destroy();
      });
    }
    client.on('data', (bytes: Buffer) => {
      if (this.#held && bytes.includes(this.#held.text)) {
        holds = this.#held.holds;
        this.#held.seen();
      }
      if (holds !== 'requests') target.write(bytes);
    });
    target.on('data', (bytes: Buffer) => {
      if (holds !== 'answers') client.write(bytes);
    });
  }
}
