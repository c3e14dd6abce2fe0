import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import {
  copyOf,
  entriesOf,
  openBarrier,
  openMemoryStorage,
  openSecond,
  SlowStorage,
} from './barrier-harness.ts';

test('a namespace without a key has no records', async () => {
  const { barrier } = await openBarrier();
  const records = barrier.records('team1', 'x/');
  await assert.rejects(records.commit({ put: [['k', 1]] }), { code: 'not-found' });
  await barrier.createNamespace('team1');
  await records.commit({ put: [['k', 1]] });
  await barrier.createNamespace('team1');
  assert.equal((await records.get('k'))?.value, 1);
});

test('a record copied into another namespace or under another key is refused', async () => {
  const { barrier, storage } = await openBarrier();
  await barrier.createNamespace('a');
  await barrier.createNamespace('b');
  await barrier.records('a', 'x/').commit({ put: [['k', 'secret']] });
  const [value] = await storage.read(['n/a/x/k']);
  assert(value);
  await storage.commit({
    put: [
      ['n/b/x/k', value],
      ['n/a/x/other', value],
    ],
  });
  await assert.rejects(barrier.records('b', 'x/').get('k'), {
    code: 'storage-corrupt',
    message: /n\/b\/x\/k/,
  });
  await assert.rejects(barrier.records('a', 'x/').get('other'), { code: 'storage-corrupt' });
});

test('a namespace secret put in the place of another is refused', async () => {
  const { barrier, storage, rootKey } = await openBarrier();
  await barrier.createNamespace('a');
  await barrier.createNamespace('b');
  await barrier.records('a', 'x/').commit({ put: [['k', 1]] });
  const [ofB] = await storage.read(['core/namespace-key/b']);
  assert(ofB);
  await storage.commit({ put: [['core/namespace-key/a', ofB]] });
  const second = await openSecond(storage, rootKey);
  await assert.rejects(second.records('a', 'x/').get('k'), {
    code: 'storage-corrupt',
    message: /core\/namespace-key\/a/,
  });
});

test('destroying a namespace makes older copies of its records unreadable, and only those', async () => {
  const { barrier, storage, rootKey } = await openBarrier();
  await barrier.createNamespace('gone');
  await barrier.createNamespace('kept');
  for (const id of ['gone', 'kept', 'root']) {
    await barrier.records(id, 'x/').commit({ put: [['k', `value of ${id}`]] });
  }
  const backup = await copyOf(storage);
  await barrier.destroyNamespace('gone');

  // The rows are still in the live store, and do not open.
  await assert.rejects(barrier.records('gone', 'x/').get('k'), { code: 'not-found' });
  await assert.rejects(barrier.records('gone', 'x/').commit({ put: [['k', 1]] }), { code: 'not-found' });
  assert.equal((await barrier.records('kept', 'x/').get('k'))?.value, 'value of kept');

  // All of the old copy, with the keyring of after: the secret is there, what wrapped it is not.
  const [keyring] = await storage.read(['core/keyring']);
  assert(keyring);
  await backup.commit({
    put: [['core/keyring', keyring], ...(await entriesOf(storage, 'core/namespace-key/root'))],
  });
  const restored = await openSecond(backup, rootKey);
  await assert.rejects(restored.records('gone', 'x/').get('k'), { code: 'storage-corrupt' });

  const second = await openSecond(storage, rootKey);
  assert.equal((await second.records('kept', 'x/').get('k'))?.value, 'value of kept');
  assert.equal((await second.records('root', 'x/').get('k'))?.value, 'value of root');

  await barrier.purgeNamespace('gone');
  assert.deepEqual(await entriesOf(storage, 'n/gone/'), []);
});

test('a namespace created again under the same id reads nothing of the former one', async () => {
  const { barrier } = await openBarrier();
  await barrier.createNamespace('a');
  await barrier.records('a', 'x/').commit({ put: [['k', 1]] });
  await barrier.destroyNamespace('a');
  await barrier.createNamespace('a');
  await assert.rejects(barrier.records('a', 'x/').get('k'), { code: 'storage-corrupt' });
});

test('another process answers nothing of a destroyed namespace after its next freshen', async () => {
  const { barrier, storage, rootKey } = await openBarrier();
  await barrier.createNamespace('a');
  await barrier.createNamespace('b');
  await barrier.records('a', 'x/').commit({ put: [['k', 1]] });
  await barrier.records('b', 'x/').commit({ put: [['k', 2]] });
  const second = await openSecond(storage, rootKey);
  const theirs = second.records('a', 'x/');
  assert.equal((await theirs.get('k'))?.value, 1);
  await barrier.destroyNamespace('a');
  await second.freshen();
  assert.equal(theirs.peek('k'), undefined);
  await assert.rejects(theirs.get('k'), { code: 'not-found' });
  assert.equal((await second.records('b', 'x/').get('k'))?.value, 2);
});

test('what is read of a namespace while its end is being learnt does not stay in memory', async () => {
  const inner = await openMemoryStorage();
  const { barrier, rootKey } = await openBarrier({ storage: inner });
  await barrier.createNamespace('a');
  await barrier.records('a', 'x/').commit({
    put: [
      ['k', 1],
      ['l', 2],
    ],
  });
  const line = new SlowStorage(inner);
  const second = await openSecond(line, rootKey);
  const theirs = second.records('a', 'x/');
  await theirs.get('k');
  await barrier.destroyNamespace('a');
  // The keyring is read again at a moment when the record, still there, was just asked for.
  const { promise, resolve } = Promise.withResolvers<void>();
  let read: Promise<unknown> | undefined;
  line.after = (call) => {
    if (call !== 'read' || read) return;
    read = theirs.get('l');
    return promise;
  };
  const fresh = second.freshen();
  while (!read) await turn();
  await read.catch(() => undefined);
  resolve();
  await fresh;
  assert.equal(theirs.peek('l'), undefined);
  await assert.rejects(theirs.get('l'), { code: 'not-found' });
});

test('namespaces created while others are destroyed, by several processes, keep their keys', async () => {
  for (let round = 0; round < 10; round++) {
    const inner = await openMemoryStorage();
    const line = () => {
      const storage = new SlowStorage(inner);
      storage.after = async () => {
        for (let turns = randomInt(4); turns > 0; turns--) await turn();
      };
      return storage;
    };
    const { barrier, rootKey } = await openBarrier({ storage: line() });
    const second = await openSecond(line(), rootKey);
    for (const id of ['d1', 'd2', 'd3']) await barrier.createNamespace(id);
    const created = ['c1', 'c2', 'c3', 'c4', 'c5', 'c6'];
    await Promise.all([
      ...created.map((id, index) => (index % 2 ? barrier : second).createNamespace(id)),
      ...['d1', 'd2', 'd3'].map((id, index) => (index % 2 ? second : barrier).destroyNamespace(id)),
      barrier.createNamespace('both'),
      second.createNamespace('both'),
    ]);
    const third = await openSecond(inner, rootKey);
    for (const id of [...created, 'both']) {
      await third.records(id, 'x/').commit({ put: [['k', id]] });
    }
    await barrier.freshen();
    for (const id of [...created, 'both']) {
      assert.equal((await barrier.records(id, 'x/').get('k'))?.value, id);
    }
    await assert.rejects(third.records('d2', 'x/').commit({ put: [['k', 1]] }), { code: 'not-found' });
  }
});

test('the root namespace and ids that would leave their place in storage are refused', async () => {
  const { barrier } = await openBarrier();
  await assert.rejects(barrier.destroyNamespace('root'), TypeError);
  for (const id of ['', 'a/b', '../root', 'a b', 'ä', 'x'.repeat(129)]) {
    assert.throws(() => barrier.records(id, 'x/'), TypeError);
    await assert.rejects(barrier.createNamespace(id), TypeError);
  }
  await assert.rejects(barrier.purgeNamespace('root'), TypeError);
});
