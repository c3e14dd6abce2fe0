import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { openMemoryStorage } from '../../barrier/barrier-harness.ts';
import { randomBytes } from '../../crypto/random.ts';
import { type HarnessParts, openTokens } from './tokens-harness.ts';

const rootKey = randomBytes(32);
const root = { id: 'root', path: '' };

async function open(parts: Partial<HarnessParts> = {}) {
  return openTokens({ storage: await openMemoryStorage(), rootKey, ...parts });
}

describe('tokens with a number of uses', () => {
  test('of fifty uses at the same moment of a token for five, exactly five succeed, and then it is gone', async () => {
    const kit = await open();
    const token = await kit.make(undefined, { numUses: 5 });
    const state = await kit.stateOf(token);
    const used = (await Promise.all(Array.from({ length: 50 }, () => kit.store.use(state)))).filter(
      (one) => one !== undefined,
    );
    assert.deepEqual(
      used.map((one) => one.entry.numUses).sort((a, b) => b - a),
      [4, 3, 2, 1, -1],
    );
    assert.equal(await kit.store.find(token), undefined, 'a sixth request is refused at once');
    for (const [index, one] of used.entries()) {
      assert.ok(await kit.tokens.lookUpCaller(one.caller), 'those with a use are served');
      await kit.store.useDone(one);
      const isLast = index === used.length - 1;
      assert.equal((await kit.keys('token/')).length, isLast ? 0 : 1);
    }
  });

  test('two nodes on one store do not give out a use twice', async () => {
    const storage = await openMemoryStorage();
    const one = await open({ storage });
    const other = await open({ storage });
    const token = await one.make(undefined, { numUses: 7 });
    await other.barrier.freshen();
    const states = [await one.stateOf(token), await other.stateOf(token)] as const;
    const uses = Array.from({ length: 20 }, (_, n) =>
      (n % 2 === 0 ? one : other).store.use(states[n % 2 === 0 ? 0 : 1]),
    );
    const counts = (await Promise.all(uses)).flatMap((used) => (used ? [used.entry.numUses] : []));
    assert.deepEqual(
      counts.sort((a, b) => b - a),
      [6, 5, 4, 3, 2, 1, -1],
    );
  });

  test('a last use that a crash interrupted is cleared away later', async () => {
    const kit = await open();
    const token = await kit.make(undefined, { numUses: 1, ttlSeconds: 86_400 });
    await kit.store.use(await kit.stateOf(token));
    const after = await openTokens({ storage: await openMemoryStorage(), rootKey });
    assert.ok(after);
    kit.clock.advance(11 * 60_000);
    await kit.expiry.runOnce();
    assert.deepEqual(await kit.keys('token/'), []);
  });
});

describe('tokens of namespaces', () => {
  test('a token, accessor or lease of one namespace is unknown in another, and known from above', async () => {
    const kit = await open();
    const team = await kit.addNamespace('teamaa', 'team/');
    const other = await kit.addNamespace('otheraa', 'other/');
    const deep = await kit.addNamespace('deepaa', 'team/deep/');
    const inTeam = await kit.make(undefined, {}, team);
    const inRoot = await kit.make();
    const accessorOf = async (token: string) => (await kit.stateOf(token)).entry.accessor;
    const reach = async (where: { id: string; path: string }, token: string, accessor: string) => [
      (await kit.tokens.lookUp(token, where)) !== undefined,
      (await kit.tokens.lookUpAccessor(accessor, where)) !== undefined,
    ];
    const accessor = await accessorOf(inTeam);
    assert.deepEqual(await reach(root, inTeam, accessor), [true, true]);
    assert.deepEqual(await reach(team, inTeam, accessor), [true, true]);
    assert.deepEqual(await reach(other, inTeam, accessor), [false, false]);
    assert.deepEqual(await reach(deep, inTeam, accessor), [false, false]);
    assert.deepEqual(await reach(team, inRoot, await accessorOf(inRoot)), [false, false]);
    assert.equal(await kit.tokens.revoke(inTeam, other), false);
    assert.equal(await kit.tokens.revokeAccessor(accessor, other), false);
    await assert.rejects(kit.tokens.renew(inTeam, 0, other), { status: 400, message: 'token not found' });
    await assert.rejects(kit.tokens.renewAccessor(accessor, 0, deep), { status: 400 });
    assert.ok(await kit.store.find(inTeam));

    const lease = await kit.lease('a', undefined, team);
    assert.ok(await kit.leases.find(team, lease));
    assert.ok(await kit.leases.find(root, lease));
    for (const where of [other, deep]) {
      assert.equal(await kit.leases.find(where, lease), undefined);
      await kit.leases.revokeNow(where, lease);
      await assert.rejects(kit.leases.renew(where, lease, 0), { message: 'lease not found' });
    }
    assert.ok(await kit.leases.find(team, lease));
    const stripped = lease.replace(/\.teamaa$/, '');
    for (const id of [stripped, `${stripped}.otheraa`, `${stripped}.deepaa`])
      assert.equal(await kit.leases.find(root, id), undefined);
  });

  test('a token string with the id of another namespace is not that token', async () => {
    const kit = await open();
    await kit.addNamespace('teamaa', 'team/');
    const token = await kit.make();
    assert.equal(await kit.store.find(`${token}.teamaa`), undefined);
    assert.equal(await kit.store.find(`${token}.root`), undefined);
    for (const odd of ['', '.', 'hvs.', 'a/../b', 'x'.repeat(20_000), 'hvs.\0', `${token}.../root`])
      assert.equal(await kit.store.find(odd), undefined);
    for (const odd of ['', 'a/b', '\0', 'x'.repeat(5000), '../token/x', 'a.b.c', `a.${'n'.repeat(5000)}`])
      assert.equal(await kit.tokens.lookUpAccessor(odd, root), undefined);
    for (const odd of ['', '\0', 'x'.repeat(5000), '\ud800', '../token/x', `a.${'n'.repeat(5000)}`])
      assert.equal(await kit.leases.find(root, odd), undefined);
  });
});

describe('batch tokens', () => {
  test('are refused when altered, moved to another namespace, expired, or without their parent', async () => {
    const kit = await open();
    const team = await kit.addNamespace('teamaa', 'team/');
    await kit.make(undefined, { type: 'batch' }, team);
    const parent = await kit.make();
    const batch = await kit.make(await kit.callerOf(parent), { type: 'batch', ttlSeconds: 60 });
    assert.match(batch, /^hvb\./);
    assert.equal((await kit.stateOf(batch)).entry.type, 'batch');
    assert.equal((await kit.tokens.lookUpCaller(await kit.callerOf(batch)))?.ttlSeconds, 60);
    for (let at = 4; at < batch.length; at += 7) {
      const letter = batch[at] === 'A' ? 'B' : 'A';
      const altered = batch.slice(0, at) + letter + batch.slice(at + 1);
      assert.equal(await kit.store.find(altered), undefined, `altered at ${at}`);
    }
    assert.equal(await kit.store.find(`${batch}.teamaa`), undefined);
    assert.equal(await kit.store.find(`${batch}A`), undefined);
    await assert.rejects(kit.tokens.renew(batch, 0, root), { message: 'batch tokens cannot be renewed' });
    await assert.rejects(kit.tokens.revoke(batch, root), { message: 'batch tokens cannot be revoked' });
    const orphan = await kit.make(undefined, { type: 'batch', ttlSeconds: 60 });
    await kit.tokens.revoke(parent, root);
    assert.equal(await kit.store.find(batch), undefined);
    assert.ok(await kit.store.find(orphan));
    kit.clock.advance(60_000);
    assert.equal(await kit.store.find(orphan), undefined);
  });
});

describe('renewal', () => {
  test('gives what was asked, or what the token was made with, up to the maximum since it was made', async () => {
    const kit = await open();
    const token = await kit.make(undefined, { ttlSeconds: 600, explicitMaxTtlSeconds: 1000 });
    assert.equal((await kit.tokens.renew(token, 0, root)).leaseDurationSeconds, 600);
    assert.equal((await kit.tokens.renew(token, 60, root)).leaseDurationSeconds, 60);
    kit.clock.advance(50_000);
    const most = await kit.tokens.renew(token, 5000, root);
    assert.equal(most.leaseDurationSeconds, 950);
    assert.deepEqual(most.warnings, [
      'TTL of "1h23m20s" exceeded the effective max_ttl of "15m50s"; TTL value is capped accordingly',
    ]);
    kit.clock.advance(949_500);
    await assert.rejects(kit.tokens.renew(token, 0, root), { message: 'past the max TTL, cannot renew' });
    kit.clock.advance(500);
    await assert.rejects(kit.tokens.renew(token, 0, root), { message: 'token not found' });
  });

  test('a periodic token lives on for ever while it is renewed', async () => {
    const kit = await open();
    const token = await kit.make(undefined, { periodSeconds: 100, ttlSeconds: 0 });
    for (let n = 0; n < 50; n++) {
      kit.clock.advance(99_000);
      assert.equal((await kit.tokens.renew(token, 5000, root)).leaseDurationSeconds, 100);
      await kit.expiry.runOnce();
    }
    kit.clock.advance(100_000);
    assert.equal(await kit.store.find(token), undefined);
  });

  test('and revocation at the same moment never leave a token that was acknowledged as revoked', async () => {
    const kit = await open();
    for (let round = 0; round < 20; round++) {
      const token = await kit.make();
      const renewals = Array.from({ length: 5 }, () => kit.tokens.renew(token, 60, root).catch(() => 'no'));
      await kit.tokens.revoke(token, root);
      assert.equal(await kit.store.find(token), undefined);
      await Promise.all(renewals);
      assert.equal(await kit.store.find(token), undefined);
    }
    assert.deepEqual(await kit.keys('token/'), []);
  });

  test('a token that does not fit the cache is renewed, used and revoked like any other', async () => {
    const kit = await open();
    const metadata = { large: 'x'.repeat(8 * 1024 * 1024) };
    const token = await kit.make(undefined, { metadata, numUses: 2 });
    await kit.tokens.renew(token, 60, root);
    const used = await kit.store.use(await kit.stateOf(token));
    assert.equal(used?.entry.numUses, 1);
    assert.equal(await kit.tokens.revoke(token, root), true);
    assert.equal(await kit.store.find(token), undefined);
  });
});

test('look-ups answer with the same object while nothing they show has changed', async () => {
  const kit = await open();
  const token = await kit.make();
  const look = async () => kit.tokens.lookUpCaller(await kit.callerOf(token));
  const first = await look();
  kit.clock.advance(0);
  assert.equal(await look(), first);
  kit.clock.advance(1000);
  assert.notEqual(await look(), first);
  await kit.tokens.renew(token, 3600, root);
  assert.ok((await look())?.lastRenewalMs);
});

test('a custom id is taken once, and never with a dot', async () => {
  const kit = await open();
  await kit.make(undefined, { id: 'mine' });
  await assert.rejects(kit.make(undefined, { id: 'mine' }), {
    message: 'cannot create a token with a duplicate ID',
  });
  await assert.rejects(kit.tokens.createRoot('a.b'), { status: 400 });
});

test('the store holds no token string, only digests', async () => {
  const storage = await openMemoryStorage();
  const kit = await open({ storage });
  const token = await kit.make(undefined, { id: 'canary-token-id' });
  await kit.make(await kit.callerOf(token));
  const entries = await storage.scan('', '\u{10ffff}', 10_000);
  for (const [key, value] of entries)
    assert.ok(!key.includes('canary') && !Buffer.from(value).toString('latin1').includes('canary'));
});

test('tidy removes accessors that lead nowhere, and no other', async () => {
  const kit = await open();
  const token = await kit.make();
  const { accessor } = (await kit.stateOf(token)).entry;
  await kit.recordsOf('root', 'sys/').commit({ put: [['accessor/stray', 'f'.repeat(64)]] });
  assert.equal(await kit.store.tidy('root'), 1);
  assert.deepEqual(await kit.tokens.accessors(root), [accessor]);
});
