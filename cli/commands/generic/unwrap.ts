import { Failure } from '../../failure.ts';
import { printSecret } from '../../output/print.ts';
import { attempt, type Run } from '../../run.ts';

/**
 * With an argument the token goes in the body, so that the caller's own is the one that the audit log names;
 * whoever has no token of their own, or gives the argument as that, unwraps with it as Vault's client does.
 */
export async function unwrap(run: Run): Promise<number> {
  const { unwrapped, withToken, token: own } = await run.clients();
  const token = run.words[0]?.trim();
  const inBody = token !== undefined && own !== '' && token !== own;
  const client = token === undefined || inBody ? unwrapped : withToken(token);
  const secret = await attempt('Error unwrapping', () =>
    client.write('sys/wrapping/unwrap', inBody ? { token } : undefined),
  );
  if (secret === undefined) throw new Failure(2, 'Could not find wrapped response');
  return printSecret(run, secret);
}
