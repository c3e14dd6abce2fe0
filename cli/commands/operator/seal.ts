import { printSuccess } from '../../output/print.ts';
import { attempt, type Run } from '../../run.ts';

export async function seal(run: Run): Promise<number> {
  const { client } = await run.clients();
  await attempt('Error sealing', () => client.request('PUT', 'sys/seal'));
  return printSuccess(run, 'Success! Vault is sealed.');
}
