import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Seal } from '../../contracts/seal.ts';
import type { StorageBackend } from '../../contracts/storage.ts';
import {
  guardedStorage,
  memoryStorage,
  openShamir,
  openStatic,
  openWorld,
  shares,
  unsealWith,
} from './lifecycle-harness.ts';

const badRequest = (pattern: RegExp) => ({ code: 'invalid-request', message: pattern });
/** The same key under another type, so that there are two auto seals to move between. */
const renamed = (seal: Seal, type: string): Seal => ({ ...seal, type });

async function shamirStore(storage?: StorageBackend) {
  const world = await openWorld(storage ? { storage } : {});
  const { keys } = await world.lifecycle.init({ unseal: shares(3, 2) });
  return { storage: world.storage, keys: keys.bytes.slice(0, 2) };
}

test('from key shares to a key file: the shares become recovery keys and open nothing by themselves', async () => {
  const { storage, keys } = await shamirStore();
  const seal = await openStatic();
  const world = await openWorld({ storage, seal });
  assert.deepEqual(await world.lifecycle.start(), { state: 'sealed' });
  const waiting = await world.lifecycle.status();
  assert.deepEqual([waiting.type, waiting.migration, waiting.threshold], ['shamir', true, 2]);
  await assert.rejects(unsealWith(world, keys), badRequest(/seal migration is pending/));
  const status = await unsealWith(world, keys, true);
  assert.deepEqual(
    [status.sealed, status.type, status.migration, status.recoverySeal],
    [false, 'static', false, true],
  );
  const restarted = await openWorld({ storage, seal });
  assert.deepEqual(await restarted.lifecycle.start(), { state: 'unsealed' });
  await restarted.lifecycle.seal();
  assert.equal((await unsealWith(restarted, keys)).sealed, false);
  const withoutFile = await openWorld({ storage, retiredSeals: [] });
  assert.equal((await withoutFile.lifecycle.start()).problem?.kind, 'invalid');
});

test('from a key file to key shares: the recovery keys become the unseal keys, and the file opens nothing', async () => {
  const seal = await openStatic();
  const old = await openWorld({ seal });
  const { recoveryKeys } = await old.lifecycle.init({ recovery: shares(3, 2) });
  const keys = recoveryKeys!.bytes.slice(0, 2);
  const world = await openWorld({ storage: old.storage, retiredSeals: [seal, await openShamir()] });
  assert.deepEqual(await world.lifecycle.start(), { state: 'sealed' });
  const status = await unsealWith(world, keys, true);
  assert.deepEqual(
    [status.sealed, status.type, status.recoverySeal, status.shares],
    [false, 'shamir', false, 3],
  );
  const restarted = await openWorld({ storage: old.storage });
  assert.equal((await unsealWith(restarted, keys)).sealed, false);
  const again = await openWorld({ storage: old.storage, seal });
  await again.lifecycle.start();
  assert.equal(again.lifecycle.unsealed, false);
});

test('from one auto seal to another: recovery keys consent, or nobody holds any and it happens at start', async () => {
  const [from, to] = [await openStatic(), renamed(await openStatic(), 'other-kms')];
  const held = await openWorld({ seal: from });
  const { recoveryKeys } = await held.lifecycle.init({ recovery: shares(1, 1) });
  const moving = await openWorld({ storage: held.storage, seal: to, retiredSeals: [from] });
  assert.deepEqual(await moving.lifecycle.start(), { state: 'sealed' });
  assert.equal((await unsealWith(moving, recoveryKeys!.bytes, true)).type, 'other-kms');
  await moving.lifecycle.seal();
  assert.equal((await unsealWith(moving, recoveryKeys!.bytes)).sealed, false);

  const unheld = await openWorld({ seal: from });
  await unheld.lifecycle.init({});
  const moved = await openWorld({ storage: unheld.storage, seal: to, retiredSeals: [from] });
  assert.deepEqual(await moved.lifecycle.start(), { state: 'unsealed' });
  const after = await openWorld({ storage: unheld.storage, seal: to });
  assert.deepEqual(await after.lifecycle.start(), { state: 'unsealed' });
});

test('a store without recovery keys is not moved to shares that nobody holds', async () => {
  const seal = await openStatic();
  const old = await openWorld({ seal });
  await old.lifecycle.init({});
  const world = await openWorld({ storage: old.storage, retiredSeals: [seal] });
  const { state, problem } = await world.lifecycle.start();
  assert.deepEqual([state, problem?.kind], ['sealed', 'invalid']);
  assert.match(problem?.message ?? '', /no recovery keys/);
  const back = await openWorld({ storage: old.storage, seal });
  assert.deepEqual(await back.lifecycle.start(), { state: 'unsealed' });
});

test('migrate is refused where there is nothing to migrate', async () => {
  const { storage, keys } = await shamirStore();
  const world = await openWorld({ storage });
  await assert.rejects(unsealWith(world, keys, true), badRequest(/no migration seal found/));
});

test('a migration that dies at any commit leaves the old seal or the new one working', async () => {
  for (let dieAt = 1, done = false; !done; dieAt += 1) {
    const inner = await memoryStorage();
    const { keys } = await shamirStore(inner);
    const seal = await openStatic();
    let commits = 0;
    const dying = guardedStorage(inner, () => {
      commits += 1;
      if (commits >= dieAt) throw new Error('power cut');
    });
    const world = await openWorld({ storage: dying, seal });
    done = await unsealWith(world, keys, true).then(
      () => true,
      () => false,
    );
    assert.equal(world.barrier.sealed, !done);
    const retried = await openWorld({ storage: inner, seal });
    const { state } = await retried.lifecycle.start();
    assert.equal(state, done ? 'unsealed' : 'sealed');
    if (done) break;
    const back = await openWorld({ storage: inner });
    assert.equal((await unsealWith(back, keys)).sealed, false);
    assert.equal((await unsealWith(retried, keys, true)).sealed, false);
  }
});
