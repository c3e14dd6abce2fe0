import type { CofferClient } from '../../../sdk/client.ts';
import { Failure } from '../../failure.ts';
import type { Run } from '../../run.ts';
import { listNames } from '../generic/list.ts';
import { scanning } from '../generic/scan.ts';
import { apiPath, findTarget } from './mount.ts';

export const list = (run: Run): Promise<number> => listWith(run, (client) => client);

export const scan = (run: Run): Promise<number> => listWith(run, scanning);

async function listWith(run: Run, by: (client: CofferClient) => Pick<CofferClient, 'list'>): Promise<number> {
  const path = run.words[0];
  if (path === undefined && run.flags.text('mount') === undefined)
    throw new Failure(1, 'Not enough arguments (expected 1, got 0)');
  const clients = await run.clients();
  const target = await findTarget(run, clients, path ?? '');
  return listNames(run, by(clients.client), apiPath(target, 'metadata'));
}
