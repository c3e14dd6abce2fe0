import type { Clock } from '../../contracts/clock.ts';
import { CofferError, invalidRequest } from '../../contracts/errors.ts';
import type { Records } from '../../contracts/records.ts';
import { StorageConflict } from '../../contracts/storage.ts';
import type { Namespace } from '../namespaces/namespaces.ts';
import type { Exchange, WrapInfo } from '../pipeline/exchange.ts';
import type { ChangePart, RecordsOf } from '../tokens/system-change.ts';
import { isWrapping, type TokenAddress, type TokenEntry, wrappingPolicy } from '../tokens/token-entry.ts';
import { newServiceToken, randomName, withNamespace } from '../tokens/token-names.ts';
import type { TokenState } from '../tokens/token-state.ts';
import type { TokenStore } from '../tokens/token-store.ts';

/** A wrapped answer as it waits under its token's digest: `wrapped/<digest>`. */
export interface WrappedAnswer {
  readonly status: number;
  readonly body: string;
  readonly creationPath: string;
  readonly creationTimeMs: number;
  readonly ttlSeconds: number;
  readonly wrappedAccessor?: string;
}

export interface WrappingDependencies {
  readonly recordsOf: RecordsOf;
  readonly tokens: TokenStore;
  readonly clock: Clock;
  /** The answer as the dialect would have sent it. */
  readonly render: (exchange: Exchange) => { readonly status: number; readonly body: string };
}

/** A hundred years: beyond any use, and within the index of what is due. */
const longestTtlSeconds = 3_155_760_000;

/**
 * Response wrapping, as Vault's: the answer waits in the store, and a token that can be used once, and only to
 * unwrap, is given in its place. The answer goes in the commit that ends the token.
 */
export class Wrapping {
  readonly #deps: WrappingDependencies;

  constructor(deps: WrappingDependencies) {
    this.#deps = deps;
  }

  /** Wraps what `exchange` would answer. */
  async wrap(exchange: Exchange, ttlSeconds: number): Promise<WrapInfo> {
    const wrappedAccessor = exchange.issued?.accessor || accessorIn(exchange.reply?.data);
    const { status, body } = this.#deps.render(exchange);
    const answer = {
      status,
      body,
      creationPath: exchange.path,
      ...(wrappedAccessor ? { wrappedAccessor } : {}),
    };
    return this.keep(exchange.namespace, answer, ttlSeconds);
  }

  /** Keeps an answer for a new wrapping token, with `others` in the same commit. */
  async keep(
    namespace: Namespace,
    answer: Omit<WrappedAnswer, 'creationTimeMs' | 'ttlSeconds'>,
    ttlSeconds: number,
    others: readonly ChangePart[] = [],
  ): Promise<WrapInfo> {
    if (ttlSeconds > longestTtlSeconds) throw invalidRequest('the wrapping TTL is too long');
    const nowMs = this.#deps.clock.now();
    const token = newServiceToken(namespace.id);
    const accessor = withNamespace(randomName(), namespace.id);
    const { creationPath, wrappedAccessor } = answer;
    const record: WrappedAnswer = { ...answer, creationTimeMs: nowMs, ttlSeconds };
    const kept: ChangePart = {
      records: this.#records(namespace.id),
      change: { put: [[answerKey(this.#deps.tokens.digest(token)), record]] },
    };
    const entry = wrappingEntry(accessor, creationPath, ttlSeconds, nowMs);
    await this.#deps.tokens.insert(token, entry, namespace, [kept, ...others]);
    return {
      token,
      accessor,
      ttlSeconds,
      creationTimeMs: nowMs,
      creationPath,
      ...(wrappedAccessor ? { wrappedAccessor } : {}),
    };
  }

  /** The answer behind a wrapping token whose one use the caller has taken. */
  async unwrap(state: TokenState): Promise<WrappedAnswer> {
    const { answer, removal } = await this.#waiting(state);
    await this.#commit(removal);
    return answer;
  }

  /** A new wrapping token for the same answer, in the commit that takes it from the old one. */
  async rewrap(state: TokenState): Promise<WrapInfo> {
    const { answer, removal } = await this.#waiting(state);
    try {
      return await this.keep(state.namespace, answer, answer.ttlSeconds, [removal]);
    } catch (error) {
      throw error instanceof StorageConflict ? new CofferError('bad-wrapping-token') : error;
    }
  }

  /** What waits behind the token with this string, without using it up. */
  async lookUp(token: string): Promise<WrappedAnswer> {
    const state = await this.#find(token);
    if (!state) throw new CofferError('bad-wrapping-token');
    return (await this.#waiting(state)).answer;
  }

  /**
   * Takes the one use of a wrapping token that came in a body, for `action`; the token goes afterwards, whatever
   * comes of it.
   */
  async using<T>(token: string, action: (state: TokenState) => Promise<T>): Promise<T> {
    const state = await this.#find(token);
    const used = state && (await this.#deps.tokens.use(state));
    if (!used) throw new CofferError('bad-wrapping-token');
    try {
      return await action(used);
    } finally {
      await this.#deps.tokens.useDone(used);
    }
  }

  /** For the commit that ends a token: what waits for it goes too. */
  endingWith(token: TokenAddress, entry: TokenEntry): readonly ChangePart[] {
    if (!isWrapping(entry)) return [];
    return [{ records: this.#records(token.namespaceId), change: { remove: [answerKey(token.digest)] } }];
  }

  async #find(token: string): Promise<TokenState | undefined> {
    const state = await this.#deps.tokens.find(token);
    return state && isWrapping(state.entry) ? state : undefined;
  }

  async #waiting(state: TokenState): Promise<{ answer: WrappedAnswer; removal: ChangePart }> {
    const records = this.#records(state.namespace.id);
    const key = answerKey(state.digest);
    const stored = await records.get<WrappedAnswer>(key);
    if (!stored) throw new CofferError('bad-wrapping-token');
    return {
      answer: stored.value,
      removal: { records, change: { expect: [{ key, stored }], remove: [key] } },
    };
  }

  async #commit({ records, change }: ChangePart): Promise<void> {
    try {
      await records.commit(change);
    } catch (error) {
      throw error instanceof StorageConflict ? new CofferError('bad-wrapping-token') : error;
    }
  }

  #records(namespaceId: string): Records {
    return this.#deps.recordsOf(namespaceId, 'sys/');
  }
}

const answerKey = (digest: string) => `wrapped/${digest}`;

function wrappingEntry(
  accessor: string,
  creationPath: string,
  ttlSeconds: number,
  nowMs: number,
): TokenEntry {
  return {
    accessor,
    type: 'service',
    policies: [wrappingPolicy],
    displayName: 'wrapping',
    metadata: null,
    path: creationPath.replace(/\/$/, ''),
    createdMs: nowMs,
    creationTtlSeconds: ttlSeconds,
    explicitMaxTtlSeconds: ttlSeconds,
    periodSeconds: 0,
    maxTtlSeconds: 0,
    expiresMs: nowMs + ttlSeconds * 1000,
    renewable: false,
    numUses: 1,
    entityId: '',
    role: '',
    boundCidrs: [],
  };
}

function accessorIn(data: object | null | undefined): string | undefined {
  const accessor = data && 'secret_id_accessor' in data ? data.secret_id_accessor : undefined;
  return typeof accessor === 'string' ? accessor : undefined;
}
