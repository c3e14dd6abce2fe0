import type { Handler } from '../../command.ts';
import { programName } from '../../program-name.ts';
import { completionScript, type Shell } from './scripts.ts';

export function printScript(shell: Shell): Handler {
  return async (run) => {
    run.terminal.out(completionScript(shell, programName(run.environment)));
    return 0;
  };
}
