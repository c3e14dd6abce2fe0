import type { Secret } from '../../../sdk/secret.ts';
import { Failure } from '../../failure.ts';
import { attempt, cleanPath, type Run } from '../../run.ts';
import { withSecondFactor } from '../generic/second-factor.ts';

/** Where the method is mounted: -path, or its own name. */
export function mountOf(run: Run, method: string): string {
  return `auth/${cleanPath(run.flags.text('path') ?? method)}`;
}

/** The answer to a login at the method's mount, after a second factor where one is asked for. Throws `Failure`. */
export async function askForToken(
  run: Run,
  method: string,
  user: string,
  body: Readonly<Record<string, unknown>>,
): Promise<Secret> {
  const { unwrapped } = await run.clients();
  const answer = await attempt('Error authenticating', () =>
    unwrapped.write(`${mountOf(run, method)}/login${user}`, body),
  );
  return finished(run, answer);
}

/** The same for an answer that is there already. */
export async function finished(run: Run, answer: Secret | undefined): Promise<Secret> {
  const secret = await withSecondFactor(run, answer);
  if (!secret?.auth) throw new Failure(2, 'Error authenticating: the server returned no token');
  return secret;
}
