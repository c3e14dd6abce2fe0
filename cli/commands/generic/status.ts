import type { CofferClient } from '../../../sdk/client.ts';
import { isObject, type JsonObject } from '../../../sdk/secret.ts';
import { goText } from '../../output/go-text.ts';
import { printValue } from '../../output/print.ts';
import { renderKeyValues } from '../../output/table.ts';
import { attempt, type Run } from '../../run.ts';

export async function status(run: Run): Promise<number> {
  const { client } = await run.clients();
  const { body } = await attempt(
    'Error checking seal status',
    () => client.request('GET', 'sys/seal-status'),
    1,
  );
  const seal = isObject(body) ? body : {};
  await printSealStatus(run, client, seal);
  return seal['sealed'] === true ? 2 : 0;
}

/** The seal status with what is known of the cluster, as `status` and `operator unseal` show it. */
export async function printSealStatus(run: Run, client: CofferClient, seal: JsonObject): Promise<void> {
  const leader = seal['sealed'] === true ? {} : await readLeader(client);
  const whole = { ...seal, ha_enabled: leader['ha_enabled'] === true, ...highAvailability(leader) };
  if (run.format !== 'table') await printValue(run, whole);
  else run.terminal.out(renderKeyValues(statusRows(whole)));
}

async function readLeader(client: CofferClient): Promise<JsonObject> {
  const { body } = await attempt(
    'Error checking leader status',
    () => client.request('GET', 'sys/leader'),
    1,
  );
  return isObject(body) ? body : {};
}

function highAvailability(leader: JsonObject): JsonObject {
  if (leader['ha_enabled'] !== true) return {};
  const names = ['is_self', 'active_time', 'leader_address', 'leader_cluster_address'];
  return Object.fromEntries(names.filter((name) => name in leader).map((name) => [name, leader[name]]));
}

function statusRows(status: JsonObject): [string, string][] {
  const row = (label: string, key: string): [string, string] => [label, goText(status[key])];
  const recovery = status['recovery_seal'] === true;
  const active = status['is_self'] === true;
  return [
    row(recovery ? 'Recovery Seal Type' : 'Seal Type', 'type'),
    row('Initialized', 'initialized'),
    row('Sealed', 'sealed'),
    row(recovery ? 'Total Recovery Shares' : 'Total Shares', 'n'),
    row('Threshold', 't'),
    ...(status['sealed'] === true
      ? [
          ['Unseal Progress', `${goText(status['progress'])}/${goText(status['t'])}`] as [string, string],
          row('Unseal Nonce', 'nonce'),
        ]
      : []),
    ...(status['migration'] === true ? [row('Seal Migration in Progress', 'migration')] : []),
    row('Version', 'version'),
    ...(status['coffer_version'] ? [row('Coffer Version', 'coffer_version')] : []),
    ...(status['build_date'] ? [row('Build Date', 'build_date')] : []),
    row('Storage Type', 'storage_type'),
    ...(status['cluster_name'] ? [row('Cluster Name', 'cluster_name'), row('Cluster ID', 'cluster_id')] : []),
    row('HA Enabled', 'ha_enabled'),
    ...(status['ha_enabled'] === true
      ? [
          ['HA Cluster', goText(status['leader_cluster_address'] ?? '')] as [string, string],
          ['HA Mode', active ? 'active' : 'standby'] as [string, string],
          ...(active && status['active_time'] ? [row('Active Since', 'active_time')] : []),
        ]
      : []),
  ];
}
