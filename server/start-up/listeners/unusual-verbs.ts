import type { Server as HttpServer, IncomingMessage, ServerResponse } from 'node:http';
import type { Server as HttpsServer } from 'node:https';
import type { Socket } from 'node:net';

/**
 * LIST and SCAN are verbs of Vault's API that Node's HTTP parser does not know: it stops with
 * HPE_INVALID_METHOD at the head of such a request, and nowhere else. Then the parser is taken off the
 * connection, the verb is replaced by one of the same length that it knows, the bytes are put back, and a
 * new parser reads on; the handler is given the request under its own verb. No byte of a body is ever
 * looked at, since only the parser says where a request begins.
 */
const standIns: Readonly<Record<string, string>> = { LIST: 'LINK', SCAN: 'BIND' };

const mostHeldBytes = 256 * 1024;

export class UnusualVerbs {
  readonly #server: HttpServer | HttpsServer;
  readonly #connectionEvent: 'connection' | 'secureConnection';
  /** The listeners that a connection had before the HTTP server added its own. */
  readonly #own = new WeakMap<Socket, Map<string | symbol, readonly unknown[]>>();
  readonly #awaited = new WeakMap<Socket, string>();
  /** What connections sent ahead, from such a verb on, while an earlier answer is awaited. */
  readonly #held = new WeakMap<Socket, Buffer[]>();

  constructor(server: HttpServer | HttpsServer, isTls: boolean) {
    this.#server = server;
    this.#connectionEvent = isTls ? 'secureConnection' : 'connection';
    server.prependListener(this.#connectionEvent, (socket: Socket) => {
      if (this.#own.has(socket)) return;
      this.#own.set(socket, new Map(socket.eventNames().map((name) => [name, socket.rawListeners(name)])));
    });
  }

  /** Gives a request that came under a stand-in its own verb. */
  restore(request: IncomingMessage): void {
    const verb = this.#awaited.get(request.socket);
    if (verb === undefined) return;
    this.#awaited.delete(request.socket);
    if (request.method === standIns[verb]) request.method = verb;
  }

  /**
   * True when `error` (of 'clientError') was one of these verbs and the connection goes on. It does so once the
   * answers that are still `unsent` are out (pipelining), as taking the parser off would end them.
   */
  takeOver(error: unknown, socket: Socket, unsent: readonly ServerResponse[]): boolean {
    const held = this.#held.get(socket);
    if (held) return hold(held, error, socket);
    const found = socket.destroyed ? undefined : findVerb(error);
    if (!found) return false;
    const chunks = [found.bytes];
    const goOn = (): void => {
      this.#held.delete(socket);
      if (socket.destroyed || !socket.writable) return;
      this.#detach(socket);
      this.#awaited.set(socket, found.verb);
      socket.unshift(Buffer.concat(chunks));
      this.#server.emit(this.#connectionEvent, socket);
    };
    if (unsent.length === 0) {
      // The parser is still on the call stack here; by the next tick it is not, and no other byte has been read.
      process.nextTick(goOn);
      return true;
    }
    this.#held.set(socket, chunks);
    let waiting = unsent.length;
    for (const response of unsent)
      response.once('close', () => {
        if (--waiting === 0) setImmediate(goOn);
      });
    return true;
  }

  /** Takes off what the HTTP server put on, telling it that the connection closed so that it frees its parser. */
  #detach(socket: Socket): void {
    const own = this.#own.get(socket) ?? new Map<string | symbol, readonly unknown[]>();
    const isForeign = (name: string | symbol, listener: unknown): boolean =>
      !own.get(name)?.includes(listener);
    for (const listener of socket.rawListeners('close')) {
      if (isForeign('close', listener)) listener.call(socket, false);
    }
    for (const name of socket.eventNames()) {
      for (const listener of socket.rawListeners(name)) {
        if (!isForeign(name, listener)) continue;
        socket.removeListener(name, listener as (...values: unknown[]) => void);
      }
    }
  }
}

/** A parser that has stopped hands on whatever comes after, as errors. More than a client sends ahead ends the connection. */
function hold(held: Buffer[], error: unknown, socket: Socket): boolean {
  const size = held.reduce((sum, { length }) => sum + length, 0);
  if (
    error instanceof Error &&
    'rawPacket' in error &&
    Buffer.isBuffer(error.rawPacket) &&
    size <= mostHeldBytes
  )
    // The parser's buffer is used again for the next packet.
    held.push(Buffer.from(error.rawPacket));
  else socket.destroy();
  return true;
}

/**
 * The verb on which the parser choked, and the bytes from there on with its stand-in. The parser stops at the
 * first letter that differs from every method it knows. A verb cut in two by the network is not found; no
 * client sends its first five bytes apart.
 */
function findVerb(error: unknown): { verb: string; bytes: Buffer } | undefined {
  if (!(error instanceof Error) || !('code' in error) || error.code !== 'HPE_INVALID_METHOD')
    return undefined;
  if (!('rawPacket' in error) || !Buffer.isBuffer(error.rawPacket) || !('bytesParsed' in error))
    return undefined;
  const packet = error.rawPacket;
  for (const [verb, standIn] of Object.entries(standIns)) {
    for (let letters = 1; letters < verb.length; letters++) {
      const start = Number(error.bytesParsed) - letters;
      if (start < 0 || packet.toString('latin1', start, start + verb.length + 1) !== `${verb} `) continue;
      return { verb, bytes: Buffer.concat([Buffer.from(standIn), packet.subarray(start + verb.length)]) };
    }
  }
  return undefined;
}
