import { Failure } from '../../failure.ts';
import type { Run } from '../../run.ts';
import { listNames } from '../generic/list.ts';
import { apiPath, findTarget } from './mount.ts';

export async function list(run: Run): Promise<number> {
  const path = run.words[0];
  if (path === undefined && run.flags.text('mount') === undefined)
    throw new Failure(1, 'Not enough arguments (expected 1, got 0)');
  const clients = await run.clients();
  const target = await findTarget(run, clients, path ?? '');
  return listNames(run, clients.client, apiPath(target, 'metadata'));
}
