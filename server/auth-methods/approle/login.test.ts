import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { callOf } from '../../contracts/conformance/engine-harness.ts';
import { MemoryRecords } from '../../contracts/conformance/memory-records.ts';
import { type MethodHarness, methodHarness } from '../../contracts/conformance/method-harness.ts';
import type { JsonObject } from '../../contracts/request.ts';
import { plugin } from './index.ts';

const refused = { code: 'invalid-credentials', status: 400, message: 'invalid role or secret ID' };

async function approle(role: JsonObject = {}): Promise<MethodHarness> {
  const method = await methodHarness(plugin);
  await method.call('write', 'role/app', { role_id: 'app-id', token_policies: ['app'], ...role });
  return method;
}

async function newSecretId(method: MethodHarness, options: JsonObject = {}): Promise<string> {
  const reply = await method.call('write', 'role/app/secret-id', options);
  const secretId = reply?.data?.['secret_id'];
  assert.ok(typeof secretId === 'string');
  return secretId;
}

describe('approle login', () => {
  test('gives what the role says, with the metadata of the secret id', async () => {
    const method = await approle({
      token_ttl: 600,
      token_max_ttl: 1200,
      token_num_uses: 3,
      token_type: 'service',
    });
    const secret_id = await newSecretId(method, { metadata: '{"team":"blue","role_name":"admin"}' });
    const { internal, ...grant } = await method.login('login', { role_id: 'app-id', secret_id });
    assert.deepEqual(grant, {
      policies: ['app'],
      displayName: '',
      metadata: { team: 'blue', role_name: 'app' },
      alias: { name: 'app-id' },
      ttlSeconds: 600,
      maxTtlSeconds: 1200,
      explicitMaxTtlSeconds: 0,
      periodSeconds: 0,
      renewable: true,
      numUses: 3,
      boundCidrs: [],
      noDefaultPolicy: false,
      tokenType: 'service',
    });
    assert.doesNotMatch(JSON.stringify(internal), new RegExp(secret_id));
  });

  test('an unknown role id, a wrong secret id and one of another role are answered alike', async () => {
    const method = await approle();
    await method.call('write', 'role/other', { role_id: 'other-id' });
    const secret_id = await newSecretId(method);
    const wrong = [
      { role_id: 'nope', secret_id },
      { role_id: 'app-id', secret_id: 'nope' },
      { role_id: 'other-id', secret_id },
      { role_id: 'APP-ID', secret_id },
      { role_id: 'app-id', secret_id: `${secret_id} ` },
      { role_id: 'app-id', secret_id: secret_id.toUpperCase() },
      { role_id: 'x'.repeat(100_000), secret_id },
      { role_id: 'app-id', secret_id: 'x'.repeat(100_000) },
      { role_id: '__proto__', secret_id: '../\0%00' },
    ];
    for (const data of wrong) await assert.rejects(method.login('login', data), refused);
    await method.login('login', { role_id: 'app-id', secret_id });
  });

  test('an unknown role id costs as many readings of the store as a wrong secret id', async () => {
    const method = await approle();
    await method.login('login', { role_id: 'app-id', secret_id: await newSecretId(method) });
    let readings = 0;
    method.records.beforeRead = async () => {
      readings++;
    };
    const count = async (role_id: string) => {
      readings = 0;
      await assert.rejects(method.login('login', { role_id, secret_id: crypto.randomUUID() }), refused);
      return readings;
    };
    assert.deepEqual([await count('app-id'), await count('nope')], [1, 1]);
  });

  test('a missing role id or secret id is the client’s error, for an unknown role as for a known one', async () => {
    const method = await approle();
    await assert.rejects(method.login('login', { secret_id: 'x' }), {
      status: 400,
      message: 'missing role_id',
    });
    for (const role_id of ['app-id', 'nope'])
      await assert.rejects(method.login('login', { role_id }), { status: 400, message: 'missing secret_id' });
  });

  test('says whom the attempt is counted against before anything is checked', async () => {
    const method = await approle();
    const path = method.method.paths.find(({ pattern }) => pattern === 'login');
    const claimed = path?.operations.write?.claimedAlias;
    assert.ok(claimed);
    assert.equal(claimed(callOf('update', 'login', path, {}, { role_id: 'app-id' })), 'app-id');
    assert.equal(claimed(callOf('update', 'login', path, {}, {})), undefined);
  });

  test('an expired secret id is refused at its very millisecond, tidied or not', async () => {
    const method = await approle({ secret_id_ttl: 60 });
    const secret_id = await newSecretId(method);
    method.clock.advance(59_999);
    await method.login('login', { role_id: 'app-id', secret_id });
    method.clock.advance(1);
    await assert.rejects(method.login('login', { role_id: 'app-id', secret_id }), refused);
    assert.equal(await method.call('write', 'role/app/secret-id/lookup', { secret_id }), undefined);
    await method.method.tidy?.();
    await assert.rejects(method.login('login', { role_id: 'app-id', secret_id }), refused);
  });

  test('of fifty logins at once with five uses exactly five succeed, on one node and on two', async () => {
    const first = await approle({ secret_id_num_uses: 5 });
    const second = await methodHarness(plugin, { records: first.records, clock: first.clock });
    for (const nodes of [[first], [first, second]]) {
      const secret_id = await newSecretId(first);
      const all = await Promise.allSettled(
        Array.from({ length: 50 }, (_, index) =>
          nodes[index % nodes.length]!.login('login', { role_id: 'app-id', secret_id }),
        ),
      );
      assert.equal(all.filter(({ status }) => status === 'fulfilled').length, 5);
      for (const outcome of all)
        if (outcome.status === 'rejected') assert.equal(outcome.reason.code, 'invalid-credentials');
      assert.equal(await first.call('write', 'role/app/secret-id/lookup', { secret_id }), undefined);
    }
    assert.deepEqual(
      first.records.keys.filter((key) => /^(?:secret-id|accessor|ending)\//.test(key)),
      [],
    );
  });

  test('logins that wait for each other share a commit, and one without a limit costs none', async () => {
    const method = await approle({ secret_id_num_uses: 1000 });
    const limited = await newSecretId(method);
    await method.call('write', 'role/app', { secret_id_num_uses: 0 });
    const unlimited = await newSecretId(method);
    const { length: before } = method.records.commits;
    await Promise.all(
      Array.from({ length: 40 }, () => method.login('login', { role_id: 'app-id', secret_id: limited })),
    );
    const { length: after } = method.records.commits;
    assert.ok(after - before <= 4, `${after - before} commits`);
    const reply = await method.call('write', 'role/app/secret-id/lookup', { secret_id: limited });
    assert.equal(reply?.data?.['secret_id_num_uses'], 960);
    await method.login('login', { role_id: 'app-id', secret_id: unlimited });
    assert.equal(method.records.commits.length, after);
  });

  test('a failing store fails the logins that wait, and the next one works', async () => {
    const method = await approle({ secret_id_num_uses: 9 });
    const secret_id = await newSecretId(method);
    method.records.beforeCommit = async () => {
      throw new Error('the disk is away');
    };
    const tries = await Promise.allSettled(
      [1, 2, 3].map(() => method.login('login', { role_id: 'app-id', secret_id })),
    );
    assert.deepEqual(
      tries.map(({ status }) => status),
      ['rejected', 'rejected', 'rejected'],
    );
    method.records.beforeCommit = undefined;
    await method.login('login', { role_id: 'app-id', secret_id });
    const reply = await method.call('write', 'role/app/secret-id/lookup', { secret_id });
    assert.equal(reply?.data?.['secret_id_num_uses'], 8);
  });

  test('each list of addresses is enforced, and a refused login costs no use', async () => {
    const method = await approle({
      secret_id_num_uses: 2,
      secret_id_bound_cidrs: ['10.0.0.0/8'],
      token_bound_cidrs: ['10.1.0.0/16', '10.2.0.0/16'],
    });
    const secret_id = await newSecretId(method, {
      cidr_list: ['10.1.0.0/16'],
      token_bound_cidrs: ['10.1.1.0/24'],
    });
    const login = (address: string) => method.login('login', { role_id: 'app-id', secret_id }, address);
    await assert.rejects(login('11.0.0.1'), {
      status: 400,
      message: /unauthorized by CIDR restrictions on the secret ID/,
    });
    await assert.rejects(login('10.2.0.1'), {
      status: 400,
      message: /unauthorized by CIDR restrictions on the secret ID/,
    });
    await assert.rejects(login('10.1.2.1'), { status: 403, message: 'permission denied' });
    assert.deepEqual((await login('10.1.1.1')).boundCidrs, ['10.1.1.0/24']);
    const reply = await method.call('write', 'role/app/secret-id/lookup', { secret_id });
    assert.equal(reply?.data?.['secret_id_num_uses'], 1);
  });

  test('token_bound_cidrs of the role are checked at the login and carried by the token', async () => {
    const method = await approle({ token_bound_cidrs: ['10.0.0.0/8'] });
    const secret_id = await newSecretId(method);
    await assert.rejects(method.login('login', { role_id: 'app-id', secret_id }), { status: 403 });
    const grant = await method.login('login', { role_id: 'app-id', secret_id }, '10.9.9.9');
    assert.deepEqual(grant.boundCidrs, ['10.0.0.0/8']);
  });

  test('without bind_secret_id the role id is enough, from the bound addresses', async () => {
    const method = await approle({ bind_secret_id: false, secret_id_bound_cidrs: ['10.0.0.0/8'] });
    await method.login('login', { role_id: 'app-id' }, '10.0.0.1');
    await method.login('login', { role_id: 'app-id', secret_id: 'anything' }, '10.0.0.1');
    await assert.rejects(method.login('login', { role_id: 'app-id' }), {
      status: 400,
      message: 'source address "127.0.0.1" unauthorized by CIDR restrictions on the role',
    });
  });

  test('a role id that was replaced does not work any more', async () => {
    const method = await approle();
    const secret_id = await newSecretId(method);
    await method.call('write', 'role/app/role-id', { role_id: 'new-id' });
    await assert.rejects(method.login('login', { role_id: 'app-id', secret_id }), refused);
    await method.login('login', { role_id: 'new-id', secret_id });
  });

  test('secret ids end with their role, and a new role of the same name and id inherits none', async () => {
    const method = await approle();
    const secret_id = await newSecretId(method);
    await method.call('delete', 'role/app');
    await assert.rejects(method.login('login', { role_id: 'app-id', secret_id }), refused);
    await method.call('write', 'role/app', { role_id: 'app-id' });
    await assert.rejects(method.login('login', { role_id: 'app-id', secret_id }), refused);
  });

  test('a renewal takes the role’s times as they are now, and is refused when the role is gone or another', async () => {
    const method = await approle({ token_ttl: 60 });
    const login = async () => {
      const grant = await method.login('login', { role_id: 'app-id', secret_id: await newSecretId(method) });
      return { internal: grant.internal ?? {}, grant };
    };
    const renew = method.method.renew?.bind(method.method);
    assert.ok(renew);
    const before = await login();
    await method.call('write', 'role/app', { token_ttl: 30, token_policies: ['changed'] });
    const renewed = await renew(before);
    assert.deepEqual([renewed.ttlSeconds, renewed.policies], [30, ['app']]);
    await method.call('delete', 'role/app');
    await assert.rejects(renew(before), { status: 400, message: /no longer exists/ });
    await method.call('write', 'role/app', { role_id: 'app-id' });
    await assert.rejects(renew(before), { status: 400, message: /no longer exists/ });
    await renew(await login());
    await assert.rejects(renew({ ...before, internal: {} }), { status: 400 });
  });

  test('neither secret ids nor role ids stand in the names of records, and secret ids not in their values either', async () => {
    const method = await approle({ role_id: 'role-id-canary' });
    const secret_id = await newSecretId(method);
    await method.call('write', 'role/app/custom-secret-id', { secret_id: 'secret-canary' });
    await method.login('login', { role_id: 'role-id-canary', secret_id });
    const { keys } = method.records;
    assert.ok(keys.some((key) => key.startsWith('secret-id/')));
    assert.doesNotMatch(keys.join('\n'), /canary/);
    const values = await method.records.getMany(keys);
    for (const text of [secret_id, 'secret-canary'])
      assert.ok(!JSON.stringify([keys, values]).includes(text));
  });

  test('the same custom secret id looks different under two roles and on two mounts', async () => {
    const digests = async (records: MemoryRecords) => {
      const method = await methodHarness(plugin, { records });
      for (const role of ['a', 'b']) {
        await method.call('write', `role/${role}`, {});
        await method.call('write', `role/${role}/custom-secret-id`, { secret_id: 'same' });
      }
      return records.keys.filter((key) => key.startsWith('secret-id/')).map((key) => key.split('/')[2]);
    };
    const all = [...(await digests(new MemoryRecords())), ...(await digests(new MemoryRecords()))];
    assert.equal(new Set(all).size, 4);
  });

  test('a restart keeps everything', async () => {
    const method = await approle();
    const secret_id = await newSecretId(method);
    const restarted = await methodHarness(plugin, { records: method.records, clock: method.clock });
    await restarted.login('login', { role_id: 'app-id', secret_id });
  });
});
