import type { Secret } from '../../../sdk/secret.ts';
import { readDataArguments } from '../../arguments/data-arguments.ts';
import { Failure } from '../../failure.ts';
import { printSecret, printSuccess, printWarnings } from '../../output/print.ts';
import { headingForMap, renderMap } from '../../output/table.ts';
import { attempt, type Run, word } from '../../run.ts';
import { pathHeading } from './get.ts';
import { apiPath, findTarget, type KvTarget } from './mount.ts';

export async function put(run: Run): Promise<number> {
  const items = run.words.slice(1);
  if (items.length === 0) throw new Failure(1, 'Must supply data');
  const data = readDataArguments(items, () => run.terminal.readInput());
  const clients = await run.clients();
  const target = await findTarget(run, clients, word(run, 0));
  const path = apiPath(target, 'data');
  const body = target.version === 2 ? { data, options: casOption(run) } : data;
  const secret = await attempt(`Error writing data to ${path}`, () => clients.client.write(path, body));
  return printWrittenVersion(run, target, path, secret);
}

export function casOption(run: Run): { cas?: number } {
  const cas = run.flags.number('cas');
  return cas === undefined || cas < 0 ? {} : { cas };
}

/** What a write to a store answers: the new version's metadata, or a sentence where there are no versions. */
export async function printWrittenVersion(
  run: Run,
  target: KvTarget,
  path: string,
  secret: Secret | undefined,
): Promise<number> {
  if (secret === undefined) return printSuccess(run, `Success! Data written to: ${path}`);
  const plain = run.field() === undefined && run.format === 'table' && secret.wrap_info === null;
  if (!plain || target.version === 1 || secret.data === null) return printSecret(run, secret);
  await printWarnings(run, secret);
  run.terminal.out(pathHeading('Secret Path', path));
  run.terminal.out(headingForMap('Metadata', secret.data) + renderMap(secret.data));
  return 0;
}
