import type { StanzaDeclaration } from './key-declaration.ts';
import {
  commonListenerKeys,
  listenerProfilingKeys,
  listenerTelemetryKeys,
  tcpListenerKeys,
  unixListenerKeys,
} from './listener-keys.ts';
import { auditKeys, migratedStorageKeys, sealKeys, sqliteKeys } from './stanza-keys.ts';
import { telemetryKeys, telemetryPushKeys, topLevelKeys } from './top-level-keys.ts';

/** Every table of keys, in the order of the reference. */
export const stanzas: readonly StanzaDeclaration[] = [
  { title: 'At the top', description: 'Keys that stand in no stanza.', keys: topLevelKeys },
  {
    title: 'storage "sqlite"',
    description: 'The embedded store: one SQLite database in a folder of its own.',
    example: 'storage "sqlite" {\n  path = "/var/lib/coffer"\n}',
    keys: sqliteKeys,
  },
  {
    title: 'storage "inmem"',
    description: 'Keeps everything in memory; it is gone when the server stops. It has no keys.',
    keys: {},
  },
  {
    title: 'storage "file", storage "raft"',
    description:
      'Vault’s own kinds are read as `storage "sqlite"` in the same folder, with a warning. What Vault wrote there is neither read nor changed.',
    keys: migratedStorageKeys,
  },
  {
    title: 'listener',
    description: 'Keys of every listener.',
    example:
      'listener "tcp" {\n  address       = "0.0.0.0:8200"\n  tls_cert_file = "/etc/coffer/cert.pem"\n  tls_key_file  = "/etc/coffer/key.pem"\n}',
    keys: commonListenerKeys,
  },
  {
    title: 'listener "tcp"',
    description: 'Keys of HTTP and HTTPS listeners besides.',
    keys: tcpListenerKeys,
  },
  {
    title: 'listener "unix"',
    description:
      'A socket in the file system. Whoever may open it may speak to the server; TLS is not spoken there.',
    example: 'listener "unix" {\n  address     = "/run/coffer.sock"\n  socket_mode = "0660"\n}',
    keys: unixListenerKeys,
  },
  {
    title: 'telemetry in a listener',
    description: 'Who may read metrics there.',
    keys: listenerTelemetryKeys,
  },
  {
    title: 'profiling and inflight_requests_logging in a listener',
    description: 'Who may see requests in flight there.',
    keys: listenerProfilingKeys,
  },
  {
    title: 'seal',
    description:
      'What protects the root key: `shamir` (the default: people bring shares), `static` (a key file), or another folder of server/seals. Other keys are the seal’s own; see its README.md.',
    example: 'seal "static" {\n  key_file = "/etc/coffer/unseal.key"\n}',
    keys: sealKeys,
  },
  {
    title: 'audit',
    description: 'An audit device, by type and path, that is enabled at start.',
    example: 'audit "file" "to-disk" {\n  options {\n    file_path = "/var/log/coffer/audit.log"\n  }\n}',
    keys: auditKeys,
  },
  {
    title: 'telemetry',
    description: 'Metrics, served at `sys/metrics`.',
    keys: { ...telemetryKeys, ...telemetryPushKeys },
  },
];
