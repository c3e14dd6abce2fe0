import fs from 'node:fs';
import type { Agent } from 'node:http';
import { join } from 'node:path';
import { parseJson, stringifyJson } from '../../formats/json/index.ts';
import { CofferClient } from '../../sdk/client.ts';
import { TransportError, type TransportRequest, type TransportResponse } from '../../sdk/transport.ts';
import type { ServerSettings } from '../configuration/configuration.ts';

/** As `max_connections_per_host` of Vault's, for templates; more would make a hundred templates a hundred sockets. */
const mostConnections = 10;
const largestAnswerBytes = 64 * 1024 * 1024;

export interface TlsOptions {
  readonly ca?: readonly Buffer[];
  readonly cert?: Buffer;
  readonly key?: Buffer;
  readonly servername?: string;
  readonly rejectUnauthorized?: boolean;
}

export interface ClientOptions {
  readonly token?: string;
  readonly namespace?: string | undefined;
  readonly wrapTtl?: string;
}

/** The way to the server: connections that are kept, and the certificates of the settings. */
export class ServerConnection {
  readonly settings: ServerSettings;
  readonly tls: TlsOptions;
  readonly agent: Agent;
  /** For requests that are passed on. */
  readonly proxyAgent: Agent;

  constructor(settings: ServerSettings) {
    this.settings = settings;
    this.tls = readTls(settings);
    const open = (most: number): Agent => openAgent(settings, this.tls, most);
    this.agent = open(mostConnections);
    this.proxyAgent = open(Number.POSITIVE_INFINITY);
  }

  /** A client that tries once: whoever asks has a back-off of its own. */
  client({ token = '', namespace, wrapTtl }: ClientOptions = {}): CofferClient {
    return new CofferClient({
      address: this.settings.address,
      namespace: namespace ?? this.settings.namespace,
      token,
      maxRetries: 0,
      ...(wrapTtl === undefined ? {} : { wrapTtl }),
      transport: (request) => this.#send(request),
      parse: parseJson,
      stringify: stringifyJson,
    });
  }

  close(): void {
    this.agent.destroy();
    this.proxyAgent.destroy();
  }

  #send(request: TransportRequest): Promise<TransportResponse> {
    const { promise, resolve, reject } = Promise.withResolvers<TransportResponse>();
    const fail = (reason: string, mayRetry: boolean) => {
      clearTimeout(timer);
      reject(new TransportError(`${request.method} ${request.url}: ${reason}`, { mayRetry }));
    };
    // Not imported: the import reads every export, one of which loads all of undici.
    const module = process.getBuiltinModule(request.url.startsWith('https:') ? 'node:https' : 'node:http');
    const sent = module.request(request.url, {
      method: request.method,
      agent: this.agent,
      headers: {
        ...request.headers,
        ...(request.body === undefined ? {} : { 'Content-Length': Buffer.byteLength(request.body) }),
      },
    });
    const timer = setTimeout(() => {
      fail('no answer in time', false);
      sent.destroy();
    }, request.timeoutMilliseconds);
    sent.on('error', (error) => {
      const code = 'code' in error ? String(error.code) : error.name;
      fail(`no connection (${code})`, true);
    });
    sent.on('response', (response) => {
      const chunks: Buffer[] = [];
      let length = 0;
      response.on('data', (chunk: Buffer) => {
        length += chunk.length;
        if (length > largestAnswerBytes) response.destroy(new Error('too large'));
        else chunks.push(chunk);
      });
      response.on('error', () => fail('the connection was lost in the middle of the answer', true));
      response.on('end', () => {
        clearTimeout(timer);
        const { location } = response.headers;
        resolve({
          status: response.statusCode ?? 0,
          headers: location === undefined ? {} : { location },
          body: Buffer.concat(chunks).toString('utf8'),
        });
      });
    });
    sent.end(request.body);
    return promise;
  }
}

function openAgent(settings: ServerSettings, { ca, ...others }: TlsOptions, maxSockets: number): Agent {
  const limits = { keepAlive: true, maxSockets };
  if (!settings.address.startsWith('https:'))
    return new (process.getBuiltinModule('node:http').Agent)(limits);
  const trusted = ca ? { ca: [...ca] } : {};
  return new (process.getBuiltinModule('node:https').Agent)({ ...limits, ...others, ...trusted });
}

function readTls(settings: ServerSettings): TlsOptions {
  const { caCert, caPath, clientCert, clientKey, tlsServerName, tlsSkipVerify } = settings;
  const ca = [
    ...(caCert ? [fs.readFileSync(caCert)] : []),
    ...(caPath ? fs.readdirSync(caPath).map((name) => fs.readFileSync(join(caPath, name))) : []),
  ];
  return {
    ...(ca.length > 0 ? { ca } : {}),
    ...(clientCert ? { cert: fs.readFileSync(clientCert) } : {}),
    ...(clientKey ? { key: fs.readFileSync(clientKey) } : {}),
    ...(tlsServerName ? { servername: tlsServerName } : {}),
    ...(tlsSkipVerify ? { rejectUnauthorized: false } : {}),
  };
}
