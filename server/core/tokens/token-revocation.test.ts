import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { openMemoryStorage } from '../../barrier/barrier-harness.ts';
import type { RecordChange, Records } from '../../contracts/records.ts';
import type { StorageBackend } from '../../contracts/storage.ts';
import { randomBytes } from '../../crypto/random.ts';
import type { RecordsOf } from './system-change.ts';
import { childKey } from './token-keys.ts';
import { openTokens, type TokensHarness } from './tokens-harness.ts';

const rootKey = randomBytes(32);

async function open(storage?: StorageBackend): Promise<TokensHarness> {
  return openTokens({ storage: storage ?? (await openMemoryStorage()), rootKey });
}

/** Everything that tokens and leases keep, besides the salt: nothing may be left of what has ended. */
async function leftovers(kit: TokensHarness): Promise<string[]> {
  const keys = await Promise.all(
    ['token/', 'accessor/', 'token-child/', 'token-issued/', 'token-lease/', 'revoking/'].map((prefix) =>
      kit.keys(prefix),
    ),
  );
  return keys.flat();
}

describe('revocation of tokens', () => {
  test('takes children, their children and all their leases with it, at once', async () => {
    const kit = await open();
    const root = await kit.make();
    const child = await kit.make(await kit.callerOf(root));
    const grandchild = await kit.make(await kit.callerOf(child));
    const other = await kit.make();
    const leases = [await kit.lease('a', root), await kit.lease('b', grandchild)];
    const kept = await kit.lease('c', other);
    assert.equal(await kit.tokens.revoke(root, { id: 'root', path: '' }), true);
    for (const token of [root, child, grandchild]) assert.equal(await kit.store.find(token), undefined);
    for (const id of leases) assert.equal(await kit.leases.find({ id: 'root', path: '' }, id), undefined);
    assert.ok(await kit.store.find(other));
    assert.ok(await kit.leases.find({ id: 'root', path: '' }, kept));
    await kit.expiry.runOnce();
    assert.deepEqual([...kit.engine.alive], ['c']);
    const { digest } = await kit.addressOf(other);
    const left = await leftovers(kit);
    assert.equal(left.filter((key) => !key.includes(digest)).length, 1, left.join());
    assert.equal(kit.endedTokens.length, 3);
  });

  test('ends exactly once when asked many times at the same moment', async () => {
    const kit = await open();
    const token = await kit.make();
    const caller = await kit.callerOf(token);
    await Promise.all(Array.from({ length: 20 }, () => kit.make(caller)));
    const address = await kit.addressOf(token);
    const answers = await Promise.all(Array.from({ length: 10 }, () => kit.store.revokeTree(address)));
    assert.ok(answers.includes(true));
    assert.deepEqual(await leftovers(kit), []);
  });

  test('finds every child that was being made while its parent was revoked', async () => {
    for (let round = 0; round < 10; round++) {
      const kit = await open();
      const parent = await kit.make();
      const caller = await kit.callerOf(parent);
      const making = Array.from({ length: 30 }, () => kit.make(caller).catch(() => undefined));
      for (let turns = 0; turns < round; turns++) await new Promise((resolve) => setImmediate(resolve));
      await kit.tokens.revoke(parent, { id: 'root', path: '' });
      for (const token of await Promise.all(making))
        if (token !== undefined) assert.equal(await kit.store.find(token), undefined);
      assert.deepEqual(await leftovers(kit), []);
    }
  });

  test('a child that appears between the look for children and the commit is found by the second look', async () => {
    const storage = await openMemoryStorage();
    let inTheGap: (() => Promise<void>) | undefined;
    const around =
      (inner: RecordsOf): RecordsOf =>
      (namespaceId, prefix) => {
        const records = inner(namespaceId, prefix);
        return withCommit(records, async (change, commit) => {
          const gap = inTheGap;
          if (gap && change.put?.some(([key]) => key.startsWith('revoking/'))) {
            inTheGap = undefined;
            await gap();
          }
          await commit();
        });
      };
    const kit = await openTokens({ storage, rootKey, around });
    const parent = await kit.make();
    const caller = await kit.callerOf(parent);
    let child = '';
    let lease = '';
    inTheGap = async () => {
      child = await kit.make(caller);
      lease = await kit.lease('late', parent);
    };
    await kit.store.revokeTree(await kit.addressOf(parent));
    assert.notEqual(child, '');
    assert.equal(await kit.store.find(child), undefined);
    assert.equal(await kit.leases.find({ id: 'root', path: '' }, lease), undefined);
    assert.deepEqual(await leftovers(kit), []);
  });

  test('a child whose commit comes after all of the revocation is refused', async () => {
    const storage = await openMemoryStorage();
    let held: Promise<void> | undefined;
    const around =
      (inner: RecordsOf): RecordsOf =>
      (namespaceId, prefix) =>
        withCommit(inner(namespaceId, prefix), async (change, commit) => {
          if (held && change.put?.some(([key]) => key.startsWith('accessor/'))) await held;
          await commit();
        });
    const kit = await openTokens({ storage, rootKey, around });
    const parent = await kit.make();
    const caller = await kit.callerOf(parent);
    let release = () => {};
    held = new Promise((resolve) => {
      release = resolve;
    });
    const making = kit.make(caller);
    for (let turns = 0; turns < 10; turns++) await new Promise((resolve) => setImmediate(resolve));
    await kit.store.revokeTree(await kit.addressOf(parent));
    release();
    await assert.rejects(making, { message: 'parent token lookup failed: no parent found' });
    assert.deepEqual(await leftovers(kit), []);
  });

  test('a token that is renewed at the moment at which it expires is not ended by the old time', async () => {
    const storage = await openMemoryStorage();
    let inTheGap: (() => Promise<void>) | undefined;
    const around =
      (inner: RecordsOf): RecordsOf =>
      (namespaceId, prefix) =>
        withCommit(inner(namespaceId, prefix), async (change, commit) => {
          const gap = inTheGap;
          if (gap && change.put?.some(([key]) => key.startsWith('revoking/'))) {
            inTheGap = undefined;
            await gap();
          }
          await commit();
        });
    const kit = await openTokens({ storage, rootKey, around });
    const token = await kit.make(undefined, { ttlSeconds: 100 });
    const address = await kit.addressOf(token);
    const expiresMs = kit.clock.now() + 100_000;
    inTheGap = async () => {
      // Another node, whose clock is a little behind.
      kit.clock.set(expiresMs - 10);
      await kit.tokens.renew(token, 50, { id: 'root', path: '' });
      kit.clock.set(expiresMs);
    };
    kit.clock.set(expiresMs);
    await kit.store.expire(address);
    assert.ok(await kit.store.find(token));
    kit.clock.advance(50_000);
    await kit.expiry.runOnce();
    assert.deepEqual(await leftovers(kit), []);
  });

  test('an index entry that names the child of another does not make it a child', async () => {
    const kit = await open();
    const [parent, other] = [await kit.make(), await kit.make()];
    const child = await kit.make(await kit.callerOf(other));
    const stray = childKey(await kit.addressOf(parent), await kit.addressOf(child));
    await kit.recordsOf('root', 'sys/').commit({ mark: [stray] });
    await kit.store.revokeTree(await kit.addressOf(parent));
    assert.ok(await kit.store.find(child));
    assert.equal((await kit.keys('token-child/')).length, 1);
  });

  test('revoking a token alone leaves its children as orphans that live on', async () => {
    const kit = await open();
    const parent = await kit.make();
    const child = await kit.make(await kit.callerOf(parent));
    const grandchild = await kit.make(await kit.callerOf(child));
    const lease = await kit.lease('a', parent);
    assert.equal(await kit.tokens.revokeOrphan(parent, { id: 'root', path: '' }), true);
    assert.equal(await kit.store.find(parent), undefined);
    assert.equal((await kit.stateOf(child)).entry.parent, undefined);
    assert.ok((await kit.stateOf(grandchild)).entry.parent);
    assert.equal(await kit.leases.find({ id: 'root', path: '' }, lease), undefined);
    assert.equal((await kit.keys('token-child/')).length, 1);
  });

  test('a new token with the id of one that was revoked has none of its children', async () => {
    const kit = await open();
    await kit.make(undefined, { id: 'mine' });
    const child = await kit.make(await kit.callerOf('mine'));
    await kit.tokens.revokeOrphan('mine', { id: 'root', path: '' });
    await kit.make(undefined, { id: 'mine' });
    await kit.tokens.revoke('mine', { id: 'root', path: '' });
    assert.ok(await kit.store.find(child));
  });

  test('reaches children in namespaces below, and their indexes', async () => {
    const kit = await open();
    const below = await kit.addNamespace('abc123', 'team/');
    const parent = await kit.make();
    const child = await kit.make(await kit.callerOf(parent), {}, below);
    assert.match(child, /\.abc123$/);
    await kit.tokens.revoke(parent, { id: 'root', path: '' });
    assert.equal(await kit.store.find(child), undefined);
    assert.deepEqual(await kit.keys('', 'abc123'), []);
  });

  test('every token made below a path goes with it, and no other', async () => {
    const kit = await open();
    const at = (path: string) => kit.make(undefined, { path });
    const [one, two, near] = [
      await at('auth/userpass/login/a'),
      await at('auth/userpass/login/b'),
      await at('auth/userpass2/login/a'),
    ];
    await kit.store.revocation.revokeIssued('root', 'auth/userpass');
    assert.equal(await kit.store.find(one), undefined);
    assert.equal(await kit.store.find(two), undefined);
    assert.ok(await kit.store.find(near));
  });
});

describe('revocation of a tree that is too large for one commit', () => {
  test('a crash between any two commits leaves every descendant invalid or found again', async () => {
    const storage = await openMemoryStorage();
    let commitsLeft = Number.POSITIVE_INFINITY;
    const around =
      (inner: RecordsOf): RecordsOf =>
      (namespaceId, prefix) =>
        withCommit(inner(namespaceId, prefix), async (_change, commit) => {
          if (commitsLeft-- <= 0) throw new Error('killed');
          await commit();
        });
    const kit = await openTokens({ storage, rootKey, around });
    const root = await kit.make();
    const rootCaller = await kit.callerOf(root);
    const branches = await Promise.all(Array.from({ length: 5 }, () => kit.make(rootCaller)));
    const all = [...branches];
    for (const branch of branches) {
      const caller = await kit.callerOf(branch);
      all.push(...(await Promise.all(Array.from({ length: 900 }, () => kit.make(caller)))));
    }
    const lease = await kit.lease('deep', all.at(-1));
    const address = await kit.addressOf(root);
    let crashes = 0;
    for (commitsLeft = 1; ; commitsLeft = 1) {
      try {
        if (crashes === 0) await kit.store.revokeTree(address);
        else await kit.store.resume('root');
        break;
      } catch (error) {
        assert.match(String(error), /killed/);
        crashes++;
        assert.equal(await kit.store.find(root), undefined);
        assert.equal((await kit.keys('revoking/')).length, 1, 'the work is found again');
      }
    }
    assert.ok(crashes >= 2, `only ${crashes} crashes`);
    // Another process, with nothing in memory.
    const after = await openTokens({ storage, rootKey });
    for (const token of all) assert.equal(await after.store.find(token), undefined);
    assert.equal(await after.leases.find({ id: 'root', path: '' }, lease), undefined);
    assert.deepEqual(await leftovers(after), []);
  });
});

/** The same records with something done around each commit. */
function withCommit(
  records: Records,
  around: (change: RecordChange, commit: () => Promise<void>) => Promise<void>,
): Records {
  const proxy = new Proxy(records, {
    get(target, name) {
      if (name === 'commit') return (change: RecordChange) => around(change, () => target.commit(change));
      if (name === 'commitWith')
        return (change: RecordChange, others: readonly { records: Records; change: RecordChange }[]) => {
          const plain = others.map((other) => ({
            ...other,
            records: unwrapped.get(other.records) ?? other.records,
          }));
          const merged = [change, ...others.map((other) => other.change)];
          const whole = { put: merged.flatMap((part) => [...(part.put ?? [])]) };
          return around(whole, () => target.commitWith(change, plain));
        };
      const value = Reflect.get(target, name, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
  unwrapped.set(proxy, records);
  return proxy;
}

const unwrapped = new WeakMap<Records, Records>();
