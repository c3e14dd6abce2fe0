import type { FieldDeclarations } from '../../contracts/paths.ts';
import type { Records } from '../../contracts/records.ts';
import type { JsonObject, Reply } from '../../contracts/request.ts';
import type { NamedId } from './entity-record.ts';

/** Fields of every list. */
export const pageFields = {
  after: { type: 'string', description: 'Begin after this one', query: true },
  limit: { type: 'int', description: 'At most so many; 0 for all', query: true },
} as const satisfies FieldDeclarations;

export interface Page {
  readonly after?: string | undefined;
  readonly limit?: number | undefined;
}

const batch = 1000;

/** Ids below `prefix` in order, read in batches; `describe` says what stands beside each, nothing for what is gone. */
export async function listById(
  records: Records,
  prefix: string,
  page: Page,
  describe: (ids: readonly string[]) => Promise<readonly (JsonObject | undefined)[]>,
): Promise<Reply | undefined> {
  const most = page.limit && page.limit > 0 ? page.limit : Number.POSITIVE_INFINITY;
  const keys: string[] = [];
  const info: Record<string, JsonObject> = {};
  let after = page.after ? `${prefix}${page.after}` : undefined;
  while (keys.length < most) {
    const limit = Math.min(batch, most - keys.length);
    const found = await records.scanKeys(prefix, { limit, ...(after === undefined ? {} : { after }) });
    after = found.at(-1);
    if (after === undefined) break;
    const ids = found.map((key) => key.slice(prefix.length));
    const described = await describe(ids);
    for (const [index, id] of ids.entries()) {
      const facts = described[index];
      if (!facts) continue;
      keys.push(id);
      info[id] = facts;
    }
  }
  return keys.length === 0 ? undefined : { data: { key_info: info, keys } };
}

/** Names as they were given, in order. */
export async function listByName(records: Records, prefix: string, page: Page): Promise<Reply | undefined> {
  const names: string[] = [];
  let after: string | undefined;
  for (;;) {
    const found = await records.scan<NamedId>(prefix, {
      limit: batch,
      ...(after === undefined ? {} : { after }),
    });
    for (const [, stored] of found) names.push(stored.value.name);
    after = found.at(-1)?.[0];
    if (after === undefined) break;
  }
  const { after: last = '', limit = 0 } = page;
  const sorted = names.sort().filter((name) => name > last);
  const keys = limit > 0 ? sorted.slice(0, limit) : sorted;
  return keys.length === 0 ? undefined : { data: { keys } };
}
