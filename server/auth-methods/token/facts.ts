import type { JsonObject } from '../../contracts/request.ts';
import type { TokenFacts } from '../../contracts/token-service.ts';

/** A token in the shape of Vault's lookup. `id` is shown only to who brought it. */
export function shownFacts(facts: TokenFacts, id: string): JsonObject {
  const data: Record<string, unknown> = {
    accessor: facts.accessor,
    creation_time: Math.floor(facts.createdMs / 1000),
    creation_ttl: facts.creationTtlSeconds,
    display_name: facts.displayName,
    entity_id: facts.entityId,
    expire_time: facts.expiresMs === 0 ? null : new Date(facts.expiresMs).toISOString(),
    explicit_max_ttl: facts.explicitMaxTtlSeconds,
    id,
    issue_time: new Date(facts.issuedMs).toISOString(),
    meta: facts.metadata,
    num_uses: facts.numUses,
    orphan: facts.orphan,
    path: facts.path,
    policies: facts.policies,
    renewable: facts.renewable,
    ttl: facts.ttlSeconds,
    type: facts.type,
  };
  if (facts.periodSeconds > 0) data['period'] = facts.periodSeconds;
  if (facts.role !== '') data['role'] = facts.role;
  if (facts.boundCidrs.length > 0) data['bound_cidrs'] = facts.boundCidrs;
  if (facts.lastRenewalMs !== undefined) {
    data['last_renewal'] = new Date(facts.lastRenewalMs).toISOString();
    data['last_renewal_time'] = Math.floor(facts.lastRenewalMs / 1000);
  }
  if (facts.namespacePath !== '') data['namespace_path'] = facts.namespacePath;
  return data;
}
