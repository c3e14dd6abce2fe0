import { Failure } from '../../failure.ts';
import type { Run } from '../../run.ts';

/** A key share: the argument, standard input for `-`, or what is typed on the terminal without being shown. */
export async function askKey(run: Run, prompt: string): Promise<string> {
  const given = run.words[0];
  if (given === '-') return run.terminal.readInput().trim();
  if (given !== undefined) return given.trim();
  if (run.terminal.inIsTerminal && !run.flags.on('non-interactive'))
    return run.terminal.askHidden(prompt, 'out');
  run.terminal.out(`${prompt}\n`);
  throw new Failure(
    1,
    'There is no terminal to ask for the key on.',
    'Run the command on a terminal, or pass "-" to read the key from standard input.',
  );
}
