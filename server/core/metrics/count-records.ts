import type { Records } from '../../contracts/records.ts';
import { type Namespaces, rootNamespace } from '../namespaces/namespaces.ts';

export interface RecordCounting {
  readonly recordsOf: (namespaceId: string, prefix: string) => Records;
  readonly namespaces: Namespaces;
}

const page = 5000;

/** How many of core's own records begin with `prefix`, in all namespaces. Walks their keys; decrypts nothing. */
export async function countRecords(
  { recordsOf, namespaces }: RecordCounting,
  prefix: string,
): Promise<number> {
  let total = await countIn(recordsOf(rootNamespace.id, 'sys/'), prefix);
  for await (const { id, tainted } of namespaces.below(rootNamespace))
    if (!tainted) total += await countIn(recordsOf(id, 'sys/'), prefix);
  return total;
}

async function countIn(records: Records, prefix: string): Promise<number> {
  let count = 0;
  let after: string | undefined;
  for (;;) {
    const keys = await records.scanKeys(prefix, { limit: page, ...(after === undefined ? {} : { after }) });
    count += keys.length;
    after = keys.at(-1);
    if (after === undefined || keys.length < page) return count;
  }
}
