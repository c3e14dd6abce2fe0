import type { JsonObject } from '../../contracts/request.ts';
import type { Configuration, ListenerConfiguration } from './configuration.ts';

const nanosecondsPerSecond = 1_000_000_000;

/**
 * `sys/config/state/sanitized`: the configuration in Vault's words. Only what is listed here is shown: of
 * storage, seals and audit devices the types, never their settings, which may hold secrets.
 */
export function sanitizedState(configuration: Configuration): JsonObject {
  const { log, telemetry, storage } = configuration;
  return {
    api_addr: configuration.apiAddress ?? '',
    cache_size: 0,
    cluster_addr: configuration.clusterAddress ?? '',
    cluster_cipher_suites: '',
    cluster_name: configuration.clusterName ?? '',
    default_lease_ttl: configuration.defaultLeaseTtlSeconds,
    default_max_request_duration: 0,
    disable_cache: configuration.cacheBytes === 0,
    disable_clustering: false,
    disable_indexing: false,
    disable_mlock: true,
    disable_performance_standby: false,
    disable_printable_check: false,
    disable_sealwrap: false,
    enable_response_header_hostname: configuration.responseHeaderHostname,
    enable_response_header_raft_node_id: configuration.responseHeaderRaftNodeId,
    enable_ui: configuration.ui,
    introspection_endpoint: configuration.introspectionEndpoint,
    listeners: configuration.listeners.map(shownListener),
    log_format: log.format,
    log_level: log.level,
    log_requests_level: '',
    max_lease_ttl: configuration.maxLeaseTtlSeconds,
    pid_file: configuration.pidFile ?? '',
    plugin_directory: '',
    plugin_file_permissions: 0,
    plugin_file_uid: 0,
    raw_storage_endpoint: configuration.rawStorageEndpoint,
    seals: (configuration.seals.length > 0 ? configuration.seals : [{ type: 'shamir', disabled: false }]).map(
      ({ type, disabled }) => ({ type, disabled }),
    ),
    storage: { cluster_addr: '', disable_clustering: false, redirect_addr: '', type: storage.type },
    telemetry: {
      disable_hostname: telemetry.disableHostname,
      maximum_gauge_cardinality: telemetry.maximumGaugeCardinality,
      metrics_prefix: telemetry.metricsPrefix,
      prometheus_retention_time: telemetry.prometheusRetentionSeconds * nanosecondsPerSecond,
      usage_gauge_period: telemetry.usageGaugePeriodSeconds * nanosecondsPerSecond,
    },
  };
}

function shownListener(listener: ListenerConfiguration): JsonObject {
  if (listener.kind === 'unix') return { type: 'unix', config: { address: listener.path } };
  const { host, port, tls } = listener;
  return {
    type: 'tcp',
    config: {
      address: `${host.includes(':') ? `[${host}]` : host}:${port}`,
      tls_disable: tls === undefined,
      ...(tls && { tls_cert_file: tls.certificateFile, tls_key_file: tls.keyFile }),
    },
  };
}
