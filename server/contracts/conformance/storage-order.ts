import { deepEqual, equal, ok } from 'node:assert/strict';
import type { StorageBackend } from '../storage.ts';
import { bytes, refused, type StorageTest, some, text } from './storage-fixture.ts';

export function listing(it: StorageTest): void {
  const fill = (storage: StorageBackend, names: readonly string[]) =>
    storage.commit({ put: names.map((key) => [key, some] as const) });

  it('names one level, a folder once, ending in /', async (storage) => {
    await fill(storage, ['b/x', 'a', 'b/y/z', 'b', 'c/d/e', 'bb', 'b/y']);
    deepEqual(await storage.list('', { limit: 10 }), ['a', 'b', 'b/', 'bb', 'c/']);
    deepEqual(await storage.list('b/', { limit: 10 }), ['x', 'y', 'y/']);
    deepEqual(await storage.list('c/', { limit: 10 }), ['d/']);
    deepEqual(await storage.list('nothing/', { limit: 10 }), []);
  });

  it('orders names by bytes, so that a folder stands where its / does', async (storage) => {
    await fill(storage, ['a', 'a-b', 'a/b', 'a0', '\uffff', '\u{10000}/x']);
    deepEqual(await storage.list('', { limit: 10 }), ['a', 'a-b', 'a/', 'a0', '\uffff', '\u{10000}/']);
  });

  it('leaves out a key that equals the prefix, which has no name there', async (storage) => {
    await fill(storage, ['a/', 'a/b', 'a//c']);
    deepEqual(await storage.list('', { limit: 10 }), ['a/']);
    deepEqual(await storage.list('a/', { limit: 10 }), ['/', 'b']);
    deepEqual(await storage.list('a//', { limit: 10 }), ['c']);
  });

  it('goes on after a file or a folder, there or not', async (storage) => {
    await fill(storage, ['p/a', 'p/b', 'p/b/1', 'p/b/2', 'p/b!', 'p/c', 'q']);
    const after = async (name: string) => await storage.list('p/', { after: name, limit: 10 });
    deepEqual(await after('a'), ['b', 'b!', 'b/', 'c']);
    deepEqual(await after('b'), ['b!', 'b/', 'c']);
    deepEqual(await after('b/'), ['c']);
    deepEqual(await after('aa'), ['b', 'b!', 'b/', 'c']);
    deepEqual(await after('a/'), ['b', 'b!', 'b/', 'c']);
    deepEqual(await after('b/1'), ['c']);
    deepEqual(await after('c'), []);
    deepEqual(await after(''), ['a', 'b', 'b!', 'b/', 'c']);
  });

  it('pages through files and folders without gap or repetition, whatever the limit', async (storage) => {
    const put: string[] = [];
    for (let i = 0; i < 300; i++) {
      const name = `${(i * 7919) % 300}`.padStart(3, '0');
      put.push(...(i % 3 === 0 ? [`p/${name}`] : Array.from({ length: i % 40 }, (_, j) => `p/${name}/${j}`)));
    }
    await fill(storage, put);
    const expected = [...new Set(put.map((key) => key.slice(2).replace(/\/.*/, '/')))].sort();
    for (const limit of [1, 2, 7, 100, 1000]) {
      const found: string[] = [];
      for (let after: string | undefined; ; after = found.at(-1)) {
        const page = await storage.list('p/', { limit, ...(after === undefined ? {} : { after }) });
        ok(page.length <= limit);
        if (page.length === 0) break;
        found.push(...page);
      }
      deepEqual(found, expected);
    }
  });

  it('passes by what is in a folder instead of reading it', async (storage) => {
    const inside = Array.from({ length: 20_000 }, (_, i) => `p/m/${i}`);
    await fill(storage, ['p/a', ...inside, 'p/z']);
    const started = performance.now();
    for (let i = 0; i < 200; i++) deepEqual(await storage.list('p/', { limit: 10 }), ['a', 'm/', 'z']);
    // Reading every key of the folder takes milliseconds; a seek takes microseconds.
    ok((performance.now() - started) / 200 < 2.5, 'a listing takes as long as its folder is full');
  });

  it('refuses a prefix that is no folder, and a limit that is no count', async (storage) => {
    await fill(storage, ['a/b']);
    await refused(storage.list('a', { limit: 1 }));
    for (const limit of [-1, 0.5, Number.NaN]) await refused(storage.list('', { limit }));
    deepEqual(await storage.list('', { limit: 0 }), []);
  });
}

export function scanning(it: StorageTest): void {
  it('gives entries at any depth, from the first bound up to but without the second', async (storage) => {
    const names = ['a', 'a/b', 'a/b/c', 'b', 'c'];
    await storage.commit({ put: names.map((key) => [key, bytes(key)] as const) });
    const scan = async (from: string, to: string, limit = 10) =>
      (await storage.scan(from, to, limit)).map(([key, value]) => {
        equal(text(value), key);
        return key;
      });
    deepEqual(await scan('', 'z'), names);
    deepEqual(await scan('a/b', 'b'), ['a/b', 'a/b/c']);
    deepEqual(await scan('a/b\0', 'b\0'), ['a/b/c', 'b']);
    deepEqual(await scan('a0', 'a1'), []);
    deepEqual(await scan('c', 'a'), []);
    deepEqual(await scan('', ''), []);
    deepEqual(await scan('', 'z', 2), ['a', 'a/b']);
    deepEqual(await scan('', 'z', 0), []);
    await refused(storage.scan('', 'z', -1));
  });
}
