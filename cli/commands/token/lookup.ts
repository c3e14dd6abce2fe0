import type { CofferClient } from '../../../sdk/client.ts';
import type { Secret } from '../../../sdk/secret.ts';
import { Failure } from '../../failure.ts';
import { printSecret } from '../../output/print.ts';
import { attempt, type Run } from '../../run.ts';

export async function lookup(run: Run): Promise<number> {
  const subject = run.words[0];
  const byAccessor = run.flags.on('accessor');
  if (byAccessor && subject === undefined)
    throw new Failure(1, 'Not enough arguments with -accessor (expected 1, got 0)');
  const { client } = await run.clients();
  const secret = await attempt('Error looking up token', () => ask(client, subject, byAccessor));
  if (secret === undefined) throw new Failure(2, 'Error looking up token: there is no such token');
  return printSecret(run, secret);
}

async function ask(
  client: CofferClient,
  subject: string | undefined,
  byAccessor: boolean,
): Promise<Secret | undefined> {
  if (subject === undefined) return client.read('auth/token/lookup-self');
  if (byAccessor) return client.write('auth/token/lookup-accessor', { accessor: subject }, 'POST');
  return client.write('auth/token/lookup', { token: subject }, 'POST');
}
