import { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';

/** As Go's server says it, in the clear: clients search for the sentence. */
const answer =
  'HTTP/1.0 400 Bad Request\r\nConnection: close\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nClient sent an HTTP request to an HTTPS server.\n';

/** Tells a client that spoke HTTP to a TLS listener what it did, over the connection below the handshake that failed. */
export function answerPlainHttp(socket: TLSSocket): void {
  const below: unknown = '_parent' in socket ? socket._parent : undefined;
  if (below instanceof Socket && below.writable) below.end(answer);
}
