import { formatGoDuration } from '../../../formats/duration/index.ts';
import type { Configuration, ListenerConfiguration } from '../configuration/configuration.ts';

/** The table that `coffer server` prints, with Vault's labels, which scripts read. */
export function serverBanner(
  configuration: Configuration,
  addresses: readonly string[],
  version: string,
): string {
  const rows: [label: string, value: string][] = [];
  const api = configuration.apiAddress ?? apiAddressOf(configuration.listeners[0], addresses[0]);
  if (api !== undefined) rows.push(['Api Address', api]);
  if (configuration.clusterAddress !== undefined)
    rows.push(['Cluster Address', configuration.clusterAddress]);
  configuration.listeners.forEach((listener, index) => {
    rows.push([`Listener ${index + 1}`, listenerText(listener, addresses[index] ?? '')]);
  });
  rows.push(['Log Level', configuration.log.level]);
  rows.push(['Storage', configuration.storage.type === 'memory' ? 'inmem' : configuration.storage.type]);
  rows.push(['Version', `Coffer v${version}`]);
  const table = rows.map(([label, value]) => `${label.padStart(24 - 4)}: ${value}\n`).join('');
  return `==> Coffer server configuration:\n\n${table.replaceAll(/^/gm, '    ').trimEnd()}\n\n==> Coffer server started! Log data will stream in below:\n\n`;
}

/** The URL of a listener; undefined for a socket. */
export function apiAddressOf(
  listener: ListenerConfiguration | undefined,
  address: string | undefined,
): string | undefined {
  if (listener?.kind !== 'tcp' || address === undefined) return undefined;
  const reachable = address.replace(/^(0\.0\.0\.0|\[::\])(?=:)/, '127.0.0.1');
  return `${listener.tls ? 'https' : 'http'}://${reachable}`;
}

export interface DevelopmentFacts {
  readonly address: string;
  readonly authorityFile: string | undefined;
  readonly unsealKey: string;
  readonly rootToken: string;
}

export function developmentBanner({
  address,
  authorityFile,
  unsealKey,
  rootToken,
}: DevelopmentFacts): string {
  const variables = [`    $ export COFFER_ADDR='${address}'`];
  if (authorityFile !== undefined) variables.push(`    $ export COFFER_CACERT='${authorityFile}'`);
  const forVault = variables.map((line) => line.replace('COFFER_', 'VAULT_'));
  return `WARNING! dev mode is enabled! Coffer runs entirely in memory and starts unsealed with a single unseal key.
The root token is already stored for the command line, unless -dev-no-store-token was given.

You may need to set these environment variables:

${variables.join('\n')}

or, for Vault's own clients:

${forVault.join('\n')}

The unseal key and root token are shown in case you want to seal and unseal, or to log in again.

Unseal Key: ${unsealKey}
Root Token: ${rootToken}

Development mode should NOT be used in production!

`;
}

function listenerText(listener: ListenerConfiguration, address: string): string {
  const words = [`addr: "${address}"`];
  if (listener.kind === 'tcp') {
    if (listener.clusterAddress !== undefined) words.push(`cluster address: "${listener.clusterAddress}"`);
  }
  words.push(`max_request_duration: "${formatGoDuration(listener.maxRequestSeconds)}"`);
  words.push(`max_request_size: "${listener.maxRequestBytes}"`);
  words.push(`tls: "${listener.kind === 'tcp' && listener.tls ? 'enabled' : 'disabled'}"`);
  return `${listener.kind} (${words.join(', ')})`;
}
