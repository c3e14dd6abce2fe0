import type { CofferClient } from '../../../sdk/client.ts';
import { cleanPath, type Run, word } from '../../run.ts';
import { listNames } from './list.ts';

/** As `list`, with the names at every depth. */
export async function scan(run: Run): Promise<number> {
  const path = cleanPath(word(run, 0));
  const { client } = await run.clients();
  return listNames(run, scanning(client), path);
}

/** Lists as a scan does (OpenBao's `?scan=true`). */
export function scanning(client: CofferClient): Pick<CofferClient, 'list'> {
  return { list: (path, query) => client.read(path, { ...query, scan: 'true' }) };
}
