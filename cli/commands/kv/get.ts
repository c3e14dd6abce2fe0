import { isObject, type Secret } from '../../../sdk/secret.ts';
import { Failure } from '../../failure.ts';
import { printField, printSecret, printWarnings } from '../../output/print.ts';
import { heading, headingForMap, renderMap } from '../../output/table.ts';
import { attempt, type Run, word } from '../../run.ts';
import { apiPath, findTarget } from './mount.ts';

export async function get(run: Run): Promise<number> {
  const clients = await run.clients();
  const target = await findTarget(run, clients, word(run, 0));
  const path = apiPath(target, 'data');
  const version = run.flags.number('version') ?? 0;
  const query = target.version === 2 && version > 0 ? { version: String(version) } : undefined;
  const secret = await attempt(`Error reading ${path}`, () => clients.client.read(path, query));
  if (secret === undefined) throw new Failure(2, `No value found at ${path}`);
  const field = run.field();
  if (field !== undefined) return printField(run, field, await kvField(secret, field, target.version, path));
  if (secret.wrap_info !== null || run.format !== 'table') return printSecret(run, secret);
  await printWarnings(run, secret);
  if (target.version === 2) printVersioned(run, path, secret);
  else if (secret.data !== null) printData(run, secret.data);
  return 0;
}

/** In a store with versions -field names a value of the secret; -field=data is all of them unless one has that name. */
async function kvField(secret: Secret, field: string, version: 1 | 2, path: string): Promise<unknown> {
  if (version === 1 || secret.wrap_info !== null) {
    const { fieldOfSecret } = await import('../../output/secret-fields.ts');
    return fieldOfSecret(secret, field);
  }
  const data = secret.data?.['data'];
  if (!isObject(data)) throw new Failure(2, `No data found at ${path}`);
  return field === 'data' && !('data' in data) ? data : data[field];
}

function printVersioned(run: Run, path: string, secret: Secret): void {
  run.terminal.out(pathHeading('Secret Path', path));
  const metadata = secret.data?.['metadata'];
  if (isObject(metadata)) run.terminal.out(`${headingForMap('Metadata', metadata)}${renderMap(metadata)}\n`);
  const data = secret.data?.['data'];
  if (isObject(data)) printData(run, data);
}

function printData(run: Run, data: Readonly<Record<string, unknown>>): void {
  run.terminal.out(headingForMap('Data', data) + renderMap(data));
}

/** The full path under its heading, and an empty line. */
export function pathHeading(title: string, path: string): string {
  return `${heading(title, path.length)}${path}\n\n`;
}
