import type { Agent, IncomingMessage, RequestOptions } from 'node:http';
import {
  type Transport,
  TransportError,
  type TransportRequest,
  type TransportResponse,
} from '../../sdk/transport.ts';
import type { Connection } from '../settings.ts';

/** A server must not be able to fill the memory of a command line. */
const largestAnswerBytes = 256 * 1024 * 1024;

export interface NodeTransport {
  readonly send: Transport;
  /** Lets the process end: connections are kept open for a command's next request. */
  close(): void;
}

/**
 * Sends requests through node:http. The modules come from `process.getBuiltinModule`: `import 'node:http'` reads
 * every export, one of which loads the whole of undici, and doubles the time a command takes to start.
 */
export function nodeTransport(connection: Connection): NodeTransport {
  const agents: Agent[] = [];
  let prepared: { plain?: RequestOptions; secure?: RequestOptions } = {};

  async function optionsFor(url: Address): Promise<RequestOptions> {
    if (url.secure) {
      if (prepared.secure === undefined) {
        const { tlsOptions } = await import('./tls-options.ts');
        const https = process.getBuiltinModule('node:https');
        const agent = new https.Agent({
          keepAlive: true,
          ...proxyOptions(url, connection.proxy),
          ...tlsOptions(connection.tls),
        });
        agents.push(agent);
        prepared = { ...prepared, secure: { agent } };
      }
      return prepared.secure ?? {};
    }
    if (prepared.plain === undefined) {
      const agent = new (process.getBuiltinModule('node:http').Agent)({
        keepAlive: true,
        ...proxyOptions(url, connection.proxy),
      });
      agents.push(agent);
      prepared = { ...prepared, plain: { agent } };
    }
    return prepared.plain ?? {};
  }

  return {
    async send(request) {
      const address = splitUrl(request.url);
      return exchange(request, address, await optionsFor(address));
    },
    close() {
      for (const agent of agents) agent.destroy();
    },
  };
}

export interface Address {
  readonly secure: boolean;
  readonly host: string;
  readonly port: number;
  readonly socketPath: string | undefined;
  readonly path: string;
}

/** By hand, so that the path goes out as it was composed, and `unix:///path/to/socket` works. */
export function splitUrl(url: string): Address {
  const unix = /^unix:\/\/(.*?)(\/v1\/.*)$/.exec(url);
  if (unix) return { secure: false, host: 'localhost', port: 80, socketPath: unix[1], path: unix[2] ?? '/' };
  const match = /^(https?):\/\/(?:\[([0-9a-fA-F:.]+)\]|([^/:@?#]+))(?::(\d{1,5}))?(\/.*)?$/.exec(url);
  if (!match)
    throw new TransportError(
      'the address is not a URL such as http://127.0.0.1:8200 (see -address, COFFER_ADDR)',
      {
        mayRetry: false,
      },
    );
  const secure = match[1] === 'https';
  return {
    secure,
    host: match[2] ?? match[3] ?? '',
    port: match[4] === undefined ? (secure ? 443 : 80) : Number(match[4]),
    socketPath: undefined,
    path: match[5] ?? '/',
  };
}

/** A proxy named by the environment is used, except for this machine itself, as in Go's client; `proxy` is one that the user named for everything. */
export function proxyOptions(address: Address, proxy?: string): { proxyEnv?: NodeJS.ProcessEnv } {
  if (proxy !== undefined && address.socketPath === undefined)
    return { proxyEnv: { HTTP_PROXY: proxy, HTTPS_PROXY: proxy } };
  const local = address.host === 'localhost' || address.host === '::1' || address.host.startsWith('127.');
  return local || address.socketPath !== undefined ? {} : { proxyEnv: process.env };
}

function exchange(
  request: TransportRequest,
  address: Address,
  options: RequestOptions,
): Promise<TransportResponse> {
  const module = process.getBuiltinModule(address.secure ? 'node:https' : 'node:http');
  return new Promise((resolve, reject) => {
    const fail = (reason: string, mayRetry: boolean): void => {
      clearTimeout(timer);
      reject(new TransportError(`${request.method} ${request.url}: ${reason}`, { mayRetry }));
    };
    const length = request.body === undefined ? undefined : Buffer.byteLength(request.body);
    const sent = module.request({
      ...options,
      method: request.method,
      host: address.host,
      port: address.port,
      ...(address.socketPath === undefined ? {} : { socketPath: address.socketPath }),
      path: address.path,
      headers: {
        ...request.headers,
        ...(length === undefined && request.method === 'GET' ? {} : { 'Content-Length': length ?? 0 }),
      },
    });
    const timer = setTimeout(() => {
      sent.destroy();
      fail(`no answer within ${request.timeoutMilliseconds / 1000} s`, false);
    }, request.timeoutMilliseconds);
    sent.on('error', (error) => {
      sent.destroy();
      const problem = explain(error, address);
      fail(problem.reason, problem.mayRetry);
    });
    sent.on('response', (response) => {
      collect(response).then(
        (body) => {
          clearTimeout(timer);
          const { location, 'retry-after': retryAfter } = response.headers;
          resolve({
            status: response.statusCode ?? 0,
            headers: {
              ...(location === undefined ? {} : { location }),
              ...(retryAfter === undefined ? {} : { 'retry-after': retryAfter }),
            },
            body,
          });
        },
        () => fail('the connection was lost in the middle of the answer', false),
      );
    });
    sent.end(request.body);
  });
}

async function collect(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  return new Promise((resolve, reject) => {
    response.on('data', (chunk: Buffer) => {
      length += chunk.length;
      if (length > largestAnswerBytes) response.destroy(new Error('too large'));
      else chunks.push(chunk);
    });
    response.on('end', () => resolve(Buffer.concat(chunks).toString('utf8')));
    response.on('error', reject);
    response.on('aborted', () => reject(new Error('aborted')));
  });
}

export function explain(error: Error, address: Address): { reason: string; mayRetry: boolean } {
  const code = 'code' in error ? String(error.code) : '';
  const place = address.socketPath ?? `${address.host}:${address.port}`;
  switch (code) {
    case 'ECONNREFUSED':
      return { reason: `connection refused by ${place}`, mayRetry: true };
    case 'ENOENT':
      return { reason: `there is no socket ${place}`, mayRetry: false };
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return { reason: `the name ${address.host} cannot be resolved`, mayRetry: false };
    case 'ECONNRESET':
    case 'EPIPE':
      return { reason: `${place} closed the connection`, mayRetry: true };
    case 'ETIMEDOUT':
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
      return { reason: `${place} cannot be reached`, mayRetry: true };
    default:
      return { reason: explainTls(code) ?? (code === '' ? 'the request failed' : code), mayRetry: false };
  }
}

const tlsProblems: Readonly<Record<string, string>> = {
  DEPTH_ZERO_SELF_SIGNED_CERT: 'it is self-signed',
  SELF_SIGNED_CERT_IN_CHAIN: 'it was signed by an unknown authority',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'it was signed by an unknown authority',
  UNABLE_TO_GET_ISSUER_CERT: 'it was signed by an unknown authority',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'it was signed by an unknown authority',
  CERT_HAS_EXPIRED: 'it has expired',
  CERT_NOT_YET_VALID: 'it is not valid yet',
  ERR_TLS_CERT_ALTNAME_INVALID: 'it was made for another name',
};

function explainTls(code: string): string | undefined {
  const problem = tlsProblems[code];
  if (problem !== undefined)
    return `tls: failed to verify certificate: ${problem} (give the authority with -ca-cert or COFFER_CACERT)`;
  if (code === 'EPROTO' || code.startsWith('ERR_SSL_') || code === 'ERR_TLS_PROTOCOL_VERSION_CONFLICT')
    return 'tls: the server does not speak TLS, or no version of it that is safe (is it http:// rather than https://?)';
  if (code.startsWith('HPE_')) return 'the answer is not HTTP (is it https:// rather than http://?)';
  return undefined;
}
