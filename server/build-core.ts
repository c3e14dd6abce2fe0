import type { AuditDevicePlugin } from './contracts/audit-device.ts';
import type { AuthMethodPlugin } from './contracts/auth-method.ts';
import type { Clock } from './contracts/clock.ts';
import type { Logger } from './contracts/logger.ts';
import type { Seal } from './contracts/seal.ts';
import type { SecretsEngine, SecretsEnginePlugin } from './contracts/secrets-engine.ts';
import type { StorageBackend } from './contracts/storage.ts';
import type { TokenService } from './contracts/token-service.ts';
import type { Barrier } from './barrier/index.ts';
import { AuditBroker } from './core/audit/audit-broker.ts';
import { AuditDevices } from './core/audit/audit-devices.ts';
import { Expiry } from './core/leases/expiry.ts';
import { Leases } from './core/leases/leases.ts';
import { Lifecycle } from './core/lifecycle/index.ts';
import { compilePaths } from './core/mounts/mount.ts';
import { Mounts } from './core/mounts/mounts.ts';
import { type Namespace, Namespaces, rootNamespace } from './core/namespaces/namespaces.ts';
import { Pipeline } from './core/pipeline/pipeline.ts';
import { Access } from './core/policies/access.ts';
import { PasswordPolicies } from './core/policies/password-policies.ts';
import { PolicyStore } from './core/policies/policy-store.ts';
import { auditPaths } from './core/system/audit-paths.ts';
import { internalPaths } from './core/system/internal-paths.ts';
import { leasePaths } from './core/system/lease-paths.ts';
import { lifecyclePaths } from './core/system/lifecycle-paths.ts';
import { mountPaths } from './core/system/mount-paths.ts';
import { namespacePaths } from './core/system/namespace-paths.ts';
import { passwordPolicyPaths } from './core/system/password-policy-paths.ts';
import { capabilityPaths, policyPaths } from './core/system/policy-paths.ts';
import { toolsPaths } from './core/system/tools-paths.ts';
import { wrappingPaths } from './core/system/wrapping-paths.ts';
import { Tokens } from './core/tokens/tokens.ts';
import { TokenStore } from './core/tokens/token-store.ts';
import type { TokenAddress } from './core/tokens/token-entry.ts';
import { Wrapping } from './core/wrapping/wrapping.ts';
import { renderBody } from './dialects/vault/encode.ts';
import type { Configuration } from './start-up/configuration/configuration.ts';
import { version, vaultVersion } from './version.ts';

export interface CoreParts {
  readonly configuration: Configuration;
  readonly storage: StorageBackend;
  readonly barrier: Barrier;
  readonly seal: Seal;
  readonly retiredSeals: readonly Seal[];
  readonly engines: ReadonlyMap<string, SecretsEnginePlugin>;
  readonly authMethods: ReadonlyMap<string, AuthMethodPlugin>;
  readonly auditDevices: ReadonlyMap<string, AuditDevicePlugin>;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly programFolders: readonly string[];
}

export interface Core {
  readonly pipeline: Pipeline;
  readonly lifecycle: Lifecycle;
  start(): Promise<void>;
  reload(configuration: Configuration): Promise<void>;
  stop(): Promise<void>;
}

const tidyEveryMs = 60_000;

/** Puts the rooms of core together. Nothing here decides anything: it only says who knows whom. */
export function buildCore(parts: CoreParts): Core {
  const { barrier, clock, logger, configuration } = parts;
  const recordsOf = (namespaceId: string, prefix: string) => barrier.records(namespaceId, prefix);
  const system = { defaultLeaseTtlSeconds: configuration.defaultLeaseTtlSeconds, maxLeaseTtlSeconds: configuration.maxLeaseTtlSeconds };

  const namespaces = new Namespaces(recordsOf(rootNamespace.id, 'sys/namespaces/'), {
    created: (namespace) => prepareNamespace(namespace),
    removing: (namespace) => removeNamespace(namespace),
  });
  const namespaceById = (id: string) => namespaces.byId(id);
  const policies = new PolicyStore(recordsOf, clock);
  const passwordPolicies = new PasswordPolicies(recordsOf);
  const access = new Access(policies, clock);
  const mountByUuid = async (namespace: Namespace, uuid: string) => (await mounts.table(namespace)).byUuid(uuid);
  const leases = new Leases({ recordsOf, clock, logger: logger.named('expiration'), mountByUuid });
  const tokenStore: TokenStore = new TokenStore({ recordsOf, namespaceById, clock, endingWith: (tokens) => leases.endingWith(tokens), ended: (tokens) => tokensEnded(tokens) });
  const tokens = new Tokens({
    store: tokenStore,
    clock,
    namespaceById,
    system,
    authMount: mountByUuid,
    sudo: async (state, path, where) => (await access.of(state)).decide({ operation: 'update', namespace: where.path, path, sudo: true }).allowed,
  });
  const wrapping = new Wrapping({ recordsOf, tokens: tokenStore, clock, render: renderBody });
  const expiry = new Expiry({ due: recordsOf(rootNamespace.id, 'sys/'), namespaceById, leases, tokens: tokenStore, clock, logger: logger.named('expiration') });
  const audit = new AuditBroker({ clock, logger: logger.named('audit') });
  const auditTable = new AuditDevices({
    broker: audit,
    plugins: parts.auditDevices,
    records: recordsOf(rootNamespace.id, 'sys/audit/'),
    sinkContext: { logger: logger.named('audit'), clock, allowedFolders: configuration.auditFolders, forbiddenFolders: parts.programFolders },
    clock,
    logger: logger.named('audit'),
  });
  const lifecycle: Lifecycle = new Lifecycle({
    storage: parts.storage,
    barrier,
    seal: parts.seal,
    retiredSeals: parts.retiredSeals,
    clock,
    logger: logger.named('core'),
    program: { version: vaultVersion, buildDate: '', storageType: configuration.storage.type },
    hooks: {
      createRootToken: async (id) => {
        await initializeStore();
        return tokens.createRoot(id);
      },
      onUnsealed: () => unsealed(),
      onSealing: () => sealing(),
    },
  });
  let systemPaths: SecretsEngine['paths'] | undefined;
  const systemPlugin: SecretsEnginePlugin = {
    type: 'system',
    description: 'system endpoints used for control, policy and debugging',
    singleton: true,
    version,
    create: async (): Promise<SecretsEngine> => {
      systemPaths ??= declareSystemPaths();
      return { paths: systemPaths };
    },
  };
  const mounts: Mounts = new Mounts({
    recordsOf,
    engines: new Map([...parts.engines, ['system', systemPlugin]]),
    authMethods: parts.authMethods,
    system,
    clock,
    logger,
    tokens: tokens as TokenService,
    endLeases: (namespace, path) => leases.revokePrefix(namespace, path),
  });
  const pipeline = new Pipeline({
    mounts,
    namespaces,
    tokens,
    tokenStore,
    access,
    audit,
    leases,
    wrapping,
    clock,
    logger: logger.named('core'),
    isUnsealed: () => lifecycle.unsealed,
    freshen: () => barrier.freshen(),
    lifecyclePaths: compilePaths(lifecyclePaths(lifecycle).filter((path) => path.whileSealed)),
  });
  barrier.onChange((keys) => access.changed(keys));
  let cancelTidy: (() => void) | undefined;
  let declared = configuration.auditDevices;

  return {
    pipeline,
    lifecycle,
    async start() {
      const outcome = await lifecycle.start();
      if (outcome.problem && outcome.problem.kind !== 'unavailable') throw outcome.problem;
    },
    async reload(next) {
      declared = next.auditDevices;
      if (lifecycle.unsealed) {
        await auditTable.restore(declared);
        await audit.reopen();
      }
    },
    async stop() {
      await pipeline.drained();
      await lifecycle.stop();
    },
  };

  /** One list for the `sys/` mounts of all namespaces, so that it is compiled once. */
  function declareSystemPaths(): SecretsEngine['paths'] {
    return [
      ...mountPaths(mounts, system),
      ...internalPaths(mounts, access, tokenStore),
      ...policyPaths(policies),
      ...capabilityPaths(access, tokenStore),
      ...leasePaths(leases, expiry, logger.named('expiration')),
      ...namespacePaths(namespaces),
      ...wrappingPaths(wrapping, tokenStore),
      ...auditPaths(auditTable),
      ...lifecyclePaths(lifecycle),
      ...toolsPaths(),
      ...passwordPolicyPaths(passwordPolicies),
    ];
  }

  /** What a new store needs before its first request; safe to repeat. */
  async function initializeStore(): Promise<void> {
    await tokenStore.initialize();
    await tokenStore.load();
    await policies.initialize(rootNamespace.id);
    await mounts.createTable(rootNamespace);
  }

  async function unsealed(): Promise<void> {
    await initializeStore();
    await auditTable.restore(declared);
    expiry.start();
    scheduleTidy();
    void resumeWork().catch((error: unknown) => logger.named('core').warn('work that was interrupted could not be finished yet', { error: error instanceof Error ? error.message : 'unknown' }));
  }

  /** What a crash may have left half done; never in the way of the first request. */
  async function resumeWork(): Promise<void> {
    await namespaces.resumeRemovals();
    await mounts.resumeRemovals(rootNamespace);
    await tokenStore.resume(rootNamespace.id);
    for await (const namespace of namespaces.below(rootNamespace)) {
      await mounts.resumeRemovals(namespace);
      await tokenStore.resume(namespace.id);
    }
  }

  async function sealing(): Promise<void> {
    cancelTidy?.();
    await expiry.stop();
    await mounts.unloadAll();
    await audit.close();
    tokenStore.forget();
  }

  function scheduleTidy(): void {
    cancelTidy = clock.after(tidyEveryMs, () => {
      void tidy().finally(() => {
        if (lifecycle.unsealed) scheduleTidy();
      });
    });
  }

  async function tidy(): Promise<void> {
    try {
      await barrier.persistCounts();
      await barrier.rotateIfDue();
      await barrier.reencrypt();
      for (const mount of mounts.loaded()) await mount.engine?.tidy?.();
    } catch (error) {
      logger.named('core').warn('background upkeep failed; it is tried again', { error: error instanceof Error ? error.message : 'unknown' });
    }
  }

  async function prepareNamespace(namespace: Namespace): Promise<void> {
    await barrier.createNamespace(namespace.id);
    await policies.initialize(namespace.id);
    await mounts.createTable(namespace);
  }

  async function removeNamespace(namespace: Namespace): Promise<void> {
    await leases.revokePrefix(namespace, '', { lazy: true });
    await barrier.destroyNamespace(namespace.id);
    await barrier.purgeNamespace(namespace.id);
  }

  async function tokensEnded(ended: readonly TokenAddress[]): Promise<void> {
    for (const { namespaceId, digest } of ended) {
      await wrapping.tokenEnded(namespaceId, digest);
      const namespace = await namespaceById(namespaceId);
      if (!namespace) continue;
      for (const mount of (await mounts.table(namespace)).mounts) {
        if (mount.entry.type !== 'cubbyhole') continue;
        await mount.load();
        await (mount.engine as SecretsEngine).tokenEnded?.(digest);
      }
    }
  }
}
