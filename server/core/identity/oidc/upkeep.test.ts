import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { silentLogger } from '../../../contracts/logger.ts';
import { Claims } from '../../leases/claims.ts';
import { rootNamespace } from '../../namespaces/namespaces.ts';
import { type OpenIdentity, openIdentity } from '../identity-harness.ts';
import { Codes } from './codes.ts';
import { dueKey, duePrefix } from './due-index.ts';
import { dueAt, verificationKeys } from './key-ring.ts';
import { OidcStore } from './oidc-store.ts';
import { SigningKeys } from './signing-keys.ts';
import { OidcUpkeep } from './upkeep.ts';

const root = { id: 'root', path: '' };
const hour = 3_600_000;

/** One node, or another on the store of the first. */
async function openNode(first?: OpenIdentity) {
  const identity = await openIdentity(first);
  const { clock, recordsOf } = identity;
  if (first) clock.set(first.clock.now());
  const store = new OidcStore(recordsOf, clock);
  const keys = new SigningKeys(store);
  const codes = new Codes(store);
  const claims = new Claims(recordsOf('root', 'sys/'), clock);
  const due = recordsOf('root', 'sys/');
  const namespaceById = async (id: string) => (id === 'root' ? rootNamespace : undefined);
  const upkeep = new OidcUpkeep({
    due,
    claims,
    namespaceById,
    store,
    keys,
    codes,
    clock,
    logger: silentLogger,
  });
  const kids = async (name: string) => {
    const key = await store.read(root, 'key', name);
    return key ? verificationKeys(key, clock.now()).map(({ kid }) => kid) : [];
  };
  return { identity, clock, store, keys, codes, claims, due, upkeep, kids };
}

test('a key is rotated when its time has come, and verifies for its time after that', async () => {
  const { clock, keys, upkeep, kids, store } = await openNode();
  await keys.write(root, 'k', { algorithm: 'EdDSA', rotation_period: 3600, verification_ttl: 7200 });
  const [first, second] = await kids('k');
  clock.advance(hour - 1000);
  assert.equal(await upkeep.runOnce(), 0);
  clock.advance(1000);
  await upkeep.runOnce();
  const [signing, , retired] = await kids('k');
  assert.deepEqual([signing, retired], [second, first]);
  clock.advance(2 * hour);
  assert.ok(!(await kids('k')).includes(String(first)), 'expired, whether the job has run or not');
  await upkeep.runOnce();
  const key = await store.read(root, 'key', 'k');
  assert.deepEqual(
    key?.retired.map(({ kid }) => kid),
    [second],
  );
});

test('a server that was down for long rotates once and goes on from now', async () => {
  const { clock, keys, upkeep, store } = await openNode();
  await keys.write(root, 'k', { algorithm: 'EdDSA', rotation_period: 3600, verification_ttl: 3600 * 5 });
  clock.advance(100 * hour);
  await upkeep.runOnce();
  const key = await store.read(root, 'key', 'k');
  assert.equal(key?.nextRotationMs, clock.now() + hour);
  assert.equal(await upkeep.runOnce(), 0);
});

test('of two nodes one rotates, and one that slept through the end of its claim writes nothing', async () => {
  const one = await openNode();
  await one.keys.write(root, 'k', { algorithm: 'EdDSA', rotation_period: 3600, verification_ttl: 3600 * 5 });
  one.clock.advance(hour);
  const two = await openNode(one.identity);
  const claim = await one.claims.take('oidc', 60_000);
  assert.ok(claim);
  assert.equal(await two.upkeep.runOnce(), 0, 'held by the other');
  for (const node of [one, two]) node.clock.advance(120_000);
  await two.upkeep.runOnce();
  await one.identity.barrier.freshen();
  const before = await one.kids('k');
  assert.equal(before.length, 3);
  one.clock.advance(2 * hour);
  await assert.rejects(one.keys.upkeep(root, 'k', claim.fence));
  await one.identity.barrier.freshen();
  assert.deepEqual(await one.kids('k'), before);
});

test('a code that nobody exchanges is forgotten, and is worth nothing before that', async () => {
  const { clock, codes, upkeep, due } = await openNode();
  const grant = {
    provider: 'p',
    clientId: 'c',
    entityId: 'e',
    entityNamespaceId: 'root',
    redirectUri: 'https://x/',
    scopes: [],
    nonce: '',
  };
  const [early, late] = [await codes.make(root, grant), await codes.make(root, grant)];
  assert.equal((await codes.take(root, early))?.clientId, 'c');
  assert.equal(await codes.take(root, early), undefined);
  clock.advance(5 * 60_000);
  assert.equal(await upkeep.runOnce(), 1);
  assert.equal(await codes.take(root, late), undefined);
  assert.deepEqual(await due.scanKeys('oidc', { limit: 100 }), []);
});

test('whatever happens to keys, the index and the private parts are those that the records name', async () => {
  const name = fc.constantFrom('a', 'b');
  const step = fc.oneof(
    fc.record({ do: fc.constant('write'), name, minutes: fc.integer({ min: 1, max: 100 }) }),
    fc.record({ do: fc.constantFrom('rotate', 'remove', 'swap'), name }),
    fc.record({ do: fc.constant('wait'), minutes: fc.integer({ min: 1, max: 300 }) }),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 12 }), async (steps) => {
      const node = await openNode();
      for (const each of steps) await take(node, each);
      await node.upkeep.runOnce();
      const found = await node.store.all(root, 'key');
      const private_ = found.flatMap(([, { signing, next }]) =>
        [signing, next].flatMap((key) => key?.kid ?? []),
      );
      const marks = found.flatMap(([key, record]) => {
        const at = dueAt(record);
        return at === undefined ? [] : [dueKey(at, 'key', 'root', key)];
      });
      assert.deepEqual((await node.store.reading(root).names('private/')).sort(), private_.sort());
      assert.deepEqual(await node.due.scanKeys(duePrefix, { limit: 100 }), marks.sort());
      for (const mark of marks) assert.ok(mark > dueKey(node.clock.now(), 'key', 'root', ''));
    }),
    { numRuns: 40 },
  );
});

async function take(
  { keys, clock, upkeep }: Awaited<ReturnType<typeof openNode>>,
  step: { do: string; name?: string; minutes?: number },
): Promise<void> {
  const { name = 'a', minutes = 1 } = step;
  const seconds = minutes * 60;
  if (step.do === 'write')
    await keys.write(root, name, { algorithm: 'EdDSA', rotation_period: seconds, verification_ttl: seconds });
  else if (step.do === 'swap') await keys.write(root, name, { algorithm: 'ES256' });
  else if (step.do === 'rotate') await keys.rotate(root, name, undefined).catch(() => undefined);
  else if (step.do === 'remove') await keys.remove(root, name);
  else {
    clock.advance(minutes * 60_000);
    if (minutes % 2 === 0) await upkeep.runOnce();
  }
}
