import { CofferError } from '../../contracts/errors.ts';
import type { JsonObject } from '../../contracts/request.ts';
import type { ClientRequests } from '../requests.ts';
import { type StoredSecret, storedSecret } from './stored-secret.ts';

const pageSize = 500;

/**
 * Every secret whose name begins with `prefix` and comes behind `after`, in the order of their names, folder by folder. A folder that
 * the client's policies hide is passed over; the top one is refused.
 */
export async function* walkSecrets(
  requests: ClientRequests,
  workspace: string,
  { prefix, after }: { readonly prefix: string; readonly after: string },
): AsyncGenerator<StoredSecret> {
  const top = prefix.slice(0, prefix.lastIndexOf('/') + 1);
  yield* walkFolder(requests, workspace, top, { prefix, after }, true);
}

async function* walkFolder(
  requests: ClientRequests,
  workspace: string,
  folder: string,
  page: { readonly prefix: string; readonly after: string },
  isTop: boolean,
): AsyncGenerator<StoredSecret> {
  const inside = page.after.startsWith(folder) ? page.after.slice(folder.length) : '';
  const cut = inside.indexOf('/');
  let after = cut < 0 ? inside : inside.slice(0, cut + 1);
  // It may lie deeper: go on in its folder before going on behind it.
  if (cut >= 0) yield* walkFolder(requests, workspace, folder + after, page, false);
  for (;;) {
    const listed = await listFolder(requests, workspace, folder, after, isTop);
    for (const key of listed.keys) {
      const name = folder + key;
      if (key.endsWith('/')) {
        const mayHold = name.startsWith(page.prefix) || page.prefix.startsWith(name);
        if (mayHold) yield* walkFolder(requests, workspace, name, page, false);
        continue;
      }
      const info = listed.info[key];
      if (info) yield storedSecret(name, info);
    }
    if (listed.keys.length < pageSize) return;
    after = listed.keys.at(-1) ?? '';
  }
}

async function listFolder(
  requests: ClientRequests,
  workspace: string,
  folder: string,
  after: string,
  isTop: boolean,
): Promise<{ readonly keys: readonly string[]; readonly info: Readonly<Record<string, JsonObject>> }> {
  const nothing = { keys: [], info: {} };
  try {
    const path = `secret/detailed-metadata/${folder}`;
    const data = { limit: String(pageSize), ...(after === '' ? {} : { after }) };
    const reply = await requests.ask({ operation: 'list', namespace: workspace, path, data });
    if (!reply) return nothing;
    return {
      keys: reply['keys'] as readonly string[],
      info: reply['key_info'] as Readonly<Record<string, JsonObject>>,
    };
  } catch (error) {
    if (!isTop && error instanceof CofferError && error.code === 'permission-denied') return nothing;
    throw error;
  }
}
