import { parseDurationSeconds } from '../../../formats/duration/index.ts';
import type { CofferClient } from '../../../sdk/client.ts';
import type { Secret } from '../../../sdk/secret.ts';
import { Failure } from '../../failure.ts';
import { printSecret } from '../../output/print.ts';
import { attempt, type Run } from '../../run.ts';

export async function renew(run: Run): Promise<number> {
  const subject = run.words[0];
  const byAccessor = run.flags.on('accessor');
  if (byAccessor && subject === undefined)
    throw new Failure(1, 'Not enough arguments with -accessor (expected 1, got 0)');
  const increment = incrementOf(run);
  const { client } = await run.clients();
  const secret = await attempt('Error renewing token', () => ask(client, subject, byAccessor, increment));
  if (secret === undefined) return 0;
  return printSecret(run, secret);
}

/** Seconds; 0 leaves it to the server. */
export function incrementOf(run: Run): number {
  return Math.trunc(parseDurationSeconds(run.flags.text('increment'), { allowNegative: true }));
}

async function ask(
  client: CofferClient,
  subject: string | undefined,
  byAccessor: boolean,
  increment: number,
): Promise<Secret | undefined> {
  if (subject === undefined) return client.write('auth/token/renew-self', { increment });
  if (byAccessor) return client.write('auth/token/renew-accessor', { accessor: subject, increment }, 'POST');
  return client.write('auth/token/renew', { token: subject, increment });
}
