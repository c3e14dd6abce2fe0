import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { StorageConflict } from '../contracts/storage.ts';
import { randomBytes } from '../crypto/random.ts';
import { entriesOf, openBarrier, openMemoryStorage, openSecond, SlowStorage } from './barrier-harness.ts';
import { Barrier, WrongRootKey } from './index.ts';

/** The key id in the header of the one record under `prefix`. */
async function termOf(storage: Parameters<typeof entriesOf>[0], key: string): Promise<number> {
  const [value] = await storage.read([key]);
  assert(value);
  return Buffer.from(value).readUInt32BE(2);
}

test('a store that was never initialised says so, and one is initialised only once', async () => {
  const storage = await openMemoryStorage();
  const barrier = new Barrier({ storage });
  assert.equal(await barrier.initialized(), false);
  await assert.rejects(barrier.unseal(randomBytes(32)), { code: 'not-initialized' });
  const rootKey = randomBytes(32);
  await barrier.initialize(rootKey, { put: [['core/seal', Buffer.from('{}')]] });
  assert(barrier.sealed);
  await assert.rejects(barrier.initialize(randomBytes(32)), { code: 'invalid-request' });
  await barrier.unseal(rootKey);
  assert.equal(Buffer.from((await barrier.plain.get('core/seal'))?.bytes ?? []).toString(), '{}');
});

test('a wrong root key is told apart from an altered keyring', async () => {
  const { barrier, storage, rootKey } = await openBarrier();
  barrier.seal();
  await assert.rejects(barrier.unseal(randomBytes(32)), WrongRootKey);
  assert.equal(await barrier.verifyRoot(randomBytes(32)), false);
  assert.equal(await barrier.verifyRoot(rootKey), true);
  const [stored] = await storage.read(['core/keyring']);
  assert(stored);
  for (let position = 16; position < stored.length; position++) {
    const altered = Uint8Array.from(stored);
    altered[position]! ^= 0x10;
    await storage.commit({ put: [['core/keyring', altered]] });
    await assert.rejects(barrier.unseal(rootKey), { code: 'storage-corrupt', message: /core\/keyring/ });
  }
  await assert.rejects(barrier.unseal(randomBytes(31)), TypeError);
});

test('sealed, nothing is answered, not even from memory, and what was under way ends', async () => {
  const { barrier, rootKey } = await openBarrier();
  const records = barrier.records('root', 'x/');
  await records.commit({ put: [['k', 1]] });
  const told: unknown[] = [];
  barrier.onChange((keys) => told.push(keys));
  const reading = records.get('unknown');
  barrier.seal();
  assert.deepEqual(told, ['all']);
  await assert.rejects(reading, { code: 'sealed' });
  assert.equal(records.peek('k'), undefined);
  await assert.rejects(records.get('k'), { code: 'sealed' });
  await assert.rejects(records.getMany(['k']), { code: 'sealed' });
  await assert.rejects(records.list(''), { code: 'sealed' });
  await assert.rejects(records.scan('', { limit: 1 }), { code: 'sealed' });
  await assert.rejects(async () => records.scanKeys('', { limit: 1 }), { code: 'sealed' });
  await assert.rejects(records.commit({ put: [['k', 2]] }), { code: 'sealed' });
  await assert.rejects(records.commit({ remove: ['k'] }), { code: 'sealed' });
  await assert.rejects(async () => barrier.rotate(), { code: 'sealed' });
  await barrier.unseal(rootKey);
  assert.equal((await records.get('k'))?.value, 1);
});

test('a commit that waited for its namespace while the server was sealed writes nothing', async () => {
  const inner = await openMemoryStorage();
  const { barrier, rootKey } = await openBarrier({ storage: inner });
  await barrier.createNamespace('team');
  const line = new SlowStorage(inner);
  const second = await openSecond(line, rootKey);
  line.after = () => second.seal();
  await assert.rejects(second.records('team', 'x/').commit({ put: [['k', 1]] }), { code: 'sealed' });
  assert.deepEqual(await entriesOf(inner, 'n/team/'), []);
});

test('after a rotation new records have a new key and old ones are still read', async () => {
  const { barrier, storage, rootKey, clock } = await openBarrier();
  const records = barrier.records('root', 'x/');
  await records.commit({ put: [['old', 1]] });
  clock.advance(5000);
  await barrier.rotate();
  await records.commit({ put: [['new', 2]] });
  assert.equal(await termOf(storage, 'n/root/x/old'), 1);
  assert.equal(await termOf(storage, 'n/root/x/new'), 2);
  assert.deepEqual(barrier.keyStatus(), { term: 2, installTimeMs: clock.now(), encryptions: 1 });
  const second = await openSecond(storage, rootKey);
  assert.equal((await second.records('root', 'x/').get('old'))?.value, 1);
  assert.equal((await second.records('root', 'x/').get('new'))?.value, 2);
  await second.records('root', 'x/').commit({ put: [['old', 3]] });
  assert.equal(await termOf(storage, 'n/root/x/old'), 2);
});

test('a record under a term that another process added is read without a freshen', async () => {
  const { barrier, storage, rootKey } = await openBarrier();
  const second = await openSecond(storage, rootKey);
  await barrier.rotate();
  await barrier.records('root', 'x/').commit({ put: [['k', 1]] });
  assert.equal((await second.records('root', 'x/').get('k'))?.value, 1);
  assert.equal(second.keyStatus().term, 2);
});

test('a record under a term that nobody has is refused by name', async () => {
  const { barrier, storage } = await openBarrier();
  const records = barrier.records('root', 'x/');
  await records.commit({ put: [['k', 1]] });
  const [value] = await storage.read(['n/root/x/k']);
  assert(value);
  Buffer.from(value.buffer, value.byteOffset, value.length).writeUInt32BE(77, 2);
  await storage.commit({ put: [['n/root/x/k', value]] });
  await barrier.freshen();
  await assert.rejects(records.get('k'), { code: 'storage-corrupt', message: /n\/root\/x\/k/ });
});

test('rotations of two processes at once all count, and neither loses a key', async () => {
  const { barrier, storage, rootKey } = await openBarrier();
  const second = await openSecond(storage, rootKey);
  await Promise.all([barrier.rotate(), second.rotate(), barrier.rotate(), second.rotate()]);
  await Promise.all([barrier.freshen(), second.freshen()]);
  assert.equal(barrier.keyStatus().term, 5);
  assert.equal(second.keyStatus().term, 5);
});

test('the keyring rotates by itself at its limit of encryptions', async () => {
  const { barrier } = await openBarrier();
  await barrier.setRotation({ enabled: true, maxOperations: 100, intervalMs: 0 });
  const records = barrier.records('root', 'x/');
  for (let count = 0; count < 350; count++) {
    await records.commit({ put: [[`k${count % 7}`, count]] });
    await new Promise(setImmediate);
  }
  const { term, encryptions } = barrier.keyStatus();
  assert(term >= 4 && term <= 5, `term ${term}`);
  assert(encryptions <= 110, `${encryptions}`);
});

test('with rotation disabled the limit means nothing', async () => {
  const { barrier } = await openBarrier();
  await barrier.setRotation({ enabled: false, maxOperations: 10, intervalMs: 1 });
  for (let count = 0; count < 50; count++) {
    await barrier.records('root', 'x/').commit({ put: [['k', count]] });
  }
  await sleep(5);
  assert.equal(barrier.keyStatus().term, 1);
  assert.equal(await barrier.rotateIfDue(), false);
});

test('the keyring rotates when its term has served its time, on an idle server too', async () => {
  const { barrier, clock } = await openBarrier();
  await barrier.setRotation({ enabled: true, maxOperations: 1e9, intervalMs: 60_000 });
  clock.advance(59_999);
  assert.equal(await barrier.rotateIfDue(), false);
  clock.advance(1);
  assert.equal(await barrier.rotateIfDue(), true);
  assert.equal(await barrier.rotateIfDue(), false);
  assert.deepEqual(barrier.keyStatus(), { term: 2, installTimeMs: clock.now(), encryptions: 0 });
});

test('counts of two processes add up, and the rotation settings outlive a restart', async () => {
  const { barrier, storage, rootKey } = await openBarrier();
  const second = await openSecond(storage, rootKey);
  for (const node of [barrier, second, second]) await node.records('root', 'x/').commit({ put: [['k', 1]] });
  await barrier.setRotation({ enabled: true, maxOperations: 12345, intervalMs: 77 });
  await second.persistCounts();
  await second.persistCounts();
  const third = await openSecond(storage, rootKey);
  assert.equal(third.keyStatus().encryptions, 3);
  assert.deepEqual(third.rotation(), { enabled: true, maxOperations: 12345, intervalMs: 77 });
});

test('rekeying puts keyring and plain records under the new root key in one commit', async () => {
  const { barrier, storage, rootKey } = await openBarrier();
  const records = barrier.records('root', 'x/');
  await records.commit({ put: [['k', 1]] });
  await barrier.plain.commit({ put: [['core/seal', Buffer.from('old')]] });
  const stored = await barrier.plain.get('core/seal');
  const next = randomBytes(32);
  await barrier.rekeyRoot(next, {
    expect: [{ key: 'core/seal', stored }],
    put: [['core/seal', Buffer.from('new')]],
  });
  assert.equal(await barrier.verifyRoot(rootKey), false);
  assert.equal(await barrier.verifyRoot(next), true);
  await barrier.rotate();
  await assert.rejects(openSecond(storage, rootKey), WrongRootKey);
  const second = await openSecond(storage, next);
  assert.equal((await second.records('root', 'x/').get('k'))?.value, 1);
  await assert.rejects(
    barrier.rekeyRoot(randomBytes(32), { expect: [{ key: 'core/seal', stored }] }),
    StorageConflict,
  );
  assert.equal(await barrier.verifyRoot(next), true);
});

test('a process whose root key was replaced elsewhere seals itself at the next freshen', async () => {
  let lockedOut = 0;
  const { barrier, storage, rootKey } = await openBarrier();
  const second = new Barrier({ storage, onLockedOut: () => lockedOut++ });
  await second.unseal(rootKey);
  const next = randomBytes(32);
  await barrier.rekeyRoot(next);
  await assert.rejects(second.freshen(), { code: 'sealed' });
  assert(second.sealed);
  assert.equal(lockedOut, 1);
  await second.unseal(next);
  await second.freshen();
});

test('no key is found in the store', async () => {
  const { barrier, storage, rootKey } = await openBarrier();
  await barrier.records('root', 'x/').commit({ put: [['k', 'canary-value']] });
  const all = [...(await entriesOf(storage, 'core/')), ...(await entriesOf(storage, 'n/'))];
  for (const [, value] of all) {
    const bytes = Buffer.from(value);
    assert(!bytes.includes(rootKey));
    assert(!bytes.includes('canary-value'));
  }
});
