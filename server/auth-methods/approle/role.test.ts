import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type MethodHarness, methodHarness } from '../../contracts/conformance/method-harness.ts';
import type { JsonObject } from '../../contracts/request.ts';
import { plugin } from './index.ts';

const defaults = {
  bind_secret_id: true,
  local_secret_ids: false,
  secret_id_bound_cidrs: null,
  secret_id_num_uses: 0,
  secret_id_ttl: 0,
  token_bound_cidrs: [],
  token_explicit_max_ttl: 0,
  token_max_ttl: 0,
  token_no_default_policy: false,
  token_num_uses: 0,
  token_period: 0,
  token_policies: [],
  token_strictly_bind_ip: false,
  token_ttl: 0,
  token_type: 'default',
};

async function dataOf(method: MethodHarness, path: string): Promise<JsonObject | null | undefined> {
  return (await method.call('read', path))?.data;
}

describe('approle roles', () => {
  test('a role reads back with its defaults, and a change keeps what it does not name', async () => {
    const method = await methodHarness(plugin);
    assert.equal(await method.call('read', 'role/app'), undefined);
    assert.equal(await method.call('list', 'role'), undefined);
    await method.call('write', 'role/app', {});
    assert.deepEqual(await dataOf(method, 'role/app'), defaults);
    await method.call('write', 'role/app', {
      token_policies: ['ops', 'app'],
      token_ttl: 60,
      secret_id_bound_cidrs: ['127.0.0.1/32'],
      token_bound_cidrs: ['127.0.0.1/32'],
    });
    await method.call('write', 'role/app', { token_ttl: 90 });
    assert.deepEqual(await dataOf(method, 'role/app'), {
      ...defaults,
      token_policies: ['app', 'ops'],
      token_ttl: 90,
      secret_id_bound_cidrs: ['127.0.0.1/32'],
      token_bound_cidrs: ['127.0.0.1'],
    });
  });

  test('older names read back too', async () => {
    const method = await methodHarness(plugin);
    await method.call('write', 'role/old', {
      policies: ['b', 'a'],
      period: 3600,
      bound_cidr_list: ['127.0.0.1/32'],
    });
    assert.deepEqual(await dataOf(method, 'role/old'), {
      ...defaults,
      policies: ['a', 'b'],
      token_policies: ['a', 'b'],
      period: 3600,
      token_period: 3600,
      secret_id_bound_cidrs: ['127.0.0.1/32'],
    });
  });

  test('names are the same in upper and lower case, listed in pages', async () => {
    const method = await methodHarness(plugin);
    for (const name of ['MixedCase', 'a', 'b', 'c']) await method.call('write', `role/${name}`, {});
    assert.deepEqual(await method.call('list', 'role'), { data: { keys: ['a', 'b', 'c', 'mixedcase'] } });
    assert.deepEqual(await method.call('list', 'role?after=a&limit=2'), { data: { keys: ['b', 'c'] } });
    assert.deepEqual(
      await dataOf(method, 'role/mixedCASE/role-id'),
      await dataOf(method, 'role/mixedcase/role-id'),
    );
    await method.call('delete', 'role/MIXEDCASE');
    assert.equal(await method.call('read', 'role/mixedcase'), undefined);
  });

  test('a hostile name is no role, and reaches no other record', async () => {
    const method = await methodHarness(plugin);
    for (const name of [
      '*',
      '+',
      '.hidden',
      'dot.',
      'a b',
      'ſ',
      '\u212aelvin',
      'x'.repeat(300),
      '%2e%2e',
      'a:b',
    ]) {
      await assert.rejects(method.call('write', `role/${name}`, {}), { status: 400 });
      assert.equal(await method.call('read', `role/${name}`), undefined);
      assert.equal(await method.call('delete', `role/${name}`), undefined);
    }
    assert.deepEqual(method.records.keys, ['digest-key']);
  });

  test('what nobody could use is the client’s error', async () => {
    const method = await methodHarness(plugin);
    const refused: [JsonObject, RegExp][] = [
      [{ bind_secret_id: false }, /at least one constraint should be enabled on the role/],
      [{ secret_id_num_uses: -1 }, /secret_id_num_uses cannot be negative/],
      [{ secret_id_bound_cidrs: ['zzz'] }, /failed to validate CIDR blocks/],
      [{ token_bound_cidrs: ['zzz'] }, /bound CIDR/],
      [{ token_ttl: 2, token_max_ttl: 1 }, /'token_ttl' cannot be greater/],
      [{ token_type: 'zz' }, /invalid 'token_type' value/],
      [{ role_id: 'x'.repeat(5000) }, /role_id is longer/],
    ];
    for (const [data, message] of refused)
      await assert.rejects(method.call('write', 'role/bad', data), { status: 400, message });
    assert.equal(await method.call('read', 'role/bad'), undefined);
    await method.call('write', 'role/ok', { bind_secret_id: false, token_bound_cidrs: ['127.0.0.0/8'] });
    await assert.rejects(method.call('delete', 'role/ok/token-bound-cidrs'), {
      status: 400,
      message: /at least one constraint/,
    });
  });

  test('local_secret_ids is decided when the role is made', async () => {
    const method = await methodHarness(plugin);
    await method.call('write', 'role/loc', { local_secret_ids: true });
    await assert.rejects(method.call('write', 'role/loc', { local_secret_ids: false }), {
      status: 400,
      message: 'local_secret_ids can only be modified during role creation',
    });
    await method.call('write', 'role/loc', { local_secret_ids: true, token_ttl: 5 });
    assert.deepEqual(await dataOf(method, 'role/loc/local-secret-ids'), { local_secret_ids: true });
    await assert.rejects(method.call('write', 'role/loc/local-secret-ids', {}), { status: 405 });
  });

  test('a role id belongs to one role, and is free again when that lets it go', async () => {
    const method = await methodHarness(plugin);
    await method.call('write', 'role/a', { role_id: 'fixed' });
    await method.call('write', 'role/b', {});
    const taken = { status: 400, message: 'role_id already in use' };
    await assert.rejects(method.call('write', 'role/b/role-id', { role_id: 'fixed' }), taken);
    await assert.rejects(method.call('write', 'role/c', { role_id: 'fixed' }), taken);
    await assert.rejects(method.call('write', 'role/a/role-id', {}), {
      status: 400,
      message: 'missing role_id',
    });
    await method.call('write', 'role/a/role-id', { role_id: 'fixed' });
    await method.call('write', 'role/a/role-id', { role_id: 'other' });
    await method.call('write', 'role/b/role-id', { role_id: 'fixed' });
    await method.call('delete', 'role/b');
    await method.call('write', 'role/c', { role_id: 'fixed' });
    assert.deepEqual(await dataOf(method, 'role/c/role-id'), { role_id: 'fixed' });
  });

  test('of two roles that take one role id at the same moment one gets it', async () => {
    const method = await methodHarness(plugin);
    const both = await Promise.allSettled(
      ['a', 'b'].map((name) => method.call('write', `role/${name}`, { role_id: 'same' })),
    );
    assert.deepEqual(both.map(({ status }) => status).sort(), ['fulfilled', 'rejected']);
    const stored = method.records.keys.filter((key) => key.startsWith('role'));
    assert.equal(stored.length, 2, 'a role and its role id');
  });

  test('changes of different settings at the same moment are all kept', async () => {
    const method = await methodHarness(plugin);
    await method.call('write', 'role/app', {});
    await Promise.all([
      method.call('write', 'role/app/token-ttl', { token_ttl: 1 }),
      method.call('write', 'role/app/token-max-ttl', { token_max_ttl: 2 }),
      method.call('write', 'role/app/period', { token_period: 3 }),
      method.call('write', 'role/app/policies', { token_policies: ['p'] }),
    ]);
    assert.deepEqual(await dataOf(method, 'role/app'), {
      ...defaults,
      token_ttl: 1,
      token_max_ttl: 2,
      token_period: 3,
      token_policies: ['p'],
    });
  });
});

describe('approle role settings', () => {
  const settings: [
    path: string,
    field: string,
    value: unknown,
    cleared: unknown,
    missing: string | undefined,
  ][] = [
    ['policies', 'token_policies', ['p1', 'p2'], [], 'missing token_policies'],
    ['period', 'token_period', 1800, 0, 'missing period'],
    ['bound-cidr-list', 'bound_cidr_list', ['127.0.0.0/8'], null, undefined],
    ['secret-id-bound-cidrs', 'secret_id_bound_cidrs', ['127.0.0.0/8'], null, undefined],
    ['token-bound-cidrs', 'token_bound_cidrs', ['127.0.0.0/8'], null, undefined],
    ['bind-secret-id', 'bind_secret_id', true, true, 'missing bind_secret_id'],
    ['secret-id-num-uses', 'secret_id_num_uses', 3, 0, 'missing secret_id_num_uses'],
    ['secret-id-ttl', 'secret_id_ttl', 300, 0, 'missing secret_id_ttl'],
    ['token-num-uses', 'token_num_uses', 4, 0, 'missing token_num_uses'],
    ['token-ttl', 'token_ttl', 600, 0, 'missing token_ttl'],
    ['token-max-ttl', 'token_max_ttl', 2400, 0, 'missing token_max_ttl'],
  ];
  for (const [path, field, value, cleared, missing] of settings) {
    test(`${path} can be read, written and set back by itself`, async () => {
      const method = await methodHarness(plugin);
      await method.call('write', 'role/def', {});
      const at = `role/def/${path}`;
      assert.deepEqual(await dataOf(method, at), { [field]: cleared });
      await method.call('write', at, { [field]: value });
      assert.deepEqual(await dataOf(method, at), { [field]: value });
      if (missing) await assert.rejects(method.call('write', at, {}), { status: 400, message: missing });
      else assert.equal(await method.call('write', at, {}), undefined);
      assert.deepEqual(await dataOf(method, at), { [field]: value });
      await method.call('delete', at);
      assert.deepEqual(await dataOf(method, 'role/def'), defaults);
      assert.equal(await method.call('read', `role/nope/${path}`), undefined);
      assert.equal(await method.call('delete', `role/nope/${path}`), undefined);
      await assert.rejects(method.call('write', `role/nope/${path}`, { [field]: value }), {
        status: 404,
        message: '1 error occurred:\n\t* unsupported path\n\n',
      });
      assert.deepEqual(await method.call('list', 'role'), { data: { keys: ['def'] } });
    });
  }

  test('bind_secret_id reads back false when it is off', async () => {
    const method = await methodHarness(plugin);
    await method.call('write', 'role/def', { token_bound_cidrs: ['10.0.0.0/8'] });
    await method.call('write', 'role/def/bind-secret-id', { bind_secret_id: false });
    assert.deepEqual(await dataOf(method, 'role/def/bind-secret-id'), { bind_secret_id: false });
  });

  test('policies by their older name read back under both', async () => {
    const method = await methodHarness(plugin);
    await method.call('write', 'role/def', {});
    await method.call('write', 'role/def/policies', { policies: ['x'] });
    assert.deepEqual(await dataOf(method, 'role/def/policies'), { policies: ['x'], token_policies: ['x'] });
    await method.call('delete', 'role/def/policies');
    assert.deepEqual(await dataOf(method, 'role/def/policies'), { token_policies: [] });
  });

  test('bound-cidr-list says what to use instead', async () => {
    const method = await methodHarness(plugin);
    await method.call('write', 'role/def', {});
    assert.match(
      (await method.call('read', 'role/def/bound-cidr-list'))?.warnings?.[0] ?? '',
      /secret_id_bound_cidrs/,
    );
  });
});
