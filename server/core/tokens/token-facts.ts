import type { Clock } from '../../contracts/clock.ts';
import type { TokenFacts } from '../../contracts/token-service.ts';
import type { TokenState } from './token-state.ts';

/**
 * Tokens as `lookup` shows them: the very same frozen object for a token while nothing that it shows changes,
 * which is a second at most for one that ends. Encodings and audit hashes are kept by that identity.
 */
export class FactsOfTokens {
  readonly #clock: Clock;
  readonly #kept = new WeakMap<TokenState, TokenFacts>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  of(state: TokenState, identityPolicies?: readonly string[]): TokenFacts {
    const { entry } = state;
    const ttlSeconds =
      entry.expiresMs === 0 ? 0 : Math.max(0, Math.floor((entry.expiresMs - this.#clock.now()) / 1000));
    const kept = this.#kept.get(state);
    if (kept?.ttlSeconds === ttlSeconds && kept.identityPolicies === identityPolicies) return kept;
    const facts: TokenFacts = Object.freeze({
      accessor: entry.accessor,
      createdMs: entry.createdMs,
      issuedMs: entry.createdMs,
      lastRenewalMs: entry.lastRenewalMs,
      creationTtlSeconds: entry.creationTtlSeconds,
      explicitMaxTtlSeconds: entry.explicitMaxTtlSeconds,
      periodSeconds: entry.periodSeconds,
      expiresMs: entry.expiresMs,
      ttlSeconds,
      displayName: entry.displayName,
      entityId: entry.entityId,
      ...(identityPolicies ? { identityPolicies } : {}),
      metadata: entry.metadata,
      numUses: entry.numUses,
      orphan: entry.parent === undefined,
      path: entry.path,
      policies: entry.policies,
      renewable: entry.renewable,
      type: entry.type,
      role: entry.role,
      boundCidrs: entry.boundCidrs,
      namespacePath: state.namespace.path,
    });
    this.#kept.set(state, facts);
    return facts;
  }
}
