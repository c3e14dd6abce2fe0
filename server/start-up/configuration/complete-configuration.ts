import { readHcl } from '../../../formats/hcl/index.ts';
import type { LogLevel } from '../../contracts/logger.ts';
import { logLevels } from '../logging/server-logger.ts';
import type { Configuration, ListenerConfiguration } from './configuration.ts';
import type { CompleteValues, GivenValues, KeyDeclaration } from './key-declaration.ts';
import type { ConfigurationInput, GatheredConfiguration } from './read-configuration.ts';
import { Findings, mergeValues, noValues, parseBytes, readKeys, withDefaults } from './read-keys.ts';
import { inheritedDuration } from './read-listener.ts';
import { withTransportSecurity } from './response-headers.ts';
import { telemetryKeys, topLevelKeys } from './top-level-keys.ts';

const defaultCacheBytes = 32 * 1024 * 1024;
/** What one record of Vault's `cache_size` is taken as. */
const bytesPerCachedRecord = 512;

type TopLevel = CompleteValues<typeof topLevelKeys>;

/** Merged files, then environment, then command line, then defaults; undefined when something is missing. */
export function completeConfiguration(
  gathered: GatheredConfiguration,
  input: ConfigurationInput,
  findings: Findings,
): Configuration | undefined {
  const given = mergeValues(gathered.values, readOverrides(input, findings));
  const values = withDefaults(topLevelKeys, {
    ...given,
    // A lower maximum alone lowers the default with it.
    default_lease_ttl:
      given.default_lease_ttl ?? lowerOf(given.max_lease_ttl, topLevelKeys.default_lease_ttl.default),
  });
  const telemetry = withDefaults(telemetryKeys, gathered.telemetry);
  const cacheBytes = cacheBytesOf(values, findings);
  checkWhole(gathered, values, findings);
  if (!gathered.storage) return undefined;
  return {
    sources: gathered.sources,
    listeners: gathered.listeners.map((listener) => inherit(listener, values)),
    storage: gathered.storage,
    seals: gathered.seals,
    auditDevices: gathered.auditDevices,
    auditFolders: values.audit_folders,
    apiAddress: values.api_addr,
    clusterAddress: values.cluster_addr,
    clusterName: values.cluster_name,
    defaultLeaseTtlSeconds: values.default_lease_ttl,
    maxLeaseTtlSeconds: values.max_lease_ttl,
    log: {
      level: logLevelOf(values.log_level),
      format: values.log_format === 'json' ? 'json' : 'standard',
      file: values.log_file,
      rotateBytes: values.log_rotate_bytes,
      rotateSeconds: values.log_rotate_duration,
      rotateMaxFiles: values.log_rotate_max_files,
    },
    ui: values.ui,
    telemetry: {
      prometheusRetentionSeconds: telemetry.prometheus_retention_time,
      disableHostname: telemetry.disable_hostname,
      metricsPrefix: telemetry.metrics_prefix,
      usageGaugePeriodSeconds: telemetry.usage_gauge_period,
      maximumGaugeCardinality: telemetry.maximum_gauge_cardinality,
    },
    pidFile: values.pid_file,
    rawStorageEndpoint: values.raw_storage_endpoint,
    introspectionEndpoint: values.introspection_endpoint,
    responseHeaderHostname: values.enable_response_header_hostname,
    responseHeaderRaftNodeId: values.enable_response_header_raft_node_id,
    acceptPlaintextRecords: values.accept_plaintext_records,
    cacheBytes: values.disable_cache ? 0 : cacheBytes,
    warnings: findings.warnings,
  };
}

const prefixes = ['COFFER_', 'VAULT_', 'BAO_'];

/** Flags over `COFFER_…` over `VAULT_…` over `BAO_…`, each read by the rules of its key and named when it is wrong. */
function readOverrides(input: ConfigurationInput, findings: Findings): GivenValues<typeof topLevelKeys> {
  let values = noValues(topLevelKeys);
  const declarations: Readonly<Record<string, KeyDeclaration>> = topLevelKeys;
  const overrides: Readonly<Record<string, string | undefined>> = input.overrides ?? {};
  for (const [key, { variable }] of Object.entries(declarations)) {
    const names = variable === undefined ? [] : prefixes.map((prefix) => prefix + variable);
    const name = names.find((candidate) => (input.environment[candidate] ?? '') !== '');
    const flag = overrides[key];
    const text = flag ?? (name === undefined ? undefined : input.environment[name]);
    if (text === undefined) continue;
    const file = flag === undefined ? (name ?? key) : `-${key.replaceAll('_', '-')}`;
    const own = new Findings();
    values = mergeValues(
      values,
      readKeys(readHcl(JSON.stringify({ [key]: text }), { file }), topLevelKeys, own),
    );
    findings.problems.push(...own.problems.map((problem) => ({ ...problem, line: undefined })));
  }
  return values;
}

/** What can only be judged when all files are merged. */
function checkWhole(gathered: GatheredConfiguration, values: TopLevel, findings: Findings): void {
  const file = gathered.sources.at(-1) ?? '';
  const missing = (message: string): void => {
    // A file that could not be read may have held it.
    if (gathered.sources.length > 0)
      findings.problems.push({ file, line: undefined, key: undefined, message });
  };
  if (!gathered.hasStorage) {
    missing('a storage must be given, for example: storage "sqlite" { path = "/var/lib/coffer" }');
  }
  if (gathered.listeners.length === 0 && findings.problems.length === 0) {
    missing('a listener must be given, for example: listener "tcp" { address = "127.0.0.1:8200" … }');
  }
  if (gathered.seals.filter(({ disabled }) => !disabled).length > 1) {
    missing('two seals are in force; mark the one to migrate from with disabled = true.');
  }
  if (values.max_lease_ttl === 0 || values.default_lease_ttl > values.max_lease_ttl) {
    missing('"default_lease_ttl" must not be longer than "max_lease_ttl".');
  }
  for (const key of ['api_addr', 'cluster_addr'] as const) {
    const address = values[key];
    if (address !== undefined && !/^https?:\/\/[^/\s]+\/?$/.test(address)) {
      missing(
        `"${key}" must be a URL with scheme, host and port, for example "https://coffer.example:8200".`,
      );
    }
  }
  for (const device of gathered.auditDevices) {
    if (gathered.auditDevices.find(({ path }) => path === device.path) !== device) {
      missing(`two audit devices have the path "${device.path}".`);
    }
  }
}

function lowerOf(one: number | undefined, other: number): number {
  return one === undefined ? other : Math.min(one, other);
}

function inherit(listener: ListenerConfiguration, values: TopLevel): ListenerConfiguration {
  const maxRequestSeconds =
    listener.maxRequestSeconds === inheritedDuration
      ? values.default_max_request_duration
      : listener.maxRequestSeconds;
  if (listener.kind === 'unix' || !listener.tls) return { ...listener, maxRequestSeconds };
  return {
    ...listener,
    maxRequestSeconds,
    responseHeaders: withTransportSecurity(listener.responseHeaders),
  };
}

function cacheBytesOf(values: TopLevel, findings: Findings): number {
  const text = values.cache_size;
  if (text === undefined || text === '0') return defaultCacheBytes;
  if (/^\d+$/.test(text)) return Math.min(Number(text) * bytesPerCachedRecord, Number.MAX_SAFE_INTEGER);
  const bytes = parseBytes(text);
  if (bytes === undefined) {
    findings.problems.push({
      file: '',
      line: undefined,
      key: 'cache_size',
      message: 'must be a size such as "256MiB", or a number of records.',
    });
  }
  return bytes ?? defaultCacheBytes;
}

function logLevelOf(word: string): LogLevel {
  if (word === 'warning') return 'warn';
  if (word === 'err') return 'error';
  if (word === 'notice') return 'info';
  return logLevels.find((level) => level === word) ?? 'info';
}
