import { readTextFile } from '../../arguments/data-arguments.ts';
import { Failure } from '../../failure.ts';
import { printSuccess } from '../../output/print.ts';
import { attempt, cleanPath, type Run, word } from '../../run.ts';

export async function write(run: Run): Promise<number> {
  const given = cleanPath(word(run, 0));
  const name = given.toLowerCase();
  const policy = readRules(run, word(run, 1).trim());
  const { client } = await run.clients();
  await attempt('Error uploading policy', () => client.write(`sys/policies/acl/${name}`, { policy }));
  if (name !== given) run.terminal.err(`Policy name was converted from "${given}" to "${name}"\n`);
  return printSuccess(run, `Success! Uploaded policy: ${name}`);
}

function readRules(run: Run, source: string): string {
  if (source === '-') return run.terminal.readInput();
  try {
    return readTextFile(source);
  } catch (error) {
    throw new Failure(2, `Error opening policy file: ${error instanceof Error ? error.message : ''}`);
  }
}
