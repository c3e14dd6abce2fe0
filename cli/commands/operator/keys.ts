import type { CofferClient } from '../../../sdk/client.ts';
import type { JsonObject } from '../../../sdk/secret.ts';
import { goText } from '../../output/go-text.ts';
import { printValue } from '../../output/print.ts';
import { renderTable } from '../../output/table.ts';
import { attempt, type Run } from '../../run.ts';

export async function rotate(run: Run): Promise<number> {
  const { client } = await run.clients();
  await attempt('Error rotating key', () => client.write('sys/rotate', undefined, 'POST'));
  const key = await readKeyStatus(client);
  if (run.format !== 'table') return printValue(run, key);
  run.terminal.out(`Success! Rotated key\n\n${renderKeyStatus(key)}`);
  return 0;
}

export async function keyStatus(run: Run): Promise<number> {
  const { client } = await run.clients();
  const key = await readKeyStatus(client);
  if (run.format !== 'table') return printValue(run, key);
  run.terminal.out(renderKeyStatus(key));
  return 0;
}

async function readKeyStatus(client: CofferClient): Promise<JsonObject> {
  const secret = await attempt('Error reading key status', () => client.read('sys/key-status'));
  const data = secret?.data ?? {};
  return { term: data['term'], install_time: data['install_time'], encryptions: data['encryptions'] ?? 0 };
}

function renderKeyStatus(key: JsonObject): string {
  return renderTable([
    ['Key Term', goText(key['term'])],
    ['Install Time', shortTime(String(key['install_time']))],
    ['Encryption Count', goText(key['encryptions'])],
  ]);
}

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** RFC 3339 in UTC as `22 Nov 26 04:22 UTC` (RFC 822). */
function shortTime(time: string): string {
  const match = /^\d\d(\d\d)-(\d\d)-(\d\d)T(\d\d:\d\d)/.exec(time);
  return match ? `${match[3]} ${months[Number(match[2]) - 1]} ${match[1]} ${match[4]} UTC` : time;
}
