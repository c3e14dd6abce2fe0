import { deepEqual } from 'node:assert/strict';
import fc from 'fast-check';
import type { StorageBackend } from '../storage.ts';
import { bytes, type StorageTest, text } from './storage-fixture.ts';

const key = fc.string({
  unit: fc.constantFrom('a', 'b', '/', '/', '.', '0', '\uffff', '\u{10000}'),
  minLength: 1,
  maxLength: 6,
});
const name = fc.string({ unit: fc.constantFrom('a', 'b', '/', '.', '0', '\u{10000}'), maxLength: 3 });
const prefix = fc
  .string({ unit: fc.constantFrom('a', 'b', '/'), maxLength: 3 })
  .map((folder) => (folder ? `${folder}/` : ''));
const change = fc
  .uniqueArray(fc.tuple(key, fc.boolean()), { selector: ([named]) => named, maxLength: 12 })
  .map((named) => ({
    put: named.flatMap(([put, kept]) => (kept ? [[put, bytes(put)] as const] : [])),
    remove: named.flatMap(([removed, kept]) => (kept ? [] : [removed])),
  }));

/** Random changes and questions, answered as by a sorted array. */
export function modelled(it: StorageTest): void {
  it('answers as a sorted list of keys would', async (storage) => {
    const questions = fc.record({
      prefix,
      after: fc.option(name, { nil: undefined }),
      limit: fc.nat(9),
      from: name,
      to: key,
    });
    const run = fc.asyncProperty(
      fc.array(change, { maxLength: 5 }),
      fc.array(questions, { maxLength: 8 }),
      async (changes, asked) => {
        await removeAll(storage);
        const model = new Set<string>();
        for (const { put, remove } of changes) {
          await storage.commit({ put, remove });
          for (const removed of remove) model.delete(removed);
          for (const [added] of put) model.add(added);
        }
        const sorted = [...model].sort(byBytes);
        for (const question of asked) {
          const { prefix: folder, after, limit, from, to } = question;
          deepEqual(
            await storage.list(folder, { limit, ...(after === undefined ? {} : { after }) }),
            listed(sorted, question),
          );
          const scanned = (await storage.scan(from, to, limit)).map(([found, value]) => [found, text(value)]);
          const inRange = sorted.filter((each) => byBytes(each, from) >= 0 && byBytes(each, to) < 0);
          deepEqual(
            scanned,
            inRange.slice(0, limit).map((each) => [each, each]),
          );
        }
      },
    );
    await fc.assert(run, { numRuns: 100 });
  });
}

function listed(
  sorted: readonly string[],
  page: { prefix: string; after?: string | undefined; limit: number },
): string[] {
  const names = sorted
    .filter((each) => each.startsWith(page.prefix) && each !== page.prefix)
    .map((each) => each.slice(page.prefix.length).replace(/\/.*$/su, '/'))
    // A name is at its folder's place, and `after` may name something deeper down.
    .filter((each) => byBytes(each, (page.after ?? '').replace(/\/.*$/su, '/')) > 0);
  return [...new Set(names)].slice(0, page.limit);
}

async function removeAll(storage: StorageBackend): Promise<void> {
  const all = await storage.scan('', '\u{10ffff}', 10_000);
  await storage.commit({ remove: all.map(([each]) => each) });
}

function byBytes(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}
