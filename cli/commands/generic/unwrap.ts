import { Failure } from '../../failure.ts';
import { printSecret } from '../../output/print.ts';
import { attempt, type Run } from '../../run.ts';

/** With an argument the token goes in the body; without one, the caller's own token is the wrapping token. */
export async function unwrap(run: Run): Promise<number> {
  const { unwrapped } = await run.clients();
  const token = run.words[0];
  const body = token === undefined ? undefined : { token };
  const secret = await attempt('Error unwrapping', () => unwrapped.write('sys/wrapping/unwrap', body));
  if (secret === undefined) throw new Failure(2, 'Could not find wrapped response');
  return printSecret(run, secret);
}
