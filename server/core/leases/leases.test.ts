import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { openMemoryStorage } from '../../barrier/barrier-harness.ts';
import { randomBytes } from '../../crypto/random.ts';
import { type HarnessParts, openTokens } from '../tokens/tokens-harness.ts';

const rootKey = randomBytes(32);
const root = { id: 'root', path: '' };
const turn = () => new Promise((resolve) => setImmediate(resolve));

async function open(parts: Partial<HarnessParts> = {}) {
  return openTokens({ storage: await openMemoryStorage(), rootKey, ...parts });
}

describe('leases', () => {
  test('end at their time, and what they stood for is taken back', async () => {
    const kit = await open();
    const id = await kit.lease('a');
    assert.match(id, /^creds\/app\/[A-Za-z0-9]{24}$/);
    kit.clock.advance(599_999);
    assert.equal(await kit.expiry.runOnce(), 0);
    assert.ok(await kit.leases.find(root, id));
    kit.clock.advance(1);
    assert.equal(await kit.leases.find(root, id), undefined, 'over before the background job comes by');
    await kit.expiry.runOnce();
    assert.deepEqual(kit.engine.revoked, ['a']);
    assert.deepEqual([...(await kit.keys('lease/')), ...(await kit.keys('due/'))], []);
  });

  test('renewed in time they live on, up to the maximum since they were given', async () => {
    const kit = await open();
    const id = await kit.lease('a');
    kit.clock.advance(500_000);
    assert.equal((await kit.leases.renew(root, id, 1200)).ttlSeconds, 1200);
    kit.clock.advance(1_000_000);
    await kit.expiry.runOnce();
    const most = await kit.leases.renew(root, id, 360_000);
    assert.equal(most.ttlSeconds, 2100);
    assert.deepEqual(most.warnings, [
      'TTL of "100h" exceeded the effective max_ttl of "35m"; TTL value is capped accordingly',
    ]);
    kit.clock.advance(2_100_000);
    await assert.rejects(kit.leases.renew(root, id, 0), { status: 400, message: 'lease not found' });
    await kit.expiry.runOnce();
    assert.deepEqual(kit.engine.revoked, ['a']);
  });

  test('a renewal and a revocation at the same moment leave nothing alive', async () => {
    const kit = await open();
    for (let round = 0; round < 10; round++) {
      const id = await kit.lease(`r${round}`);
      const renewals = Array.from({ length: 4 }, () => kit.leases.renew(root, id, 60).catch(() => undefined));
      await kit.leases.revokeNow(root, id);
      await Promise.all(renewals);
      assert.equal(await kit.leases.find(root, id), undefined);
    }
    assert.equal(kit.engine.alive.size, 0);
    assert.deepEqual(await kit.keys('due/'), []);
  });

  test('a renewal that comes while the lease expires wins or fails, and never revives it', async () => {
    const kit = await open();
    const id = await kit.lease('a');
    kit.clock.advance(599_000);
    kit.engine.beforeRenew = async () => kit.clock.advance(2000);
    await assert.rejects(
      Promise.all([kit.leases.renew(root, id, 60), turn().then(() => kit.expiry.runOnce())]).then(
        async () => {
          if (await kit.leases.find(root, id)) throw new Error('renewed');
        },
      ),
      (error: Error) => /renewed|lease not found/.test(error.message),
    );
    const found = await kit.leases.find(root, id);
    assert.equal(kit.engine.alive.has('a'), found !== undefined);
  });

  test('a prefix takes the leases in its folder, and none whose name only begins like it', async () => {
    const kit = await open();
    const near = await kit.leases.register({
      mount: kit.mount,
      namespace: (await kit.stateOf(await kit.make())).namespace,
      path: 'creds/app-other',
      grant: kit.engine.make('near'),
      token: undefined,
    });
    await kit.lease('a');
    await kit.lease('b');
    await kit.leases.revokePrefix(root, 'creds/app');
    assert.deepEqual(kit.engine.revoked.sort(), ['a', 'b']);
    assert.ok(await kit.leases.find(root, near.id));
    await kit.leases.revokePrefix(root, near.id);
    assert.ok(kit.engine.revoked.includes('near'));
  });
});

describe('a lease whose engine fails', () => {
  test('is over at once, is tried again for ever with back-off, and shows as waiting', async () => {
    const kit = await open();
    kit.engine.beforeRevoke = async () => {
      throw new Error('the database is away');
    };
    const id = await kit.lease('a');
    await assert.rejects(kit.leases.revokeNow(root, id), {
      status: 400,
      message: /goes on in the background/,
    });
    assert.equal(await kit.leases.find(root, id), undefined);
    assert.deepEqual(await kit.leases.waiting(root, 10), [{ lease_id: id, error: 'the database is away' }]);
    const waits: number[] = [];
    for (let attempt = 0; attempt < 12; attempt++) {
      const [key = ''] = await kit.keys('due/');
      const dueMs = Number.parseInt(key.slice(4, 16), 16);
      waits.push(dueMs - kit.clock.now());
      kit.clock.set(dueMs);
      await kit.expiry.runOnce();
    }
    assert.deepEqual(waits.slice(0, 4), [5000, 10_000, 20_000, 40_000]);
    assert.equal(waits.at(-1), 900_000);
    kit.engine.beforeRevoke = async () => undefined;
    kit.clock.advance(900_000);
    await kit.expiry.runOnce();
    assert.deepEqual(kit.engine.revoked, ['a']);
    assert.deepEqual(await kit.keys('lease/'), []);
  });

  test('is forgotten by force only', async () => {
    const kit = await open();
    kit.engine.beforeRevoke = async () => {
      throw new Error('away');
    };
    await kit.lease('a');
    await assert.rejects(kit.leases.revokePrefix(root, 'creds'), { status: 400 });
    assert.equal((await kit.keys('lease/')).length, 1);
    await kit.leases.revokePrefix(root, 'creds', { force: true });
    assert.deepEqual([...(await kit.keys('lease/')), ...(await kit.keys('due/'))], []);
  });

  test('that hangs is given up on, holds up no other, and is tried again', async () => {
    const kit = await open();
    for (let n = 0; n < 40; n++) await kit.lease(`hangs-${n}`);
    const token = await kit.make(undefined, { ttlSeconds: 700 });
    kit.engine.beforeRevoke = () => new Promise(() => undefined);
    kit.clock.advance(700_000);
    const run = kit.expiry.runOnce();
    for (let turns = 0; turns < 50; turns++) await turn();
    kit.clock.advance(1000);
    while ((await kit.keys('token/')).length > 0) await turn();
    assert.equal(await kit.store.find(token), undefined);
    for (let turns = 0; turns < 50; turns++) await turn();
    kit.clock.advance(30_000);
    await run;
    assert.equal((await kit.leases.waiting(root, 100)).length, 16, 'one engine has so many at a time');
    kit.engine.beforeRevoke = async () => undefined;
    kit.clock.advance(60_000);
    while ((await kit.keys('lease/')).length > 0) await kit.expiry.runOnce();
    assert.equal(kit.engine.alive.size, 0);
  });

  test('that hangs does not hold up stopping', async () => {
    const kit = await open();
    await kit.lease('a');
    kit.engine.beforeRevoke = () => new Promise(() => undefined);
    kit.clock.advance(600_000);
    kit.expiry.start();
    kit.clock.advance(0);
    for (let turns = 0; turns < 20; turns++) await turn();
    await kit.expiry.stop();
    assert.equal((await kit.leases.waiting(root, 10)).length, 1);
  });
});

describe('a credential without a lease', () => {
  test('is taken back when the token ended while the engine worked', async () => {
    const kit = await open();
    const token = await kit.make();
    const state = await kit.stateOf(token);
    const grant = kit.engine.make('late');
    await kit.tokens.revoke(token, root);
    const registration = {
      mount: kit.mount,
      namespace: state.namespace,
      path: 'creds/app',
      grant,
      token: state,
    };
    await assert.rejects(kit.leases.register(registration), { status: 403 });
    kit.engine.beforeRevoke = async () => {
      kit.engine.beforeRevoke = async () => undefined;
      throw new Error('away for a moment');
    };
    await kit.expiry.runOnce();
    assert.deepEqual([...kit.engine.alive], ['late']);
    kit.clock.advance(5000);
    await kit.expiry.runOnce();
    assert.deepEqual(kit.engine.revoked, ['late']);
    assert.deepEqual([...(await kit.keys('lease/')), ...(await kit.keys('token-lease/'))], []);
  });

  test('is taken back here and now when the store cannot be written, and the caller learns why', async () => {
    let broken = false;
    const storage = await openMemoryStorage();
    const commit = storage.commit.bind(storage);
    storage.commit = async (change) => {
      if (broken) throw new Error('no space');
      return commit(change);
    };
    const kit = await open({ storage });
    broken = true;
    await assert.rejects(kit.lease('a'), /no space/);
    assert.deepEqual(kit.engine.revoked, ['a']);
  });

  test('fifty leases for one token at the moment at which it is used and renewed are all registered', async () => {
    const kit = await open();
    const token = await kit.make(undefined, { numUses: 1000 });
    const state = await kit.stateOf(token);
    await Promise.all(
      Array.from({ length: 50 }, async (_, n) => {
        await kit.store.use(state);
        await kit.lease(`l${n}`, token);
      }),
    );
    assert.equal((await kit.keys('lease/')).length, 50);
    await kit.tokens.revoke(token, root);
    await kit.expiry.runOnce();
    assert.equal(kit.engine.alive.size, 0);
  });
});
