import { mkdtempSync, rmSync } from 'node:fs';
import { request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Clock, systemClock } from '../server/contracts/clock.ts';
import { startServer } from '../server/main.ts';
import type { Configuration } from '../server/start-up/configuration/configuration.ts';
import { readConfiguration } from '../server/start-up/configuration/read-configuration.ts';
import { Gate } from '../server/start-up/gate.ts';
import { knownPlugins } from '../server/start-up/known-plugins.ts';
import { openListeners } from '../server/start-up/listeners/open-listeners.ts';
import { mountSecrets } from '../server/start-up/local/first-start.ts';
import { createServerLog, type ServerLog } from '../server/start-up/logging/server-logger.ts';
import type { RunningServer } from '../server/start-up/server-contract.ts';

export interface TestServerOptions {
  /** `memory` unless said. */
  readonly storage?: 'memory' | 'sqlite';
  /** Where SQLite and audit files are; a new temporary folder, removed by `stop`, unless given. */
  readonly folder?: string;
  /** Leaves the store uninitialised and sealed. */
  readonly isSealed?: boolean;
  /** Unseals a store that was initialised before, instead of initialising it. */
  readonly reopen?: { readonly rootToken: string; readonly unsealKey: string };
  /** More of the configuration, in its JSON form; `listener` is the body of the one listener. */
  readonly configuration?: Readonly<Record<string, unknown>>;
  readonly listener?: Readonly<Record<string, unknown>>;
  /** The server's time; the system's unless given. */
  readonly clock?: Clock;
}

export interface CallOptions {
  /** The root token unless given; `null` sends none. */
  readonly token?: string | null;
  readonly namespace?: string;
  /** An object is sent as JSON, a string or bytes as they are. */
  readonly body?: object | string | Uint8Array;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface CallAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  /** The body when it is a JSON object, else empty. */
  readonly body: Body;
}

/** Loose on purpose: tests look into answers of every shape. */
export interface Body {
  readonly [key: string]: unknown;
  readonly data?: Readonly<Record<string, unknown>> | null;
  readonly auth?: Readonly<Record<string, unknown>> | null;
  readonly wrap_info?: Readonly<Record<string, unknown>> | null;
  readonly errors?: readonly string[];
  readonly warnings?: readonly string[] | null;
}

export interface TestServer {
  /** `http://127.0.0.1:PORT`. */
  readonly address: string;
  readonly port: number;
  readonly rootToken: string;
  readonly unsealKey: string;
  readonly folder: string;
  /** All that the server has logged so far, at level trace. */
  logText(): string;
  /** One request, its path sent byte for byte as given after `/v1/`. */
  call(method: string, path: string, options?: CallOptions): Promise<CallAnswer>;
  stop(): Promise<void>;
}

/** The real server in this process: real listener on a free port, real storage, KV version 2 at `secret/`. */
export async function startTestServer(options: TestServerOptions = {}): Promise<TestServer> {
  const folder = options.folder ?? mkdtempSync(join(tmpdir(), 'coffer-test-'));
  const log: string[] = [];
  const serverLog = createServerLog({
    level: 'trace',
    format: 'standard',
    clock: systemClock,
    outputs: [{ write: (line) => void log.push(line), reopen() {}, close() {} }],
  });
  const configuration = readConfiguration({
    texts: [{ name: 'the test', text: configurationText(options, folder) }],
    paths: [],
    environment: {},
    plugins: knownPlugins(),
  });
  const gate = new Gate();
  const listeners = await openListeners(configuration.listeners, {
    handler: gate.handler,
    logger: serverLog.logger,
    clock: systemClock,
  });
  const port = Number(listeners.all[0]?.address.split(':').at(-1));
  const { server, rootToken, unsealKey } = await startInside(
    options,
    configuration,
    serverLog,
    log,
    port,
  ).catch(async (error: unknown) => {
    await listeners.close(0);
    throw error;
  });
  gate.open(server.handler);
  let stopping: Promise<void> | undefined;
  return {
    address: `http://127.0.0.1:${port}`,
    port,
    rootToken,
    unsealKey,
    folder,
    logText: () => log.join(''),
    call: (method, path, more = {}) =>
      callServer(port, method, `/v1/${path}`, { token: rootToken === '' ? null : rootToken, ...more }),
    stop() {
      stopping ??= (async () => {
        await listeners.close(1000);
        await server.stop();
        if (options.folder === undefined) rmSync(folder, { recursive: true, force: true });
      })();
      return stopping;
    },
  };
}

interface Started {
  readonly server: RunningServer;
  readonly rootToken: string;
  readonly unsealKey: string;
}

async function startInside(
  options: TestServerOptions,
  configuration: Configuration,
  { logger, levels, feed }: ServerLog,
  log: string[],
  port: number,
): Promise<Started> {
  const server = await startServer({
    configuration,
    logger,
    logLevels: levels,
    logFeed: feed,
    clock: options.clock ?? systemClock,
    environment: {},
    listenerAddress: `http://127.0.0.1:${port}`,
    onFatal: (error) => log.push(`fatal: ${error.message}`),
  });
  if (options.isSealed) return { server, rootToken: '', unsealKey: '' };
  if (options.reopen) {
    await server.lifecycle.unseal(options.reopen.unsealKey);
    return { server, ...options.reopen };
  }
  const { rootToken, keysBase64 } = await server.lifecycle.initialize({ shares: 1, threshold: 1 });
  const unsealKey = keysBase64[0] ?? '';
  await server.lifecycle.unseal(unsealKey);
  await mountSecrets(server, rootToken);
  return { server, rootToken, unsealKey };
}

function configurationText(options: TestServerOptions, folder: string): string {
  const storage =
    options.storage === 'sqlite' ? { sqlite: { path: join(folder, 'data', 'coffer.db') } } : { inmem: {} };
  return JSON.stringify({
    storage,
    listener: { tcp: { address: '127.0.0.1:0', tls_disable: true, ...options.listener } },
    ...options.configuration,
  });
}

/** One request over a connection of its own; the target goes out exactly as given. */
export function callServer(
  port: number,
  method: string,
  target: string,
  options: CallOptions = {},
): Promise<CallAnswer> {
  const { token, namespace, body } = options;
  const bytes =
    body === undefined || typeof body === 'string' || body instanceof Uint8Array
      ? body
      : JSON.stringify(body);
  const headers: Record<string, string> = {
    ...(token ? { 'X-Vault-Token': token } : {}),
    ...(namespace === undefined ? {} : { 'X-Vault-Namespace': namespace }),
    ...(bytes === undefined || options.headers?.['Transfer-Encoding']
      ? {}
      : { 'Content-Length': String(Buffer.byteLength(bytes)) }),
    ...options.headers,
  };
  return new Promise((resolve, reject) => {
    const request = httpRequest({ host: '127.0.0.1', port, method, path: target, headers, agent: false });
    request.setTimeout(20_000, () => request.destroy(new Error(`${method} ${target} was not answered`)));
    request.on('error', reject);
    request.on('response', (response) => {
      const chunks: Buffer[] = [];
      // An answer of no known length goes on for ever (sys/monitor): its head is all there is to wait for.
      if (response.headers['transfer-encoding'] === 'chunked') {
        request.destroy();
        resolve({ status: response.statusCode ?? 0, headers: response.headers, text: '', body: {} });
        return;
      }
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => {
        const text = Buffer.concat(chunks).toString('utf8');
        resolve({ status: response.statusCode ?? 0, headers: response.headers, text, body: objectOf(text) });
      });
    });
    request.end(bytes);
  });
}

function objectOf(text: string): Body {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? { ...value } : {};
  } catch {
    return {};
  }
}
