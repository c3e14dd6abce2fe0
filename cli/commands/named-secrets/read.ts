import { attempt, type Run, word } from '../../run.ts';
import { asRun, printRows, printSecretValue, shortTime } from './print-secret.ts';
import { workspaceClient } from './workspace.ts';

type Answer = Readonly<Record<string, unknown>>;

export async function get(given: Run): Promise<number> {
  const run = asRun(given);
  const name = word(run, 0);
  const version = run.flags.number('version');
  const client = await workspaceClient(run);
  const query: Record<string, string> = version === undefined ? {} : { version: String(version) };
  const answer = await attempt('Error reading the secret', () =>
    client.platform('GET', `secrets/${name}:value`, { query }),
  );
  return printSecretValue(run, answer);
}

export async function describe(given: Run): Promise<number> {
  const run = asRun(given);
  const client = await workspaceClient(run);
  const answer = await attempt('Error reading the secret', () =>
    client.platform('GET', `secrets/${word(run, 0)}`),
  );
  const rows = Object.entries(answer).map(([key, value]) => [key, shown(value)]);
  return printRows(run, answer, ['Key', 'Value'], rows, '');
}

export async function search(given: Run): Promise<number> {
  const run = asRun(given);
  const { flags } = run;
  const client = await workspaceClient(run);
  const query: Record<string, string> = {};
  for (const name of ['prefix', 'type', 'sort']) {
    const text = flags.text(name);
    if (text !== undefined) query[name] = text;
  }
  if (run.words[0] !== undefined) query['q'] = run.words[0];
  const tags = flags.list('tags');
  if (tags) query['tag'] = tags.join(',');
  if (flags.on('expired')) query['expired'] = 'true';
  if (flags.on('deleted')) query['deleted'] = 'true';
  const metadata = Object.entries(flags.map('metadata') ?? {}).map(([key, text]) => `${key}=${text}`);
  const secrets = await attempt('Error listing secrets', () =>
    client.secrets.list({ ...query, ...(metadata.length > 0 ? { metadata } : {}) }),
  );
  const rows = secrets.map((one) => [
    one.name,
    one.type,
    String(one.version),
    one.tags.join(',') || '-',
    one.expired ? 'expired' : shortTime(one.expires_at),
  ]);
  return printRows(
    run,
    { secrets },
    ['Name', 'Type', 'Version', 'Tags', 'Expires'],
    rows,
    'No secrets found.',
  );
}

export async function versions(given: Run): Promise<number> {
  const run = asRun(given);
  const client = await workspaceClient(run);
  const answer = await attempt('Error listing versions', () =>
    client.platform('GET', `secrets/${word(run, 0)}:versions`),
  );
  const rows = listOf(answer['versions']).map((one) => [
    String(one['version']),
    shortTime(one['created_at']),
    stateOf(one),
  ]);
  return printRows(run, answer, ['Version', 'Created', 'State'], rows, 'There are no versions.');
}

export async function diff(given: Run): Promise<number> {
  const run = asRun(given);
  const client = await workspaceClient(run);
  const query: Record<string, string> = {};
  for (const name of ['from', 'to']) {
    const version = run.flags.number(name);
    if (version !== undefined) query[name] = String(version);
  }
  const answer = await attempt('Error comparing versions', () =>
    client.platform('GET', `secrets/${word(run, 0)}:diff`, { query }),
  );
  if (run.format === 'table' && answer['masked'] === true) {
    run.terminal.out(
      `Versions ${answer['from']} and ${answer['to']} of ${answer['name']}: you may not read the values, so they are not compared.\n`,
    );
    return 0;
  }
  const rows = listOf(answer['changes']).map((one) => [
    String(one['key']),
    String(one['change']),
    shown(one['from']),
    shown(one['to']),
  ]);
  const header = ['Key', 'Change', `Version ${answer['from']}`, `Version ${answer['to']}`];
  return printRows(run, answer, header, rows, 'The versions are the same.');
}

function stateOf(version: Answer): string {
  if (version['destroyed'] === true) return 'destroyed';
  if (typeof version['deleted_at'] === 'string') return 'deleted';
  return version['current'] === true ? 'current' : '-';
}

function listOf(value: unknown): Answer[] {
  return Array.isArray(value) ? (value as Answer[]) : [];
}

function shown(value: unknown): string {
  if (value === undefined || value === null || value === '') return '-';
  return typeof value === 'string' ? value : JSON.stringify(value);
}
