import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { WebSocket, WebSocketServer } from 'ws';
import type { Clock } from '../../contracts/clock.ts';
import type { ReplyStream, StreamEnd, StreamSink } from '../../contracts/streams.ts';
import { eventsProtocol } from './web-socket-token.ts';

/** A request that asks to go on as a WebSocket: its socket, and the bytes after its head. */
export interface Upgrade {
  readonly socket: Socket;
  readonly head: Buffer;
}

interface StreamPlace {
  readonly message: IncomingMessage;
  readonly response: ServerResponse;
  readonly upgrade: Upgrade | undefined;
  readonly keepOpen: (onClosing: () => void) => void;
  readonly clock: Clock;
}

const pingEveryMs = 30_000;
/** RFC 6455 section 7.4.1. */
const closeCodes: Readonly<Record<StreamEnd, number>> = {
  done: 1000,
  'going-away': 1001,
  refused: 1008,
  'too-slow': 1013,
};

/** Goes on with an answer for as long as both sides want. Resolves once it has begun. */
export async function serveStream(stream: ReplyStream, place: StreamPlace): Promise<void> {
  if (stream.kind === 'text') serveText(stream, place);
  else if (place.upgrade) await serveWebSocket(stream, place, place.upgrade);
  else throw new TypeError('a WebSocket for a request that did not ask for one');
}

function serveText(stream: ReplyStream, { message, response, keepOpen }: StreamPlace): void {
  response.writeHead(200, {
    'Cache-Control': 'no-store',
    'Content-Type': 'text/plain; charset=utf-8',
    'X-Content-Type-Options': 'nosniff',
  });
  if (message.method === 'HEAD') {
    response.end();
    return;
  }
  response.flushHeaders();
  const sink: StreamSink = {
    send: (text) => void response.write(text),
    get waitingBytes() {
      return response.writableLength;
    },
    end: () => void response.end(),
  };
  const gone = stream.start(sink);
  keepOpen(() => {
    gone();
    response.end();
  });
  response.once('close', gone);
}

async function serveWebSocket(
  stream: ReplyStream,
  place: StreamPlace,
  { socket, head }: Upgrade,
): Promise<void> {
  const acceptor = await openAcceptor();
  const { message, response, keepOpen, clock } = place;
  if (socket.destroyed) return;
  response.detachSocket(socket);
  acceptor.handleUpgrade(message, socket, head, (peer) => {
    const end = (code: number, text: string) => peer.close(code, text.slice(0, 120));
    const gone = stream.start({
      send: (data) => peer.send(data),
      get waitingBytes() {
        return peer.bufferedAmount;
      },
      end: (why, text) => end(closeCodes[why], text),
    });
    const stopPings = keepAlive(peer, clock);
    keepOpen(() => {
      gone();
      end(closeCodes['going-away'], 'the server stops');
    });
    // Nobody has anything to say to us, as in Vault.
    peer.on('message', () => end(closeCodes.refused, 'unexpected message'));
    peer.on('error', () => peer.terminate());
    peer.once('close', () => {
      stopPings();
      gone();
    });
  });
}

/** Compression is off: what subscribers see of secrets’ names must not be guessable by its size. */
async function openAcceptor(): Promise<WebSocketServer> {
  const { WebSocketServer } = await import('ws');
  return new WebSocketServer({
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    maxPayload: 4096,
    handleProtocols: (protocols) => (protocols.has(eventsProtocol) ? eventsProtocol : false),
  });
}

/** A peer that answers no ping has gone without a word. */
function keepAlive(peer: WebSocket, clock: Clock): () => void {
  let isAlive = true;
  let cancel = (): void => {};
  peer.on('pong', () => {
    isAlive = true;
  });
  const look = (): void => {
    if (!isAlive) {
      peer.terminate();
      return;
    }
    isAlive = false;
    peer.ping();
    cancel = clock.after(pingEveryMs, look);
  };
  cancel = clock.after(pingEveryMs, look);
  return () => cancel();
}
