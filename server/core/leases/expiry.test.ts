import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { openMemoryStorage, SlowStorage } from '../../barrier/barrier-harness.ts';
import { ManualClock } from '../../contracts/clock.ts';
import { StorageConflict } from '../../contracts/storage.ts';
import { randomBytes } from '../../crypto/random.ts';
import { CredentialsEngine, openTokens } from '../tokens/tokens-harness.ts';
import { Claims } from './claims.ts';
import { dueKey } from './due.ts';

const rootKey = randomBytes(32);
const root = { id: 'root', path: '' };

describe('expiry', () => {
  test('a clock that jumps ahead and back loses nothing that is due later', async () => {
    const kit = await openTokens({ storage: await openMemoryStorage(), rootKey });
    const start = kit.clock.now();
    const token = await kit.make(undefined, { ttlSeconds: 100 });
    const lease = await kit.lease('a', token);
    // The index is read with the clock ahead, and acted upon once it is right again.
    const records = kit.recordsOf('root', 'sys/');
    kit.clock.set(start + 3_600_000);
    const run = kit.expiry.runOnce();
    kit.clock.set(start);
    await run;
    assert.ok(await kit.store.find(token));
    assert.ok(await kit.leases.find(root, lease));
    assert.equal((await records.scanKeys('due/', { limit: 10 })).length, 2);
    kit.clock.set(start + 100_000);
    await kit.expiry.runOnce();
    assert.deepEqual(await kit.keys('token/'), []);
    await kit.expiry.runOnce();
    assert.deepEqual(kit.engine.revoked, ['a']);
  });

  test('a clock that goes back keeps tokens alive no longer than the time that is shown', async () => {
    const kit = await openTokens({ storage: await openMemoryStorage(), rootKey });
    const token = await kit.make(undefined, { ttlSeconds: 100 });
    kit.clock.advance(-50_000);
    assert.equal((await kit.tokens.lookUp(token, root))?.ttlSeconds, 150);
    kit.clock.advance(150_000);
    assert.equal(await kit.store.find(token), undefined);
  });

  test('index entries that lead nowhere are dropped, and those of a renewed token have moved', async () => {
    const kit = await openTokens({ storage: await openMemoryStorage(), rootKey });
    const token = await kit.make(undefined, { ttlSeconds: 100 });
    await kit.tokens.renew(token, 500, root);
    const nowMs = kit.clock.now();
    const stray = [
      dueKey(nowMs, 'token', 'root', 'none'),
      dueKey(nowMs, 'lease', 'gone12', 'x/y'),
      'due/odd',
    ];
    await kit
      .recordsOf('root', 'sys/')
      .commit({ mark: [...stray, dueKey(nowMs, 'token', 'root', (await kit.addressOf(token)).digest)] });
    kit.clock.advance(100_000);
    await kit.expiry.runOnce();
    assert.ok(await kit.store.find(token));
    assert.deepEqual((await kit.keys('due/')).filter((key) => key !== 'due/odd').length, 1);
  });

  test('with 20,000 leases a turn, a start and a look-up read no more than with none', async () => {
    const storage = new SlowStorage(await openMemoryStorage());
    const kit = await openTokens({ storage, rootKey });
    const entry = {
      leaseId: '',
      mountUuid: kit.mount.entry.uuid,
      internal: {},
      issuedMs: 0,
      expiresMs: kit.clock.now() + 1e9,
      maxTtlSeconds: 0,
      renewable: true,
    };
    for (let batch = 0; batch < 20; batch++) {
      const ids = Array.from({ length: 1000 }, (_, n) => `creds/app/${batch}x${n}`);
      await kit.recordsOf('root', 'sys/').commit({
        put: ids.map((id) => [`lease/${id}`, { ...entry, leaseId: id }] as const),
        mark: ids.map((id) => dueKey(entry.expiresMs, 'lease', 'root', id)),
      });
    }
    storage.calls.length = 0;
    const other = await openTokens({ storage, rootKey, clock: kit.clock });
    await other.store.resume('root');
    assert.equal(await other.expiry.runOnce(), 0);
    assert.ok(await other.leases.find(root, 'creds/app/7x7'));
    assert.ok(storage.calls.length < 20, storage.calls.join());
    assert.equal(storage.calls.filter((call) => call === 'commit').length, 0);
  });

  test('works off more than one turn holds, many at a time', async () => {
    const kit = await openTokens({ storage: await openMemoryStorage(), rootKey });
    for (let n = 0; n < 1200; n++) await kit.make(undefined, { ttlSeconds: 10 });
    kit.clock.advance(10_000);
    await kit.expiry.runOnce();
    assert.deepEqual([...(await kit.keys('token/')), ...(await kit.keys('due/'))], []);
  });

  test('of two nodes one does the work, and the other goes on when the first is silent', async () => {
    const storage = await openMemoryStorage();
    const engine = new CredentialsEngine();
    const one = await openTokens({ storage, rootKey, engine });
    const other = await openTokens({ storage, rootKey, engine, clock: new ManualClock(one.clock.now()) });
    await one.lease('a');
    await one.lease('b');
    one.clock.advance(600_000);
    other.clock.advance(600_000);
    await other.barrier.freshen();
    const stuckCalls: (() => void)[] = [];
    engine.beforeRevoke = () => new Promise((resolve) => stuckCalls.push(resolve));
    const stuck = one.expiry.runOnce();
    while (stuckCalls.length < 2) await new Promise((resolve) => setImmediate(resolve));
    await other.barrier.freshen();
    await other.expiry.runOnce();
    assert.deepEqual(engine.revoked, [], 'the other leaves it alone');
    // The first is not heard of for longer than its claim lasts.
    other.clock.advance(61_000);
    await other.barrier.freshen();
    engine.beforeRevoke = async () => undefined;
    await other.expiry.runOnce();
    assert.deepEqual([...engine.alive], []);
    for (const release of stuckCalls) release();
    await stuck;
    await one.barrier.freshen();
    assert.deepEqual(await other.keys('lease/'), []);
  });
});

describe('a claim', () => {
  test('is one node’s at a time, changes hands when it runs out, and then fails what the first still commits', async () => {
    const storage = await openMemoryStorage();
    const kit = await openTokens({ storage, rootKey });
    const records = kit.recordsOf('root', 'sys/');
    const [one, other] = [new Claims(records, kit.clock), new Claims(records, kit.clock)];
    const first = await one.take('job', 10_000);
    assert.ok(first);
    assert.equal(await other.take('job', 10_000), undefined);
    const commit = (claim: typeof first) => records.commitWith({ put: [['job-done', 1]] }, [claim.fence]);
    await commit(first);
    kit.clock.advance(6000);
    const again = await one.take('job', 10_000);
    assert.equal(again?.number, first.number);
    await commit(first);
    kit.clock.advance(10_000);
    const second = await other.take('job', 10_000);
    assert.equal(second?.number, first.number + 1);
    await assert.rejects(commit(first), StorageConflict);
    if (second) await commit(second);
    assert.equal(await one.take('job', 10_000), undefined);
    await one.release('job');
    await other.release('job');
    assert.ok(await one.take('job', 10_000));
  });

  test('of a process that was killed is taken over at once where no other process can be', async () => {
    const kit = await openTokens({ storage: await openMemoryStorage(), rootKey });
    const records = kit.recordsOf('root', 'sys/');
    await new Claims(records, kit.clock, { exclusive: true }).take('job', 10_000);
    assert.ok(await new Claims(records, kit.clock, { exclusive: true }).take('job', 10_000));
  });

  test('goes to exactly one of many that want it at the same moment', async () => {
    const kit = await openTokens({ storage: await openMemoryStorage(), rootKey });
    const records = kit.recordsOf('root', 'sys/');
    const takers = Array.from({ length: 10 }, () => new Claims(records, kit.clock));
    const taken = await Promise.all(takers.map((claims) => claims.take('job', 10_000)));
    assert.equal(taken.filter((claim) => claim !== undefined).length, 1);
  });

  test('held until a time far ahead, by a node whose clock was wrong, does not hold for ever', async () => {
    const kit = await openTokens({ storage: await openMemoryStorage(), rootKey });
    const records = kit.recordsOf('root', 'sys/');
    kit.clock.advance(1e11);
    await new Claims(records, kit.clock).take('job', 10_000);
    kit.clock.advance(-1e11);
    assert.ok(await new Claims(records, kit.clock).take('job', 10_000));
  });
});
