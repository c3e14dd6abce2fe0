import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { ManualClock } from '../../contracts/clock.ts';
import { type Seal, SealError } from '../../contracts/seal.ts';
import {
  guardedStorage,
  hex,
  memoryStorage,
  openShamir,
  openStatic,
  openWorld,
  shares,
  unsealWith,
} from './lifecycle-harness.ts';
import { sealRecordEntry } from './seal-record.ts';

const badRequest = (pattern: RegExp) => ({ code: 'invalid-request', message: pattern });

test('a new store is sealed after init, and any quorum of the shares opens it', async () => {
  const world = await openWorld();
  assert.deepEqual(await world.lifecycle.start(), { state: 'uninitialised' });
  assert.equal(await world.lifecycle.initialised(), false);
  const { keys, recoveryKeys, rootToken } = await world.lifecycle.init({ unseal: shares(5, 3) });
  assert.equal(keys.bytes.length, 5);
  assert.equal(recoveryKeys, undefined);
  assert.deepEqual(world.rootTokens, [rootToken]);
  assert.equal(world.lifecycle.unsealed, false);
  assert.equal(world.barrier.sealed, true);
  for (const picked of [
    [0, 1, 2],
    [4, 2, 0],
  ]) {
    const chosen = picked.map((index) => keys.bytes[index]!);
    const status = await unsealWith(world, chosen);
    assert.equal(status.sealed, false);
    assert.deepEqual([status.threshold, status.shares, status.progress, status.nonce], [3, 5, 0, '']);
    assert.equal(world.lifecycle.unsealed, true);
    assert.deepEqual((await world.barrier.records('root', 'test/').get('token-0'))?.value, {
      token: rootToken,
    });
    await world.lifecycle.seal();
    assert.equal(world.barrier.sealed, true);
  }
  assert.deepEqual(world.events, ['unsealed', 'sealing', 'unsealed', 'sealing', 'unsealed', 'sealing']);
});

test('a single share is the key itself, and is taken in hex and in base64', async () => {
  const world = await openWorld();
  const { keys } = await world.lifecycle.init({ unseal: shares(1, 1) });
  assert.equal(keys.bytes[0]?.length, 32);
  const base64 = Buffer.from(keys.bytes[0]!).toString('base64');
  assert.equal((await world.lifecycle.submitShare(base64, { migrate: false })).sealed, false);
  await world.lifecycle.seal();
  const upper = hex(keys.bytes[0]).toUpperCase();
  assert.equal((await world.lifecycle.submitShare(upper, { migrate: false })).sealed, false);
});

test('progress has a nonce, a share given twice counts once, and reset starts over', async () => {
  const world = await openWorld();
  const { keys } = await world.lifecycle.init({ unseal: shares(3, 2) });
  const [one, two] = keys.bytes;
  const first = await unsealWith(world, [one!]);
  assert.equal(first.progress, 1);
  assert.match(first.nonce, /^[0-9a-f-]{36}$/);
  const again = await unsealWith(world, [one!]);
  assert.deepEqual([again.sealed, again.progress, again.nonce], [true, 1, first.nonce]);
  const reset = await world.lifecycle.resetShares();
  assert.deepEqual([reset.progress, reset.nonce], [0, '']);
  assert.equal((await unsealWith(world, [two!])).sealed, true);
  assert.equal((await unsealWith(world, [one!])).sealed, false);
  await assert.rejects(world.lifecycle.resetShares(), badRequest(/unsealed/));
});

test('shares that do not fit say so only when there are enough, and drop what was given', async () => {
  const world = await openWorld();
  const { keys } = await world.lifecycle.init({ unseal: shares(3, 2) });
  const wrong = randomBytes(33);
  await unsealWith(world, [wrong]);
  await assert.rejects(unsealWith(world, [keys.bytes[0]!]), badRequest(/do not make up the key/));
  const status = await world.lifecycle.status();
  assert.deepEqual([status.sealed, status.progress, status.nonce], [true, 0, '']);
  assert.equal((await unsealWith(world, keys.bytes.slice(0, 2))).sealed, false);
});

test('what is no share is refused and counts for nothing', async () => {
  const world = await openWorld();
  await world.lifecycle.init({ unseal: shares(3, 2) });
  const submit = (text: string) => world.lifecycle.submitShare(text, { migrate: false });
  await assert.rejects(submit(''), badRequest(/must be specified/));
  await assert.rejects(submit('not-a-key'), badRequest(/valid hex or base64/));
  await assert.rejects(submit('AAAA'), badRequest(/shorter than minimum 16 bytes/));
  await assert.rejects(submit('ab'.repeat(34)), badRequest(/longer than maximum 33 bytes/));
  await assert.rejects(submit('a'.repeat(1 << 20)), badRequest(/valid hex or base64/));
  assert.equal((await world.lifecycle.status()).progress, 0);
});

test('a store that was never initialised takes no shares', async () => {
  const world = await openWorld();
  const submitted = world.lifecycle.submitShare('ab'.repeat(32), { migrate: false });
  await assert.rejects(submitted, { code: 'not-initialized' });
});

test('too many shares from one address in a short time are refused until time has passed, and others are not', async () => {
  const world = await openWorld();
  await world.lifecycle.init({ unseal: shares(3, 2) });
  const submit = () => unsealWith(world, [Buffer.alloc(33, 7)]);
  for (let count = 0; count < 300; count += 1) await submit();
  await assert.rejects(submit(), { code: 'rate-limited' });
  await world.lifecycle.submitShare(hex(Buffer.alloc(33, 7)), { migrate: false, source: '192.0.2.1' });
  world.clock.advance(1000);
  await submit();
});

test('invalid numbers of shares are refused in the words of Vault', async () => {
  const world = await openWorld();
  const cases: [number, number, RegExp][] = [
    [0, 0, /^invalid seal configuration: shares must be at least one$/],
    [1, 0, /threshold must be at least one$/],
    [5, 1, /threshold must be greater than one for multiple shares$/],
    [256, 3, /shares must be less than 256$/],
    [1, 2, /threshold cannot be larger than shares$/],
    [Number.NaN, 2, /shares must be at least one$/],
  ];
  for (const [count, threshold, pattern] of cases) {
    await assert.rejects(world.lifecycle.init({ unseal: shares(count, threshold) }), badRequest(pattern));
  }
  assert.equal(await world.lifecycle.initialised(), false);
  assert.deepEqual(await world.storage.scan(' ', '~', 10), []);
});

test('a store is initialised once, by one of those who try at the same time', async () => {
  const storage = await memoryStorage();
  const worlds = [await openWorld({ storage }), await openWorld({ storage }), await openWorld({ storage })];
  const tries = worlds.flatMap(({ lifecycle }) => [1, 2].map(() => lifecycle.init({ unseal: shares(1, 1) })));
  const results = await Promise.allSettled(tries);
  const won = results.filter((result) => result.status === 'fulfilled');
  assert.equal(won.length, 1);
  for (const world of worlds) {
    await assert.rejects(world.lifecycle.init({ unseal: shares(1, 1) }), badRequest(/already initialized/));
    assert.equal((await unsealWith(world, won[0]!.value.keys.bytes)).sealed, false);
    await assert.rejects(world.lifecycle.init({ unseal: shares(1, 1) }), badRequest(/already initialized/));
  }
});

test('an init that dies at any commit can be repeated, and its keys work', async () => {
  for (const seal of [await openShamir(), await openStatic()]) {
    let commits = 0;
    for (let dieAt = 1; ; dieAt += 1) {
      const inner = await memoryStorage();
      commits = 0;
      // Dead is dead: nothing is written after the point of death either.
      const dying = guardedStorage(inner, () => {
        commits += 1;
        if (commits >= dieAt) throw new Error('power cut');
      });
      const before = await openWorld({ storage: dying, seal });
      const request = seal.mode === 'shares' ? { unseal: shares(3, 2) } : { recovery: shares(3, 2) };
      const finished = await before.lifecycle.init(request).then(
        () => true,
        () => false,
      );
      if (finished && commits < dieAt) break;
      const after = await openWorld({ storage: inner, seal });
      if (await after.lifecycle.initialised()) continue;
      after.clock.advance(10_000);
      const { keys } = await after.lifecycle.init(request);
      const restarted = await openWorld({ storage: inner, seal });
      await restarted.lifecycle.start();
      const status = await unsealWith(restarted, keys.bytes.slice(0, 2));
      assert.equal(status.sealed, false, `${seal.type}, died at commit ${dieAt}`);
      const records = await restarted.barrier.records('root', 'test/').scan('', { limit: 10 });
      assert.deepEqual(
        records.map(([, { value }]) => value),
        [{ token: after.rootTokens[0] }],
      );
    }
    assert(commits >= 4, `${commits} commits were tried`);
  }
});

test('an init so slow that another took the store over does not succeed', async () => {
  const storage = await memoryStorage();
  const clock = new ManualClock();
  const fast = await openWorld({ storage, clock });
  let won: readonly Uint8Array[] = [];
  const slow = await openWorld({
    storage,
    clock,
    hooks: {
      async createRootToken() {
        clock.advance(10_000);
        won = (await fast.lifecycle.init({ unseal: shares(1, 1) })).keys.bytes;
        return `hvs.${'x'.repeat(24)}`;
      },
    },
  });
  await assert.rejects(slow.lifecycle.init({ unseal: shares(1, 1) }), badRequest(/already initialized/));
  assert.equal((await unsealWith(fast, won)).sealed, false);
  assert.equal(slow.barrier.sealed, true);
});

test('an init under way elsewhere is left alone until it is old or its process is gone', async () => {
  const gone = await promisify(execFile)(process.execPath, ['-p', 'process.pid']);
  const claim = (pid: number, host = hostname()) =>
    ({ stage: 'initialising', attempt: 'x', startedAtMs: 0, host, pid }) as const;
  const tries: [ReturnType<typeof claim>, number, boolean][] = [
    [claim(process.ppid), 9_000, false],
    [claim(process.ppid), 10_000, true],
    [claim(Number(gone.stdout)), 0, true],
    [claim(Number(gone.stdout), 'another-machine'), 0, false],
  ];
  for (const [record, ageMs, allowed] of tries) {
    const world = await openWorld({ clock: new ManualClock(1_000_000) });
    const startedAtMs = world.clock.now() - ageMs;
    await world.barrier.plain.commit({ put: [sealRecordEntry({ ...record, startedAtMs })] });
    const tried = world.lifecycle.init({ unseal: shares(1, 1) });
    if (allowed) await tried;
    else await assert.rejects(tried, { code: 'unavailable', message: /under way/ });
    assert.equal(await world.lifecycle.initialised(), allowed);
  }
});

test('an init whose hook fails leaves an uninitialised store that can be initialised at once', async () => {
  let fail = true;
  const world = await openWorld({
    hooks: {
      async onUnsealed() {
        if (fail) throw new Error('no mounts');
      },
    },
  });
  await assert.rejects(world.lifecycle.init({ unseal: shares(1, 1) }), /no mounts/);
  assert.equal(world.barrier.sealed, true);
  assert.equal(await world.lifecycle.initialised(), false);
  fail = false;
  const { keys } = await world.lifecycle.init({ unseal: shares(1, 1) });
  assert.equal((await unsealWith(world, keys.bytes)).sealed, false);
});

test('a store with data but without its seal record is not taken for a new one', async () => {
  const world = await openWorld();
  await world.storage.commit({ put: [['core/keyring', randomBytes(64)]] });
  const tried = world.lifecycle.init({ unseal: shares(1, 1) });
  await assert.rejects(tried, { code: 'storage-corrupt' });
  assert.equal((await world.storage.scan(' ', '~', 10)).length, 1);
});

test('an auto seal is unsealed after init and after every start', async () => {
  const key = randomBytes(32);
  const world = await openWorld({ seal: await openStatic(key) });
  const { keys, recoveryKeys, rootToken } = await world.lifecycle.init({
    recovery: shares(5, 3),
    rootTokenId: 'root',
  });
  assert.deepEqual([keys.bytes.length, recoveryKeys?.bytes.length, rootToken], [0, 5, 'root']);
  assert.equal(world.lifecycle.unsealed, true);
  const restarted = await openWorld({ storage: world.storage, seal: await openStatic(key) });
  assert.deepEqual(await restarted.lifecycle.start(), { state: 'unsealed' });
  const status = await restarted.lifecycle.status();
  assert.deepEqual(
    [status.type, status.recoverySeal, status.threshold, status.shares],
    ['static', true, 3, 5],
  );
});

test('after sealing by hand, an auto seal opens again with recovery keys, and only with the right ones', async () => {
  const world = await openWorld({ seal: await openStatic() });
  const { recoveryKeys } = await world.lifecycle.init({ recovery: shares(3, 2) });
  await world.lifecycle.seal();
  const good = recoveryKeys!.bytes.slice(0, 2);
  await unsealWith(world, [good[0]!]);
  await assert.rejects(unsealWith(world, [randomBytes(33)]), badRequest(/do not make up the key/));
  assert.equal((await unsealWith(world, good)).sealed, false);
});

test('another key than the one of the store is a clear error, and changes nothing', async () => {
  const world = await openWorld({ seal: await openStatic() });
  await world.lifecycle.init({});
  const before = await world.storage.scan(' ', '~', 100);
  const other = await openWorld({ storage: world.storage, seal: await openStatic() });
  const outcome = await other.lifecycle.start();
  assert.equal(outcome.state, 'sealed');
  assert.equal(outcome.problem?.kind, 'wrong-key');
  assert.match(outcome.problem?.hint ?? '', /right key/);
  await assert.rejects(other.lifecycle.init({}), badRequest(/already initialized/));
  assert.deepEqual(await world.storage.scan(' ', '~', 100), before);
});

test('a key service that is away is asked again until it answers', async () => {
  const seal = await openStatic();
  const world = await openWorld({ seal });
  await world.lifecycle.init({});
  let away = 3;
  const flaky: Seal = {
    ...seal,
    async unwrap(wrapped, context) {
      away -= 1;
      if (away >= 0) throw new SealError('unavailable', 'the key service does not answer', 'Wait.');
      return seal.unwrap(wrapped, context);
    },
  };
  const restarted = await openWorld({ storage: world.storage, seal: flaky });
  const outcome = await restarted.lifecycle.start();
  assert.equal(outcome.problem?.kind, 'unavailable');
  for (const seconds of [1, 2, 4]) {
    assert.equal(restarted.lifecycle.unsealed, false);
    restarted.clock.advance(seconds * 1000);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  assert.equal(restarted.lifecycle.unsealed, true);
});

test('a server that shares its store opens by itself once another has initialised it', async () => {
  const seal = await openStatic();
  const [one, two] = [await openWorld({ seal }), await openWorld({ seal })];
  const waiting = await openWorld({ seal, storage: one.storage });
  assert.deepEqual(await waiting.lifecycle.start(), { state: 'uninitialised' });
  assert.deepEqual(await two.lifecycle.start(), { state: 'uninitialised' });
  await one.lifecycle.init({});
  for (const world of [waiting, two]) {
    world.clock.advance(5_000);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  assert.equal(waiting.lifecycle.unsealed, true);
  assert.equal(two.lifecycle.unsealed, false);
});

test('once sealed by hand, no retry opens the server again', async () => {
  const seal = await openStatic();
  const world = await openWorld({ seal });
  await world.lifecycle.start();
  await world.lifecycle.init({});
  await world.lifecycle.seal();
  world.clock.advance(60_000);
  await new Promise((resolve) => setTimeout(resolve, 20));
  assert.equal(world.lifecycle.unsealed, false);
});

test('a hook that fails while sealing does not keep the barrier open', async () => {
  const world = await openWorld({ hooks: { onSealing: () => Promise.reject(new Error('stuck')) } });
  const { keys } = await world.lifecycle.init({ unseal: shares(1, 1) });
  await unsealWith(world, keys.bytes);
  await world.lifecycle.seal();
  assert.equal(world.barrier.sealed, true);
});

test('a start under a new key with the old one beside it wraps everything again', async () => {
  const [old, fresh] = [randomBytes(32), randomBytes(32)];
  const world = await openWorld({ seal: await openStatic(old) });
  const { recoveryKeys } = await world.lifecycle.init({ recovery: shares(1, 1) });
  const during = await openWorld({ storage: world.storage, seal: await openStatic(fresh, old) });
  assert.deepEqual(await during.lifecycle.start(), { state: 'unsealed' });
  const later = await openWorld({ storage: world.storage, seal: await openStatic(fresh) });
  assert.deepEqual(await later.lifecycle.start(), { state: 'unsealed' });
  await later.lifecycle.seal();
  assert.equal((await unsealWith(later, recoveryKeys!.bytes)).sealed, false);
  const past = await openWorld({ storage: world.storage, seal: await openStatic(old) });
  assert.equal((await past.lifecycle.start()).problem?.kind, 'wrong-key');
});

test('a hook that fails after unsealing leaves the server sealed', async () => {
  const world = await openWorld();
  const { keys } = await world.lifecycle.init({ unseal: shares(1, 1) });
  const broken = await openWorld({
    storage: world.storage,
    hooks: { onUnsealed: () => Promise.reject(new Error('no mounts')) },
  });
  await assert.rejects(unsealWith(broken, keys.bytes), /no mounts/);
  assert.equal(broken.lifecycle.unsealed, false);
  assert.equal(broken.barrier.sealed, true);
});

test('neither key nor share stands in the store, whatever its encoding', async () => {
  const world = await openWorld();
  const { keys } = await world.lifecycle.init({ unseal: shares(1, 1) });
  const [key] = keys.bytes;
  const stored = Buffer.concat(
    (await world.storage.scan(' ', '~', 1000)).map(([, value]) => Buffer.from(value)),
  );
  for (const encoding of ['hex', 'base64', 'base64url', 'latin1'] as const) {
    assert.equal(stored.toString('latin1').includes(Buffer.from(key!).toString(encoding)), false);
  }
});
