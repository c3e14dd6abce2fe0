import { attempt, type Run, word } from '../../run.ts';
import { asRun, printChange, printRows, shortTime } from '../named-secrets/print-secret.ts';

type Answer = Readonly<Record<string, unknown>>;

export async function create(given: Run): Promise<number> {
  const run = asRun(given);
  const { client } = await run.clients();
  const owner = run.flags.text('owner');
  const body = { name: word(run, 0), ...details(run), ...(owner === undefined ? {} : { owner }) };
  const made = await attempt('Error creating the workspace', () =>
    client.platform('POST', 'workspaces', { body }),
  );
  return printChange(run, made, `Created the workspace ${made['name']}.`);
}

export async function list(given: Run): Promise<number> {
  const run = asRun(given);
  const { client } = await run.clients();
  const answer = await attempt('Error listing workspaces', () => client.platform('GET', 'workspaces'));
  const rows = listOf(answer['workspaces']).map((one) => [
    String(one['name']),
    String(one['environment'] || '-'),
    String(one['description'] || '-'),
    one['deleted_after'] === null ? '-' : `deleted after ${shortTime(one['deleted_after'])}`,
  ]);
  const header = ['Name', 'Environment', 'Description', 'State'];
  return printRows(run, answer, header, rows, 'No workspaces found.');
}

export async function get(given: Run): Promise<number> {
  const run = asRun(given);
  const { client } = await run.clients();
  const answer = await attempt('Error reading the workspace', () =>
    client.platform('GET', `workspaces/${word(run, 0)}`),
  );
  const rows = Object.entries(answer).map(([key, value]) => [key, String(value || '-')]);
  return printRows(run, answer, ['Key', 'Value'], rows, '');
}

export async function update(given: Run): Promise<number> {
  const run = asRun(given);
  const { client } = await run.clients();
  const made = await attempt('Error changing the workspace', () =>
    client.platform('PATCH', `workspaces/${word(run, 0)}`, { body: details(run) }),
  );
  return printChange(run, made, `Changed the workspace ${made['name']}.`);
}

export async function remove(given: Run): Promise<number> {
  const run = asRun(given);
  const { client } = await run.clients();
  const name = word(run, 0);
  const grace = run.flags.text('grace');
  const query: Record<string, string> = {
    ...(run.flags.on('force') ? { force: 'true' } : {}),
    ...(grace === undefined ? {} : { grace }),
  };
  const answer = await attempt('Error deleting the workspace', () =>
    client.platform('DELETE', `workspaces/${name}`, { query }),
  );
  const sentence = run.flags.on('force')
    ? `Deleted the workspace ${name}; its key is destroyed.`
    : `The workspace ${name} is closed, and deleted after ${shortTime(answer['deleted_after'])}. Until then: coffer workspaces restore ${name}`;
  return printChange(run, answer, sentence);
}

export async function restore(given: Run): Promise<number> {
  const run = asRun(given);
  const { client } = await run.clients();
  const name = word(run, 0);
  const made = await attempt('Error restoring the workspace', () =>
    client.platform('POST', `workspaces/${name}:restore`),
  );
  return printChange(run, made, `The workspace ${name} is open again.`);
}

export async function members(given: Run): Promise<number> {
  const run = asRun(given);
  const { client } = await run.clients();
  const answer = await attempt('Error listing members', () =>
    client.platform('GET', `workspaces/${word(run, 0)}/members`),
  );
  const rows = listOf(answer['members']).map((one) => [String(one['subject']), String(one['role'])]);
  return printRows(run, answer, ['Member', 'Role'], rows, 'No members.');
}

export async function addMember(given: Run): Promise<number> {
  const run = asRun(given);
  const { client } = await run.clients();
  const [name, subject, role] = [word(run, 0), word(run, 1), word(run, 2)];
  const answer = await attempt('Error changing members', () =>
    client.platform('PUT', `workspaces/${name}/members/${subject}`, { body: { role } }),
  );
  return printChange(run, answer, `${subject} is ${role} of ${name}.`);
}

export async function removeMember(given: Run): Promise<number> {
  const run = asRun(given);
  const { client } = await run.clients();
  const [name, subject] = [word(run, 0), word(run, 1)];
  await attempt('Error changing members', () =>
    client.platform('DELETE', `workspaces/${name}/members/${subject}`),
  );
  return printChange(run, {}, `${subject} has no role in ${name} any more.`);
}

function details(run: Run): Record<string, string> {
  const given: Record<string, string> = {};
  for (const name of ['description', 'environment', 'region']) {
    const text = run.flags.text(name);
    if (text !== undefined) given[name] = text;
  }
  return given;
}

function listOf(value: unknown): Answer[] {
  return Array.isArray(value) ? (value as Answer[]) : [];
}
