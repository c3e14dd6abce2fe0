import { Failure } from '../../failure.ts';
import { printSecret } from '../../output/print.ts';
import { attempt, type Run } from '../../run.ts';
import { incrementOf } from '../token/renew.ts';
import { leaseId } from './lookup.ts';

export async function renew(run: Run): Promise<number> {
  const id = leaseId(run);
  const increment = incrementOf(run);
  const { client } = await run.clients();
  const secret = await attempt(`Error renewing ${id}`, () =>
    client.write('sys/leases/renew', { lease_id: id, increment }),
  );
  if (secret === undefined) throw new Failure(2, `Error renewing ${id}: the server returned no lease`);
  return printSecret(run, secret);
}
