import { defineKeys } from './key-declaration.ts';

const logLevels = ['trace', 'debug', 'info', 'warn', 'error'];
const singleProcess = 'Coffer loads no plug-in binaries; every engine is part of the program.';
const enterprise = 'A key of an Enterprise edition; Coffer has no licence and no such switch.';

/** Keys at the top of a file. */
export const topLevelKeys = defineKeys({
  storage: {
    type: 'block',
    description: 'Where encrypted records are kept; see `storage`.',
    defaultText: 'required',
    aliases: ['backend'],
  },
  listener: {
    type: 'block',
    description: 'An address to listen on; see `listener`. Several are allowed.',
    defaultText: 'required',
  },
  seal: {
    type: 'block',
    description: 'What protects the root key; see `seal`.',
    defaultText: '`shamir`',
  },
  audit: {
    type: 'block',
    description: 'An audit device that is enabled at start; see `audit`. Several are allowed.',
  },
  telemetry: { type: 'block', description: 'Metrics; see `telemetry`.' },
  api_addr: {
    type: 'string',
    description: 'The URL at which clients reach this server.',
    defaultText: "the first listener's address",
    variable: 'API_ADDR',
  },
  cluster_addr: {
    type: 'string',
    description:
      'Shown in `sys/leader` and `sys/ha-status`; Coffer’s nodes meet in their store and need no address of each other.',
    variable: 'CLUSTER_ADDR',
  },
  cluster_name: {
    type: 'string',
    description: 'A name for this installation, shown in `sys/seal-status` and `sys/health`.',
    defaultText: '`coffer-cluster-` and eight characters of the store’s own id',
  },
  default_lease_ttl: {
    type: 'seconds',
    default: 2_764_800,
    description:
      'Lifetime of a token or lease that asks for none. When several files set it, the longest counts.',
  },
  max_lease_ttl: {
    type: 'seconds',
    default: 2_764_800,
    description: 'The longest lifetime of a token or lease. When several files set it, the longest counts.',
  },
  default_max_request_duration: {
    type: 'seconds',
    default: 90,
    description: 'After this time a request is cut off, on listeners without `max_request_duration`.',
  },
  log_level: {
    type: 'string',
    default: 'info',
    allowed: [...logLevels, 'warning', 'err', 'notice'],
    description: 'The least important messages that are logged. SIGHUP takes over a change.',
    variable: 'LOG_LEVEL',
  },
  log_format: {
    type: 'string',
    default: 'standard',
    allowed: ['standard', 'json'],
    description: 'The form of log lines.',
    variable: 'LOG_FORMAT',
  },
  log_file: {
    type: 'path',
    description:
      'Log lines go to this file besides standard error; a path that ends in `/` is a folder for `coffer.log`. SIGHUP opens it again.',
    variable: 'LOG_FILE',
  },
  log_rotate_bytes: {
    type: 'bytes',
    default: 0,
    description: 'The log file is rotated when it would grow beyond this. 0: never.',
  },
  log_rotate_duration: {
    type: 'seconds',
    default: 86_400,
    description: 'The log file is rotated when it is older than this. 0: never.',
  },
  log_rotate_max_files: {
    type: 'integer',
    default: 0,
    description: 'How many rotated log files are kept. 0 keeps all.',
    vault: '-1 removes every old file.',
  },
  ui: { type: 'boolean', default: false, description: 'Serve the web console.', variable: 'UI' },
  pid_file: {
    type: 'path',
    description: 'The process id is written here at start, and the file removed at the end.',
  },
  raw_storage_endpoint: {
    type: 'boolean',
    default: false,
    description: 'Serve `sys/raw`, which reads and writes decrypted records below everything else.',
  },
  introspection_endpoint: {
    type: 'boolean',
    default: false,
    description: 'Serve `sys/internal/inspect` to root tokens.',
  },
  enable_response_header_hostname: {
    type: 'boolean',
    default: false,
    description: 'Add `X-Vault-Hostname` to every answer.',
  },
  enable_response_header_raft_node_id: {
    type: 'boolean',
    default: false,
    description: 'Add `X-Vault-Raft-Node-ID` to every answer, when the node has a name.',
  },
  disable_cache: {
    type: 'boolean',
    default: false,
    description: 'Read every record from storage; much slower.',
  },
  cache_size: {
    type: 'string',
    defaultText: '`"32MiB"`',
    description:
      'Room for decrypted records in memory: a size with a unit (`"256MiB"`). A plain number counts records, as in Vault, and is taken as 512 bytes each.',
  },
  accept_plaintext_records: {
    type: 'boolean',
    default: false,
    description:
      'Read records that an older store wrote in plaintext; they are encrypted when they are next written.',
  },
  audit_folders: {
    type: 'strings',
    default: [],
    defaultText: 'anywhere but the folders of the program and of the system',
    description: 'Audit files may only be made below these folders, whoever asks through the API.',
  },
  ha_storage: {
    type: 'accepted',
    description: 'Nodes coordinate in the store that holds the records; a second one is not needed.',
  },
  disable_mlock: {
    type: 'accepted',
    description: 'Coffer does not lock memory: encrypt or turn off swap on the machine instead.',
  },
  disable_clustering: {
    type: 'accepted',
    description: 'Nodes on one store always serve together; run a single node to have one.',
  },
  plugin_directory: { type: 'accepted', description: singleProcess },
  plugin_tmpdir: { type: 'accepted', description: singleProcess },
  plugin_file_uid: { type: 'accepted', description: singleProcess },
  plugin_file_permissions: { type: 'accepted', description: singleProcess },
  plugin: { type: 'accepted', description: singleProcess },
  disable_printable_check: {
    type: 'accepted',
    description: 'Names with control characters are refused always.',
  },
  log_requests_level: {
    type: 'accepted',
    description: 'Requests are recorded by audit devices, not in the log.',
  },
  user_lockout: {
    type: 'accepted',
    description: 'Lockout has Vault’s defaults and is tuned per auth mount (`auth tune`).',
  },
  service_registration: {
    type: 'accepted',
    description: 'Coffer registers itself nowhere; point discovery at `sys/health`.',
  },
  entropy: { type: 'accepted', description: 'Randomness comes from the operating system alone.' },
  hsm: { type: 'accepted', description: 'Write `seal "pkcs11"` instead.', refused: true },
  initialize: {
    type: 'accepted',
    description: 'Coffer does not initialise itself from a file; use `coffer operator init`.',
  },
  unsafe_allow_api_audit_creation: {
    type: 'accepted',
    description: 'Audit devices can be made through the API, below `audit_folders`.',
  },
  allow_audit_log_prefixing: {
    type: 'accepted',
    description: '`prefix` is an option of every audit device that writes lines.',
  },
  detect_deadlocks: { type: 'accepted', description: 'There are no locks to watch.' },
  imprecise_lease_role_tracking: { type: 'accepted', description: 'Leases are counted exactly.' },
  enable_post_unseal_trace: { type: 'accepted', description: 'There is no such trace; use `log_level`.' },
  post_unseal_trace_directory: { type: 'accepted', description: 'There is no such trace; use `log_level`.' },
  enable_unauthenticated_access: {
    type: 'accepted',
    description: 'Which paths need no token is fixed, as in Vault’s defaults.',
  },
  experiments: { type: 'accepted', description: 'There are no experiments to turn on.' },
  request_limiter: { type: 'accepted', description: 'Use rate-limit quotas (`sys/quotas/rate-limit`).' },
  kms_library: { type: 'accepted', description: 'Libraries are named in their `seal` stanza.' },
  replication: { type: 'accepted', description: enterprise },
  reporting: { type: 'accepted', description: enterprise },
  sentinel: { type: 'accepted', description: enterprise },
  license: { type: 'accepted', description: enterprise },
  license_path: { type: 'accepted', description: enterprise },
  administrative_namespace_path: { type: 'accepted', description: enterprise },
  adaptive_overload_protection: { type: 'accepted', description: enterprise },
  disable_performance_standby: { type: 'accepted', description: 'Every node serves reads and writes.' },
  disable_sealwrap: { type: 'accepted', description: enterprise },
  disable_indexing: { type: 'accepted', description: enterprise },
  disable_sentinel_trace: { type: 'accepted', description: enterprise },
});

/** Keys of `telemetry`. */
export const telemetryKeys = defineKeys({
  prometheus_retention_time: {
    type: 'seconds',
    default: 86_400,
    description:
      'How long a value is shown after it last changed. 0 turns `sys/metrics?format=prometheus` off.',
  },
  disable_hostname: {
    type: 'boolean',
    default: false,
    description: 'Leave the host’s name out of gauges.',
  },
  metrics_prefix: {
    type: 'string',
    default: 'vault',
    description: 'The first word of every metric.',
  },
  usage_gauge_period: {
    type: 'seconds',
    default: 600,
    description: 'How often counts of tokens, leases and secrets are taken. 0: never.',
  },
  maximum_gauge_cardinality: {
    type: 'integer',
    default: 500,
    description: 'The most labels that one gauge shows.',
  },
});

const pull = 'Metrics are read from `sys/metrics`; Coffer pushes them nowhere.';

/** Sinks of Vault’s telemetry that push. */
export const telemetryPushKeys = defineKeys({
  statsd_address: { type: 'accepted', description: pull },
  statsite_address: { type: 'accepted', description: pull },
  dogstatsd_addr: { type: 'accepted', description: pull },
  dogstatsd_tags: { type: 'accepted', description: pull },
  circonus_api_token: { type: 'accepted', description: pull },
  circonus_api_app: { type: 'accepted', description: pull },
  circonus_api_url: { type: 'accepted', description: pull },
  circonus_submission_interval: { type: 'accepted', description: pull },
  circonus_submission_url: { type: 'accepted', description: pull },
  circonus_check_id: { type: 'accepted', description: pull },
  circonus_check_force_metric_activation: { type: 'accepted', description: pull },
  circonus_check_instance_id: { type: 'accepted', description: pull },
  circonus_check_search_tag: { type: 'accepted', description: pull },
  circonus_check_tags: { type: 'accepted', description: pull },
  circonus_check_display_name: { type: 'accepted', description: pull },
  circonus_broker_id: { type: 'accepted', description: pull },
  circonus_broker_select_tag: { type: 'accepted', description: pull },
  stackdriver_project_id: { type: 'accepted', description: pull },
  stackdriver_location: { type: 'accepted', description: pull },
  stackdriver_namespace: { type: 'accepted', description: pull },
  stackdriver_debug_logs: { type: 'accepted', description: pull },
  enable_hostname_label: { type: 'accepted', description: 'The scraper’s `instance` label says it.' },
  lease_metrics_epsilon: { type: 'accepted', description: 'Leases are counted exactly.' },
  num_lease_metrics_buckets: { type: 'accepted', description: 'Leases are counted exactly.' },
  add_lease_metrics_namespace_labels: { type: 'accepted', description: 'Leases are counted exactly.' },
  add_mount_point_rollback_metrics: { type: 'accepted', description: 'There are no rollback metrics.' },
  rollback_metrics_include_mount_point: { type: 'accepted', description: 'There are no rollback metrics.' },
  filter_default: { type: 'accepted', description: 'Every metric is shown; filter at the scraper.' },
  prefix_filter: { type: 'accepted', description: 'Every metric is shown; filter at the scraper.' },
});
