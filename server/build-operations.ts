import os from 'node:os';
import type { Barrier } from './barrier/index.ts';
import type { AuthMethodPlugin } from './contracts/auth-method.ts';
import type { Clock } from './contracts/clock.ts';
import type { LogLevels } from './contracts/logger.ts';
import type { PathDeclaration } from './contracts/paths.ts';
import type { Records } from './contracts/records.ts';
import type { SecretsEnginePlugin } from './contracts/secrets-engine.ts';
import type { AuditBroker } from './core/audit/audit-broker.ts';
import type { Lifecycle } from './core/lifecycle/index.ts';
import { LoginLockout } from './core/lockout/login-lockout.ts';
import { countRecords } from './core/metrics/count-records.ts';
import type { CountedStorage } from './core/metrics/counted-storage.ts';
import { Metrics } from './core/metrics/metrics.ts';
import { UsageGauges } from './core/metrics/usage-gauges.ts';
import type { Mounts } from './core/mounts/mounts.ts';
import { type Namespaces, rootNamespace } from './core/namespaces/namespaces.ts';
import type { Exchange } from './core/pipeline/exchange.ts';
import { PasswordPolicies } from './core/policies/password-policies.ts';
import { Quotas } from './core/quotas/quotas.ts';
import { configPaths } from './core/system/config-paths.ts';
import { Cors } from './core/system/cors.ts';
import { haPaths } from './core/system/ha-paths.ts';
import { infoPaths } from './core/system/info-paths.ts';
import { lockedUserPaths } from './core/system/locked-user-paths.ts';
import { loggerPaths } from './core/system/logger-paths.ts';
import { metricsPaths } from './core/system/metrics-paths.ts';
import { passwordPolicyPaths } from './core/system/password-policy-paths.ts';
import {
  type CatalogDependencies,
  type CatalogEntry,
  pluginCatalogPaths,
} from './core/system/plugin-catalog-paths.ts';
import { quotaPaths } from './core/system/quota-paths.ts';
import { rawPaths } from './core/system/raw-paths.ts';
import { toolsPaths } from './core/system/tools-paths.ts';
import { VersionHistory } from './core/system/version-history.ts';
import type { Configuration } from './start-up/configuration/configuration.ts';
import { sanitizedState } from './start-up/configuration/sanitized-state.ts';
import { vaultVersion, version } from './version.ts';

export interface OperationsParts {
  readonly configuration: Configuration;
  /** Scheme, host and port of the first listener, when it has one. */
  readonly listenerAddress?: string | undefined;
  readonly storage: CountedStorage;
  readonly barrier: Barrier;
  readonly engines: ReadonlyMap<string, SecretsEnginePlugin>;
  readonly authMethods: ReadonlyMap<string, AuthMethodPlugin>;
  readonly clock: Clock;
  readonly logLevels: LogLevels | undefined;
  readonly recordsOf: (namespaceId: string, prefix: string) => Records;
  readonly namespaces: Namespaces;
  readonly mounts: Mounts;
  readonly lifecycle: Lifecycle;
  readonly audit: AuditBroker;
  /** The requests that are running now. */
  readonly inFlight: () => ReadonlySet<Exchange>;
}

/** What operators see and set of a running server. */
export interface Operations {
  readonly cors: Cors;
  readonly quotas: Quotas;
  readonly lockout: LoginLockout;
  readonly metrics: Metrics;
  /** Declared apart, as it answers while the server is sealed. */
  readonly metricsPaths: readonly PathDeclaration[];
  readonly paths: () => PathDeclaration[];
  unsealed(): Promise<void>;
  sealing(): void;
}

/** Puts quotas, metrics and the operators' part of `sys/` together. */
export function buildOperations(parts: OperationsParts): Operations {
  const { configuration, recordsOf, namespaces, mounts, clock, lifecycle, inFlight, barrier } = parts;
  const { telemetry } = configuration;
  const records = recordsOf(rootNamespace.id, 'sys/');
  const cors = new Cors(records);
  const versions = new VersionHistory(records, clock, vaultVersion);
  const quotas = new Quotas({ recordsOf, namespaces });
  const lockout = new LoginLockout(clock);
  const count = (prefix: string) => () => countRecords({ recordsOf, namespaces }, prefix);
  const usage = usageGauges(count, clock, telemetry.usageGaugePeriodSeconds);
  const metrics = new Metrics({
    clock,
    prefix: telemetry.metricsPrefix,
    storage: parts.storage,
    usage,
    isUnsealed: () => lifecycle.unsealed,
    inFlight: () => inFlight().size,
    clusterName: async () => (await lifecycle.status()).cluster?.name,
    cache: () => barrier.cacheFacts,
    auditDevices: () => parts.audit.health(),
  });
  const declaredMetrics = metricsPaths(metrics, telemetry.prometheusRetentionSeconds > 0);
  barrier.onChange((keys) => quotas.changed(keys));
  return {
    cors,
    quotas,
    lockout,
    metrics,
    metricsPaths: declaredMetrics,
    paths: () => [
      ...declaredMetrics,
      ...toolsPaths(),
      ...passwordPolicyPaths(new PasswordPolicies(recordsOf)),
      ...configPaths({ cors, records, sanitizedState: () => sanitizedState(configuration) }),
      ...infoPaths({
        versions,
        mounts,
        namespaces,
        clock,
        inFlight,
        countTokens: count('token/'),
        countEntities: count('identity/entity/'),
        introspection: configuration.introspectionEndpoint,
      }),
      ...haPaths({
        hostname: os.hostname(),
        apiAddress: configuration.apiAddress ?? parts.listenerAddress ?? '',
        clusterAddress: configuration.clusterAddress ?? '',
        version: vaultVersion,
      }),
      ...quotaPaths({ quotas, mounts, namespaces }),
      ...lockedUserPaths(lockout),
      ...pluginCatalogPaths({
        entries: () => catalogEntries(parts),
        reload: (which, id) => reloadMounts(parts, which, id),
      }),
      ...(parts.logLevels ? loggerPaths(parts.logLevels) : []),
      ...(configuration.rawStorageEndpoint ? rawPaths(recordsOf, namespaces) : []),
    ],
    unsealed: () => versions.record(),
    sealing() {
      quotas.forget();
      usage.forget();
    },
  };
}

function usageGauges(
  count: (prefix: string) => () => Promise<number>,
  clock: Clock,
  periodSeconds: number,
): UsageGauges {
  return new UsageGauges(
    [
      { name: 'token.count', help: 'Service tokens in all namespaces.', count: count('token/') },
      { name: 'expire.num_leases', help: 'Leases in all namespaces.', count: count('lease/') },
    ],
    clock,
    periodSeconds,
  );
}

/** Those that users can enable: what every namespace has by itself is not in Vault's catalogue either. */
function catalogEntries({ engines, authMethods }: OperationsParts): CatalogEntry[] {
  const of = (
    type: 'auth' | 'secret',
    plugins: OperationsParts['engines'] | OperationsParts['authMethods'],
  ) =>
    [...plugins.values()]
      .filter(({ singleton }) => !singleton)
      .map((plugin): CatalogEntry => ({ name: plugin.type, type, version: plugin.version ?? version }));
  return [...of('auth', authMethods), ...of('secret', engines)];
}

/** `sys/` itself, which is answering, is left alone. */
async function reloadMounts(
  { mounts, namespaces }: OperationsParts,
  which: Parameters<CatalogDependencies['reload']>[0],
  namespaceId: string,
): Promise<number> {
  const namespace = await namespaces.byId(namespaceId);
  if (!namespace) return 0;
  const paths = which.paths?.map((path) => (path.endsWith('/') ? path : `${path}/`));
  const found = (await mounts.table(namespace)).mounts.filter(
    ({ entry, fullPath }) =>
      entry.type !== 'system' && (paths ? paths.includes(fullPath) : entry.type === which.type),
  );
  for (const mount of found) await mount.unload();
  return found.length;
}
