import { printSecret, printValue } from '../../output/print.ts';
import { attempt, type Run } from '../../run.ts';

export async function list(run: Run): Promise<number> {
  const { client } = await run.clients();
  const secret = await attempt('Error listing policies', () => client.list('sys/policies/acl'));
  if (secret?.wrap_info) return printSecret(run, secret);
  const keys = secret?.data?.['keys'];
  const names = Array.isArray(keys) ? keys.map(String) : [];
  if (run.format !== 'table') return printValue(run, names);
  run.terminal.out(names.map((name) => `${name}\n`).join(''));
  return 0;
}
