import { isRawNumber } from '../../../formats/json/index.ts';
import { readDataArguments } from '../../arguments/data-arguments.ts';
import { Failure } from '../../failure.ts';
import { printSecret } from '../../output/print.ts';
import { attempt, cleanPath, type Run, word } from '../../run.ts';

export async function read(run: Run): Promise<number> {
  const path = cleanPath(word(run, 0));
  const query = queryOf(run);
  const { client } = await run.clients();
  const reading = `Error reading ${path}`;
  if (run.format === 'raw' && run.field() === undefined) {
    const { text } = await attempt(reading, () => client.request('GET', path, { query }));
    run.terminal.out(text.endsWith('\n') ? text : `${text}\n`);
    return 0;
  }
  const secret = await attempt(reading, () => client.read(path, query));
  if (secret === undefined) throw new Failure(2, `No value found at ${path}`);
  return printSecret(run, secret);
}

/** The arguments after the path as parameters of the query. */
export function queryOf(run: Run): Record<string, string | string[]> {
  const data = readDataArguments(run.words.slice(1), () => run.terminal.readInput());
  const text = (value: unknown): string =>
    isRawNumber(value) ? value.rawJSON : typeof value === 'object' ? JSON.stringify(value) : String(value);
  return Object.fromEntries(
    Object.entries(data).map(([key, value]) => [key, Array.isArray(value) ? value.map(text) : text(value)]),
  );
}
