import { printSuccess } from '../../output/print.ts';
import { attempt, cleanPath, type Run, word } from '../../run.ts';

export async function disable(run: Run): Promise<number> {
  const path = cleanPath(word(run, 0));
  const { client } = await run.clients();
  await attempt('Error disabling audit device', () => client.delete(`sys/audit/${path}`));
  return printSuccess(run, `Success! Disabled audit device (if it was enabled) at: ${path}/`);
}
