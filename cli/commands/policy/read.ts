import { Failure } from '../../failure.ts';
import { printSecret, printValue } from '../../output/print.ts';
import { attempt, cleanPath, type Run, word } from '../../run.ts';

export async function read(run: Run): Promise<number> {
  const name = cleanPath(word(run, 0)).toLowerCase();
  const { client } = await run.clients();
  const secret = await attempt(`Error reading policy named ${name}`, () =>
    client.read(`sys/policies/acl/${name}`),
  );
  if (secret?.wrap_info) return printSecret(run, secret);
  const policy = secret?.data?.['policy'];
  if (typeof policy !== 'string' || policy === '') throw new Failure(2, `No policy named: ${name}`);
  if (run.format !== 'table') return printValue(run, { policy });
  run.terminal.out(`${policy.trim()}\n`);
  return 0;
}
