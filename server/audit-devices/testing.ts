import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** Without a word for this long, a sender on the same machine has said all. */
const quietMs = 40;

/** A receiver on loopback or at a path. Keeps what each connection sent, in the order they came. */
export class StreamReceiver {
  /** 0 for one at a path. Stays after it is closed, for another to listen there. */
  port = 0;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #received: Buffer[][] = [];
  #heardAt = performance.now();
  /** New connections are accepted and left unread while this is set. */
  isDeaf = false;
  /** New connections are reset at once while this is set. */
  isHostile = false;
  /** The next connection to bring this many bytes is reset; only that one. */
  dropAfterBytes: number | undefined;

  constructor() {
    this.#server = createServer((socket) => this.#accept(socket));
  }

  static async listen(where: { port: number; host: string } | { path: string }): Promise<StreamReceiver> {
    const receiver = new StreamReceiver();
    receiver.#server.listen(where);
    await once(receiver.#server, 'listening');
    const address = receiver.#server.address();
    if (typeof address === 'object' && address !== null) receiver.port = address.port;
    return receiver;
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
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #accept(socket: Socket): void {
    const chunks: Buffer[] = [];
    let received = 0;
    this.#received.push(chunks);
    this.#sockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => this.#sockets.delete(socket));
    if (this.isHostile) socket.resetAndDestroy();
    if (this.isDeaf) return;
    socket.on('data', (chunk: Buffer) => {
      chunks.push(chunk);
      this.#heardAt = performance.now();
      received += chunk.length;
      if (this.dropAfterBytes === undefined || received < this.dropAfterBytes) return;
      this.dropAfterBytes = undefined;
      socket.resetAndDestroy();
    });
  }
}

const bindDatagram = `
use Socket;
my $s;
socket($s, PF_UNIX, SOCK_DGRAM, 0) and bind($s, sockaddr_un($ARGV[0])) or die;
$| = 1; print "bound\\n"; <STDIN>;
`;

/** A unix datagram socket, which the runtime cannot make. Undefined where there is no Perl. */
export async function datagramSocketAt(): Promise<
  { readonly path: string; dispose(): Promise<void> } | undefined
> {
  const folder = await mkdtemp(join(tmpdir(), 'coffer-audit-datagram-'));
  const path = join(folder, 'log');
  const perl = spawn('perl', ['-e', bindDatagram, path], { stdio: ['pipe', 'pipe', 'ignore'] });
  const dispose = async (): Promise<void> => {
    perl.stdin.end();
    await rm(folder, { recursive: true, force: true });
  };
  const bound = await Promise.race([
    once(perl.stdout, 'data').then(() => true),
    once(perl, 'error').then(() => false),
    once(perl, 'exit').then(() => false),
  ]).catch(() => false);
  if (bound) return { path, dispose };
  await dispose();
  return undefined;
}
