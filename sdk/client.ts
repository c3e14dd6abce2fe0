import { ApiError } from './api-error.ts';
import { loginRequests } from './login-requests.ts';
import { type LoginOptions, MachineLogin } from './machine-login.ts';
import { ProblemError } from './problem.ts';
import { requestUrl } from './request-url.ts';
import { type SdkClock, sdkSystemClock } from './sdk-clock.ts';
import { isObject, type Secret, toSecret } from './secret.ts';
import { type CacheOptions, SecretCache } from './secret-cache.ts';
import { SecretsClient } from './secrets-client.ts';
import { sendPatiently } from './send-patiently.ts';
import {
  fetchTransport,
  type Transport,
  type TransportRequest,
  type TransportResponse,
} from './transport.ts';

export interface CofferClientOptions {
  /** Default: `COFFER_ADDR`, then `VAULT_ADDR`, then http://127.0.0.1:8200. */
  readonly address?: string;
  /** Default: `COFFER_TOKEN`, then `VAULT_TOKEN`; none otherwise. */
  readonly token?: string;
  /** In place of a token: the client logs in when it first needs to, and keeps its token alive until `close`. */
  readonly login?: LoginOptions;
  /** Default: `COFFER_NAMESPACE`, then `VAULT_NAMESPACE`; the root namespace otherwise. */
  readonly namespace?: string;
  /** Of `secrets`. Default: `COFFER_WORKSPACE`, then `development`. */
  readonly workspace?: string;
  /** Sent with every request. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Asks for every answer that is no login's to be wrapped; a Go duration or seconds. */
  readonly wrapTtl?: string;
  /** How often a request is sent again after a 5xx, a 412 or a lost connection, and a read after a 429. Default 2. */
  readonly maxRetries?: number;
  /** Before a request is sent again, less up to a half; doubled with every try, or what `Retry-After` says. Default 500. */
  readonly retryWaitMilliseconds?: number;
  /** Default 60,000. */
  readonly timeoutMilliseconds?: number;
  readonly transport?: Transport;
  /** Of the values that `secrets` reads, in memory. Default: 5 minutes; `false` for none. */
  readonly cache?: CacheOptions | false;
  /** Default: the system's. */
  readonly clock?: SdkClock;
  /** For callers who need numbers beyond 2^53 exactly as they were written. Default `JSON.parse`, `JSON.stringify`. */
  readonly parse?: (text: string) => unknown;
  readonly stringify?: (value: unknown) => string;
}

/** A list is sent as the same key several times. */
export type Query = Readonly<Record<string, string | readonly string[]>>;

export interface RequestOptions {
  readonly query?: Query;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface PlatformRequestOptions {
  readonly query?: Query;
  readonly body?: unknown;
  readonly ifMatch?: string;
}

/** An answer below 400. `text` is the body as it came; `body` is undefined when there was none. */
export interface Reply {
  readonly status: number;
  readonly text: string;
  readonly body: unknown;
}

/**
 * A client of the Vault API as Coffer speaks it: read, write, list, patch and delete on paths such as
 * `secret/data/openai`. No dependencies; runs in browsers. Throws `ApiError` when the server says no and
 * `TransportError` when it does not answer.
 */
export class CofferClient {
  readonly address: string;
  readonly namespace: string;
  readonly workspace: string;
  /** The platform API's secrets of the workspace. */
  readonly secrets: SecretsClient;
  readonly #token: string;
  readonly #options: CofferClientOptions;
  readonly #send: Transport;
  readonly #clock: SdkClock;
  readonly #login: MachineLogin | undefined;

  /** `login` is that of another client, to share; for `inWorkspace`. */
  constructor(options: CofferClientOptions = {}, login?: MachineLogin) {
    if (options.login !== undefined && options.token !== undefined)
      throw new TypeError('a client has a token or a login, not both');
    this.#options = options;
    const address = options.address ?? fromEnvironment('ADDR') ?? 'http://127.0.0.1:8200';
    this.address = address.replace(/\/+$/, '');
    this.#token = options.login ? '' : (options.token ?? fromEnvironment('TOKEN') ?? '');
    this.namespace = canonicalNamespace(options.namespace ?? fromEnvironment('NAMESPACE') ?? '');
    this.#send = options.transport ?? fetchTransport;
    this.#clock = options.clock ?? sdkSystemClock;
    this.workspace = options.workspace ?? workspaceFromEnvironment() ?? 'development';
    this.#login = login ?? machineLogin(options, this.#clock);
    const cache = options.cache === false ? undefined : new SecretCache(options.cache ?? {}, this.#clock);
    this.secrets = new SecretsClient((method, path, more) => this.platform(method, path, more), cache);
  }

  /** The same client, with the same login, for another workspace. */
  inWorkspace(workspace: string): CofferClient {
    if (this.#login) return new CofferClient({ ...this.#options, workspace }, this.#login);
    return new CofferClient({ ...this.#options, token: this.#token, workspace });
  }

  /** Forgets all values and renews its login no more, in every workspace. Needed in browsers; programs may just end. */
  close(): void {
    this.secrets.forget();
    this.#login?.close();
  }

  /** `undefined` when there is nothing at `path` and nothing to say about it. */
  async read(path: string, query?: Query): Promise<Secret | undefined> {
    return this.#secretOrNothing('GET', path, query === undefined ? {} : { query });
  }

  async list(path: string, query?: Query): Promise<Secret | undefined> {
    return this.#secretOrNothing('GET', path, { query: { ...query, list: 'true' } });
  }

  /** `undefined` when the server had nothing to say (204). */
  async write(path: string, body?: unknown, method: 'PUT' | 'POST' = 'PUT'): Promise<Secret | undefined> {
    return secretOf(await this.request(method, path, { body }));
  }

  async patch(path: string, body: unknown): Promise<Secret | undefined> {
    const headers = { 'Content-Type': 'application/merge-patch+json' };
    return secretOf(await this.request('PATCH', path, { body, headers }));
  }

  async delete(path: string, query?: Query): Promise<Secret | undefined> {
    return secretOf(await this.request('DELETE', path, query === undefined ? {} : { query }));
  }

  /** Any request under `/v1/`, for endpoints without an envelope. */
  async request(method: string, path: string, options: RequestOptions = {}): Promise<Reply> {
    const compose = (token: string) => this.#compose(method, path, options, token);
    const isSafe = method === 'GET' || method === 'LIST';
    const { request, response } = await this.#sendWithToken(compose, isSafe);
    const body = this.#parse(response.body);
    if (response.status >= 200 && response.status < 300)
      return { status: response.status, text: response.body, body };
    throw this.#errorOf(request, response, body);
  }

  /** Any request under `/api/v1/`, in the client's workspace. Throws `ProblemError`. */
  async platform(
    method: string,
    path: string,
    { query, body, ifMatch }: PlatformRequestOptions = {},
  ): Promise<Readonly<Record<string, unknown>>> {
    const sent = body === undefined ? undefined : this.#stringify(body);
    const compose = (token: string): TransportRequest => ({
      method,
      url: requestUrl(`${this.address}/api/v1`, path, query),
      headers: {
        ...this.#options.headers,
        'X-Coffer-Workspace': this.workspace,
        ...(token === '' ? {} : { Authorization: `Bearer ${token}` }),
        ...(sent === undefined ? {} : { 'Content-Type': 'application/json' }),
        ...(ifMatch === undefined ? {} : { 'If-Match': `"${ifMatch}"` }),
      },
      ...(sent === undefined ? {} : { body: sent }),
      timeoutMilliseconds: this.#options.timeoutMilliseconds ?? 60_000,
    });
    // Another try of what makes something new could make it twice, or hide that the first try did.
    const isSafe = method === 'GET' || path === 'secrets:batch-get';
    const maxRetries = isSafe || method === 'PUT' ? undefined : 0;
    const { response } = await this.#sendWithToken(compose, isSafe, maxRetries);
    const answer = this.#parse(response.body);
    if (response.status < 200 || response.status >= 300) throw new ProblemError(response.status, answer);
    return isObject(answer) ? answer : {};
  }

  async #secretOrNothing(method: string, path: string, options: RequestOptions): Promise<Secret | undefined> {
    try {
      return secretOf(await this.request(method, path, options));
    } catch (error) {
      if (!(error instanceof ApiError) || error.status !== 404) throw error;
      const found = error.secret;
      return found !== undefined && (found.data !== null || found.warnings !== null) ? found : undefined;
    }
  }

  #compose(method: string, path: string, options: RequestOptions, token: string): TransportRequest {
    const body = options.body === undefined ? undefined : this.#stringify(options.body);
    const headers: Record<string, string> = { ...this.#options.headers, 'X-Vault-Request': 'true' };
    if (this.namespace !== '') headers['X-Vault-Namespace'] = this.namespace;
    if (token !== '') headers['X-Vault-Token'] = token;
    if (this.#options.wrapTtl !== undefined) headers['X-Vault-Wrap-TTL'] = this.#options.wrapTtl;
    if (body !== undefined) headers['Content-Type'] = 'application/json';
    Object.assign(headers, options.headers);
    return {
      method,
      url: requestUrl(`${this.address}/v1`, path, options.query),
      headers,
      ...(body === undefined ? {} : { body }),
      timeoutMilliseconds: this.#options.timeoutMilliseconds ?? 60_000,
    };
  }

  /** A request that was refused for its token did nothing, so with another token it may be sent again. */
  async #sendWithToken(
    compose: (token: string) => TransportRequest,
    isSafe: boolean,
    maxRetries = this.#options.maxRetries ?? 2,
  ): Promise<{ readonly request: TransportRequest; readonly response: TransportResponse }> {
    const firstWaitMilliseconds = this.#options.retryWaitMilliseconds ?? 500;
    const send = async (token: string) => {
      const request = compose(token);
      const patience = { maxRetries, firstWaitMilliseconds, isSafe };
      return { request, response: await sendPatiently(this.#send, request, patience) };
    };
    const token = this.#login ? await this.#login.token() : this.#token;
    const sent = await send(token);
    const other =
      this.#login && this.#isRefused(sent.response) ? await this.#login.replace(token) : undefined;
    return other === undefined ? sent : send(other);
  }

  /** A batch is answered with 200 even when its token is worth nothing: every secret has its own 403. */
  #isRefused({ status, body }: TransportResponse): boolean {
    if (status !== 200) return status === 403 || status === 401;
    const answer = body.includes('"errors"') ? this.#parse(body) : undefined;
    const errors = isObject(answer) && isObject(answer['errors']) ? Object.values(answer['errors']) : [];
    return errors.some((error) => isObject(error) && Number(error['status']) === 403);
  }

  #parse(text: string): unknown {
    if (text === '') return undefined;
    try {
      return (this.#options.parse ?? JSON.parse)(text);
    } catch {
      return undefined;
    }
  }

  #stringify(value: unknown): string {
    return (this.#options.stringify ?? JSON.stringify)(value);
  }

  #errorOf(request: TransportRequest, response: TransportResponse, body: unknown): ApiError {
    const errors = isObject(body) ? body['errors'] : undefined;
    const sentences = Array.isArray(errors) ? errors.map(String) : undefined;
    const isEnvelope = isObject(body) && (body['request_id'] !== undefined || body['data'] !== undefined);
    return new ApiError({
      method: request.method,
      url: request.url,
      namespace: this.namespace,
      status: response.status,
      errors: sentences ?? (isEnvelope ? [] : undefined),
      rawBody: isEnvelope ? '' : response.body,
      secret: isEnvelope ? toSecret(body) : undefined,
    });
  }
}

function machineLogin(options: CofferClientOptions, clock: SdkClock): MachineLogin | undefined {
  const { login } = options;
  if (!login) return undefined;
  const namespace = login.namespace ?? options.namespace;
  const withToken = (token: string): CofferClient =>
    new CofferClient({ ...options, namespace, login: undefined, wrapTtl: undefined, cache: false, token });
  return new MachineLogin(loginRequests(login, withToken), clock);
}

function secretOf(reply: Reply): Secret | undefined {
  return isObject(reply.body) ? toSecret(reply.body) : undefined;
}

function canonicalNamespace(namespace: string): string {
  const trimmed = namespace.trim().replace(/^\/+|\/+$/g, '');
  return trimmed === '' || trimmed === 'root' ? '' : `${trimmed}/`;
}

function workspaceFromEnvironment(): string | undefined {
  return typeof process === 'undefined' ? undefined : process.env['COFFER_WORKSPACE'] || undefined;
}

function fromEnvironment(name: string): string | undefined {
  if (typeof process === 'undefined') return undefined;
  return process.env[`COFFER_${name}`] || process.env[`VAULT_${name}`] || undefined;
}
