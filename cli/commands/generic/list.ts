import type { CofferClient } from '../../../sdk/client.ts';
import { isObject, type Secret } from '../../../sdk/secret.ts';
import { Failure } from '../../failure.ts';
import { compare, goText } from '../../output/go-text.ts';
import { printSecret, printValue, printWarnings } from '../../output/print.ts';
import { renderTableWithHeader } from '../../output/table.ts';
import { attempt, cleanPath, type Run, word } from '../../run.ts';

export async function list(run: Run): Promise<number> {
  const path = cleanPath(word(run, 0));
  const { client } = await run.clients();
  return listNames(run, client, path);
}

/** Lists the names under `path`; exit code 2 when there are none. */
export async function listNames(
  run: Run,
  client: Pick<CofferClient, 'list'>,
  path: string,
  nothing = `No value found at ${path}`,
  listing = `Error listing ${path}`,
): Promise<number> {
  const query = {
    ...(run.flags.has('after') && run.flags.given('after') ? { after: run.flags.text('after') ?? '' } : {}),
    ...(run.flags.has('limit') && run.flags.given('limit')
      ? { limit: String(run.flags.number('limit')) }
      : {}),
  };
  const secret = await attempt(listing, () => client.list(path, query));
  if (secret?.wrap_info) return printSecret(run, secret);
  const keys = secret?.data?.['keys'];
  if (secret === undefined || !Array.isArray(keys) || keys.length === 0) return nothingFound(run, nothing);
  if (run.format !== 'table') return printValue(run, detailed(run) ? secret.data : keys);
  await printWarnings(run, secret);
  const names = keys.map(String).sort(compare);
  run.terminal.out(
    detailed(run)
      ? detailedTable(names, secret)
      : renderTableWithHeader(
          ['Keys'],
          names.map((name) => [name]),
        ),
  );
  return 0;
}

function detailed(run: Run): boolean {
  return run.flags.has('detailed') && run.flags.on('detailed');
}

function nothingFound(run: Run, sentence: string): number {
  if (run.format === 'table') throw new Failure(2, sentence);
  run.terminal.out('{}\n');
  return 2;
}

function detailedTable(names: readonly string[], secret: Secret): string {
  const info = secret.data?.['key_info'];
  const details = isObject(info) ? info : {};
  const columns = new Set<string>();
  for (const name of names) {
    const one = details[name];
    if (isObject(one)) for (const key of Object.keys(one)) columns.add(key);
  }
  const header = [...columns].sort(compare);
  const rows = names.map((name) => {
    const one = details[name];
    return [name, ...header.map((key) => (isObject(one) && key in one ? goText(one[key]) : ''))];
  });
  return renderTableWithHeader(['Keys', ...header], rows);
}
