import type { Clock } from '../../contracts/clock.ts';
import { CofferError } from '../../contracts/errors.ts';
import type { Records } from '../../contracts/records.ts';
import type { Namespace } from '../namespaces/namespaces.ts';
import type { Exchange, WrapInfo } from '../pipeline/exchange.ts';
import { newServiceToken, randomName, withNamespace } from '../tokens/token-names.ts';
import type { TokenEntry } from '../tokens/token-entry.ts';
import type { TokenState } from '../tokens/token-state.ts';
import type { TokenStore } from '../tokens/token-store.ts';

/** A wrapped answer as it waits under its token's digest: `wrapped/<digest>`. */
interface WrappedAnswer {
  readonly status: number;
  readonly body: string;
  readonly creationPath: string;
  readonly creationTimeMs: number;
  readonly ttlSeconds: number;
  readonly wrappedAccessor?: string;
}

export interface WrappingDependencies {
  readonly recordsOf: (namespaceId: string, prefix: string) => Records;
  readonly tokens: TokenStore;
  readonly clock: Clock;
  /** The answer as the dialect would have sent it. */
  readonly render: (exchange: Exchange) => { readonly status: number; readonly body: string };
}

const policy = 'response-wrapping';

/**
 * Response wrapping, as Vault's: the answer waits in the store, and a token that can be used once, and only to
 * unwrap, is given in its place. The answer ends with the token.
 */
export class Wrapping {
  readonly #deps: WrappingDependencies;

  constructor(deps: WrappingDependencies) {
    this.#deps = deps;
  }

  /** Wraps what `exchange` would answer. */
  async wrap(exchange: Exchange): Promise<WrapInfo> {
    const wrappedAccessor = exchange.issued?.accessor ?? accessorIn(exchange.reply?.data);
    const { status, body } = this.#deps.render(exchange);
    return this.store(exchange.namespace, { status, body, creationPath: exchange.path, ...(wrappedAccessor ? { wrappedAccessor } : {}) }, exchange.request.wrapTtlSeconds);
  }

  async store(namespace: Namespace, answer: Omit<WrappedAnswer, 'creationTimeMs' | 'ttlSeconds'>, ttlSeconds: number): Promise<WrapInfo> {
    const nowMs = this.#deps.clock.now();
    const token = newServiceToken(namespace.id);
    const accessor = withNamespace(randomName(), namespace.id);
    const entry: TokenEntry = {
      accessor,
      type: 'service',
      policies: [policy],
      displayName: 'wrapping',
      metadata: null,
      path: answer.creationPath,
      createdMs: nowMs,
      creationTtlSeconds: ttlSeconds,
      explicitMaxTtlSeconds: ttlSeconds,
      periodSeconds: 0,
      maxTtlSeconds: ttlSeconds,
      expiresMs: nowMs + ttlSeconds * 1000,
      renewable: false,
      numUses: 1,
      entityId: '',
      role: '',
      boundCidrs: [],
    };
    const record: WrappedAnswer = { ...answer, creationTimeMs: nowMs, ttlSeconds };
    const digest = this.#deps.tokens.digest(token);
    await this.#deps.tokens.insert(token, entry, namespace, [{ records: this.#records(namespace.id), change: { put: [[`wrapped/${digest}`, record]] } }]);
    return { token, accessor, ttlSeconds, creationTimeMs: nowMs, creationPath: answer.creationPath, ...(answer.wrappedAccessor ? { wrappedAccessor: answer.wrappedAccessor } : {}) };
  }

  /** The answer behind a wrapping token, once. `state` is the token, already used up by this request when it was the client token. */
  async unwrap(state: TokenState): Promise<WrappedAnswer> {
    const answer = await this.#take(state);
    await this.#deps.tokens.revokeTree({ namespaceId: state.namespace.id, digest: state.digest });
    return answer;
  }

  async rewrap(state: TokenState): Promise<WrapInfo> {
    const answer = await this.unwrap(state);
    return this.store(state.namespace, answer, answer.ttlSeconds);
  }

  async lookUp(token: string): Promise<WrappedAnswer> {
    const state = await this.find(token);
    const stored = state && (await this.#records(state.namespace.id).get<WrappedAnswer>(`wrapped/${state.digest}`));
    if (!stored) throw new CofferError('bad-wrapping-token');
    return stored.value;
  }

  /** The valid wrapping token with this string. */
  async find(token: string): Promise<TokenState | undefined> {
    const state = await this.#deps.tokens.find(token);
    return state?.entry.policies[0] === policy ? state : undefined;
  }

  /** Takes the token's one use, for a wrapping token that came in the body. */
  async use(token: string): Promise<TokenState> {
    const state = await this.find(token);
    const used = state && (await this.#deps.tokens.use(state));
    if (!used) throw new CofferError('bad-wrapping-token');
    return used;
  }

  /** What waits for tokens that ended unused goes with them. */
  async tokenEnded(namespaceId: string, digest: string): Promise<void> {
    const records = this.#records(namespaceId);
    if (await records.get(`wrapped/${digest}`)) await records.commit({ remove: [`wrapped/${digest}`] });
  }

  async #take(state: TokenState): Promise<WrappedAnswer> {
    const records = this.#records(state.namespace.id);
    const key = `wrapped/${state.digest}`;
    const stored = await records.get<WrappedAnswer>(key);
    if (!stored) throw new CofferError('bad-wrapping-token');
    await records.commit({ expect: [{ key, stored }], remove: [key] });
    return stored.value;
  }

  #records(namespaceId: string): Records {
    return this.#deps.recordsOf(namespaceId, 'sys/');
  }
}

function accessorIn(data: unknown): string | undefined {
  const accessor = (data as { secret_id_accessor?: unknown } | null | undefined)?.secret_id_accessor;
  return typeof accessor === 'string' ? accessor : undefined;
}
