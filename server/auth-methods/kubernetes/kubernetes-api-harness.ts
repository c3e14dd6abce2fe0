import {
  createServer as createPlain,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import { createServer as createTls } from 'node:https';
import { generateKeyPair, SignJWT } from 'jose';

type Key = Parameters<SignJWT['sign']>[0];

export interface SeenRequest {
  readonly method: string;
  readonly path: string;
  readonly authorization: string;
  readonly body: Readonly<Record<string, unknown>>;
}

/**
 * An API server on loopback that answers in the words of the real one: it knows the tokens that it made, and may be told to say
 * otherwise.
 */
export class KubernetesApi {
  readonly seen: SeenRequest[] = [];
  readonly namespaces = new Map<string, Record<string, string>>([['default', {}]]);
  /** Who may ask. */
  reviewers: readonly string[] = ['Bearer reviewer'];
  /** Tokens whose pod is gone. */
  readonly gone = new Set<string>();
  /** Put over the status of each review. */
  status: Readonly<Record<string, unknown>> = {};
  /** Answered instead. */
  broken: number | undefined;
  readonly #known = new Map<string, { username: string; uid: string; audiences: string[] }>();
  #server: Server | undefined;
  #privateKey: Key | undefined;
  #scheme = 'http';

  async start(tls?: { readonly cert: string; readonly key: string }): Promise<this> {
    const { privateKey } = await generateKeyPair('RS256');
    this.#privateKey = privateKey;
    const answer = (request: IncomingMessage, response: ServerResponse) =>
      void this.#answer(request, response);
    this.#server = tls ? createTls(tls, answer) : createPlain(answer);
    if (tls) this.#scheme = 'https';
    await new Promise<void>((resolve) => this.#server?.listen(0, '127.0.0.1', resolve));
    return this;
  }

  get url(): string {
    const address = this.#server?.address();
    if (!address || typeof address === 'string') throw new Error('the API server has not started');
    return `${this.#scheme}://127.0.0.1:${address.port}`;
  }

  /** A projected token, as kubelet mounts it into a pod. */
  async token(
    about: {
      readonly name?: string;
      readonly namespace?: string;
      readonly uid?: string;
      readonly audiences?: string[];
      readonly claims?: object;
    } = {},
  ): Promise<string> {
    const {
      name = 'app',
      namespace = 'default',
      uid = 'u-1',
      audiences = ['https://kubernetes.default.svc'],
    } = about;
    const jwt = await this.#sign({
      iss: 'https://kubernetes.default.svc',
      sub: `system:serviceaccount:${namespace}:${name}`,
      aud: audiences,
      'kubernetes.io': { namespace, serviceaccount: { name, uid }, pod: { name: 'app-1', uid: 'p-1' } },
      ...about.claims,
    });
    this.#known.set(jwt, { username: `system:serviceaccount:${namespace}:${name}`, uid, audiences });
    return jwt;
  }

  /** A token as it is kept in a Secret: no times, no audience. */
  async secretToken(): Promise<string> {
    const prefix = 'kubernetes.io/serviceaccount';
    const jwt = await this.#sign({
      iss: prefix,
      [`${prefix}/namespace`]: 'default',
      [`${prefix}/secret.name`]: 'app-token',
      [`${prefix}/service-account.name`]: 'app',
      [`${prefix}/service-account.uid`]: 'u-1',
    });
    this.#known.set(jwt, { username: 'system:serviceaccount:default:app', uid: 'u-1', audiences: [] });
    return jwt;
  }

  /** Signed by the cluster's key, and unknown to its API. */
  #sign(claims: Record<string, unknown>): Promise<string> {
    if (!this.#privateKey) throw new Error('the API server has not started');
    return new SignJWT(claims).setProtectedHeader({ alg: 'RS256' }).sign(this.#privateKey);
  }

  async stop(): Promise<void> {
    this.#server?.closeAllConnections();
    await new Promise((resolve) => this.#server?.close(resolve));
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(Buffer.from(part));
    const text = Buffer.concat(parts).toString('utf8');
    const { method = '', url: path = '' } = request;
    const authorization = request.headers.authorization ?? '';
    const body = text === '' ? {} : (JSON.parse(text) as Record<string, unknown>);
    this.seen.push({ method, path, authorization, body });
    const send = (status: number, answer: object) =>
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(answer));
    const refuse = (code: number, reason: string) =>
      send(code, { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', reason, code });
    if (this.broken !== undefined) return void refuse(this.broken, 'InternalError');
    if (!this.reviewers.includes(authorization)) return void refuse(401, 'Unauthorized');
    if (method === 'POST' && path === '/apis/authentication.k8s.io/v1/tokenreviews')
      return void send(201, this.#review(body));
    const name = /^\/api\/v1\/namespaces\/([^/]+)$/.exec(path)?.[1] ?? '';
    const labels = this.namespaces.get(name);
    if (!labels) return void refuse(404, 'NotFound');
    send(200, {
      kind: 'Namespace',
      apiVersion: 'v1',
      metadata: { name, labels },
      status: { phase: 'Active' },
    });
  }

  #review(body: Readonly<Record<string, unknown>>): object {
    const spec = body['spec'] as { token: string; audiences?: string[] };
    const found = this.gone.has(spec.token) ? undefined : this.#known.get(spec.token);
    const base = { kind: 'TokenReview', apiVersion: 'authentication.k8s.io/v1', metadata: {}, spec };
    const audiences = spec.audiences?.filter((name) => found?.audiences.includes(name));
    if (!found || audiences?.length === 0)
      return { ...base, status: { user: {}, error: 'token is not good', ...this.status } };
    const groups = ['system:serviceaccounts', 'system:authenticated'];
    const user = { username: found.username, uid: found.uid, groups };
    return {
      ...base,
      status: { authenticated: true, user, audiences: audiences ?? found.audiences, ...this.status },
    };
  }
}
