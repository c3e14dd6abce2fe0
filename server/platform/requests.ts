import { randomUUID } from 'node:crypto';
import { CofferError } from '../contracts/errors.ts';
import type { JsonObject, Origin } from '../contracts/request.ts';
import type { Exchange, IncomingRequest } from '../core/pipeline/exchange.ts';
import type { Pipeline } from '../core/pipeline/pipeline.ts';
import { checkCanonical } from '../core/router/canonical-path.ts';

/** One request that the platform makes in somebody's name. */
export interface PlatformRequest {
  readonly operation: IncomingRequest['operation'];
  /** Of the workspace; '' is the root. */
  readonly namespace: string;
  /** As after `/v1/`. */
  readonly path: string;
  readonly data?: JsonObject;
}

/** Where somebody's requests come from, for policies, quotas and audit. */
export type Client = Pick<
  IncomingRequest,
  'timeMs' | 'token' | 'remoteAddress' | 'remotePort' | 'clientCertificates' | 'headers'
>;

const noData: JsonObject = Object.freeze({});

/**
 * The platform's only way to a secret: requests through the pipeline under the token of whoever asked. It has no rights of its own, so
 * policies, quotas, audit, leases and namespaces hold for it as for every client.
 */
export class Requests {
  readonly #pipeline: () => Pipeline;
  readonly #now: () => number;

  constructor(pipeline: () => Pipeline, now: () => number) {
    this.#pipeline = pipeline;
    this.#now = now;
  }

  /** For a handler that asks on in the name of who asked it. */
  inNameOf({ token, remoteAddress, remotePort, clientCertificates }: Origin): ClientRequests {
    return this.from({
      timeMs: this.#now(),
      token,
      remoteAddress,
      remotePort,
      clientCertificates,
      headers: {},
    });
  }

  from(client: Client): ClientRequests {
    return new ClientRequests(this.#pipeline(), client);
  }
}

/** The requests of one client. Throws what the pipeline answers as an error. */
export class ClientRequests {
  readonly #pipeline: Pipeline;
  readonly #client: Client;

  constructor(pipeline: Pipeline, client: Client) {
    this.#pipeline = pipeline;
    this.#client = client;
  }

  get nowMs(): number {
    return this.#client.timeMs;
  }

  /** The `data` of the answer; undefined where HTTP would have none. A 404 with data, as of a deleted version, is 'not-found'. */
  async ask(request: PlatformRequest): Promise<JsonObject | undefined> {
    const { reply } = await this.exchange(request);
    if (reply?.status === 404) throw new CofferError('not-found');
    return reply?.data ?? undefined;
  }

  async exchange({ operation, namespace, path, data = noData }: PlatformRequest): Promise<Exchange> {
    checkCanonical(path);
    const answer = await this.#pipeline.run({
      ...this.#client,
      id: randomUUID(),
      operation,
      namespaceHeader: namespace,
      path,
      data,
      wrapTtlSeconds: 0,
    });
    if (answer.error) throw answer.error;
    return answer.exchange;
  }
}
