import { Failure, reasonOf } from '../../failure.ts';
import type { Run } from '../../run.ts';

const fs = process.getBuiltinModule('node:fs');
/** Their values may be objects, written as JSON. */
const structured = new Set(['json', 'database-credentials', 'service-credentials']);

/**
 * The value of a secret: an argument, `-` for standard input, `@FILE`, or asked for on the terminal without showing it. One line
 * end at the end of a text from outside is not part of it; a file's bytes are kept as they are.
 */
export async function givenValue(
  run: Run,
  given: string | undefined,
  type: string | undefined,
): Promise<unknown> {
  if (type === 'file') return fileBytes(run, given);
  const text = await textOf(run, given);
  if (text === '') throw new Failure(1, 'The value is empty.');
  if (type === undefined || !structured.has(type) || !text.trimStart().startsWith('{')) return text;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw new Failure(1, 'The value begins like JSON and is none.');
  }
}

async function textOf(run: Run, given: string | undefined): Promise<string> {
  if (given === '-') return withoutLineEnd(run.terminal.readInput());
  if (given?.startsWith('@')) return withoutLineEnd(readFile(given.slice(1)).toString('utf8'));
  if (given !== undefined) return given;
  if (run.terminal.inIsTerminal && !run.flags.on('non-interactive'))
    return run.terminal.askHidden('Value (will be hidden): ', 'err');
  throw new Failure(1, 'There is no value.', 'Give it as an argument, as - for standard input, or as @FILE.');
}

function fileBytes(run: Run, given: string | undefined): string {
  if (given?.startsWith('@')) return readFile(given.slice(1)).toString('base64');
  if (given === '-') return Buffer.from(run.terminal.readInput(), 'utf8').toString('base64');
  throw new Failure(1, 'The value of a file is given as @FILE.');
}

function readFile(name: string): Buffer {
  try {
    return fs.readFileSync(name);
  } catch (error) {
    throw new Failure(1, `cannot read ${name}: ${reasonOf(error)}`);
  }
}

function withoutLineEnd(text: string): string {
  return text.replace(/\r?\n$/, '');
}
