import { Failure } from '../../failure.ts';
import { printSecret } from '../../output/print.ts';
import { attempt, cleanPath, type Run } from '../../run.ts';

export async function lookup(run: Run): Promise<number> {
  const id = leaseId(run);
  const { client } = await run.clients();
  const secret = await attempt(`error looking up lease id ${id}`, () =>
    client.write('sys/leases/lookup', { lease_id: id }),
  );
  if (secret === undefined) throw new Failure(2, `There is no lease ${id}`);
  return printSecret(run, secret);
}

export function leaseId(run: Run): string {
  const id = cleanPath(run.words[0] ?? '');
  if (id === '') throw new Failure(1, 'Missing ID!');
  return id;
}
