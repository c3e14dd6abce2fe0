import { once } from 'node:events';
import http, { type IncomingMessage, type ServerResponse } from 'node:http';
import https from 'node:https';
import type { AddressInfo } from 'node:net';

export interface Proxy {
  readonly address: string;
  /** Asked before each request goes on; a status is answered instead. */
  before: (method: string, path: string) => number | undefined;
  close(): Promise<void>;
}

/** Stands between the command line and a server; with a certificate it speaks TLS. */
export async function startProxy(
  port: number,
  tls?: { readonly cert: string; readonly key: string },
): Promise<Proxy> {
  const proxy: { before: Proxy['before'] } = { before: () => undefined };
  const pass = (request: IncomingMessage, response: ServerResponse): void => {
    const status = proxy.before(request.method ?? '', request.url ?? '');
    if (status !== undefined) {
      request.resume();
      response.writeHead(status, { 'Retry-After': '0' }).end('{"errors":["not now"]}');
      return;
    }
    const { method, url, headers } = request;
    const onward = http.request({ host: '127.0.0.1', port, method, path: url, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 0, answer.headers);
      answer.pipe(response);
    });
    onward.on('error', () => response.destroy());
    request.pipe(onward);
  };
  const server = tls ? https.createServer(tls, pass) : http.createServer(pass);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port: own } = server.address() as AddressInfo;
  return Object.assign(proxy, {
    address: `${tls ? 'https' : 'http'}://127.0.0.1:${own}`,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  });
}
