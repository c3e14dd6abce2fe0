import { printSuccess } from '../../output/print.ts';
import { attempt, cleanPath, type Run, word } from '../../run.ts';

export async function remove(run: Run): Promise<number> {
  const name = cleanPath(word(run, 0)).toLowerCase();
  const { client } = await run.clients();
  await attempt(`Error deleting ${name}`, () => client.delete(`sys/policies/acl/${name}`));
  return printSuccess(run, `Success! Deleted policy: ${name}`);
}
