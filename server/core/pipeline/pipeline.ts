import type { Clock } from '../../contracts/clock.ts';
import { CofferError, type ErrorCode } from '../../contracts/errors.ts';
import type { Logger } from '../../contracts/logger.ts';
import { StorageConflict, StorageError } from '../../contracts/storage.ts';
import type { AuditBroker } from '../audit/audit-broker.ts';
import type { EventBus } from '../events/event-bus.ts';
import type { Leases } from '../leases/leases.ts';
import type { LoginLockout } from '../lockout/login-lockout.ts';
import type { RequestMetrics } from '../metrics/request-metrics.ts';
import type { LoginMfa } from '../mfa/index.ts';
import type { Mounts } from '../mounts/mounts.ts';
import { type Namespaces, rootNamespace } from '../namespaces/namespaces.ts';
import type { Access } from '../policies/access.ts';
import { checkLeaseCount, checkRateLimit } from '../quotas/quota-steps.ts';
import type { Quotas } from '../quotas/quotas.ts';
import { anonymous, type TokenState } from '../tokens/token-state.ts';
import type { TokenStore } from '../tokens/token-store.ts';
import type { Tokens } from '../tokens/tokens.ts';
import type { Wrapping } from '../wrapping/wrapping.ts';
import { act } from './act.ts';
import { authenticate, authorize, decideOperation } from './admission.ts';
import { auditRefusal, auditRequest, auditResponse } from './audit-steps.ts';
import type { Answer, Exchange, IncomingRequest } from './exchange.ts';
import { registerLease, registerToken, undo, wrapReply } from './outcome.ts';
import { route } from './routing.ts';
import { checkSecondFactor } from './second-factor.ts';

/** Everything that steps need of the rest of core. */
export interface PipelineServices {
  readonly mounts: Mounts;
  readonly namespaces: Namespaces;
  readonly tokens: Tokens;
  readonly tokenStore: TokenStore;
  readonly access: Access;
  readonly audit: AuditBroker;
  readonly leases: Leases;
  readonly wrapping: Wrapping;
  readonly quotas: Quotas;
  readonly lockout: LoginLockout;
  readonly mfa: LoginMfa;
  readonly metrics: RequestMetrics;
  readonly events: EventBus;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Sealed or not initialised: only paths that say `whileSealed` are served. */
  readonly isUnsealed: () => boolean;
  /** Resolves when caches reflect every commit acknowledged before the call. */
  readonly freshen: () => Promise<void>;
  /** Declared paths that work while sealed, tried before any mount. */
  readonly lifecyclePaths: import('../router/path-matcher.ts').PathMatcher<
    import('../mounts/mount.ts').CompiledPath
  >;
}

type Step = (exchange: Exchange, services: PipelineServices) => Promise<void> | void;

/**
 * The life of a request, in order. Each step adds to the exchange or ends it with a `CofferError`. Requests
 * that end before 'audit request' are audited as refusals.
 */
const steps: readonly (readonly [name: string, step: Step])[] = [
  ['freshen caches', (_exchange, services) => (services.isUnsealed() ? services.freshen() : undefined)],
  ['find namespace, mount and path', route],
  // Before a use of the token is taken, so that a request which may come again later costs nothing (docs/adr).
  ['check rate limits', checkRateLimit],
  ['check token', authenticate],
  ['decide operation', decideOperation],
  ['check policies', authorize],
  ['audit request', auditRequest],
  ['engine', act],
  ['check second factor', checkSecondFactor],
  ['check lease counts', checkLeaseCount],
  ['register token', registerToken],
  ['register lease', registerLease],
  ['wrap', wrapReply],
  ['audit response', auditResponse],
];

const order = steps.map(([, step]) => step);

/** Runs requests through the table above. */
export class Pipeline {
  readonly #services: PipelineServices;
  readonly #running = new Set<Exchange>();
  #waitingForIdle: (() => void)[] = [];

  constructor(services: PipelineServices) {
    this.#services = services;
  }

  /** Never rejects: what went wrong is in the answer. */
  async run(request: IncomingRequest): Promise<Answer> {
    const exchange = newExchange(request);
    const startedMs = performance.now();
    let error: CofferError | undefined;
    this.#running.add(exchange);
    try {
      for (const step of order) {
        const pending = step(exchange, this.#services);
        if (pending) await pending;
      }
      return { exchange, error };
    } catch (thrown) {
      error = await this.#fail(exchange, declaredError(thrown));
      return { exchange, error };
    } finally {
      if (exchange.token && exchange.token.entry.numUses !== 0) await this.#endUse(exchange.token);
      exchange.mount?.leave();
      this.#running.delete(exchange);
      this.#services.metrics.ended(exchange, error, performance.now() - startedMs);
      if (this.#running.size === 0 && this.#waitingForIdle.length > 0) this.#tellIdle();
    }
  }

  /** The requests that are running now. */
  get inFlight(): ReadonlySet<Exchange> {
    return this.#running;
  }

  /** Resolves when no request is running. */
  drained(): Promise<void> {
    if (this.#running.size === 0) return Promise.resolve();
    return new Promise((resolve) => this.#waitingForIdle.push(resolve));
  }

  #tellIdle(): void {
    const waiting = this.#waitingForIdle;
    this.#waitingForIdle = [];
    for (const resolve of waiting) resolve();
  }

  async #fail(exchange: Exchange, error: CofferError): Promise<CofferError> {
    this.#log(exchange, error);
    if (exchange.acted) await undo(exchange, this.#services);
    try {
      await auditRefusal(exchange, error, this.#services);
      return error;
    } catch (thrown) {
      return declaredError(thrown);
    }
  }

  async #endUse(token: TokenState): Promise<void> {
    try {
      await this.#services.tokenStore.useDone(token);
    } catch (error) {
      this.#services.logger.warn('a token was used up and could not be removed yet', {
        error: messageOf(error),
      });
    }
  }

  #log(exchange: Exchange, error: CofferError): void {
    const isExpected = error.code === 'sealed' || (error.code === 'unavailable' && error.cause === undefined);
    if (error.status < 500 || isExpected) return;
    const { logger } = this.#services;
    const cause = error.cause instanceof Error ? (error.cause.stack ?? error.cause.message) : undefined;
    logger.error('request failed', {
      request_id: exchange.request.id,
      code: error.code,
      detail: error.detail,
      cause: cause?.split('\n').slice(0, 6).join(' | '),
    });
  }
}

function newExchange(request: IncomingRequest): Exchange {
  return {
    request,
    namespace: rootNamespace,
    path: request.path,
    mount: undefined,
    mountPath: '',
    target: undefined,
    parameters: {},
    operation: request.operation === 'write' ? 'update' : request.operation,
    declared: undefined,
    access: 'token',
    fields: undefined,
    token: undefined,
    caller: anonymous,
    grantingPolicies: undefined,
    audit: undefined,
    acted: false,
    reply: undefined,
    lease: undefined,
    issued: undefined,
    wrap: undefined,
    mfa: undefined,
    warnings: undefined,
    headers: undefined,
  };
}

const storageCodes: Readonly<Partial<Record<StorageError['kind'], ErrorCode>>> = {
  full: 'storage-full',
  corrupt: 'storage-corrupt',
  unavailable: 'unavailable',
};

/** Every failure that can reach a caller, as one of the table of errors. */
export function declaredError(thrown: unknown): CofferError {
  if (thrown instanceof CofferError) return thrown;
  if (thrown instanceof StorageConflict) return new CofferError('conflict', undefined, { cause: thrown });
  if (thrown instanceof StorageError) {
    const { kind, message, hint } = thrown;
    return new CofferError(storageCodes[kind] ?? 'internal', kind === 'full' ? message : undefined, {
      cause: thrown,
      hint,
    });
  }
  return new CofferError('internal', undefined, { cause: thrown });
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : 'unknown';
}
