import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { callOf } from '../../contracts/conformance/engine-harness.ts';
import { type MethodHarness, methodHarness } from '../../contracts/conformance/method-harness.ts';
import { silentLogger } from '../../contracts/logger.ts';
import type { JsonObject } from '../../contracts/request.ts';
import { plugin } from './index.ts';
import { type HashCost, hashPassword, recommendedCost } from './password-hash.ts';
import { PasswordWork } from './password-work.ts';
import { loginPath } from './path-login.ts';
import type { StoredHash } from './stored-hash.ts';
import type { UserRecord } from './user-record.ts';
import { UserStore } from './user-store.ts';

const refused = { code: 'invalid-credentials', status: 400, message: 'invalid username or password' };
const cheap = { memoryKib: 64, passes: 1, parallelism: 1 };

/** Does the work, and tells what of it there was: the cost of each Argon2id hash, no time. */
class CountedWork extends PasswordWork {
  readonly checked: HashCost[] = [];

  override isRight(password: string, stored: StoredHash): Promise<boolean> {
    if (stored.kind === 'argon2id') this.checked.push(stored.hash.cost);
    return super.isRight(password, stored);
  }
}

async function userpass(users: Readonly<Record<string, JsonObject>> = {}): Promise<MethodHarness> {
  const method = await methodHarness(plugin);
  for (const [name, settings] of Object.entries(users))
    await method.call('write', `users/${name}`, { password: 'pw', ...settings });
  return method;
}

async function storedHash(method: MethodHarness, name: string): Promise<string> {
  const stored = await method.records.get<UserRecord>(`user/${name}`);
  assert.ok(stored);
  return stored.value.passwordHash;
}

describe('userpass users', () => {
  test('a user reads back without the password, and a change keeps what it does not name', async () => {
    const method = await userpass();
    assert.equal(await method.call('read', 'users/alice'), undefined);
    assert.equal(await method.call('list', 'users'), undefined);
    await method.call('write', 'users/alice', {
      password: 'pw',
      token_policies: ['ops', 'app'],
      token_ttl: 600,
    });
    await method.call('write', 'users/alice', { token_ttl: 900 });
    assert.deepEqual((await method.call('read', 'users/alice'))?.data, {
      token_bound_cidrs: [],
      token_explicit_max_ttl: 0,
      token_max_ttl: 0,
      token_no_default_policy: false,
      token_num_uses: 0,
      token_period: 0,
      token_policies: ['app', 'ops'],
      token_strictly_bind_ip: false,
      token_ttl: 900,
      token_type: 'default',
    });
    await method.login('login/alice', { password: 'pw' });
  });

  test('older names read back too', async () => {
    const method = await userpass({
      old: { policies: ['b', 'a'], ttl: 300, max_ttl: 600, bound_cidrs: ['127.0.0.1/32'] },
    });
    const data = (await method.call('read', 'users/old'))?.data;
    assert.deepEqual(
      ['policies', 'ttl', 'max_ttl', 'bound_cidrs', 'token_ttl'].map((name) => data?.[name]),
      [['a', 'b'], 300, 600, ['127.0.0.1'], 300],
    );
  });

  test('a new user needs a password, once and in a form that can be stored', async () => {
    const method = await userpass();
    const hash = await hashPassword('pw', cheap);
    const refusals: [JsonObject, RegExp][] = [
      [{}, /must provide either password or password_hash/],
      [{ password: '' }, /must provide either password or password_hash/],
      [{ password: 'x', password_hash: hash }, /only one of password or password_hash may be provided/],
      [{ password_hash: 'zzz' }, /password_hash is not a valid bcrypt or Argon2id hash/],
      [
        { password_hash: '$2a$15$L2XjUsuWC0sMjWWTzY2OEuRaGiP2X5YkuYfO4r1ry3bJwnTkM2OLa' },
        /bcrypt cost above 14/,
      ],
      [
        { password_hash: '$2x$05$L2XjUsuWC0sMjWWTzY2OEuRaGiP2X5YkuYfO4r1ry3bJwnTkM2OLa' },
        /not a valid bcrypt/,
      ],
      [{ password: 'é'.repeat(2049) }, /longer than 4096 bytes/],
      [{ password: 'pw', token_ttl: 2, token_max_ttl: 1 }, /'token_ttl' cannot be greater/],
    ];
    for (const [data, message] of refusals)
      await assert.rejects(method.call('write', 'users/bad', data), { status: 400, message });
    assert.deepEqual(method.records.keys, []);
  });

  test('names are the same in upper and lower case, listed in pages', async () => {
    const method = await userpass({ CAROL: {}, alice: {}, 'bob@example.com': {} });
    assert.deepEqual(await method.call('list', 'users'), {
      data: { keys: ['alice', 'bob@example.com', 'carol'] },
    });
    assert.deepEqual(await method.call('list', 'users?after=alice&limit=1'), {
      data: { keys: ['bob@example.com'] },
    });
    const grant = await method.login('login/CaRoL', { password: 'pw' });
    assert.deepEqual(
      [grant.alias, grant.displayName, grant.metadata],
      [{ name: 'carol' }, 'carol', { username: 'carol' }],
    );
    await method.call('delete', 'users/CAROL');
    await assert.rejects(method.login('login/carol', { password: 'pw' }), refused);
  });

  test('a hostile name is no user, and logging in with it looks like any unknown name', async () => {
    const method = await userpass({ kelvin: {} });
    for (const name of [
      '*',
      '+',
      'a*',
      '.a',
      'a.',
      'a b',
      '\u212aelvin',
      'ſ',
      'x'.repeat(300),
      '__proto__.',
      '$ne',
      "a'--",
      '%00',
    ]) {
      await assert.rejects(method.call('write', `users/${name}`, { password: 'pw' }), { status: 400 });
      assert.equal(await method.call('read', `users/${name}`), undefined);
      assert.equal(await method.call('delete', `users/${name}`), undefined);
      await assert.rejects(method.login(`login/${name}`, { password: 'pw' }), refused);
    }
    assert.deepEqual(method.records.keys, ['user/kelvin']);
  });

  test('password and policies change by themselves, for users that are there', async () => {
    const method = await userpass({ bob: { token_policies: ['a'] } });
    await method.call('write', 'users/bob/password', { password: 'pw2' });
    await assert.rejects(method.login('login/bob', { password: 'pw' }), refused);
    await method.call('write', 'users/bob/policies', { token_policies: ['x', 'y'] });
    assert.deepEqual((await method.login('login/bob', { password: 'pw2' })).policies, ['x', 'y']);
    await method.call('write', 'users/bob/policies', { policies: ['z'] });
    assert.deepEqual((await method.call('read', 'users/bob'))?.data?.['policies'], ['z']);
    await assert.rejects(method.call('write', 'users/bob/password', {}), {
      status: 400,
      message: 'must provide either password or password_hash',
    });
    await assert.rejects(method.call('write', 'users/nope/password', { password: 'x' }), {
      status: 400,
      message: 'username does not exist',
    });
    await assert.rejects(method.call('write', 'users/nope/policies', { token_policies: ['x'] }), {
      status: 400,
      message: 'username does not exist',
    });
    assert.deepEqual(method.records.keys, ['user/bob']);
  });

  test('two new users of one name at the same moment are one user', async () => {
    const method = await userpass();
    await Promise.all(
      ['a', 'b'].map((policy) =>
        method.call('write', 'users/same', {
          password: policy,
          [`token_${policy === 'a' ? 'ttl' : 'max_ttl'}`]: 60,
        }),
      ),
    );
    const data = (await method.call('read', 'users/same'))?.data;
    assert.deepEqual([data?.['token_ttl'], data?.['token_max_ttl']], [60, 60]);
  });
});

describe('userpass login', () => {
  test('an unknown user and a wrong password are answered alike', async () => {
    const method = await userpass({ alice: {} });
    const wrong: [string, string][] = [
      ['alice', 'nope'],
      ['nope', 'pw'],
      ['alice', 'PW'],
      ['alice', 'pw '],
      ['alice', 'pw'.repeat(10_000)],
    ];
    for (const [name, password] of wrong)
      await assert.rejects(method.login(`login/${name}`, { password }), refused);
  });

  test('a password that is too long is wrong even where the hash is of none', async () => {
    const method = await userpass();
    await method.call('write', 'users/empty', { password_hash: await hashPassword('', cheap) });
    await assert.rejects(method.login('login/empty', { password: 'x'.repeat(5000) }), refused);
  });

  test('a missing password is the client’s error', async () => {
    const method = await userpass({ alice: {} });
    for (const name of ['alice', 'nope'])
      for (const data of [{}, { password: '' }])
        await assert.rejects(method.login(`login/${name}`, data), {
          status: 400,
          message: 'missing password',
        });
  });

  test('an unknown user costs the same work as a known one: one check of one hash at today’s cost', async () => {
    const { records } = await userpass({ alice: {} });
    const work = new CountedWork();
    const path = loginPath(new UserStore(records), work, silentLogger);
    const workFor = async (username: string, password: string): Promise<HashCost[]> => {
      work.checked.length = 0;
      const call = callOf('update', `login/${username}`, path, { username, password }, {});
      await assert.rejects(async () => path.operations.write?.handler(call), refused, username);
      return [...work.checked];
    };
    for (const username of ['alice', 'nobody', '*'])
      for (const password of ['nope', 'x'.repeat(5000)])
        assert.deepEqual(await workFor(username, password), [recommendedCost], username);
  });

  test('says whom the attempt is counted against, in the case of the stored name', async () => {
    const method = await userpass();
    const path = method.method.paths.find(({ pattern }) => pattern === 'login/{username}');
    const claimed = path?.operations.write?.claimedAlias;
    assert.ok(claimed);
    assert.equal(claimed(callOf('update', 'login', path, { username: 'ALICE' }, {})), 'alice');
    assert.equal(claimed(callOf('update', 'login', path, { username: '*' }, {})), undefined);
  });

  test('addresses are checked after the password, and carried by the token', async () => {
    const method = await userpass({ cidr: { token_bound_cidrs: ['10.0.0.0/8'] } });
    await assert.rejects(method.login('login/cidr', { password: 'pw' }), {
      code: 'permission-denied',
      status: 403,
      message: 'permission denied',
    });
    await assert.rejects(method.login('login/cidr', { password: 'nope' }), refused);
    assert.deepEqual((await method.login('login/cidr', { password: 'pw' }, '10.1.1.1')).boundCidrs, [
      '10.0.0.0/8',
    ]);
  });

  test('a cheaper hash is replaced by one at today’s cost when its password is seen, and not before', async () => {
    const method = await userpass();
    const hash = await hashPassword('pw', cheap);
    await method.call('write', 'users/old', { password_hash: hash });
    await assert.rejects(method.login('login/old', { password: 'nope' }), refused);
    assert.equal(await storedHash(method, 'old'), hash);
    await method.login('login/old', { password: 'pw' });
    const { memoryKib, passes, parallelism } = recommendedCost;
    const raised = await storedHash(method, 'old');
    assert.ok(raised.startsWith(`$argon2id$v=19$m=${memoryKib},t=${passes},p=${parallelism}$`));
    await method.login('login/old', { password: 'pw' });
    assert.equal(await storedHash(method, 'old'), raised);
  });

  test('a bcrypt hash, as Vault takes it, is checked in a thread of its own and gives way to Argon2id', async (t) => {
    const method = await userpass();
    t.after(() => method.method.close?.());
    const password_hash = '$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW';
    await method.call('write', 'users/older', { password_hash });
    await assert.rejects(method.login('login/older', { password: 'u*u' }), refused);
    assert.equal(await storedHash(method, 'older'), password_hash);
    await method.login('login/older', { password: 'U*U' });
    assert.match(await storedHash(method, 'older'), /^\$argon2id\$/);
    await method.login('login/older', { password: 'U*U' });
    await assert.rejects(method.login('login/older', { password: 'u*u' }), refused);
  });

  test('a password of which bcrypt has not checked the end is not made into a new hash', async (t) => {
    const method = await userpass();
    t.after(() => method.method.close?.());
    const password_hash = '$2a$05$abcdefghijklmnopqrstuu5s2v8.iXieOjg/.AySBTTZIIVFJeBui';
    await method.call('write', 'users/long', { password_hash });
    const password = '0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789';
    await method.login('login/long', { password: `${password}chars after 72 are ignored` });
    assert.equal(await storedHash(method, 'long'), password_hash);
  });

  test('a password that is changed during a login is not undone by it', async () => {
    const method = await userpass();
    await method.call('write', 'users/old', { password_hash: await hashPassword('pw', cheap) });
    method.records.beforeCommit = async () => {
      method.records.beforeCommit = undefined;
      await method.call('write', 'users/old/password', { password: 'new' });
    };
    await method.login('login/old', { password: 'pw' });
    await method.login('login/old', { password: 'new' });
    await assert.rejects(method.login('login/old', { password: 'pw' }), refused);
  });

  test('a renewal is refused when the user is gone, is another, or has other policies', async () => {
    const method = await userpass({ alice: { token_policies: ['a', 'b'], token_ttl: 60 } });
    const grant = await method.login('login/alice', { password: 'pw' });
    const renew = () => method.method.renew!({ internal: grant.internal ?? {}, grant });
    await method.call('write', 'users/alice', { token_ttl: 30, token_policies: ['B', 'a'] });
    assert.equal((await renew()).ttlSeconds, 30);
    await method.call('write', 'users/alice/policies', { token_policies: ['a'] });
    await assert.rejects(renew(), { status: 400, message: 'policies have changed, not renewing' });
    await method.call('delete', 'users/alice');
    await assert.rejects(renew(), { status: 400, message: /no longer exists/ });
    await method.call('write', 'users/alice', { password: 'pw', token_policies: ['a', 'b'] });
    await assert.rejects(renew(), { status: 400, message: /no longer exists/ });
  });

  test('the password stands in no record, key or grant', async () => {
    const method = await userpass();
    const password = 'password-canary';
    await method.call('write', 'users/alice', { password });
    const grant = await method.login('login/alice', { password });
    const values = await method.records.getMany(method.records.keys);
    assert.doesNotMatch(JSON.stringify([method.records.keys, values, grant]), /canary/);
  });
});
