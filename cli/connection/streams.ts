import type { IncomingMessage, RequestOptions } from 'node:http';
import type WebSocket from 'ws';
import { ApiError } from '../../sdk/api-error.ts';
import { TransportError } from '../../sdk/transport.ts';
import type { Clients } from './connect.ts';
import { explain, proxyOptions, splitUrl } from './node-transport.ts';

export interface StreamTarget {
  /** After `/v1/`, already escaped. */
  readonly path: string;
  readonly query: readonly (readonly [name: string, value: string])[];
}

const largestRefusalBytes = 64 * 1024;

/**
 * Reads an answer that goes on, text by text, until the server or `signal` ends it. Throws `ApiError` when the server says
 * no and `TransportError` when it does not answer or hangs up in the middle.
 */
export async function followText(
  clients: Clients,
  target: StreamTarget,
  onText: (text: string) => void,
  signal?: AbortSignal,
): Promise<void> {
  const place = await placeOf(clients, target);
  const module = process.getBuiltinModule(place.secure ? 'node:https' : 'node:http');
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const request = module.request({ ...place.options, method: 'GET' });
  const stop = () => {
    request.destroy();
    resolve();
  };
  signal?.addEventListener('abort', stop, { once: true });
  if (signal?.aborted) stop();
  request.setTimeout(clients.connection.timeoutMilliseconds, () =>
    request.destroy(new TransportError(`GET ${place.url}: no answer`, { mayRetry: false })),
  );
  request.on('error', (error) => reject(failureOf(error, place)));
  request.on('response', (response) => {
    request.setTimeout(0);
    if (response.statusCode !== 200) {
      refusalOf(response, clients, place.url).then(reject, reject);
      return;
    }
    response.setEncoding('utf8');
    response.on('data', onText);
    response.on('end', resolve);
    response.on('error', () =>
      reject(new TransportError(`GET ${place.url}: the connection was lost`, { mayRetry: false })),
    );
  });
  request.end();
  try {
    await promise;
  } finally {
    signal?.removeEventListener('abort', stop);
  }
}

/** Opens a WebSocket. Throws as `followText`. */
export async function openWebSocket(clients: Clients, target: StreamTarget): Promise<WebSocket> {
  const place = await placeOf(clients, target);
  const { WebSocket } = await import('ws');
  const { host, port, socketPath, path } = place.address;
  const scheme = place.secure ? 'wss' : 'ws';
  const name = host.includes(':') ? `[${host}]` : host;
  const url =
    socketPath === undefined ? `${scheme}://${name}:${port}${path}` : `ws+unix:${socketPath}:${path}`;
  const { headers, host: _host, port: _port, socketPath: _socket, path: _path, ...options } = place.options;
  const socket = new WebSocket(url, {
    ...options,
    headers: { ...headers },
    perMessageDeflate: false,
    followRedirects: false,
    handshakeTimeout: clients.connection.timeoutMilliseconds,
  });
  return new Promise((resolve, reject) => {
    socket.once('open', () => resolve(socket));
    socket.once('unexpected-response', (_request, response) => {
      refusalOf(response, clients, place.url).then(reject, reject);
    });
    socket.on('error', (error) => reject(failureOf(error, place)));
  });
}

interface Place {
  readonly url: string;
  readonly secure: boolean;
  readonly address: ReturnType<typeof splitUrl>;
  readonly options: RequestOptions & { readonly headers: Record<string, string> };
}

async function placeOf(clients: Clients, { path, query }: StreamTarget): Promise<Place> {
  const { connection, client, token } = clients;
  const pairs = query.map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`);
  const url = `${client.address}/v1/${path}${pairs.length === 0 ? '' : `?${pairs.join('&')}`}`;
  const address = splitUrl(url);
  const module = process.getBuiltinModule(address.secure ? 'node:https' : 'node:http');
  const tls = address.secure ? (await import('./tls-options.ts')).tlsOptions(connection.tls) : {};
  return {
    url,
    secure: address.secure,
    address,
    options: {
      ...tls,
      agent: new module.Agent({ ...proxyOptions(address, connection.proxy), ...tls }),
      host: address.host,
      port: address.port,
      ...(address.socketPath === undefined ? {} : { socketPath: address.socketPath }),
      path: address.path,
      headers: {
        ...connection.headers,
        'X-Vault-Request': 'true',
        ...(client.namespace === '' ? {} : { 'X-Vault-Namespace': client.namespace }),
        ...(token === '' ? {} : { 'X-Vault-Token': token }),
      },
    },
  };
}

function failureOf(error: Error, { url, address }: Place): TransportError {
  if (error instanceof TransportError) return error;
  return new TransportError(`GET ${url}: ${explain(error, address).reason}`, { mayRetry: false });
}

async function refusalOf(response: IncomingMessage, { client }: Clients, url: string): Promise<ApiError> {
  let rawBody = '';
  response.setEncoding('utf8');
  for await (const part of response) {
    rawBody += String(part);
    if (rawBody.length > largestRefusalBytes) break;
  }
  const { statusCode: status = 0 } = response;
  return new ApiError({
    method: 'GET',
    url,
    namespace: client.namespace,
    status,
    errors: errorsIn(rawBody),
    rawBody,
  });
}

function errorsIn(text: string): string[] | undefined {
  try {
    const body: unknown = JSON.parse(text);
    const errors: unknown =
      typeof body === 'object' && body !== null ? Reflect.get(body, 'errors') : undefined;
    return Array.isArray(errors) ? errors.map(String) : undefined;
  } catch {
    return undefined;
  }
}
