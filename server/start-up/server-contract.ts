import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Clock } from '../contracts/clock.ts';
import type { LogFeed, Logger, LogLevels } from '../contracts/logger.ts';
import type { JsonObject, Operation } from '../contracts/request.ts';
import type { Configuration, ListenerConfiguration } from './configuration/configuration.ts';

/**
 * What starting needs of `server/main.ts`, which exports `startServer: StartServer`. It opens storage and
 * seals, unseals itself when the seal is automatic and the store is initialised, enables the configured
 * audit devices, and answers requests. Listeners, signals and files belong to start-up.
 *
 * Rejects with `StorageError` or `SealError` (their hint is shown), or any `Error` whose message is a sentence.
 * An automatic seal that is merely unavailable does not reject: the server stays sealed and tries again.
 */
export type StartServer = (options: ServerOptions) => Promise<RunningServer>;

export interface ServerOptions {
  readonly configuration: Configuration;
  readonly logger: Logger;
  /** For `sys/loggers`, which is not there without it. */
  readonly logLevels?: LogLevels;
  /** For `sys/monitor`, which is not there without it. */
  readonly logFeed?: LogFeed;
  readonly clock: Clock;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Scheme, host and port of the first listener, for who asks the server where it is; `api_addr` goes before it. */
  readonly listenerAddress?: string | undefined;
  /** The server can no longer go on (a failed sync, storage that cannot be trusted). Start-up logs it and exits 1 at once. */
  onFatal(error: Error): void;
}

export interface RunningServer {
  /** Answers one HTTP request, whatever it is; never throws, never rejects. */
  readonly handler: RequestHandler;
  readonly lifecycle: ServerLifecycle;
  /**
   * A request of the program's own through the whole pipeline (policies, audit), as if it came over HTTP.
   * Resolves with the answer's `data` (or `auth` for a token), undefined where HTTP would say 204. Throws `CofferError`.
   */
  request(request: OwnRequest): Promise<JsonObject | undefined>;
  /** SIGHUP: reopens audit files and takes over what may change at run time. Throws an `Error` with a sentence. */
  reload(configuration: Configuration): Promise<void>;
  /** Called when the listeners have drained: waits for what is in flight, seals, closes storage. Idempotent. */
  stop(): Promise<void>;
}

export type RequestHandler = (
  request: IncomingMessage,
  response: ServerResponse,
  connection: Connection,
  upgrade?: Upgrade,
) => void;

/** A request that asks to go on as a WebSocket. It may be answered like any other, or the socket may be taken over. */
export interface Upgrade {
  readonly socket: Socket;
  /** What came after the request's head. */
  readonly head: Buffer;
}

/** Where a request came in. One object per connection unless a trusted proxy speaks for several clients. */
export interface Connection {
  readonly listener: ListenerConfiguration;
  /** The client's address: the peer's, or what a trusted proxy says. Empty on a unix socket. IPv4 is never written as `::ffff:…`. */
  readonly remoteAddress: string;
  /** 0 when a proxy or a unix socket hides it. */
  readonly remotePort: number;
  /** Client certificates offered over TLS, DER, leaf first. Verified only with `tls_require_and_verify_client_cert`. */
  readonly clientCertificates: readonly Uint8Array[];
  /**
   * The answer goes on for as long as its reader stays: time limits no longer count for it. `onClosing` is called when the
   * listener closes, and has to end it.
   */
  keepOpen(onClosing: () => void): void;
}

export interface OwnRequest {
  readonly operation: Operation | 'write';
  /** As in a URL after `/v1/`, root namespace. */
  readonly path: string;
  readonly token: string;
  readonly data?: JsonObject;
}

export interface ServerLifecycle {
  status(): Promise<{ readonly initialized: boolean; readonly sealed: boolean }>;
  /**
   * Initialises the store. With an automatic seal the shares are recovery keys and the server is unsealed
   * afterwards. Throws `CofferError` 'invalid-request' when it is already initialised.
   */
  initialize(options: InitializeOptions): Promise<InitializeResult>;
  /** One share, hex or base64. */
  unseal(share: string): Promise<{ readonly sealed: boolean }>;
}

export interface InitializeOptions {
  readonly shares: number;
  readonly threshold: number;
  /**
   * The root token to make instead of a random one, so that whoever starts a store can write it down before
   * it exists and a crash in between loses nothing.
   */
  readonly rootToken?: string;
}

export interface InitializeResult {
  readonly rootToken: string;
  /** Unseal keys, or recovery keys with an automatic seal; base64. */
  readonly keysBase64: readonly string[];
}
