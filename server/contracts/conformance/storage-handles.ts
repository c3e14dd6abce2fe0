import { deepEqual, equal, notEqual, ok, rejects } from 'node:assert/strict';
import {
  bytes,
  isUnavailable,
  oddKeys,
  other,
  type StorageTest,
  some,
  text,
  texts,
} from './storage-fixture.ts';

export function revisions(it: StorageTest): void {
  it('grow with every commit, and revision() says the newest', async (storage) => {
    let last = await storage.revision();
    for (let i = 0; i < 5; i++) {
      const revision = await storage.commit({ put: [[`${i}`, some]] });
      ok(revision > last);
      equal(await storage.revision(), revision);
      last = revision;
    }
    const together = await Promise.all(oddKeys.map((key) => storage.commit({ put: [[key, some]] })));
    equal(new Set(together).size, together.length);
    ok(Math.min(...together) > last);
  });

  it('name what changed since, each key once', async (storage) => {
    const start = await storage.revision();
    const first = await storage.commit({
      put: [
        ['a', some],
        ['b', some],
      ],
    });
    const second = await storage.commit({ put: [['a', other]], remove: ['c', 'never/there'] });
    const since = async (revision: number) => {
      const changed = await storage.changesSince(revision);
      notEqual(changed, 'too old');
      return [...changed].sort();
    };
    deepEqual(await since(start), ['a', 'b', 'c', 'never/there']);
    deepEqual(await since(first), ['a', 'c', 'never/there']);
    deepEqual(await since(second), []);
  });

  it('say too old when the log no longer reaches back, or never did reach forward', async (storage) => {
    const start = await storage.commit({ put: [['first', some]] });
    for (let i = 0; i < 250; i++) {
      await Promise.all(Array.from({ length: 100 }, (_, j) => storage.commit({ put: [[`k/${j}`, some]] })));
    }
    equal(await storage.changesSince(start), 'too old');
    const newest = await storage.revision();
    equal(await storage.changesSince(newest + 1), 'too old');
    equal((await storage.changesSince(newest - 50)).length, 50);
  });

  it('either name every key of a large commit or say too old', async (storage) => {
    const names = Array.from({ length: 5000 }, (_, i) => `large/${i}`);
    const start = await storage.revision();
    const done = await storage.commit({ put: names.map((key) => [key, bytes('')] as const) });
    const changed = await storage.changesSince(start);
    if (changed !== 'too old') deepEqual([...changed].sort(), names.sort());
    deepEqual(await storage.changesSince(done), []);
  });
}

export function handles(it: StorageTest): void {
  it('shows another handle every acknowledged commit after revision()', async (storage, { openAnother }) => {
    if (openAnother === undefined) return 'there is one handle only';
    const second = await openAnother();
    const start = await second.revision();
    for (let i = 0; i < 50; i++) {
      const revision = await storage.commit({ put: [['shared', bytes(`${i}`)]] });
      equal(await second.revision(), revision);
      deepEqual(await texts(second, ['shared']), [`${i}`]);
      deepEqual(await second.changesSince(revision - 1), ['shared']);
    }
    deepEqual(await second.changesSince(start), ['shared']);
    const removed = await second.commit({ remove: ['shared'] });
    equal(await storage.revision(), removed);
    deepEqual(await storage.read(['shared']), [undefined]);
    return undefined;
  });

  it('keeps data, order, revision and change log when it is opened again', async (storage, { reopen }) => {
    if (reopen === undefined) return 'it forgets';
    const before = await storage.commit({ put: [['a/b', some]] });
    const last = await storage.commit({ put: [['c', bytes('')]] });
    await storage.close();
    const again = await reopen();
    deepEqual(await texts(again, ['a/b', 'c']), [text(some), '']);
    deepEqual(await again.list('', { limit: 5 }), ['a/', 'c']);
    equal(await again.revision(), last);
    deepEqual(await again.changesSince(before), ['c']);
    ok((await again.commit({ remove: ['c'] })) > last);
    return undefined;
  });

  it('finishes what is in flight before it closes', async (storage, { reopen }) => {
    const inFlight = Array.from({ length: 30 }, (_, i) => storage.commit({ put: [[`k/${i}`, some]] }));
    const closed = storage.close();
    await rejects(storage.commit({ put: [['late', some]] }), isUnavailable);
    equal((await Promise.all(inFlight)).length, 30);
    await closed;
    const again = await reopen?.();
    if (again) equal((await again.list('', { limit: 100 })).length, 1);
    if (again) equal((await again.list('k/', { limit: 100 })).length, 30);
  });

  it('closes twice, and answers nothing afterwards', async (storage) => {
    await Promise.all([storage.close(), storage.close()]);
    await storage.close();
    const calls = [
      () => storage.read(['k/1']),
      () => storage.list('', { limit: 1 }),
      () => storage.scan('', 'z', 1),
      () => storage.commit({}),
      () => storage.revision(),
      () => storage.changesSince(0),
    ];
    for (const call of calls) await rejects(call, isUnavailable);
  });
}
