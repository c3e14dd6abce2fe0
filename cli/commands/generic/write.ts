import type { Secret } from '../../../sdk/secret.ts';
import { type Data, readDataArguments } from '../../arguments/data-arguments.ts';
import { Failure } from '../../failure.ts';
import { printSecret, printSuccess } from '../../output/print.ts';
import { attempt, cleanPath, type Run, word } from '../../run.ts';
import { withSecondFactor } from './second-factor.ts';

export async function write(run: Run): Promise<number> {
  const { path, data } = readTarget(run);
  const { client } = await run.clients();
  const written = await attempt(`Error writing data to ${path}`, () => client.write(path, data));
  const secret = await withSecondFactor(run, written);
  return printWritten(run, path, secret);
}

/** The path and the data of `write` and `patch`. */
export function readTarget(run: Run): { path: string; data: Data } {
  const path = cleanPath(word(run, 0));
  const items = run.words.slice(1);
  if (items.length === 0 && !run.flags.on('force')) throw new Failure(1, 'Must supply data or use -force');
  return { path, data: readDataArguments(items, () => run.terminal.readInput()) };
}

export async function printWritten(run: Run, path: string, secret: Secret | undefined): Promise<number> {
  if (secret === undefined) return printSuccess(run, `Success! Data written to: ${path}`);
  return printSecret(run, secret);
}
