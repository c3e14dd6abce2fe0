import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isObject, type OutboundAnswer, OutboundError, objectOf, sendOutbound } from '../outbound-request.ts';
import type { ConfigRecord } from './config-record.ts';
import type { ServiceAccount } from './service-account.ts';

/** Where Kubernetes puts the certificate and the token of a pod. */
export const podFolder = '/var/run/secrets/kubernetes.io/serviceaccount';

/** The API server of one configuration, spoken to with the right of the reviewer, or of the token that logs in. */
export class ApiServer {
  readonly #config: ConfigRecord;
  readonly #folder: string;

  constructor(config: ConfigRecord, folder: string) {
    this.#config = config;
    this.#folder = folder;
  }

  /**
   * Whether Kubernetes says now that `jwt` is good and speaks for `account` (TokenReview of authentication.k8s.io/v1), for `audience`
   * when there is one. A sentence for the log when not. Throws `OutboundError` when it does not answer.
   */
  async review(jwt: string, account: ServiceAccount, audience: string): Promise<string | undefined> {
    const answer = await this.#send(jwt, 'POST', '/apis/authentication.k8s.io/v1/tokenreviews', {
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'TokenReview',
      spec: { token: jwt, ...(audience === '' ? {} : { audiences: [audience] }) },
    });
    if (answer.status === 401 || answer.status === 403)
      return `the reviewer may not review tokens (status ${answer.status})`;
    if (answer.status !== 200 && answer.status !== 201)
      throw new OutboundError(`the token review has status ${answer.status}`);
    const status = objectOf(answer.text)?.['status'];
    if (!isObject(status) || status['authenticated'] !== true)
      return 'the token review says not authenticated';
    const { user, audiences } = status;
    if (!isObject(user)) return 'the token review names nobody';
    if (user['username'] !== `system:serviceaccount:${account.namespace}:${account.name}`)
      return 'the token review names another service account';
    if (user['uid'] !== account.uid) return 'the token review names another uid';
    if (audience !== '' && Array.isArray(audiences) && !audiences.includes(audience))
      return 'the token review names other audiences';
    return undefined;
  }

  /** Labels of a namespace. Throws `OutboundError`. */
  async labelsOf(jwt: string, namespace: string): Promise<Readonly<Record<string, unknown>>> {
    const answer = await this.#send(jwt, 'GET', `/api/v1/namespaces/${encodeURIComponent(namespace)}`);
    if (answer.status !== 200) throw new OutboundError(`the namespace has status ${answer.status}`);
    const metadata = objectOf(answer.text)?.['metadata'];
    if (!isObject(metadata) || metadata['name'] !== namespace)
      throw new OutboundError('the answer is about another namespace');
    return isObject(metadata['labels']) ? metadata['labels'] : {};
  }

  async #send(jwt: string, method: 'GET' | 'POST', path: string, body?: object): Promise<OutboundAnswer> {
    const { host, caPem, reviewerJwt } = this.#config;
    const ca = caPem || ((await this.#local('ca.crt')) ?? '');
    const bearer = reviewerJwt || ((await this.#local('token')) ?? jwt);
    return sendOutbound({
      url: host + path,
      method,
      ca,
      headers: {
        authorization: `Bearer ${bearer}`,
        ...(body ? { 'content-type': 'application/json' } : {}),
      },
      ...(body ? { body: JSON.stringify(body) } : {}),
    });
  }

  /** Read anew for every login: Kubernetes replaces these files while the server runs. */
  async #local(name: string): Promise<string | undefined> {
    if (this.#config.isLocalOff) return undefined;
    try {
      return (await readFile(join(this.#folder, name), 'utf8')).trim() || undefined;
    } catch {
      return undefined;
    }
  }
}
