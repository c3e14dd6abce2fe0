import { isObject, type JsonObject } from '../../../sdk/secret.ts';
import { Failure } from '../../failure.ts';
import { compare, goText } from '../../output/go-text.ts';
import { printField, printSuccess, printValue } from '../../output/print.ts';
import { renderTableWithHeader } from '../../output/table.ts';
import { attempt, cleanPath, type Run, word } from '../../run.ts';
import { withoutUndefined } from '../secrets/mount-flags.ts';

const types = ['auth', 'database', 'secret'];

function typeOf(run: Run, index: number): string {
  const type = word(run, index).trim();
  if (!types.includes(type))
    throw new Failure(2, `Error parsing type: "${type}" is not a supported plugin type`);
  return type;
}

export async function list(run: Run): Promise<number> {
  const type = run.words.length === 0 ? undefined : typeOf(run, 0);
  const { client } = await run.clients();
  const secret = await attempt('Error listing available plugins', () => client.read('sys/plugins/catalog'));
  const data = secret?.data ?? {};
  const wanted = type === undefined ? types : [type];
  const details = rowsOf(data, wanted);
  if (run.format !== 'table')
    return printValue(run, {
      details,
      ...Object.fromEntries(wanted.map((one) => [one, data[one] ?? []])),
    });
  const columns: [string, string][] = run.flags.on('detailed')
    ? [
        ['Name', 'name'],
        ['Type', 'type'],
        ['Version', 'version'],
        ['Deprecation Status', 'deprecation_status'],
      ]
    : [
        ['Name', 'name'],
        ...(type === undefined ? ([['Type', 'type']] as [string, string][]) : []),
        ['Version', 'version'],
      ];
  run.terminal.out(
    renderTableWithHeader(
      columns.map(([title]) => title),
      details.map((one) => columns.map(([, key]) => goText(one[key] ?? ''))),
    ),
  );
  return 0;
}

/** The detailed list; from a server that has none, the names. */
function rowsOf(data: JsonObject, wanted: readonly string[]): JsonObject[] {
  const given = Array.isArray(data['detailed']) ? data['detailed'].filter(isObject) : undefined;
  const rows =
    given ??
    wanted.flatMap((type) => {
      const names = data[type];
      return Array.isArray(names) ? names.map((name): JsonObject => ({ type, name })) : [];
    });
  return rows
    .filter((row) => wanted.includes(String(row['type'])))
    .sort(
      (a, b) =>
        compare(goText(a['type']), goText(b['type'])) || compare(goText(a['name']), goText(b['name'])),
    );
}

export async function info(run: Run): Promise<number> {
  const name = cleanPath(word(run, run.words.length - 1));
  if (run.words.length === 1) throw new Failure(2, `No value found for plugin "${name}"`);
  const type = typeOf(run, 0);
  const { client } = await run.clients();
  const version = run.flags.text('version');
  const { body } = await attempt(`Error reading plugin named ${name}`, () =>
    client.request(
      'GET',
      `sys/plugins/catalog/${type}/${name}`,
      version === undefined ? {} : { query: { version } },
    ),
  );
  const data = isObject(body) && isObject(body['data']) ? body['data'] : {};
  const field = run.field();
  return field === undefined ? printValue(run, data) : printField(run, field, data[field]);
}

/** An executable path through the API would let an administrator of secrets run code on the machine. */
export async function register(): Promise<number> {
  throw new Failure(
    2,
    'Error registering plugin: Coffer runs no programs from outside, so none can be registered.',
    'The engines and auth methods it has are built in: coffer plugin list',
  );
}

export async function deregister(run: Run): Promise<number> {
  const type = typeOf(run, 0);
  const name = cleanPath(word(run, 1));
  const { client } = await run.clients();
  await attempt(`Error deregistering plugin named ${name}`, () =>
    client.delete(`sys/plugins/catalog/${type}/${name}`),
  );
  return printSuccess(run, `Success! Deregistered plugin (if it was registered): ${name}`);
}

export async function reload(run: Run): Promise<number> {
  const plugin = run.flags.text('plugin');
  const mounts = run.flags.list('mounts')?.flatMap((one) => one.split(','));
  if (plugin === undefined && mounts === undefined)
    throw new Failure(1, 'Not enough arguments (expected 1, got 0)', 'Give -plugin or -mounts.');
  if (plugin !== undefined && mounts !== undefined)
    throw new Failure(1, 'Must specify exactly one of -plugin or -mounts');
  const { client } = await run.clients();
  const body = withoutUndefined({ plugin, mounts, scope: run.flags.text('scope') });
  await attempt('Error reloading plugin/mounts', () => client.write('sys/plugins/reload/backend', body));
  return printSuccess(
    run,
    plugin === undefined
      ? `Success! Reloaded mounts: ${goText(mounts)}`
      : `Success! Reloaded plugin: ${plugin}`,
  );
}
