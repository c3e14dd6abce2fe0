import { printSecret, printSuccess } from '../../output/print.ts';
import { attempt, cleanPath, type Run, word } from '../../run.ts';
import { queryOf } from './read.ts';

export async function remove(run: Run): Promise<number> {
  const path = cleanPath(word(run, 0));
  const query = queryOf(run);
  const { client } = await run.clients();
  const secret = await attempt(`Error deleting ${path}`, () => client.delete(path, query));
  if (secret === undefined) return printSuccess(run, `Success! Data deleted (if it existed) at: ${path}`);
  return printSecret(run, secret);
}
