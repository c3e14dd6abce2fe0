import { defineKeys } from './key-declaration.ts';

const raft = 'Nodes do not replicate to each other; they share one store.';

/** Keys of `storage "sqlite"`. */
export const sqliteKeys = defineKeys({
  path: {
    type: 'path',
    defaultText: 'required',
    description: 'The folder of the data, made (0700) when it is missing.',
  },
  exclusive: {
    type: 'boolean',
    default: true,
    description:
      'Refuse a second process on the folder. With false, several processes of this machine may share it, each seeing what the others wrote; every request then costs a little more.',
    vault: 'No such storage.',
  },
});

/** Keys of `storage "inmem"`: everything is gone when the process ends. */
export const inmemKeys = defineKeys({});

/** Keys of Vault's `storage "file"` and `storage "raft"`, which are read as SQLite in the folder `path`. */
export const migratedStorageKeys = defineKeys({
  path: { type: 'path', defaultText: 'required', description: 'The folder of the data.' },
  node_id: { type: 'accepted', description: raft },
  retry_join: { type: 'accepted', description: raft },
  retry_join_as_non_voter: { type: 'accepted', description: raft },
  performance_multiplier: { type: 'accepted', description: raft },
  trailing_logs: { type: 'accepted', description: raft },
  snapshot_threshold: { type: 'accepted', description: raft },
  snapshot_interval: { type: 'accepted', description: raft },
  max_entry_size: { type: 'accepted', description: 'A record may have 48 MiB.' },
  max_mount_and_namespace_table_entry_size: { type: 'accepted', description: 'There are no such tables.' },
  max_transaction_size: { type: 'accepted', description: 'Commits have no such bound.' },
  autopilot_reconcile_interval: { type: 'accepted', description: raft },
  autopilot_update_interval: { type: 'accepted', description: raft },
  autopilot_upgrade_version: { type: 'accepted', description: raft },
  autopilot_redundancy_zone: { type: 'accepted', description: raft },
  raft_wal: { type: 'accepted', description: 'SQLite keeps its own log.' },
  raft_log_verifier_enabled: { type: 'accepted', description: 'SQLite keeps its own log.' },
  raft_log_verification_interval: { type: 'accepted', description: 'SQLite keeps its own log.' },
  max_parallel: { type: 'accepted', description: 'Reads do not wait for writes.' },
  autopilot: { type: 'accepted', description: raft },
});

/** What every seal stanza may say beside its own words, which the seal checks. */
export const sealKeys = defineKeys({
  disabled: {
    type: 'boolean',
    default: false,
    description: 'This seal is only there to migrate away from: `coffer operator unseal -migrate`.',
  },
  purpose: { type: 'accepted', description: 'A seal protects the root key and nothing else.' },
  name: { type: 'accepted', description: 'There is one seal in force, so it needs no name.' },
  priority: { type: 'accepted', description: 'There is one seal in force, so it needs no priority.' },
});

/** Keys of `audit "TYPE" "PATH"`. Any other key is an option of the device. */
export const auditKeys = defineKeys({
  description: { type: 'string', default: '', description: 'For people.' },
  local: { type: 'boolean', default: false, description: 'Kept as it is; nothing is replicated.' },
  options: {
    type: 'block',
    description: 'Options of the device, as in `audit enable`: `file_path`, `log_raw` …',
  },
});

/** Storage that Vault knows and Coffer does not. */
export const foreignStorage: ReadonlySet<string> = new Set(
  (
    'aerospike alicloudoss azure cassandra cockroachdb consul couchdb dynamodb etcd foundationdb gcs manta mssql ' +
    'mysql oci s3 spanner swift zookeeper'
  ).split(' '),
);

/** Vault's names of seals, and the folder each has here. */
export const sealFolders: Readonly<Record<string, string>> = {
  awskms: 'aws-kms',
  azurekeyvault: 'azure-key-vault',
  gcpckms: 'gcp-kms',
};
