import { parseJson, stringifyJson } from '../../formats/json/index.ts';
import { ApiError } from '../../sdk/api-error.ts';
import { CofferClient, type Query } from '../../sdk/client.ts';
import { isObject, type JsonObject, type Secret } from '../../sdk/secret.ts';
import type { Transport } from '../../sdk/transport.ts';

export interface PeerOptions {
  readonly address: string;
  /** Everything below is relative to it. */
  readonly namespace: string;
  readonly token: string;
  readonly transport: Transport;
  readonly timeoutMilliseconds: number;
}

/** One of the two servers of an import. Namespaces are relative to where it starts, ending in '/' or empty. */
export class Peer {
  readonly address: string;
  readonly #options: PeerOptions;
  readonly #clients = new Map<string, CofferClient>();

  constructor(options: PeerOptions) {
    this.#options = options;
    this.address = options.address;
  }

  /** The data of the answer; undefined when there is nothing, or no such mount or namespace. */
  async read(namespace: string, path: string, query?: Query): Promise<JsonObject | undefined> {
    return (await this.#client(namespace).read(path, query))?.data ?? undefined;
  }

  /** Without an envelope where there is none (`sys/health`). */
  async readPlain(path: string, query?: Query): Promise<JsonObject> {
    const { body } = await this.#client('').request('GET', path, query === undefined ? {} : { query });
    return isObject(body) ? body : {};
  }

  /** Names in a folder; none when it is not there. */
  async list(namespace: string, path: string): Promise<string[]> {
    return namesOf((await this.#client(namespace).list(path))?.data);
  }

  /** Like `list`, and none where the server does not have the path at all (an older one, or another edition). */
  async listIfKnown(namespace: string, path: string): Promise<string[]> {
    try {
      return await this.list(namespace, path);
    } catch (error) {
      if (error instanceof ApiError && isUnknownPath(error)) return [];
      throw error;
    }
  }

  async write(namespace: string, path: string, body: unknown): Promise<Secret | undefined> {
    return this.#client(namespace).write(path, body, 'POST');
  }

  async delete(namespace: string, path: string): Promise<void> {
    await this.#client(namespace).delete(path);
  }

  /** Wraps `data` in a single-use token and returns it. */
  async wrap(namespace: string, data: JsonObject, ttl: string): Promise<string> {
    const { body } = await this.#client(namespace).request('POST', 'sys/wrapping/wrap', {
      body: data,
      headers: { 'X-Vault-Wrap-TTL': ttl },
    });
    const info = isObject(body) && isObject(body['wrap_info']) ? body['wrap_info'] : {};
    if (typeof info['token'] !== 'string') throw new Error('the server wrapped nothing');
    return info['token'];
  }

  #client(namespace: string): CofferClient {
    let client = this.#clients.get(namespace);
    if (client === undefined) {
      const { address, token, transport, timeoutMilliseconds } = this.#options;
      client = new CofferClient({
        address,
        token,
        transport,
        timeoutMilliseconds,
        namespace: joinNamespaces(this.#options.namespace, namespace),
        maxRetries: 0,
        parse: parseJson,
        stringify: stringifyJson,
      });
      this.#clients.set(namespace, client);
    }
    return client;
  }
}

export function namesOf(data: JsonObject | null | undefined): string[] {
  const keys = data?.['keys'];
  return Array.isArray(keys) ? keys.filter((key) => typeof key === 'string') : [];
}

function joinNamespaces(base: string, below: string): string {
  const clean = base.trim().replace(/^\/+|\/+$/g, '');
  return clean === '' || clean === 'root' ? below : `${clean}/${below}`;
}

function isUnknownPath(error: ApiError): boolean {
  return error.status === 404 || error.status === 405 || error.status === 501 || isUnsupported(error);
}

function isUnsupported(error: ApiError): boolean {
  return (
    error.status === 400 &&
    error.errors.some((text) => /unsupported|unavailable in namespaces|enterprise/i.test(text))
  );
}
