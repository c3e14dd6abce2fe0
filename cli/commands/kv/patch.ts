import { ApiError } from '../../../sdk/api-error.ts';
import { isObject, type Secret } from '../../../sdk/secret.ts';
import { type Data, readDataArguments } from '../../arguments/data-arguments.ts';
import type { Clients } from '../../connection/connect.ts';
import { Failure } from '../../failure.ts';
import { attempt, type Run, word } from '../../run.ts';
import { apiPath, findTarget } from './mount.ts';
import { casOption, printWrittenVersion } from './put.ts';

export async function patch(run: Run): Promise<number> {
  const items = run.words.slice(1);
  const removed = run.flags.list('remove-data') ?? [];
  if (items.length === 0 && removed.length === 0) throw new Failure(1, 'Must supply data');
  const method = run.flags.text('method') ?? '';
  if (!['', 'patch', 'rw'].includes(method))
    throw new Failure(2, `Unsupported method provided to -method flag: ${method}`);
  const changes = {
    ...readDataArguments(items, () => run.terminal.readInput()),
    ...Object.fromEntries(removed.map((key) => [key, null])),
  };
  const clients = await run.clients();
  const target = await findTarget(run, clients, word(run, 0));
  if (target.version === 1) throw new Failure(2, 'K/V engine mount must be version 2 for patch support');
  const path = apiPath(target, 'data');
  const secret =
    method === 'rw'
      ? await readThenWrite(run, clients, path, changes)
      : await sendPatch(run, clients, path, changes, method === '');
  return printWrittenVersion(run, target, path, secret);
}

async function sendPatch(
  run: Run,
  clients: Clients,
  path: string,
  changes: Data,
  mayFallBack: boolean,
): Promise<Secret | undefined> {
  const body = { data: changes, options: casOption(run) };
  const refused = (error: unknown): boolean =>
    mayFallBack && error instanceof ApiError && [403, 405].includes(error.status);
  try {
    return await clients.client.patch(path, body);
  } catch (error) {
    if (error instanceof ApiError && error.status === 404 && error.errors.length === 0)
      throw new Failure(2, `No value found at ${path}`);
    if (!refused(error)) return attempt(`Error writing data to ${path}`, () => Promise.reject(error));
  }
  const secret = await readThenWrite(run, clients, path, changes);
  run.terminal.err(
    `Data was written to ${path}, by reading and writing. Add the capability "patch" to the policy for a single request.\n`,
  );
  return secret;
}

/** Safe against a write in between: the version that was read is the one that must be replaced. */
async function readThenWrite(
  run: Run,
  clients: Clients,
  path: string,
  changes: Data,
): Promise<Secret | undefined> {
  const current = await attempt(`Error doing pre-read at ${path}`, () => clients.asking.read(path));
  const data = current?.data?.['data'];
  const metadata = current?.data?.['metadata'];
  if (!isObject(data)) throw new Failure(2, `No value found at ${path}`);
  const merged = Object.entries({ ...data, ...changes }).filter(([, value]) => value !== null);
  const options = { cas: isObject(metadata) ? metadata['version'] : 0, ...casOption(run) };
  return attempt(`Error writing data to ${path}`, () =>
    clients.client.write(path, { data: Object.fromEntries(merged), options }),
  );
}
