import {
  createServer,
  type IncomingMessage,
  type Server,
  type ServerOptions,
  ServerResponse,
} from 'node:http';
import { createServer as createTlsServer, type Server as TlsServer } from 'node:https';
import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import type { Clock } from '../../contracts/clock.ts';
import type { Logger } from '../../contracts/logger.ts';
import type { ListenerConfiguration } from '../configuration/configuration.ts';
import type { Connection, RequestHandler, Upgrade } from '../server-contract.ts';
import { ConnectionState } from './connection-state.ts';
import { createHeaderRules } from './custom-headers.ts';
import { createForwardedFor } from './forwarded-for.ts';
import { ListenerError, listenErrorOf } from './listener-error.ts';
import { answerPlainHttp } from './plain-http.ts';
import { readTlsMaterial } from './tls-material.ts';
import { listenOnSocket } from './unix-socket.ts';
import { UnusualVerbs } from './unusual-verbs.ts';

/** All request headers together; larger ones are answered 431. */
const maxHeaderBytes = 32 * 1024;
const maxHeaders = 200;
const sweepMs = 1000;

export interface ListenerContext {
  readonly handler: RequestHandler;
  readonly logger: Logger;
  readonly clock: Clock;
}

/** One address that the server listens on: plain HTTP, TLS, or a unix socket. */
export class Listener {
  readonly configuration: ListenerConfiguration;
  readonly #context: ListenerContext;
  readonly #server: Server | TlsServer;
  readonly #verbs: UnusualVerbs;
  readonly #states = new WeakMap<Socket, ConnectionState>();
  readonly #live = new Set<ConnectionState>();
  readonly #addHeaders: ((response: ServerResponse) => void) | undefined;
  readonly #forwarded: ReturnType<typeof createForwardedFor> | undefined;
  #stopSweep = (): void => {};
  #isClosing = false;

  constructor(configuration: ListenerConfiguration, context: ListenerContext) {
    this.configuration = configuration;
    this.#context = context;
    this.#addHeaders = createHeaderRules(configuration.responseHeaders);
    this.#forwarded = configuration.forwardedFor && createForwardedFor(configuration.forwardedFor);
    const tls = configuration.kind === 'tcp' ? configuration.tls : undefined;
    const options = httpOptions(configuration);
    this.#server = tls
      ? createTlsServer({ ...options, ...readTlsMaterial(tls).options })
      : createServer(options);
    this.#verbs = new UnusualVerbs(this.#server, tls !== undefined);
    // Before the verbs look, so that what is put on a connection here stays there.
    this.#server.prependListener(tls ? 'secureConnection' : 'connection', (socket: Socket) => {
      this.#stateOf(socket);
    });
    this.#server.maxHeadersCount = maxHeaders;
    this.#server.timeout = configuration.writeTimeoutSeconds * 1000;
    this.#server.on('request', (request, response) => this.#receive(request, response));
    this.#server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
      if (socket instanceof Socket) this.#upgrade(request, socket, head);
    });
    this.#server.on('clientError', (error, socket) => {
      if (socket instanceof Socket) this.#refuseGarbage(error, socket);
    });
    this.#server.on('tlsClientError', (error: Error, socket: TLSSocket) => {
      context.logger.debug('TLS handshake failed', { reason: codeOf(error) });
      if (codeOf(error) === 'ERR_SSL_HTTP_REQUEST') answerPlainHttp(socket);
    });
  }

  /** Throws `ListenerError`. */
  async open(): Promise<void> {
    const { configuration } = this;
    if (configuration.kind === 'unix') {
      await listenOnSocket(this.#server, configuration).catch((error: unknown) => {
        throw error instanceof ListenerError ? error : listenErrorOf(error, configuration.path);
      });
    } else {
      await this.#listen(configuration.host, configuration.port);
    }
    this.#server.on('error', (error) =>
      this.#context.logger.error('listener failed', { reason: codeOf(error) }),
    );
    this.#sweepLater();
  }

  /** HOST:PORT with the port really taken, or the path of the socket. */
  get address(): string {
    const address = this.#server.address();
    if (address === null || typeof address === 'string') return address ?? describe(this.configuration);
    return address.family === 'IPv6'
      ? `[${address.address}]:${address.port}`
      : `${address.address}:${address.port}`;
  }

  /** Reads certificate and key again; connections from now on get them. Throws `ListenerError` and keeps the old ones. */
  reload(): void {
    const tls = this.configuration.kind === 'tcp' ? this.configuration.tls : undefined;
    if (!tls || !('setSecureContext' in this.#server)) return;
    const { options, expiresAtMs } = readTlsMaterial(tls);
    this.#server.setSecureContext(options);
    if (expiresAtMs < this.#context.clock.now()) {
      this.#context.logger.warn('the certificate of a listener has expired', { file: tls.certificateFile });
    }
  }

  /** Takes no new connection, lets requests finish, and cuts off what is left after `graceMs`. */
  async close(graceMs: number): Promise<void> {
    if (this.#isClosing) return;
    this.#isClosing = true;
    this.#stopSweep();
    for (const { response } of this.#live) {
      if (response && !response.headersSent) response.shouldKeepAlive = false;
    }
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    for (const state of this.#live) state.tellClosing();
    const idle = setInterval(() => this.#server.closeIdleConnections(), 25);
    const cut = setTimeout(() => this.cut(), graceMs);
    await closed;
    clearInterval(idle);
    clearTimeout(cut);
  }

  /** Closes every connection at once; `close` then ends. */
  cut(): void {
    this.#server.closeAllConnections();
    // The HTTP server no longer knows the connections that became something else.
    for (const state of this.#live) if (state.isKeptOpen) state.socket.destroy();
  }

  async #listen(host: string, port: number): Promise<void> {
    const attempt = (where: string): Promise<void> =>
      new Promise((resolve, reject) => {
        this.#server.once('error', reject);
        this.#server.listen({ host: where, port }, () => {
          this.#server.removeListener('error', reject);
          resolve();
        });
      });
    try {
      await attempt(host);
    } catch (error) {
      const noIpv6 = host === '::' && ['EAFNOSUPPORT', 'EADDRNOTAVAIL'].includes(codeOf(error));
      if (!noIpv6) throw listenErrorOf(error, describe(this.configuration));
      await attempt('0.0.0.0').catch((second: unknown) => {
        throw listenErrorOf(second, describe(this.configuration));
      });
    }
  }

  /** Until somebody takes the socket over, the request is answered like any other, and that ends the connection. */
  #upgrade(request: IncomingMessage, socket: Socket, head: Buffer): void {
    const response = new ServerResponse(request);
    socket.on('error', () => socket.destroy());
    response.shouldKeepAlive = false;
    response.assignSocket(socket);
    response.on('finish', () => socket.destroySoon());
    this.#receive(request, response, { socket, head });
  }

  #receive(request: IncomingMessage, response: ServerResponse, upgrade?: Upgrade): void {
    const state = this.#stateOf(request.socket);
    this.#verbs.restore(request);
    state.begin(request, response, this.#context.clock.now());
    if (this.#isClosing) response.shouldKeepAlive = false;
    this.#addHeaders?.(response);
    let connection: Connection = state;
    if (this.#forwarded) {
      const client = this.#forwarded(state.remoteAddress, request.headers['x-forwarded-for']);
      if ('refused' in client) {
        refuse(response, client.refused);
        return;
      }
      if (client.isForwarded) connection = forwarded(state, client.address);
    }
    this.#context.handler(request, response, connection, upgrade);
  }

  #stateOf(socket: Socket): ConnectionState {
    const known = this.#states.get(socket);
    if (known) return known;
    const state = new ConnectionState(this.configuration, socket);
    this.#states.set(socket, state);
    this.#live.add(state);
    socket.once('close', () => void this.#live.delete(state));
    return state;
  }

  /** Bytes that are no HTTP, too large a head, or a head that took too long. Nothing of them is repeated. */
  #refuseGarbage(error: Error, socket: Socket): void {
    const state = this.#states.get(socket);
    if (this.#verbs.takeOver(error, socket, state?.unsent ?? [])) return;
    this.#context.logger.debug('request refused', { reason: codeOf(error) });
    if (!socket.writable || state?.isBusy || codeOf(error) === 'ECONNRESET') {
      socket.destroy();
      return;
    }
    const [status, reason] = garbageAnswers[codeOf(error)] ?? ['400 Bad Request', 'this is no HTTP request'];
    const body = JSON.stringify({ errors: [reason] });
    socket.end(
      `HTTP/1.1 ${status}\r\nConnection: close\r\nCache-Control: no-store\r\nContent-Type: application/json\r\n` +
        `Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
    );
  }

  /** Cuts off requests that are older than `max_request_duration`: one look a second costs a request nothing. */
  #sweepLater(): void {
    const limitMs = this.configuration.maxRequestSeconds * 1000;
    if (limitMs <= 0) return;
    this.#stopSweep = this.#context.clock.after(sweepMs, () => {
      const oldest = this.#context.clock.now() - limitMs;
      for (const state of this.#live) {
        if (!state.isBusy || state.isKeptOpen || state.startedMs > oldest) continue;
        this.#context.logger.warn('request cut off', {
          reason: 'max_request_duration',
          seconds: limitMs / 1000,
        });
        state.socket.destroy();
      }
      this.#sweepLater();
    });
  }
}

const garbageAnswers: Readonly<Record<string, readonly [status: string, reason: string]>> = {
  HPE_HEADER_OVERFLOW: ['431 Request Header Fields Too Large', 'the headers are larger than 32 KiB'],
  ERR_HTTP_REQUEST_TIMEOUT: ['408 Request Timeout', 'the request took too long to arrive'],
};

function httpOptions(configuration: ListenerConfiguration): ServerOptions {
  const requestTimeout = configuration.readTimeoutSeconds * 1000;
  const headersTimeout = configuration.readHeaderTimeoutSeconds * 1000;
  return {
    maxHeaderSize: maxHeaderBytes,
    requestTimeout,
    headersTimeout:
      requestTimeout === 0 ? headersTimeout : Math.min(headersTimeout || requestTimeout, requestTimeout),
    keepAliveTimeout: configuration.idleTimeoutSeconds * 1000,
    connectionsCheckingInterval: sweepMs,
    keepAlive: true,
    noDelay: true,
    shouldUpgradeCallback: isWebSocketRequest,
  };
}

/** RFC 6455 section 4.1. What asks for anything else, or brings a body, is a request like any other. */
function isWebSocketRequest({ method, headers }: IncomingMessage): boolean {
  if (method !== 'GET' || headers.upgrade?.toLowerCase() !== 'websocket') return false;
  return headers['transfer-encoding'] === undefined && (headers['content-length'] ?? '0') === '0';
}

function refuse(response: ServerResponse, reason: string): void {
  response.writeHead(400, {
    'Content-Type': 'application/json',
    'Cache-Control': 'no-store',
    Connection: 'close',
  });
  response.end(`${JSON.stringify({ errors: [reason] })}\n`);
}

function forwarded(state: ConnectionState, remoteAddress: string): Connection {
  return {
    listener: state.listener,
    remoteAddress,
    remotePort: 0,
    // The connection is the proxy's: its certificate must not stand for every client behind it.
    clientCertificates: [],
    keepOpen: (onClosing) => state.keepOpen(onClosing),
  };
}

/** As people write it, for messages. */
export function describe(configuration: ListenerConfiguration): string {
  if (configuration.kind === 'unix') return configuration.path;
  const { host, port } = configuration;
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
}
