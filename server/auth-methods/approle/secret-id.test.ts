import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type MethodHarness, methodHarness } from '../../contracts/conformance/method-harness.ts';
import type { JsonObject } from '../../contracts/request.ts';
import { plugin } from './index.ts';
import { parseMetadata } from './secret-id-record.ts';

async function approle(role: JsonObject = {}): Promise<MethodHarness> {
  const method = await methodHarness(plugin);
  await method.call('write', 'role/app', { role_id: 'app-id', ...role });
  return method;
}

async function make(method: MethodHarness, options: JsonObject = {}): Promise<Record<string, unknown>> {
  const reply = await method.call('write', 'role/app/secret-id', options);
  assert.ok(reply?.data);
  return { ...reply.data };
}

describe('approle secret ids', () => {
  test('a new one has the role’s limits, and lookup by itself and by accessor says the same', async () => {
    const method = await approle({ secret_id_num_uses: 10, secret_id_ttl: 600 });
    const { secret_id, secret_id_accessor, ...limits } = await make(method, { metadata: 'team=blue' });
    assert.deepEqual(limits, { secret_id_num_uses: 10, secret_id_ttl: 600 });
    assert.match(String(secret_id), /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
    assert.notEqual(secret_id, secret_id_accessor);
    method.clock.advance(1000);
    await method.login('login', { role_id: 'app-id', secret_id });
    const expected = {
      cidr_list: [],
      creation_time: '2026-01-01T00:00:00.000Z',
      expiration_time: '2026-01-01T00:10:00.000Z',
      last_updated_time: '2026-01-01T00:00:01.000Z',
      metadata: { team: 'blue' },
      secret_id_accessor,
      secret_id_num_uses: 9,
      secret_id_ttl: 600,
      token_bound_cidrs: [],
    };
    const bySecret = await method.call('write', 'role/app/secret-id/lookup', { secret_id });
    const byAccessor = await method.call('write', 'role/app/secret-id-accessor/lookup', {
      secret_id_accessor,
    });
    assert.deepEqual([bySecret?.data, byAccessor?.data], [expected, expected]);
  });

  test('without limits it never expires, shown as Go’s zero time', async () => {
    const method = await approle();
    const { secret_id } = await make(method);
    const reply = await method.call('write', 'role/app/secret-id/lookup', { secret_id });
    assert.equal(reply?.data?.['expiration_time'], '0001-01-01T00:00:00Z');
    method.clock.advance(10 * 365 * 86_400_000);
    await method.login('login', { role_id: 'app-id', secret_id });
  });

  test('one may be narrower than its role allows, never wider', async () => {
    const method = await approle({
      secret_id_num_uses: 10,
      secret_id_ttl: 600,
      secret_id_bound_cidrs: ['127.0.0.0/8'],
      token_bound_cidrs: ['10.0.0.0/8'],
    });
    const made = await make(method, {
      num_uses: 2,
      ttl: 120,
      cidr_list: ['127.0.0.1/32'],
      token_bound_cidrs: ['10.1.0.0/16'],
    });
    assert.deepEqual([made['secret_id_num_uses'], made['secret_id_ttl']], [2, 120]);
    const refused: [JsonObject, RegExp][] = [
      [{ num_uses: 11 }, /num_uses cannot be higher than the role's secret_id_num_uses/],
      [{ num_uses: 0 }, /num_uses cannot be higher/],
      [{ num_uses: -1 }, /num_uses cannot be negative/],
      [{ ttl: 601 }, /ttl cannot be longer than the role's secret_id_ttl/],
      [{ ttl: 0 }, /ttl cannot be longer/],
      [{ cidr_list: ['10.0.0.0/8'] }, /failed to verify subset relationship/],
      [{ cidr_list: ['0.0.0.0/0'] }, /failed to verify subset relationship/],
      [{ token_bound_cidrs: ['11.0.0.0/8'] }, /failed to verify subset relationship/],
      [{ cidr_list: ['zzz'] }, /failed to validate CIDR blocks/],
      [{ metadata: 'zzz' }, /failed to parse metadata/],
    ];
    for (const [data, message] of refused)
      await assert.rejects(method.call('write', 'role/app/secret-id', data), { status: 400, message });
  });

  test('a time beyond the mount’s maximum is cut to it', async () => {
    const method = await approle();
    assert.equal((await make(method, { ttl: 99_999_999 }))['secret_id_ttl'], method.mount.maxLeaseTtlSeconds);
  });

  test('a custom one is taken once, and can be set again when it has ended', async () => {
    const method = await approle();
    const custom = { secret_id: 'mine', ttl: 60 };
    await method.call('write', 'role/app/custom-secret-id', custom);
    await assert.rejects(method.call('write', 'role/app/custom-secret-id', custom), {
      status: 400,
      message: /already registered/,
    });
    await assert.rejects(method.call('write', 'role/app/custom-secret-id', {}), {
      status: 400,
      message: 'missing secret_id',
    });
    method.clock.advance(60_000);
    await method.call('write', 'role/app/custom-secret-id', custom);
    await method.login('login', { role_id: 'app-id', secret_id: 'mine' });
    await method.method.tidy?.();
    await method.login('login', { role_id: 'app-id', secret_id: 'mine' });
    assert.equal(method.records.keys.filter((key) => key.startsWith('accessor/')).length, 1);
  });

  test('destroying one ends that one, by itself or by its accessor, with POST or DELETE', async () => {
    const method = await approle();
    const kept = await make(method);
    const ways: ((made: Record<string, unknown>) => Promise<unknown>)[] = [
      ({ secret_id }) => method.call('write', 'role/app/secret-id/destroy', { secret_id }),
      ({ secret_id }) => method.call('delete', `role/app/secret-id/destroy?secret_id=${secret_id}`),
      ({ secret_id_accessor }) =>
        method.call('write', 'role/app/secret-id-accessor/destroy', { secret_id_accessor }),
      ({ secret_id_accessor }) =>
        method.call('delete', `role/app/secret-id-accessor/destroy?secret_id_accessor=${secret_id_accessor}`),
    ];
    for (const destroy of ways) {
      const made = await make(method, { ttl: 60 });
      assert.equal(await destroy(made), undefined);
      await assert.rejects(method.login('login', { role_id: 'app-id', secret_id: made['secret_id'] }), {
        code: 'invalid-credentials',
      });
      assert.equal(
        await method.call('write', 'role/app/secret-id/destroy', { secret_id: made['secret_id'] }),
        undefined,
      );
      assert.deepEqual(await method.call('list', 'role/app/secret-id'), {
        data: { keys: [kept['secret_id_accessor']] },
      });
    }
    assert.deepEqual(
      method.records.keys.filter((key) => key.startsWith('ending/')),
      [],
    );
    await method.login('login', { role_id: 'app-id', secret_id: kept['secret_id'] });
  });

  test('an accessor of another role is as unknown as one that never was', async () => {
    const method = await approle();
    await method.call('write', 'role/other', {});
    const { secret_id, secret_id_accessor } = await make(method);
    for (const verb of ['lookup', 'destroy']) {
      for (const accessor of [secret_id_accessor, 'nope', '../app']) {
        const reply = await method.call('write', `role/other/secret-id-accessor/${verb}`, {
          secret_id_accessor: accessor,
        });
        assert.deepEqual(reply, {
          status: 404,
          data: { error: `failed to find accessor entry for secret_id_accessor: "${accessor}"` },
        });
      }
      assert.equal(await method.call('write', `role/other/secret-id/${verb}`, { secret_id }), undefined);
      await assert.rejects(method.call('write', `role/app/secret-id/${verb}`, {}), {
        status: 400,
        message: 'missing secret_id',
      });
      await assert.rejects(method.call('write', `role/app/secret-id-accessor/${verb}`, {}), {
        status: 400,
        message: 'missing secret_id_accessor',
      });
    }
    await method.login('login', { role_id: 'app-id', secret_id });
  });

  test('below an unknown role each call says so, and none is a server’s fault', async () => {
    const method = await approle();
    const message = 'role "nope" does not exist';
    const data = { secret_id: 'x', secret_id_accessor: 'x' };
    await assert.rejects(method.call('list', 'role/nope/secret-id'), { status: 400, message });
    for (const path of [
      'secret-id',
      'custom-secret-id',
      'secret-id/lookup',
      'secret-id/destroy',
      'secret-id-accessor/lookup',
      'secret-id-accessor/destroy',
    ])
      await assert.rejects(method.call('write', `role/nope/${path}`, data), { status: 404, message });
  });

  test('none are made for a role that does not use them', async () => {
    const method = await approle({ bind_secret_id: false, token_bound_cidrs: ['127.0.0.0/8'] });
    await assert.rejects(method.call('write', 'role/app/secret-id', {}), {
      status: 400,
      message: 'bind_secret_id is not set on the role',
    });
  });

  test('one that is made while its role is deleted does not outlive it', async () => {
    const method = await approle();
    method.records.beforeCommit = async (change) => {
      if (!change.put?.some(([key]) => key.startsWith('secret-id/'))) return;
      method.records.beforeCommit = undefined;
      await method.call('delete', 'role/app');
    };
    await assert.rejects(method.call('write', 'role/app/secret-id', {}), { status: 404 });
    assert.deepEqual(method.records.keys, ['digest-key']);
  });

  test('tidy removes what has expired and nothing else, and what a deleted role left after a crash', async () => {
    const method = await approle();
    await make(method, { ttl: 10 });
    const later = await make(method, { ttl: 20 });
    const forever = await make(method);
    method.clock.advance(10_000);
    await method.method.tidy?.();
    const accessors = [later['secret_id_accessor'], forever['secret_id_accessor']].sort();
    assert.deepEqual(await method.call('list', 'role/app/secret-id'), { data: { keys: accessors } });
    assert.equal(method.records.keys.filter((key) => key.startsWith('ending/')).length, 1);
    let commits = 0;
    method.records.beforeCommit = async () => {
      if (++commits > 1) throw new Error('killed');
    };
    await assert.rejects(method.call('delete', 'role/app'), /killed/);
    method.records.beforeCommit = undefined;
    await assert.rejects(method.login('login', { role_id: 'app-id', secret_id: forever['secret_id'] }), {
      code: 'invalid-credentials',
    });
    await method.method.tidy?.();
    assert.deepEqual(method.records.keys, ['digest-key']);
  });

  test('tidy by hand answers at once with what Vault answers', async () => {
    const method = await approle();
    const reply = await method.call('write', 'tidy/secret-id', {});
    assert.equal(reply?.status, 202);
    assert.match(reply?.warnings?.[0] ?? '', /^Tidy operation successfully started\./);
  });
});

describe('metadata of secret ids', () => {
  test('is a JSON object of strings, or pairs, or either in base64', () => {
    const expected = { team: 'blue', env: 'ci' };
    const json = JSON.stringify(expected);
    for (const text of [
      json,
      'team=blue, env=ci',
      Buffer.from(json).toString('base64'),
      Buffer.from('team=blue,env=ci').toString('base64'),
    ])
      assert.deepEqual(parseMetadata(text), expected);
    assert.deepEqual(parseMetadata(''), {});
    assert.deepEqual(Object.entries(parseMetadata('{"__proto__":"x"}')), [['__proto__', 'x']]);
  });

  test('of another form is refused without being repeated', () => {
    for (const text of ['zzz', '[]', '{"a":1}', '{"a":{"b":"c"}}', '{', 'null', '=x', 'a=b,c'])
      assert.throws(
        () => parseMetadata(text),
        (error: Error) => !error.message.includes(text) || text === '=x' || text === '[]',
      );
  });
});
