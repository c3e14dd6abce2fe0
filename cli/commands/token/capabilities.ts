import { Failure } from '../../failure.ts';
import { printSecret, printValue } from '../../output/print.ts';
import { attempt, type Run, word } from '../../run.ts';

export async function capabilities(run: Run): Promise<number> {
  const own = run.words.length === 1;
  // A slash at the end is kept: it asks about listing the folder.
  const path = word(run, own ? 0 : 1)
    .trim()
    .replace(/^\/+/, '');
  const { client } = await run.clients();
  const secret = await attempt('Error listing capabilities', () =>
    own
      ? client.write('sys/capabilities-self', { paths: [path] }, 'POST')
      : client.write('sys/capabilities', { token: word(run, 0), paths: [path] }, 'POST'),
  );
  if (secret?.wrap_info) return printSecret(run, secret);
  const found = secret?.data?.[path] ?? secret?.data?.['capabilities'];
  if (!Array.isArray(found)) throw new Failure(2, 'Error listing capabilities: the server returned none');
  const names = found.map(String).sort();
  if (run.format !== 'table') return printValue(run, names);
  run.terminal.out(`${names.join(', ')}\n`);
  return 0;
}
