import { isObject } from '../../../sdk/secret.ts';
import { Failure } from '../../failure.ts';
import { printSecret } from '../../output/print.ts';
import { attempt, type Run, word } from '../../run.ts';
import { apiPath, findTarget } from './mount.ts';

/** Reads the current version's number and the old version's data, then writes that data if nobody wrote in between. */
export async function rollback(run: Run): Promise<number> {
  const version = run.flags.number('version') ?? 0;
  if (version <= 0) throw new Failure(1, 'Version flag must be specified');
  const clients = await run.clients();
  const target = await findTarget(run, clients, word(run, 0));
  if (target.version === 1) throw new Failure(2, 'K/V engine mount must be version 2 for rollback support');
  const path = apiPath(target, 'data');
  const current = await attempt(`Error doing pre-read at ${path}`, () => clients.asking.read(path));
  const metadata = current?.data?.['metadata'];
  if (!isObject(metadata)) throw new Failure(2, `No value found at ${path}`);
  const old = await attempt(`Error doing pre-read at ${path}`, () =>
    clients.asking.read(path, { version: String(version) }),
  );
  if (old === undefined) throw new Failure(2, `No value found at ${path}`);
  const data = old.data?.['data'];
  if (!isObject(data))
    throw new Failure(
      2,
      `Version ${version} of ${path} is deleted or destroyed, so there is no data to go back to`,
    );
  const secret = await attempt(`Error writing data to ${path}`, () =>
    clients.client.write(path, { data, options: { cas: metadata['version'] } }),
  );
  if (secret === undefined) return 0;
  return printSecret(run, secret);
}
