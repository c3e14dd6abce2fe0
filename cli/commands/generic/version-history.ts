import { isObject } from '../../../sdk/secret.ts';
import { Failure } from '../../failure.ts';
import { compare } from '../../output/go-text.ts';
import { printValue } from '../../output/print.ts';
import { renderTableWithHeader } from '../../output/table.ts';
import { attempt, type Run } from '../../run.ts';

export async function versionHistory(run: Run): Promise<number> {
  const { client } = await run.clients();
  const secret = await attempt('Error reading version history', () => client.list('sys/version-history'));
  const keys = secret?.data?.['keys'];
  const info = secret?.data?.['key_info'];
  if (secret === undefined || !Array.isArray(keys)) throw new Failure(2, 'No version history found');
  if (run.format !== 'table') return printValue(run, secret);
  const rows = keys
    .map((key) => {
      const about = isObject(info) ? info[String(key)] : undefined;
      const text = (name: string) => (isObject(about) && about[name] != null ? String(about[name]) : '');
      return [String(key), text('timestamp_installed'), text('build_date')];
    })
    .sort(([, a = ''], [, b = '']) => compare(a, b));
  run.terminal.out(renderTableWithHeader(['Version', 'Installation Time', 'Commit Date'], rows));
  return 0;
}
