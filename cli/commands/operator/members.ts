import { isObject } from '../../../sdk/secret.ts';
import { Failure } from '../../failure.ts';
import { goText } from '../../output/go-text.ts';
import { printSuccess, printValue } from '../../output/print.ts';
import { renderTableWithHeader } from '../../output/table.ts';
import { attempt, type Run } from '../../run.ts';

const columns: readonly (readonly [string, string])[] = [
  ['Host Name', 'hostname'],
  ['API Address', 'api_address'],
  ['Cluster Address', 'cluster_address'],
  ['Active Node', 'active_node'],
  ['Version', 'version'],
  ['Upgrade Version', 'upgrade_version'],
  ['Last Echo', 'last_echo'],
];

export async function members(run: Run): Promise<number> {
  const { client } = await run.clients();
  const { body } = await attempt('Error getting HA status', () => client.request('GET', 'sys/ha-status'));
  const data = isObject(body) && isObject(body['data']) ? body['data'] : isObject(body) ? body : {};
  const nodes = Array.isArray(data['nodes']) ? data['nodes'].filter(isObject) : [];
  if (run.format !== 'table') return printValue(run, { Nodes: nodes });
  run.terminal.out(
    renderTableWithHeader(
      columns.map(([title]) => title),
      nodes.map((node) => columns.map(([, key]) => goText(node[key] ?? ''))),
    ),
  );
  return 0;
}

export async function stepDown(run: Run): Promise<number> {
  const { client } = await run.clients();
  await attempt(`Error stepping down ${client.address}`, () => client.request('PUT', 'sys/step-down'));
  return printSuccess(run, `Success! Stepped down: ${client.address}`);
}

/** A cluster keeps its data in PostgreSQL, one node in SQLite: neither is a Raft cluster. */
export async function noRaft(): Promise<number> {
  throw new Failure(
    2,
    'No raft cluster configuration found',
    'Coffer keeps its data in SQLite or PostgreSQL. `coffer operator members` lists the nodes; docs/guides/production.md says how backups are made.',
  );
}

export async function noMigration(): Promise<number> {
  throw new Failure(
    2,
    'Coffer does not copy a storage from one kind to another.',
    '`coffer import vault` copies everything from a running server through its API.',
  );
}
