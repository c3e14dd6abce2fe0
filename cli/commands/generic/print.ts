import { Failure } from '../../failure.ts';
import { inOurName } from '../../program-name.ts';
import type { Run } from '../../run.ts';
import { findToken } from '../../token-file.ts';

export async function print(run: Run): Promise<number> {
  if (run.words[0] !== 'token')
    throw new Failure(
      1,
      inOurName(run.environment, 'The one thing to print is the token: coffer print token'),
    );
  run.terminal.out(`${findToken(run.environment)}\n`);
  return 0;
}
