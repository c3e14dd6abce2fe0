import { isDeepStrictEqual } from 'node:util';
import type { Configuration } from './configuration/configuration.ts';

/** What is only read at the start, as the configuration file calls it. The address of a listener is one thing, its certificate files another: the latter are read again. */
const readAtStart: readonly (readonly [name: string, read: (configuration: Configuration) => unknown])[] = [
  ['listener', ({ listeners }) => listeners],
  ['storage', ({ storage }) => storage],
  ['seal', ({ seals }) => seals],
  ['api_addr', ({ apiAddress }) => apiAddress],
  ['cluster_addr', ({ clusterAddress }) => clusterAddress],
  ['cluster_name', ({ clusterName }) => clusterName],
  ['default_lease_ttl', ({ defaultLeaseTtlSeconds }) => defaultLeaseTtlSeconds],
  ['max_lease_ttl', ({ maxLeaseTtlSeconds }) => maxLeaseTtlSeconds],
  ['log_file', ({ log }) => [log.file, log.format, log.rotateBytes, log.rotateSeconds, log.rotateMaxFiles]],
  ['pid_file', ({ pidFile }) => pidFile],
  ['telemetry', ({ telemetry }) => telemetry],
  ['raw_storage_endpoint', ({ rawStorageEndpoint }) => rawStorageEndpoint],
  ['introspection_endpoint', ({ introspectionEndpoint }) => introspectionEndpoint],
  ['accept_plaintext_records', ({ acceptPlaintextRecords }) => acceptPlaintextRecords],
  ['cache_size', ({ cacheBytes }) => cacheBytes],
];

/** Names of what was changed in the files and is not taken over at SIGHUP. Names only: settings may hold secrets. */
export function needsRestart(running: Configuration, read: Configuration): string[] {
  return readAtStart
    .filter(([, part]) => !isDeepStrictEqual(part(running), part(read)))
    .map(([name]) => name);
}
