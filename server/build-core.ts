import type { Barrier } from './barrier/index.ts';
import { buildAudit } from './build-audit.ts';
import { buildEvents } from './build-events.ts';
import { buildIdentity } from './build-identity.ts';
import { buildLifecycle } from './build-lifecycle.ts';
import { buildMfa } from './build-mfa.ts';
import { mountEndings } from './build-mount-endings.ts';
import { buildOperations, type Operations } from './build-operations.ts';
import { type BuiltPlatform, buildPlatform } from './build-platform.ts';
import type { AuditDevicePlugin } from './contracts/audit-device.ts';
import type { AuthMethodPlugin } from './contracts/auth-method.ts';
import type { Clock } from './contracts/clock.ts';
import type { LogFeed, Logger, LogLevels } from './contracts/logger.ts';
import type { Seal } from './contracts/seal.ts';
import type { SecretsEngine, SecretsEnginePlugin } from './contracts/secrets-engine.ts';
import type { TokenService } from './contracts/token-service.ts';
import { EventBus } from './core/events/event-bus.ts';
import { EntityViews, IdentityLogins } from './core/identity/index.ts';
import { Claims } from './core/leases/claims.ts';
import { Expiry } from './core/leases/expiry.ts';
import { Leases } from './core/leases/leases.ts';
import type { Lifecycle } from './core/lifecycle/index.ts';
import type { CountedStorage } from './core/metrics/counted-storage.ts';
import { compilePaths } from './core/mounts/mount.ts';
import { Mounts } from './core/mounts/mounts.ts';
import { Namespaces, rootNamespace } from './core/namespaces/namespaces.ts';
import { Pipeline } from './core/pipeline/pipeline.ts';
import { Access } from './core/policies/access.ts';
import { PolicyStore } from './core/policies/policy-store.ts';
import { auditPaths } from './core/system/audit-paths.ts';
import { capabilityPaths } from './core/system/capability-paths.ts';
import type { Cors } from './core/system/cors.ts';
import { internalPaths } from './core/system/internal-paths.ts';
import { leasePaths } from './core/system/lease-paths.ts';
import { lifecyclePaths } from './core/system/lifecycle-paths.ts';
import { mountPaths } from './core/system/mount-paths.ts';
import { namespacePaths } from './core/system/namespace-paths.ts';
import { policyPaths } from './core/system/policy-paths.ts';
import { wrappingPaths } from './core/system/wrapping-paths.ts';
import { TokenIdentity } from './core/tokens/token-identity.ts';
import { TokenStore } from './core/tokens/token-store.ts';
import { Tokens, type TokensDependencies } from './core/tokens/tokens.ts';
import { Wrapping } from './core/wrapping/wrapping.ts';
import { CoreLife } from './core-life.ts';
import { renderBody } from './dialects/vault/encode.ts';
import type { Configuration } from './start-up/configuration/configuration.ts';
import { systemEngine } from './system-engine.ts';
import { vaultVersion } from './version.ts';

export interface CoreParts {
  readonly configuration: Configuration;
  readonly storage: CountedStorage;
  readonly barrier: Barrier;
  readonly seal: Seal;
  readonly retiredSeals: readonly Seal[];
  readonly engines: ReadonlyMap<string, SecretsEnginePlugin>;
  readonly authMethods: ReadonlyMap<string, AuthMethodPlugin>;
  readonly auditDevices: ReadonlyMap<string, AuditDevicePlugin>;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly logLevels?: LogLevels | undefined;
  readonly logFeed?: LogFeed | undefined;
  readonly programFolders: readonly string[];
  /** Scheme, host and port of the first listener, when it has one. */
  readonly listenerAddress?: string | undefined;
}

export interface Core {
  readonly pipeline: Pipeline;
  readonly lifecycle: Lifecycle;
  readonly platform: BuiltPlatform;
  /** For the HTTP layer: what browsers' pages of other origins may do. */
  readonly cors: Cors;
  start(): Promise<void>;
  reload(configuration: Configuration): Promise<void>;
  stop(): Promise<void>;
}

/** Puts the rooms of core together. Nothing here decides anything: it only says who knows whom. */
export function buildCore(parts: CoreParts): Core {
  const { barrier, clock, logger, configuration } = parts;
  const recordsOf = (namespaceId: string, prefix: string) => barrier.records(namespaceId, prefix);
  const system = {
    defaultLeaseTtlSeconds: configuration.defaultLeaseTtlSeconds,
    maxLeaseTtlSeconds: configuration.maxLeaseTtlSeconds,
  };

  const life: CoreLife = new CoreLife(
    () => ({
      barrier,
      namespaces,
      mounts,
      policies,
      tokenStore,
      leases,
      expiry,
      identity,
      auditTable,
      operations,
      streams: streaming.streams,
      platform,
      clock,
      logger,
      isUnsealed: () => lifecycle.unsealed,
    }),
    configuration.auditDevices,
  );
  const events = new EventBus(clock);
  const namespaces: Namespaces = new Namespaces(recordsOf(rootNamespace.id, 'sys/namespaces/'), {
    isTaken: async (parent, path) => (await mounts.table(parent)).overlaps(path),
    created: (made) => platform.workspaces.forget(made).then(() => life.namespaceCreated(made)),
    removing: (namespace) => life.namespaceRemoving(namespace),
  });
  const namespaceById = (id: string) => namespaces.byId(id);
  const policies = new PolicyStore(recordsOf, clock);
  const entityViews = new EntityViews(recordsOf);
  const tokenIdentity = new TokenIdentity(new IdentityLogins(recordsOf, clock), entityViews, namespaceById);
  const access = new Access(policies, clock, tokenIdentity);
  const mountByUuid = mountFinder(namespaceById, () => mounts);
  const leases = new Leases({
    recordsOf,
    clock,
    logger: logger.named('expiration'),
    namespaceById,
    mountByUuid,
    told: (operation, namespace, entry, mount) => events.lease(operation, namespace, entry, mount?.info),
  });
  const tokenStore: TokenStore = new TokenStore({
    recordsOf,
    namespaceById,
    clock,
    endLeases: (token, change, limit) => leases.endOfToken(token, change, limit),
    endingWith: (token, entry) => wrapping.endingWith(token, entry),
    ended: (tokens) => life.tokensEnded(tokens),
  });
  const tokens = new Tokens({
    store: tokenStore,
    clock,
    namespaceById,
    system,
    authMount: mountByUuid,
    identity: tokenIdentity,
    policyExists: async (namespaceId, name) => (await policies.find(namespaceId, name)) !== undefined,
    sudo: sudoBy(access),
  });
  const wrapping = new Wrapping({ recordsOf, tokens: tokenStore, clock, render: renderBody });
  const claims = new Claims(recordsOf(rootNamespace.id, 'sys/'), clock, {
    exclusive: parts.storage.exclusive,
  });
  const expiry = new Expiry({
    due: recordsOf(rootNamespace.id, 'sys/'),
    claims,
    namespaceById,
    leases,
    tokens: tokenStore,
    clock,
    logger: logger.named('expiration'),
  });
  const streaming = buildEvents({ ...parts, bus: events, tokenStore, access, lifecycle: () => lifecycle });
  const { audit, auditTable } = buildAudit(parts, recordsOf);
  const lifecycle: Lifecycle = buildLifecycle(parts, life, tokens, audit);
  const systemPlugin = systemEngine(() => declareSystemPaths());
  const mfa = buildMfa({ recordsOf, clock, namespaces, mounts: () => mounts, tokens, tokenIdentity, events });
  const identity = buildIdentity({
    parts,
    recordsOf,
    namespaces,
    mounts: () => mounts,
    otherPaths: mfa.identityPaths,
    tokenStore,
    tokenIdentity,
    entityViews,
    access,
    claims,
  });
  const mounts: Mounts = new Mounts({
    recordsOf,
    engines: new Map([...parts.engines, ['identity', identity.plugin], ['system', systemPlugin]]),
    authMethods: parts.authMethods,
    system,
    clock,
    logger,
    tokens: tokens as TokenService,
    ...mountEndings(recordsOf, clock, () => operations),
    endLeases: endBelow(namespaceById, tokenStore, leases),
    events,
    isNamespace: async (path) => (await namespaces.find(path)) !== undefined,
  });
  const operations: Operations = buildOperations({
    ...parts,
    logLevels: parts.logLevels,
    recordsOf,
    namespaces,
    mounts,
    lifecycle,
    audit,
    inFlight: () => pipeline.inFlight,
  });
  const rooms = { recordsOf, namespaces, policies, tokenStore, access, clock, logger };
  const platform: BuiltPlatform = buildPlatform({ ...rooms, later: () => ({ mounts, pipeline }) });
  const pipeline: Pipeline = new Pipeline({
    mounts,
    namespaces,
    tokens,
    tokenStore,
    access,
    audit,
    leases,
    wrapping,
    quotas: operations.quotas,
    lockout: operations.lockout,
    mfa: mfa.login,
    metrics: operations.metrics.requests,
    events,
    clock,
    logger: logger.named('core'),
    isUnsealed: () => lifecycle.unsealed,
    freshen: () => barrier.freshen(),
    lifecyclePaths: pathsWhileSealed([...lifecyclePaths(lifecycle), ...operations.metricsPaths]),
  });
  barrier.onChange((keys) => {
    access.changed(keys);
    entityViews.changed(keys);
    streaming.streams.changed(keys);
  });

  return {
    pipeline,
    lifecycle,
    platform,
    cors: operations.cors,
    start: () => startUnlessBroken(lifecycle),
    async reload(next) {
      await life.redeclare(next.auditDevices);
      await audit.reopen();
    },
    async stop() {
      await pipeline.drained();
      await lifecycle.stop();
    },
  };

  /** One list for the `sys/` mounts of all namespaces, so that it is compiled once. */
  function declareSystemPaths(): SecretsEngine['paths'] {
    return [
      ...mountPaths(mounts, namespaces, system),
      ...internalPaths({ mounts, namespaces, access, tokens: tokenStore, version: vaultVersion }),
      ...policyPaths(policies),
      ...capabilityPaths(access, tokenStore),
      ...leasePaths(leases, tokenStore.revocation, expiry, logger.named('expiration')),
      ...namespacePaths(namespaces, tokens),
      ...wrappingPaths(wrapping, tokenStore),
      ...mfa.systemPaths,
      ...auditPaths(auditTable),
      ...lifecyclePaths(lifecycle),
      ...streaming.paths(),
      ...operations.paths(),
      ...platform.paths,
    ];
  }
}

function pathsWhileSealed(paths: SecretsEngine['paths']) {
  return compilePaths(paths.filter((path) => path.whileSealed));
}

/** A seal that is merely away is tried again. */
async function startUnlessBroken(lifecycle: Lifecycle): Promise<void> {
  const { problem } = await lifecycle.start();
  if (problem && problem.kind !== 'unavailable') throw problem;
}

function mountFinder(namespaceById: Namespaces['byId'], mounts: () => Mounts) {
  return async ({ id }: { readonly id: string }, uuid: string) => {
    const namespace = await namespaceById(id);
    return namespace && (await mounts().table(namespace)).byUuid(uuid);
  };
}

function sudoBy(access: Access): TokensDependencies['sudo'] {
  return async (state, path, { path: namespace }) =>
    (await access.of(state)).decide({ operation: 'update', namespace, path, sudo: true }).allowed;
}

/** Ends what logins and engines below a path gave out. */
function endBelow(namespaceById: Namespaces['byId'], tokenStore: TokenStore, leases: Leases) {
  return async ({ id }: { readonly id: string }, path: string): Promise<void> => {
    const namespace = await namespaceById(id);
    if (!namespace) return;
    await tokenStore.revocation.revokeIssued(namespace.id, path);
    await leases.revokePrefix(namespace, path);
  };
}
