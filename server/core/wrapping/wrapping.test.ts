import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openMemoryStorage } from '../../barrier/barrier-harness.ts';
import { randomBytes } from '../../crypto/random.ts';
import { rootNamespace } from '../namespaces/namespaces.ts';
import { openTokens } from '../tokens/tokens-harness.ts';

const bad = { status: 400, message: 'wrapping token is not valid or does not exist' };
const answer = { status: 200, body: '{"data":{"key":"canary"}}', creationPath: 'secret/data/a' };

async function open(storage?: Awaited<ReturnType<typeof openMemoryStorage>>) {
  return openTokens({ storage: storage ?? (await openMemoryStorage()), rootKey: randomBytes(32) });
}

test('a wrapped answer that nobody fetched goes with its token, and with it when that is revoked', async () => {
  const kit = await open();
  const expiring = await kit.wrapping.keep(rootNamespace, answer, 60);
  const revoked = await kit.wrapping.keep(rootNamespace, answer, 60);
  assert.equal((await kit.keys('wrapped/')).length, 2);
  await kit.tokens.revokeAccessor(revoked.accessor, rootNamespace);
  assert.equal((await kit.keys('wrapped/')).length, 1);
  await assert.rejects(kit.wrapping.lookUp(revoked.token), bad);
  kit.clock.advance(60_000);
  await assert.rejects(kit.wrapping.lookUp(expiring.token), bad);
  await assert.rejects(
    kit.wrapping.using(expiring.token, (state) => kit.wrapping.unwrap(state)),
    bad,
  );
  await kit.expiry.runOnce();
  assert.deepEqual(
    [...(await kit.keys('wrapped/')), ...(await kit.keys('token/')), ...(await kit.keys('due/'))],
    [],
  );
});

test('of rewraps and unwraps of one token at the same moment, one succeeds', async () => {
  const kit = await open();
  const { token } = await kit.wrapping.keep(rootNamespace, answer, 60);
  const attempts = await Promise.allSettled(
    Array.from({ length: 10 }, (_, n) =>
      kit.wrapping.using(
        token,
        (state): Promise<unknown> => (n % 2 === 0 ? kit.wrapping.rewrap(state) : kit.wrapping.unwrap(state)),
      ),
    ),
  );
  assert.equal(attempts.filter(({ status }) => status === 'fulfilled').length, 1);
  assert.ok((await kit.keys('wrapped/')).length <= 1);
});

test('a rewrap that cannot be written leaves the answer where it was', async () => {
  const storage = await openMemoryStorage();
  const commit = storage.commit.bind(storage);
  let fails = false;
  storage.commit = async (change) => {
    if (fails && change.put?.some(([key]) => key.includes('/wrapped/'))) throw new Error('no space');
    return commit(change);
  };
  const kit = await open(storage);
  const { token } = await kit.wrapping.keep(rootNamespace, answer, 60);
  const state = await kit.stateOf(token);
  fails = true;
  await assert.rejects(kit.wrapping.rewrap(state), /no space/);
  fails = false;
  assert.equal((await kit.wrapping.unwrap(state)).body, answer.body);
  await assert.rejects(kit.wrapping.unwrap(state), bad);
});

test('an ordinary token is no wrapping token, and a wrapping TTL has an end', async () => {
  const kit = await open();
  const token = await kit.make();
  await assert.rejects(kit.wrapping.lookUp(token), bad);
  await assert.rejects(
    kit.wrapping.using(token, async () => undefined),
    bad,
  );
  await assert.rejects(kit.wrapping.keep(rootNamespace, answer, 9e9), { status: 400 });
});
