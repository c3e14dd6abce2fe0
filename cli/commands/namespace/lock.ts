import { Failure } from '../../failure.ts';
import { printField, printSecret, printSuccess, printValue } from '../../output/print.ts';
import { inOurName } from '../../program-name.ts';
import { attempt, cleanPath, type Run } from '../../run.ts';

export async function lock(run: Run): Promise<number> {
  const { client } = await run.clients();
  const secret = await attempt('Error locking namespace', () =>
    client.write(lockPath(run, 'lock'), undefined, 'POST'),
  );
  if (secret?.wrap_info) return printSecret(run, secret);
  const key = secret?.data?.['unlock_key'];
  if (typeof key !== 'string') throw new Failure(2, 'Error locking namespace: the server gave no unlock key');
  if (run.field() !== undefined) return printField(run, run.field() ?? '', secret?.data?.[run.field() ?? '']);
  if (run.format !== 'table') return printValue(run, secret?.data);
  const advice = `The namespace is now locked. Keep the key above: it serves the namespace again
(coffer namespace unlock). Without it that takes a token with sudo.\n`;
  run.terminal.out(`Unlock Key: ${key}\n\n${inOurName(run.environment, advice)}`);
  return 0;
}

export async function unlock(run: Run): Promise<number> {
  const { client } = await run.clients();
  const given = run.flags.text('unlock-key');
  const key = given === '-' ? run.terminal.readInput().trim() : given;
  await attempt('Error unlocking namespace', () =>
    client.write(lockPath(run, 'unlock'), key === undefined ? {} : { unlock_key: key }, 'POST'),
  );
  return printSuccess(run, 'Namespace unlocked successfully!');
}

function lockPath(run: Run, action: 'lock' | 'unlock'): string {
  const name = cleanPath(run.words[0] ?? '');
  return name === '' ? `sys/namespaces/api-lock/${action}` : `sys/namespaces/api-lock/${action}/${name}`;
}
