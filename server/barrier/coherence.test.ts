import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import fc from 'fast-check';
import { StorageConflict } from '../contracts/storage.ts';
import { openBarrier, openMemoryStorage, openSecond, SlowStorage } from './barrier-harness.ts';

/** A gate that a test opens. */
function gate() {
  const { promise, resolve } = Promise.withResolvers<void>();
  return { wait: promise, open: resolve };
}

test('a reading that raced with a commit leaves nothing stale behind', async () => {
  const storage = new SlowStorage(await openMemoryStorage());
  const { barrier } = await openBarrier({ storage });
  const records = barrier.records('root', 'x/');
  const held = gate();
  storage.after = (call) => (call === 'read' ? held.wait : undefined);
  const reading = records.get('k');
  await turn();
  storage.after = () => {};
  await records.commit({ put: [['k', 2]] });
  held.open();
  assert.equal(await reading, undefined);
  assert.equal((await records.get('k'))?.value, 2);
});

test('an own commit whose answer came late does not hide what another process wrote over it', async () => {
  const inner = await openMemoryStorage();
  const storage = new SlowStorage(inner);
  const { barrier, rootKey } = await openBarrier({ storage });
  const records = barrier.records('root', 'x/');
  const held = gate();
  storage.after = (call) => (call === 'commit' ? held.wait : undefined);
  const mine = records.commit({ put: [['k', 'mine']] });
  await turn();
  const second = await openSecond(inner, rootKey);
  await second.records('root', 'x/').commit({ put: [['k', 'theirs']] });
  await barrier.freshen();
  held.open();
  await mine;
  await barrier.freshen();
  assert.equal((await records.get('k'))?.value, 'theirs');
});

test('of two own commits of one key, the one that storage has is answered, whichever was acknowledged last', async () => {
  const storage = new SlowStorage(await openMemoryStorage());
  const { barrier } = await openBarrier({ storage, exclusiveStore: true });
  const records = barrier.records('root', 'x/');
  const held = gate();
  storage.after = (call) => (call === 'commit' ? held.wait : undefined);
  const first = records.commit({ put: [['k', 'first']] });
  await turn();
  storage.after = () => {};
  await records.commit({ put: [['k', 'second']] });
  assert.equal((await records.get('k'))?.value, 'second');
  held.open();
  await first;
  assert.equal((await records.get('k'))?.value, 'second');
});

test('those who ask after a commit do not join a reading from before it', async () => {
  const storage = new SlowStorage(await openMemoryStorage());
  const { barrier } = await openBarrier({ storage, cacheBytes: 1 });
  const records = barrier.records('root', 'x/');
  await records.commit({ put: [['k', 1]] });
  const held = gate();
  storage.after = (call) => (call === 'read' ? held.wait : undefined);
  const reading = records.get('k');
  await turn();
  storage.after = () => {};
  await records.commit({ put: [['k', 2]] });
  assert.equal((await records.get('k'))?.value, 2);
  held.open();
  assert.equal((await reading)?.value, 1);
});

test('readers of one moment share one storage read, and later ones none', async () => {
  const storage = new SlowStorage(await openMemoryStorage());
  const { barrier, rootKey } = await openBarrier({ storage });
  await barrier.records('root', 'x/').commit({ put: [['k', 1]] });
  const second = await openSecond(storage, rootKey);
  const records = second.records('root', 'x/');
  storage.calls.length = 0;
  const [a, b] = await Promise.all([records.get('k'), records.get('k')]);
  assert.equal(a, b);
  assert.equal(await records.get('k'), a);
  assert.equal(await records.get('none'), undefined);
  assert.equal(await records.get('none'), undefined);
  assert.deepEqual(storage.calls, ['read', 'read']);
  await records.getMany(['k', 'none', 'p', 'q', 'p']);
  assert.deepEqual(storage.calls, ['read', 'read', 'read']);
});

test('after freshen, what another process had committed is seen; before, it may not be', async () => {
  const { barrier, storage, rootKey } = await openBarrier();
  const second = await openSecond(storage, rootKey);
  const mine = barrier.records('root', 'x/');
  const theirs = second.records('root', 'x/');
  await mine.commit({ put: [['k', 1]] });
  assert.equal((await theirs.get('k'))?.value, 1);
  assert.equal(await theirs.get('later'), undefined);
  const told: unknown[] = [];
  second.onChange((keys) => told.push(keys));
  await mine.commit({
    put: [
      ['k', 2],
      ['later', 3],
    ],
  });
  assert.equal((await theirs.get('k'))?.value, 1);
  await second.freshen();
  assert.deepEqual(told, [['n/root/x/k', 'n/root/x/later']]);
  assert.equal(theirs.peek('k'), undefined);
  assert.equal((await theirs.get('k'))?.value, 2);
  assert.equal((await theirs.get('later'))?.value, 3);
});

test('all freshen calls of one turn share one revision query, which starts after the last of them', async () => {
  const inner = new SlowStorage(await openMemoryStorage());
  const { barrier } = await openBarrier({ storage: inner });
  await barrier.freshen();
  inner.calls.length = 0;
  const soon = async (microtasks: number) => {
    for (let left = microtasks; left > 0; left--) await undefined;
    return barrier.freshen();
  };
  await Promise.all(Array.from({ length: 50 }, (_, microtasks) => soon(microtasks)));
  assert.deepEqual(inner.calls, ['revision']);
  await Promise.all([barrier.freshen(), turn().then(() => barrier.freshen())]);
  assert.equal(inner.calls.length, 3);
});

test('with a store of its own, freshen asks nothing', async () => {
  const storage = new SlowStorage(await openMemoryStorage());
  const { barrier } = await openBarrier({ storage, exclusiveStore: true });
  storage.calls.length = 0;
  await barrier.freshen();
  assert.deepEqual(storage.calls, []);
});

test('own commits cost no reading after a freshen', async () => {
  const storage = new SlowStorage(await openMemoryStorage());
  const { barrier } = await openBarrier({ storage });
  const records = barrier.records('root', 'x/');
  await records.commit({ put: [['k', 1]] });
  await records.commit({ put: [['k', 2]] });
  await barrier.freshen();
  assert.equal(records.peek('k')?.value, 2);
  assert(!storage.calls.includes('changesSince'));
});

test('freshen fails when the store cannot say, instead of answering from memory', async () => {
  const storage = new SlowStorage(await openMemoryStorage());
  const { barrier } = await openBarrier({ storage });
  storage.before = () => Promise.reject(new Error('away'));
  await assert.rejects(barrier.freshen(), /away/);
  storage.before = () => {};
  await barrier.freshen();
});

test('a store replaced by an older copy empties the cache', async () => {
  const storage = await openMemoryStorage();
  const line = new SlowStorage(storage);
  const { barrier } = await openBarrier({ storage: line });
  const records = barrier.records('root', 'x/');
  await records.commit({ put: [['k', 1]] });
  await barrier.freshen();
  const backwards = line.revision.bind(line);
  line.revision = async () => (await backwards()) - 1;
  await barrier.freshen();
  assert.equal(records.peek('k'), undefined);
});

test('after a conflict the next reading is of storage, and the derived caches were told', async () => {
  const { barrier, storage, rootKey } = await openBarrier();
  const second = await openSecond(storage, rootKey);
  const mine = barrier.records('root', 'x/');
  const theirs = second.records('root', 'x/');
  await mine.commit({ put: [['k', 1]] });
  const stored = await theirs.get('k');
  await mine.commit({ put: [['k', 2]] });
  const told: unknown[] = [];
  second.onChange((keys) => told.push(keys));
  await assert.rejects(theirs.commit({ expect: [{ key: 'k', stored }], put: [['k', 3]] }), StorageConflict);
  assert.equal((await theirs.get('k'))?.value, 2);
  assert.equal(told.length, 1);
});

test('listeners hear of an own commit before it resolves, and not after they stopped', async () => {
  const { barrier } = await openBarrier();
  const records = barrier.records('root', 'x/');
  const told: unknown[] = [];
  const stop = barrier.onChange((keys) => told.push(keys));
  const commit = records.commit({ put: [['k', 1]], mark: ['m'], remove: ['r'] }).then(() => told.length);
  assert.equal(await commit, 1);
  assert.deepEqual(told, [['n/root/x/k', 'n/root/x/m', 'n/root/x/r']]);
  stop();
  await records.commit({ put: [['k', 2]] });
  assert.equal(told.length, 1);
});

test('whatever the delays, a reading after freshen is never older than what was acknowledged before it', async () => {
  await fc.assert(
    fc.asyncProperty(fc.infiniteStream(fc.integer({ min: 0, max: 4 })), fc.nat(), async (delays, salt) => {
      const inner = await openMemoryStorage();
      const wait = async () => {
        for (let turns = delays.next().value ?? 0; turns > 0; turns--) await turn();
      };
      const line = () => {
        const storage = new SlowStorage(inner);
        storage.before = wait;
        storage.after = wait;
        return storage;
      };
      // A small cache, so that eviction takes part.
      const { barrier, rootKey } = await openBarrier({ storage: line(), cacheBytes: 6000 });
      const nodes = [barrier, await openSecond(line(), rootKey, { cacheBytes: 6000 })];
      const acknowledged = new Map<string, number>();
      const work = async (worker: number) => {
        const node = nodes[worker % 2] ?? barrier;
        const records = node.records('root', 'x/');
        for (let step = 0; step < 12; step++) {
          const key = `k${(worker * 7 + step * 3 + salt) % 3}`;
          const floor = acknowledged.get(key) ?? 0;
          await node.freshen();
          const stored = await records.get<number>(key);
          const value = stored?.value ?? 0;
          assert(value >= floor, `${key}: ${value} after ${floor} was acknowledged`);
          try {
            await records.commit({ expect: [{ key, stored }], put: [[key, value + 1]] });
            acknowledged.set(key, Math.max(acknowledged.get(key) ?? 0, value + 1));
          } catch (error) {
            if (!(error instanceof StorageConflict)) throw error;
          }
        }
      };
      await Promise.all([0, 1, 2, 3, 4].map(work));
    }),
    { numRuns: 25 },
  );
});
