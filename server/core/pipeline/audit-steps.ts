import type { CofferError } from '../../contracts/errors.ts';
import type {
  AuditExchange,
  AuditMount,
  AuditOutcome,
  AuditPolicyResults,
  AuditToken,
} from '../audit/exchange.ts';
import type { Mount } from '../mounts/mount.ts';
import type { MountEntry } from '../mounts/mount-entry.ts';
import type { TokenState } from '../tokens/token-state.ts';
import type { Exchange } from './exchange.ts';
import type { PipelineServices } from './pipeline.ts';
import { withoutSensitiveNumbers } from './sensitive-numbers.ts';

/** Kept by identity, so that an audit device renders each once. */
const mountFacts = new WeakMap<MountEntry, AuditMount>();
const tokenFacts = new WeakMap<TokenState, AuditToken>();
const policyFacts = new WeakMap<readonly string[], AuditPolicyResults>();
const refused: AuditPolicyResults = Object.freeze({ allowed: false });

/** Writes the request entry. What only reads goes on at once: its entries are both on record before the answer. */
export function auditRequest(exchange: Exchange, services: PipelineServices): Promise<void> | void {
  if (isUnaudited(exchange, services)) return;
  exchange.audit = describe(exchange, services, undefined);
  services.audit.recordRequest(exchange.audit);
  if (!exchange.declared?.pure) return services.audit.flush();
}

/** Writes the response entry; the answer is given only once it is on record. */
export function auditResponse(exchange: Exchange, services: PipelineServices): Promise<void> | void {
  if (!exchange.audit || !services.isUnsealed()) return;
  services.audit.recordResponse(exchange.audit, outcomeOf(exchange, services, undefined));
  return services.audit.flush();
}

/** A request that ended with an error leaves both entries too. */
export async function auditRefusal(
  exchange: Exchange,
  error: CofferError,
  services: PipelineServices,
): Promise<void> {
  if (error.code === 'audit-failure' || isUnaudited(exchange, services)) return;
  // As in Vault: a flood of refused requests must not fill the audit log, unless quotas/config says so.
  if (error.code === 'rate-limited' && !exchange.acted && !services.quotas.auditsRefusals) return;
  if (!exchange.audit) {
    exchange.audit = describe(exchange, services, error.message);
    services.audit.recordRequest(exchange.audit);
  }
  services.audit.recordResponse(exchange.audit, outcomeOf(exchange, services, error.message));
  await services.audit.flush();
}

/** Status polls (health, seal status, leader), and everything while there is no key to hash with. */
function isUnaudited({ target, access, request }: Exchange, services: PipelineServices): boolean {
  if (!services.isUnsealed()) return true;
  const isPoll = request.operation === 'read' && access === 'anyone';
  return isPoll && target?.declaration.whileSealed === true;
}

function describe(exchange: Exchange, services: PipelineServices, error: string | undefined): AuditExchange {
  const { request, token, mount } = exchange;
  return {
    requestId: request.id,
    timeMs: request.timeMs,
    operation: exchange.operation,
    namespace: exchange.namespace,
    mount: mount && factsOfMount(mount),
    path: exchange.path,
    data: withoutSensitiveNumbers(request.data, exchange.target?.declaration),
    remoteAddress: request.remoteAddress,
    remotePort: request.remotePort,
    headers: request.headers,
    wrapTtlSeconds: request.wrapTtlSeconds,
    clientToken: request.token,
    token: token && factsOfToken(token, services.access.identityPolicies(token)),
    policyResults:
      token && (exchange.grantingPolicies ? factsOfPolicies(exchange.grantingPolicies, token) : refused),
    ...(token && token.entry.numUses !== 0 ? { remainingUses: Math.max(0, token.entry.numUses) } : {}),
    ...(error === undefined ? {} : { error }),
  };
}

function outcomeOf(exchange: Exchange, services: PipelineServices, error: string | undefined): AuditOutcome {
  const { reply, issued, wrap } = exchange;
  return {
    timeMs: services.clock.now(),
    data: reply?.data,
    clearKeys: exchange.declared?.clearKeys,
    auth: issued && {
      clientToken: issued.clientToken,
      accessor: issued.accessor,
      displayName: '',
      policies: issued.policies,
      tokenPolicies: issued.tokenPolicies,
      ...(issued.identityPolicies ? { identityPolicies: issued.identityPolicies } : {}),
      metadata: issued.metadata ?? {},
      type: issued.tokenType,
      ttlSeconds: issued.leaseDurationSeconds,
      entityId: issued.entityId,
    },
    leaseId: exchange.lease?.id,
    wrap: wrap && {
      ttlSeconds: wrap.ttlSeconds,
      token: wrap.token,
      accessor: wrap.accessor,
      createdAtMs: wrap.creationTimeMs,
      creationPath: wrap.creationPath,
      ...(wrap.wrappedAccessor === undefined ? {} : { wrappedAccessor: wrap.wrappedAccessor }),
    },
    warnings: exchange.warnings,
    error,
  };
}

function factsOfMount(mount: Mount): AuditMount {
  let facts = mountFacts.get(mount.entry);
  if (!facts) {
    const { entry } = mount;
    facts = {
      path: mount.fullPath,
      type: entry.type,
      accessor: entry.accessor,
      class: entry.table === 'auth' ? 'auth' : entry.type === 'system' ? 'system' : 'secret',
      nonHmacRequestKeys: entry.config.auditNonHmacRequestKeys ?? [],
      nonHmacResponseKeys: entry.config.auditNonHmacResponseKeys ?? [],
    };
    mountFacts.set(entry, facts);
  }
  return facts;
}

function factsOfToken(token: TokenState, identityPolicies: readonly string[] | undefined): AuditToken {
  let facts = tokenFacts.get(token);
  if (!facts || facts.identityPolicies !== identityPolicies) {
    const { entry } = token;
    const { policies } = entry;
    facts = {
      accessor: entry.accessor,
      displayName: entry.displayName,
      policies: identityPolicies ? [...new Set([...policies, ...identityPolicies])].sort() : policies,
      tokenPolicies: policies,
      ...(identityPolicies ? { identityPolicies } : {}),
      metadata: entry.metadata ?? {},
      entityId: entry.entityId,
      type: entry.type,
      ttlSeconds: entry.creationTtlSeconds,
      issuedAtMs: entry.createdMs,
      numUses: entry.numUses,
    };
    tokenFacts.set(token, facts);
  }
  return facts;
}

/** A list of granting policies belongs to one compiled set, so to one namespace: that of the tokens that hold it. */
function factsOfPolicies(names: readonly string[], { namespace }: TokenState): AuditPolicyResults {
  let facts = policyFacts.get(names);
  if (!facts) {
    facts = {
      allowed: names.length > 0,
      grantingPolicies: names.map((name) => ({
        name,
        namespaceId: namespace.id,
        ...(namespace.path === '' ? {} : { namespacePath: namespace.path }),
        type: 'acl',
      })),
    };
    policyFacts.set(names, facts);
  }
  return facts;
}
