import type { CofferClient } from '../../../sdk/client.ts';
import { Failure } from '../../failure.ts';
import { printValue } from '../../output/print.ts';
import { renderTableWithHeader } from '../../output/table.ts';
import { attempt, type Run } from '../../run.ts';
import { listNames } from '../generic/list.ts';

export async function list(run: Run): Promise<number> {
  const { client } = await run.clients();
  return listNames(run, client, 'sys/namespaces', 'No namespaces found', 'Error listing namespaces');
}

/** Asks namespace by namespace, which every server knows. */
export async function scan(run: Run): Promise<number> {
  const { client } = await run.clients();
  const names: string[] = [];
  await collect(client, '', names);
  if (names.length === 0 && run.format === 'table') throw new Failure(2, 'No namespaces found');
  if (run.format !== 'table') return printValue(run, names);
  run.terminal.out(
    renderTableWithHeader(
      ['Keys'],
      names.map((name) => [name]),
    ),
  );
  return 0;
}

async function collect(client: CofferClient, within: string, names: string[]): Promise<void> {
  const path = `${within}sys/namespaces`;
  const secret = await attempt('Error listing namespaces', () => client.list(path));
  const keys = secret?.data?.['keys'];
  for (const key of Array.isArray(keys) ? keys.map(String).sort() : []) {
    names.push(within + key);
    await collect(client, within + key, names);
  }
}
