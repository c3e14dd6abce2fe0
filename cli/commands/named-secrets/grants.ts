import { Failure } from '../../failure.ts';
import { attempt, type Run, word } from '../../run.ts';
import { asRun, printChange, printRows, shortTime } from './print-secret.ts';
import { workspaceClient } from './workspace.ts';

export async function grantAccess(given: Run): Promise<number> {
  const run = asRun(given);
  const name = word(run, 0);
  const user = run.flags.text('user');
  const duration = run.flags.text('duration');
  if (user === undefined || duration === undefined)
    throw new Failure(1, 'Say who with -user and for how long with -duration.');
  const subject = /^(?:user|machine|entity):/.test(user) ? user : `user:${user}`;
  const client = await workspaceClient(run);
  const made = await attempt('Error granting access', () =>
    client.platform('POST', `secrets/${name}:grant-access`, { body: { subject, duration } }),
  );
  return printChange(run, made, `${subject} may read ${name} until ${shortTime(made['expires_at'])}.`);
}

export async function list(given: Run): Promise<number> {
  const run = asRun(given);
  const client = await workspaceClient(run);
  const answer = await attempt('Error listing grants', () => client.platform('GET', 'grants'));
  const grants = Array.isArray(answer['grants']) ? (answer['grants'] as Record<string, unknown>[]) : [];
  const rows = grants.map((one) => [
    String(one['secret']),
    String(one['subject']),
    shortTime(one['expires_at']),
    String(one['id']),
  ]);
  return printRows(run, answer, ['Secret', 'Who', 'Until', 'Id'], rows, 'No grants are in force.');
}

export async function end(given: Run): Promise<number> {
  const run = asRun(given);
  const client = await workspaceClient(run);
  await attempt('Error ending the grant', () => client.platform('DELETE', `grants/${word(run, 0)}`));
  return printChange(run, {}, 'The grant has ended.');
}
