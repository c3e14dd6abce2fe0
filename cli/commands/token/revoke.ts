import type { CofferClient } from '../../../sdk/client.ts';
import { Failure } from '../../failure.ts';
import { printSuccess } from '../../output/print.ts';
import { attempt, cleanPath, type Run } from '../../run.ts';

export async function revoke(run: Run): Promise<number> {
  checkCombination(run);
  const { client } = await run.clients();
  await attempt('Error revoking token', () => send(run, client));
  return printSuccess(run, 'Success! Revoked token (if it existed)');
}

function checkCombination(run: Run): void {
  const self = run.flags.on('self');
  const accessor = run.flags.on('accessor');
  const mode = run.flags.text('mode') ?? '';
  const count = run.words.length;
  if (self && count > 0) throw new Failure(1, `Too many arguments with -self (expected 0, got ${count})`);
  if (!self && count > 1) throw new Failure(1, `Too many arguments (expected 1 or -self, got ${count})`);
  if (!self && count < 1) throw new Failure(1, `Not enough arguments (expected 1 or -self, got ${count})`);
  if (self && accessor) throw new Failure(1, 'Cannot use -self with -accessor!');
  if (self && mode !== '') throw new Failure(1, 'Cannot use -self with -mode!');
  if (!['', 'orphan', 'path'].includes(mode)) throw new Failure(1, `Invalid mode: ${mode}`);
  if (accessor && mode !== '') throw new Failure(1, `Cannot use -accessor with -mode=${mode}!`);
}

async function send(run: Run, client: CofferClient): Promise<unknown> {
  const subject = run.words[0] ?? '';
  if (run.flags.on('self')) return client.write('auth/token/revoke-self');
  if (run.flags.on('accessor'))
    return client.write('auth/token/revoke-accessor', { accessor: subject }, 'POST');
  switch (run.flags.text('mode') ?? '') {
    case 'orphan':
      return client.write('auth/token/revoke-orphan', { token: subject });
    case 'path':
      return client.write(`sys/leases/revoke-prefix/${cleanPath(subject)}`);
    default:
      return client.write('auth/token/revoke', { token: subject });
  }
}
