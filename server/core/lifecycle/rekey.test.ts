import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import {
  guardedStorage,
  hex,
  memoryStorage,
  openStatic,
  openWorld,
  shares,
  unsealWith,
  type World,
} from './lifecycle-harness.ts';
import type { Rekey } from './rekey.ts';
import type { RekeyResult } from './rekey-progress.ts';
import type { RekeyRequest } from './rekey-request.ts';

const badRequest = (pattern: RegExp) => ({ code: 'invalid-request', message: pattern });
const asked = (count: number, threshold: number, more: Partial<RekeyRequest> = {}): RekeyRequest => ({
  ...shares(count, threshold),
  backup: false,
  requireVerification: false,
  ...more,
});

async function unsealedWorld(count = 3, threshold = 2) {
  const world = await openWorld();
  const { keys } = await world.lifecycle.init({ unseal: shares(count, threshold) });
  await unsealWith(world, keys.bytes.slice(0, threshold));
  return { world, keys: keys.bytes };
}

async function provideAll(rekey: Rekey, keys: readonly Uint8Array[]): Promise<RekeyResult> {
  const { nonce } = await rekey.status();
  for (const key of keys) {
    const progress = await rekey.provide(hex(key), nonce);
    if (progress.complete) return progress.result;
  }
  assert.fail('the rekey did not complete');
}

async function opens(world: World, keys: readonly Uint8Array[]): Promise<boolean> {
  const restarted = await openWorld({ storage: world.storage });
  return unsealWith(restarted, keys).then(
    (status) => !status.sealed,
    () => false,
  );
}

test('after a rekey the new shares open the store and the old ones do not', async () => {
  const { world, keys } = await unsealedWorld();
  const rekey = world.lifecycle.rekeyUnseal;
  const started = await rekey.start(asked(5, 3), false);
  assert(!started.complete);
  assert.deepEqual([started.status.started, started.status.progress, started.status.required], [true, 0, 2]);
  const result = await provideAll(rekey, keys.slice(0, 2));
  assert.equal(result.keys.bytes.length, 5);
  assert.equal((await rekey.status()).started, false);
  assert.equal(await opens(world, result.keys.bytes.slice(1, 4)), true);
  assert.equal(await opens(world, [...keys]), false);
  await world.barrier.records('root', 'test/').commit({ put: [['still', { works: true }]] });
});

test('a rekey needs its nonce and the right shares, and goes on after wrong ones', async () => {
  const { world, keys } = await unsealedWorld();
  const rekey = world.lifecycle.rekeyUnseal;
  await assert.rejects(rekey.provide(hex(keys[0]), ''), badRequest(/no barrier rekey in progress/));
  await rekey.start(asked(1, 1), false);
  await assert.rejects(rekey.start(asked(1, 1), false), badRequest(/already in progress/));
  await assert.rejects(rekey.provide(hex(keys[0]), 'bad'), badRequest(/^incorrect nonce supplied/));
  await assert.rejects(rekey.provide(hex(keys[0]), ''), badRequest(/^incorrect nonce supplied/));
  const { nonce } = await rekey.status();
  await rekey.provide(hex(keys[0]), nonce);
  await rekey.provide(hex(keys[0]), nonce);
  assert.equal((await rekey.status()).progress, 1);
  await assert.rejects(rekey.provide(hex(randomBytes(33)), nonce), badRequest(/do not make up/));
  assert.equal((await rekey.status()).progress, 0);
  const result = await provideAll(rekey, keys.slice(1));
  assert.equal(await opens(world, result.keys.bytes), true);
});

test('with verification the old shares stay in force until the new ones were given back', async () => {
  const { world, keys } = await unsealedWorld();
  const rekey = world.lifecycle.rekeyUnseal;
  await assert.rejects(rekey.verifyStatus(), badRequest(/no rekey configuration found/));
  await rekey.start(asked(3, 2, { requireVerification: true }), false);
  await assert.rejects(rekey.verifyStatus(), badRequest(/no rekey verification/));
  const { keys: fresh, verificationNonce } = await provideAll(rekey, keys.slice(0, 2));
  assert.equal(await opens(world, keys.slice(0, 2)), true);
  assert.equal(await opens(world, fresh.bytes.slice(0, 2)), false);
  assert.equal((await rekey.status()).verificationNonce, verificationNonce);
  await rekey.verify(hex(fresh.bytes[0]), verificationNonce);
  await assert.rejects(rekey.verify(hex(keys[0]), verificationNonce), badRequest(/incorrect key shares/));
  await rekey.verify(hex(fresh.bytes[0]), verificationNonce);
  const over = await rekey.restartVerification({ nonce: verificationNonce });
  assert.equal(over.progress, 0);
  assert.notEqual(over.nonce, verificationNonce);
  await rekey.verify(hex(fresh.bytes[2]), over.nonce);
  const done = await rekey.verify(hex(fresh.bytes[1]), over.nonce);
  assert.equal(done.complete, true);
  assert.equal(await opens(world, fresh.bytes.slice(1)), true);
  assert.equal(await opens(world, keys.slice(0, 2)), false);
});

test('sealing forgets a rekey, even one that waits for verification', async () => {
  const { world, keys } = await unsealedWorld();
  const rekey = world.lifecycle.rekeyUnseal;
  await rekey.start(asked(3, 2, { requireVerification: true }), false);
  await provideAll(rekey, keys.slice(0, 2));
  await world.lifecycle.seal();
  await assert.rejects(rekey.status(), { code: 'sealed' });
  await unsealWith(world, keys.slice(0, 2));
  assert.equal((await rekey.status()).started, false);
});

test('a stranger cannot cancel a rekey or a root generation to which somebody has given a share', async () => {
  const { world, keys } = await unsealedWorld();
  const { rekeyUnseal, generateRoot } = world.lifecycle;
  await rekeyUnseal.start(asked(1, 1), false);
  await generateRoot.start({ otp: '', pgpKey: '' });
  for (const attempt of [rekeyUnseal, generateRoot]) {
    const { nonce } = await attempt.status();
    await attempt.provide(hex(keys[0]), nonce);
    await assert.rejects(attempt.cancel({ nonce: '' }), badRequest(/give the nonce/));
    await assert.rejects(attempt.cancel({ nonce: 'guess' }), badRequest(/give the nonce/));
    assert.equal((await attempt.status()).progress, 1);
    await attempt.cancel({ nonce });
    assert.equal((await attempt.status()).started, false);
    await attempt.cancel({ nonce: '' });
  }
});

test('an attempt without shares, abandoned, or cancelled by somebody authorised ends without its nonce', async () => {
  const { world, keys } = await unsealedWorld();
  const rekey = world.lifecycle.rekeyUnseal;
  const begin = async () => {
    await rekey.start(asked(1, 1), false);
    return (await rekey.status()).nonce;
  };
  await begin();
  await rekey.cancel({ nonce: '' });
  await rekey.provide(hex(keys[0]), await begin());
  await rekey.cancel('authorised');
  await rekey.provide(hex(keys[0]), await begin());
  world.clock.advance(10 * 60_000);
  await rekey.cancel({ nonce: '' });
  assert.equal((await rekey.status()).started, false);
});

test('a rekey that dies at any commit leaves the old shares or the new ones working', async () => {
  for (const requireVerification of [false, true]) {
    for (let dieAt = 1, done = false; !done; dieAt += 1) {
      const inner = await memoryStorage();
      let commits = Number.NEGATIVE_INFINITY;
      const storage = guardedStorage(inner, () => {
        commits += 1;
        if (commits >= dieAt) throw new Error('power cut');
      });
      const world = await openWorld({ storage });
      const { keys } = await world.lifecycle.init({ unseal: shares(3, 2) });
      await unsealWith(world, keys.bytes.slice(0, 2));
      commits = 0;
      const rekey = world.lifecycle.rekeyUnseal;
      await rekey.start(asked(3, 2, { requireVerification }), false);
      let fresh: readonly Uint8Array[] = [];
      try {
        const made = await provideAll(rekey, keys.bytes.slice(0, 2));
        fresh = made.keys.bytes;
        for (const key of requireVerification ? fresh.slice(0, 2) : []) {
          await rekey.verify(hex(key), made.verificationNonce);
        }
        await rekey.status();
        done = commits < dieAt;
      } catch (error) {
        assert.match(String(error), /power cut/);
      }
      const restarted = () => openWorld({ storage: inner });
      const works = async (set: readonly Uint8Array[]) =>
        unsealWith(await restarted(), set.slice(0, 2)).then(
          ({ sealed }) => !sealed,
          () => false,
        );
      const [newWork, oldWork] = [fresh.length > 0 && (await works(fresh)), await works(keys.bytes)];
      assert(newWork || oldWork, `died at commit ${dieAt}`);
      assert.equal(newWork, fresh.length > 0 && !(requireVerification && !done));
    }
  }
});

/** A rekey from 2 of 3 to `fresh` whose process dies with the answer on its way. */
async function diedAfterRekey(fresh: RekeyRequest) {
  const { world, keys } = await unsealedWorld();
  const rekey = world.lifecycle.rekeyUnseal;
  await rekey.start(fresh, false);
  const { keys: made } = await provideAll(rekey, keys.slice(0, 2));
  return { storage: world.storage, old: keys.slice(1), made: made.bytes.slice(0, fresh.threshold) };
}

test('when the server dies before new shares reach anybody the old ones still open, and whichever set is used stays', async () => {
  for (const fresh of [asked(3, 2), asked(5, 3), asked(1, 1)]) {
    for (const use of ['old', 'made'] as const) {
      const died = await diedAfterRekey(fresh);
      const other = use === 'old' ? 'made' : 'old';
      const before = await openWorld({ storage: died.storage });
      const [keyring] = await died.storage.read(['core/keyring']);
      assert.equal((await unsealWith(before, died[use])).sealed, false, `${use}, ${fresh.threshold}`);
      const [after] = await died.storage.read(['core/keyring']);
      assert.equal(Buffer.compare(keyring!, after!) !== 0, use === 'made');
      assert.equal(await opens(before, died[other]), false);
      assert.equal(await opens(before, died[use]), true);
    }
  }
});

test('between old and new shares, a mixture opens nothing and says so', async () => {
  const { storage, old, made } = await diedAfterRekey(asked(5, 3));
  const world = await openWorld({ storage });
  await unsealWith(world, [old[0]!, made[0]!]);
  await assert.rejects(unsealWith(world, [made[1]!]), badRequest(/do not make up/));
  assert.equal((await world.lifecycle.status()).progress, 0);
  assert.equal((await unsealWith(world, made)).sealed, false);
});

test('two seconds after a rekey, on the next use of keys, or at sealing, the old shares end', async () => {
  const ends: ((world: World) => unknown)[] = [
    async (world) => {
      world.clock.advance(2_000);
      await new Promise((resolve) => setTimeout(resolve, 20));
    },
    (world) => world.lifecycle.generateRoot.status(),
    (world) => world.lifecycle.seal(),
    (world) => world.lifecycle.stop(),
  ];
  for (const end of ends) {
    const { world, keys } = await unsealedWorld();
    const rekey = world.lifecycle.rekeyUnseal;
    await rekey.start(asked(2, 2), false);
    const { keys: fresh } = await provideAll(rekey, keys.slice(0, 2));
    await end(world);
    const record = await world.barrier.plain.get('core/seal');
    assert.equal(Buffer.from(record!.bytes).includes('offered'), false);
    assert.equal(await opens(world, keys.slice(0, 2)), false);
    assert.equal(await opens(world, fresh.bytes), true);
  }
});

test('a server whose root key another one has replaced is sealed, and opens with the new shares', async () => {
  const { world, keys } = await unsealedWorld();
  const other = await openWorld({ storage: world.storage });
  await unsealWith(other, keys.slice(0, 2));
  await world.lifecycle.rekeyUnseal.start(asked(1, 1), false);
  const { keys: fresh } = await provideAll(world.lifecycle.rekeyUnseal, keys.slice(0, 2));
  await world.lifecycle.rekeyUnseal.status();
  await assert.rejects(other.barrier.rotate(), { code: 'sealed' });
  assert.equal(other.lifecycle.unsealed, false);
  await assert.rejects(other.lifecycle.generateRoot.status(), { code: 'sealed' });
  assert.deepEqual(other.events, ['unsealed', 'sealing']);
  assert.equal((await unsealWith(other, fresh.bytes)).sealed, false);
  await other.barrier.rotate();
});

test('with an auto seal, a server opens again by itself after another one has replaced the root key', async () => {
  const seal = await openStatic();
  const world = await openWorld({ seal });
  await world.lifecycle.init({});
  const other = await openWorld({ storage: world.storage, seal });
  await other.lifecycle.start();
  await world.lifecycle.rekeyUnseal.replaceRootKey();
  await assert.rejects(other.barrier.rotate(), { code: 'sealed' });
  assert.equal(other.lifecycle.unsealed, false);
  other.clock.advance(5_000);
  await new Promise((resolve) => setTimeout(resolve, 20));
  assert.equal(other.lifecycle.unsealed, true);
  assert.deepEqual(other.events, ['unsealed', 'sealing', 'unsealed']);
});

test('right after a rekey the new shares speak for their owners', async () => {
  const { world, keys } = await unsealedWorld();
  const { rekeyUnseal, generateRoot } = world.lifecycle;
  await rekeyUnseal.start(asked(1, 1), false);
  const { keys: fresh } = await provideAll(rekeyUnseal, keys.slice(0, 2));
  const { nonce } = await generateRoot.start({ otp: '', pgpKey: '' });
  assert.equal((await generateRoot.provide(hex(fresh.bytes[0]), nonce)).complete, true);
});

test('wrong numbers of shares and a backup without PGP keys are refused', async () => {
  const { world } = await unsealedWorld();
  const rekey = world.lifecycle.rekeyUnseal;
  await assert.rejects(
    rekey.start(asked(2, 3), false),
    badRequest(/^invalid rekey seal configuration: threshold/),
  );
  await assert.rejects(
    rekey.start(asked(2, 2, { backup: true }), false),
    badRequest(/without providing PGP keys/),
  );
  await assert.rejects(
    rekey.start(asked(2, 2, { pgpKeys: ['x'] }), false),
    badRequest(/incorrect number of PGP/),
  );
  await assert.rejects(rekey.backup(), badRequest(/no backed-up keys found/));
  assert.equal((await rekey.status()).started, false);
});

test('with an auto seal, recovery keys consent to a new root key and to new recovery keys', async () => {
  const seal = await openStatic();
  const world = await openWorld({ seal });
  const { recoveryKeys } = await world.lifecycle.init({ recovery: shares(3, 2) });
  const { rekeyUnseal, rekeyRecovery } = world.lifecycle;
  const before = await world.barrier.plain.get('core/seal');
  await rekeyUnseal.start(asked(1, 1), false);
  const rootOnly = await provideAll(rekeyUnseal, recoveryKeys!.bytes);
  assert.deepEqual(rootOnly.keys.bytes, []);
  assert.notDeepEqual((await world.barrier.plain.get('core/seal'))?.bytes, before?.bytes);
  await assert.rejects(rekeyUnseal.start(asked(5, 3), false), badRequest(/must be 1 with an auto seal/));
  await rekeyRecovery.start(asked(2, 2), false);
  const fresh = await provideAll(rekeyRecovery, recoveryKeys!.bytes);
  const restarted = await openWorld({ storage: world.storage, seal });
  assert.deepEqual(await restarted.lifecycle.start(), { state: 'unsealed' });
  await restarted.lifecycle.seal();
  await assert.rejects(unsealWith(restarted, recoveryKeys!.bytes.slice(0, 2)), badRequest(/do not make up/));
  assert.equal((await unsealWith(restarted, fresh.keys.bytes)).sealed, false);
});

test('the first recovery keys take a token that may, and nobody else makes any', async () => {
  const world = await openWorld({ seal: await openStatic() });
  await world.lifecycle.init({});
  const { rekeyRecovery, generateRoot } = world.lifecycle;
  await assert.rejects(rekeyRecovery.start(asked(1, 1), false), badRequest(/no recovery keys/));
  await assert.rejects(generateRoot.start({ otp: '', pgpKey: '' }), badRequest(/no recovery keys/));
  const made = await rekeyRecovery.start(asked(3, 2), true);
  assert(made.complete);
  await world.lifecycle.seal();
  assert.equal((await unsealWith(world, made.result.keys.bytes.slice(0, 2))).sealed, false);
  const second = await rekeyRecovery.start(asked(1, 1), true);
  assert.equal(second.complete, false);
});

test('recovery keys do not exist where people unseal', async () => {
  const { world } = await unsealedWorld();
  const tried = world.lifecycle.rekeyRecovery.start(asked(1, 1), true);
  await assert.rejects(tried, badRequest(/recovery rekeying not supported/));
  await assert.rejects(world.lifecycle.rekeyUnseal.replaceRootKey(), badRequest(/unseal keys/));
});
