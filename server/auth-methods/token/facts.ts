import type { JsonObject } from '../../contracts/request.ts';
import type { TokenFacts } from '../../contracts/token-service.ts';

/**
 * Tokens in the shape of Vault's lookup. The same object for the same facts and id, since encodings and audit
 * hashes are kept by identity.
 */
export class ShownFacts {
  readonly #kept = new WeakMap<TokenFacts, { readonly id: string; readonly data: JsonObject }>();

  /** `id` is shown only to who brought it. */
  of(facts: TokenFacts, id: string): JsonObject {
    const kept = this.#kept.get(facts);
    if (kept?.id === id) return kept.data;
    const data = Object.freeze(shown(facts, id));
    this.#kept.set(facts, { id, data });
    return data;
  }
}

function shown(facts: TokenFacts, id: string): JsonObject {
  const { expiresMs, lastRenewalMs } = facts;
  return {
    accessor: facts.accessor,
    ...(facts.boundCidrs.length > 0 ? { bound_cidrs: facts.boundCidrs } : {}),
    creation_time: Math.floor(facts.createdMs / 1000),
    creation_ttl: facts.creationTtlSeconds,
    display_name: facts.displayName,
    entity_id: facts.entityId,
    expire_time: expiresMs === 0 ? null : new Date(expiresMs).toISOString(),
    explicit_max_ttl: facts.explicitMaxTtlSeconds,
    id,
    ...(facts.identityPolicies?.length ? { identity_policies: facts.identityPolicies } : {}),
    issue_time: new Date(facts.issuedMs).toISOString(),
    ...(lastRenewalMs === undefined
      ? {}
      : {
          last_renewal: new Date(lastRenewalMs).toISOString(),
          last_renewal_time: Math.floor(lastRenewalMs / 1000),
        }),
    meta: facts.metadata,
    ...(facts.namespacePath === '' ? {} : { namespace_path: facts.namespacePath }),
    num_uses: facts.numUses,
    orphan: facts.orphan,
    path: facts.path,
    ...(facts.periodSeconds > 0 ? { period: facts.periodSeconds } : {}),
    policies: facts.policies,
    renewable: facts.renewable,
    ...(facts.role === '' ? {} : { role: facts.role }),
    ttl: facts.ttlSeconds,
    type: facts.type,
  };
}
