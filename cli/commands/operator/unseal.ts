import { isObject } from '../../../sdk/secret.ts';
import { attempt, type Run } from '../../run.ts';
import { printSealStatus } from '../generic/status.ts';
import { askKey } from './ask-key.ts';

/** Exit code 0 even while more shares are needed: the share itself was taken. */
export async function unseal(run: Run): Promise<number> {
  const body = run.flags.on('reset')
    ? { reset: true }
    : {
        key: await askKey(run, 'Unseal Key (will be hidden): '),
        ...(run.flags.on('migrate') ? { migrate: true } : {}),
      };
  const { client } = await run.clients();
  const answer = await attempt('Error unsealing', () => client.request('PUT', 'sys/unseal', { body }));
  await printSealStatus(run, client, isObject(answer.body) ? answer.body : {});
  return 0;
}
