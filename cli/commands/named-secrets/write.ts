import { Failure } from '../../failure.ts';
import { attempt, type Run, word } from '../../run.ts';
import { givenValue } from './given-value.ts';
import { asRun, printChange } from './print-secret.ts';
import { workspaceClient } from './workspace.ts';

export async function create(given: Run): Promise<number> {
  const run = asRun(given);
  const name = word(run, 0);
  const value = await givenValue(run, run.words[1], run.flags.text('type'));
  const client = await workspaceClient(run);
  const body = { name, value, ...details(run) };
  const made = await attempt('Error creating the secret', () => client.platform('POST', 'secrets', { body }));
  return printChange(run, made, `Created ${name} in ${made['workspace']} (version ${made['version']}).`);
}

export async function update(given: Run): Promise<number> {
  const run = asRun(given);
  const name = word(run, 0);
  const changes = details(run);
  const hasValue = run.words.length > 1 || Object.keys(changes).length === 0;
  const client = await workspaceClient(run);
  const type = run.flags.text('type') ?? (hasValue ? await typeOf(run, name) : undefined);
  const value = hasValue ? { value: await givenValue(run, run.words[1], type) } : {};
  const made = await attempt('Error updating the secret', () =>
    client.platform('PATCH', `secrets/${name}`, { body: { ...value, ...changes } }),
  );
  return printChange(run, made, `Updated ${name} in ${made['workspace']} (version ${made['version']}).`);
}

export async function rollback(given: Run): Promise<number> {
  const run = asRun(given);
  const name = word(run, 0);
  const version = run.flags.number('version');
  const client = await workspaceClient(run);
  const body = version === undefined ? {} : { version };
  const made = await attempt('Error rolling back', () =>
    client.platform('POST', `secrets/${name}:rollback`, { body }),
  );
  const sentence = `Rolled ${name} back to version ${made['from_version']}, as version ${made['version']}.`;
  return printChange(run, made, sentence);
}

export async function remove(given: Run): Promise<number> {
  const run = asRun(given);
  const name = word(run, 0);
  const isForGood = run.flags.on('permanent');
  const client = await workspaceClient(run);
  const query: Record<string, string> = isForGood ? { permanent: 'true' } : {};
  await attempt('Error deleting the secret', () => client.platform('DELETE', `secrets/${name}`, { query }));
  const how = isForGood ? 'for good' : `; coffer secrets undelete ${name} brings it back`;
  return printChange(run, {}, `Deleted ${name}${isForGood ? ' ' : ''}${how}.`);
}

export async function undelete(given: Run): Promise<number> {
  const run = asRun(given);
  const name = word(run, 0);
  const client = await workspaceClient(run);
  const made = await attempt('Error undeleting the secret', () =>
    client.platform('POST', `secrets/${name}:undelete`),
  );
  return printChange(run, made, `Brought ${name} back (version ${made['version']}).`);
}

async function typeOf(run: Run, name: string): Promise<string | undefined> {
  const client = await workspaceClient(run);
  const secret = await attempt('Error updating the secret', () => client.platform('GET', `secrets/${name}`));
  return typeof secret['type'] === 'string' ? secret['type'] : undefined;
}

/** What the flags say of a secret beside its value. */
function details(run: Run): Record<string, unknown> {
  const { flags } = run;
  const expiresIn = flags.text('expires-in');
  const tags = flags.list('tags')?.flatMap((text) => text.split(','));
  const period = flags.text('rotation-period');
  const notify = flags.text('notify-before');
  if (notify !== undefined && period === undefined)
    throw new Failure(1, '-notify-before needs -rotation-period.');
  const all = {
    type: flags.text('type'),
    description: flags.text('description'),
    tags,
    metadata: flags.map('metadata'),
    ...(expiresIn === 'never' ? { no_expiry: true } : { expires_in: expiresIn }),
    rotation_policy: period === undefined ? undefined : { period, notify_before: notify ?? '0' },
  };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
}
