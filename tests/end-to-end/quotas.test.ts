import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, afterEach, before, describe, test } from 'node:test';
import { startTestServer, type TestServer } from '../start-server.ts';

let server: TestServer;
before(async () => {
  server = await startTestServer();
});
after(() => server.stop());

async function ok(method: string, path: string, body?: object, more: object = {}) {
  const answer = await server.call(method, path, { ...(body ? { body } : {}), ...more });
  assert.ok(answer.status < 300, `${method} ${path}: ${answer.status} ${answer.text}`);
  return answer;
}

async function statuses(count: number, method: string, path: string, more: object = {}): Promise<number[]> {
  const found: number[] = [];
  for (let at = 0; at < count; at++) found.push((await server.call(method, path, more)).status);
  return found;
}

describe('a rate limit', () => {
  afterEach(async () => {
    for (const type of ['rate-limit', 'lease-count']) {
      const { body } = await server.call('LIST', `sys/quotas/${type}`);
      for (const name of (body.data?.['keys'] ?? []) as string[])
        await server.call('DELETE', `sys/quotas/${type}/${name}`);
    }
    await ok('POST', 'sys/quotas/config', {
      rate_limit_exempt_paths: ['sys/health'],
      enable_rate_limit_response_headers: false,
      enable_rate_limit_audit_logging: false,
    });
  });

  test('refuses with 429 what goes beyond, says when to come back, and holds from the next request on', async () => {
    assert.deepEqual(await statuses(3, 'GET', 'secret/data/none'), [404, 404, 404]);
    await ok('POST', 'sys/quotas/rate-limit/q', { rate: 2, path: 'secret', interval: '10m' });
    assert.deepEqual(await statuses(2, 'GET', 'secret/data/none'), [404, 404]);
    const refused = await server.call('GET', 'secret/data/none');
    assert.equal(refused.status, 429);
    assert.deepEqual(refused.body.errors, ['request path "secret/data/none": rate limit quota exceeded']);
    assert.match(String(refused.headers['retry-after']), /^(?:600|59\d)$/);
    assert.equal(refused.headers['x-ratelimit-limit'], undefined, 'not asked for in quotas/config');
    await ok('DELETE', 'sys/quotas/rate-limit/q');
    assert.deepEqual(await statuses(1, 'GET', 'secret/data/none'), [404]);
  });

  test('tells how much is left where quotas/config asks for it', async () => {
    await ok('POST', 'sys/quotas/config', { enable_rate_limit_response_headers: true });
    await ok('POST', 'sys/quotas/rate-limit/q', { rate: 5, path: 'secret/', interval: 60 });
    const { headers } = await server.call('GET', 'secret/data/none');
    assert.equal(headers['x-ratelimit-limit'], '5');
    assert.equal(headers['x-ratelimit-remaining'], '4');
    assert.match(String(headers['x-ratelimit-reset']), /^(?:59|60)$/);
    const elsewhere = await server.call('GET', 'sys/mounts');
    assert.equal(elsewhere.headers['x-ratelimit-limit'], undefined);
  });

  test('does not cost a token a use: a wrapped secret can be unwrapped later', async () => {
    await ok('POST', 'secret/data/wrapped', { data: { word: 'kept' } });
    const wrapped = await server.call('GET', 'secret/data/wrapped', {
      headers: { 'X-Vault-Wrap-TTL': '60' },
    });
    const token = String(wrapped.body.wrap_info?.['token']);
    await ok('POST', 'sys/quotas/rate-limit/u', { rate: 1, path: 'sys/wrapping/unwrap', interval: 600 });
    assert.deepEqual(await statuses(2, 'POST', 'sys/wrapping/unwrap', { token: 'hvs.none' }), [400, 429]);
    assert.deepEqual(await statuses(1, 'POST', 'sys/wrapping/unwrap', { token }), [429]);
    await ok('DELETE', 'sys/quotas/rate-limit/u');
    const unwrapped = await server.call('POST', 'sys/wrapping/unwrap', { token });
    assert.equal(unwrapped.status, 200, unwrapped.text);
    assert.match(unwrapped.text, /kept/);
  });

  test('of everything leaves health, and what is exempt, alone', async () => {
    await ok('POST', 'sys/quotas/config', {
      rate_limit_exempt_paths: ['sys/health', 'sys/quotas/*', 'sys/mounts'],
    });
    await ok('POST', 'sys/quotas/rate-limit/all', { rate: 1, interval: 600 });
    assert.deepEqual(await statuses(3, 'GET', 'sys/health', { token: null }), [200, 200, 200]);
    assert.deepEqual(await statuses(2, 'GET', 'sys/mounts'), [200, 200]);
    assert.deepEqual(await statuses(2, 'GET', 'sys/auth'), [200, 429]);
    assert.deepEqual(await statuses(1, 'GET', 'secret/data/none'), [429], 'one count for all paths');
  });

  test('of a namespace concerns it alone; of everything, namespaces too', async () => {
    await ok('PUT', 'sys/namespaces/team');
    await ok('POST', 'sys/quotas/rate-limit/team', { rate: 1, path: 'team', interval: 600 });
    const read = await ok('GET', 'sys/quotas/rate-limit/team');
    assert.equal(read.body.data?.['path'], 'team/');
    assert.equal(read.body.data?.['inheritable'], false);
    assert.deepEqual(await statuses(2, 'GET', 'sys/mounts', { namespace: 'team' }), [200, 429]);
    assert.deepEqual(await statuses(1, 'GET', 'team/sys/mounts'), [429], 'however it is written');
    assert.deepEqual(await statuses(2, 'GET', 'sys/mounts'), [200, 200]);
    assert.equal((await server.call('GET', 'sys/quotas/config', { namespace: 'team' })).status, 400);
    await ok('DELETE', 'sys/quotas/rate-limit/team');
    assert.equal((await server.call('GET', 'sys/quotas/config', { namespace: 'team' })).status, 400);
    await ok('DELETE', 'sys/namespaces/team');
  });

  test('of a role counts the logins with that role only', async () => {
    await ok('POST', 'sys/auth/people', { type: 'userpass' });
    await ok('POST', 'sys/quotas/rate-limit/r', { rate: 1, path: 'auth/people', role: 'ci', interval: 600 });
    const login = (role: string) =>
      server.call('POST', 'auth/people/login/nobody', { token: null, body: { password: 'x', role } });
    assert.equal((await login('ci')).status, 400);
    assert.equal((await login('ci')).status, 429);
    assert.equal((await login('other')).status, 400);
    await ok('DELETE', 'sys/auth/people');
  });

  test('of an AppRole role knows the role by its role id', async () => {
    await ok('POST', 'sys/auth/machines', { type: 'approle' });
    const roleIds: string[] = [];
    for (const role of ['ci', 'web']) {
      await ok('POST', `auth/machines/role/${role}`, { token_policies: 'default' });
      const read = await ok('GET', `auth/machines/role/${role}/role-id`);
      roleIds.push(String(read.body.data?.['role_id']));
    }
    await ok('POST', 'sys/quotas/rate-limit/m', {
      rate: 1,
      path: 'auth/machines/',
      role: 'ci',
      interval: 600,
    });
    const login = (roleId: string | undefined) =>
      server.call('POST', 'auth/machines/login', {
        token: null,
        body: { role_id: roleId, secret_id: 'wrong' },
      });
    assert.deepEqual([(await login(roleIds[0])).status, (await login(roleIds[0])).status], [400, 429]);
    assert.deepEqual([(await login(roleIds[1])).status, (await login('unknown')).status], [400, 400]);
    await ok('DELETE', 'sys/auth/machines');
  });

  test('follows its mount when that moves, and goes with its mount or namespace', async () => {
    const pathOf = async (name: string) =>
      (await server.call('GET', `sys/quotas/rate-limit/${name}`)).body.data?.['path'];
    await ok('POST', 'sys/mounts/here', { type: 'kv' });
    await ok('POST', 'sys/mounts/here-too', { type: 'kv' });
    await ok('POST', 'sys/quotas/rate-limit/whole', { rate: 1, path: 'here', interval: 600 });
    await ok('POST', 'sys/quotas/rate-limit/part', { rate: 9, path: 'here/data/*' });
    await ok('POST', 'sys/quotas/rate-limit/other', { rate: 9, path: 'here-too/' });
    await ok('POST', 'sys/remount', { from: 'here', to: 'there' });
    const deadlineMs = Date.now() + 5000;
    while ((await pathOf('whole')) !== 'there/' && Date.now() < deadlineMs)
      await new Promise((done) => setTimeout(done, 20));
    assert.deepEqual(
      [await pathOf('whole'), await pathOf('part'), await pathOf('other')],
      ['there/', 'there/data/*', 'here-too/'],
    );
    assert.deepEqual(await statuses(2, 'GET', 'there/x'), [404, 429]);
    await ok('DELETE', 'sys/mounts/there');
    assert.deepEqual(
      [await pathOf('whole'), await pathOf('part'), await pathOf('other')],
      [undefined, undefined, 'here-too/'],
    );
    await ok('PUT', 'sys/namespaces/gone');
    await ok('POST', 'sys/quotas/rate-limit/gone', { rate: 1, path: 'gone' });
    await ok('DELETE', 'sys/namespaces/gone');
    while ((await pathOf('gone')) !== undefined && Date.now() < deadlineMs)
      await new Promise((done) => setTimeout(done, 20));
    assert.equal(await pathOf('gone'), undefined);
  });

  test('is refused when it means nothing', async () => {
    const refuse = async (body: object, words: RegExp) => {
      const answer = await server.call('POST', 'sys/quotas/rate-limit/bad', { body });
      assert.equal(answer.status, 400, answer.text);
      assert.match(answer.text, words);
    };
    await refuse({ rate: -1 }, /'rate' is invalid/);
    await refuse({ path: 'secret' }, /'rate' is invalid/);
    await refuse({ rate: 'many' }, /rate/);
    await refuse({ rate: 1, path: 'nowhere/' }, /neither a namespace nor inside a mount/);
    await refuse({ rate: 1, path: 'secret', role: 'ci' }, /auth mount/);
    await refuse({ rate: 1, path: 'secret', inheritable: true }, /inheritable/);
    await refuse({ rate: 1, inheritable: false }, /global/);
    await refuse({ rate: 1, interval: '-5s' }, /interval/);
    await refuse({ rate: 1, path: 'secret/\u0000' }, /control character/);
    await refuse({ rate: 1, path: `${'x'.repeat(100_000)}` }, /longer than/);
    await refuse({ rate: 1, path: 'secret/../sys' }, /dot segment/);
    await ok('POST', 'sys/quotas/rate-limit/one', { rate: 1000, path: 'secret' });
    await refuse({ rate: 1000, path: 'secret/' }, /exists under the name \\"one\\"/);
    await ok('POST', 'sys/quotas/rate-limit/one', { rate: 2000, path: 'secret' });
  });

  test('leaves refused requests out of the audit log unless quotas/config says otherwise', async () => {
    const file = join(server.folder, 'quota-audit.log');
    await ok('PUT', 'sys/audit/file', { type: 'file', options: { file_path: file } });
    await ok('POST', 'sys/quotas/rate-limit/q', { rate: 1, path: 'secret', interval: 600 });
    await statuses(3, 'GET', 'secret/data/quiet');
    const lines = () =>
      readFileSync(file, 'utf8')
        .split('\n')
        .filter((line) => line.includes('secret/data/quiet')).length;
    assert.equal(lines(), 2, 'request and response of the one that was served');
    await ok('POST', 'sys/quotas/config', { enable_rate_limit_audit_logging: true });
    await statuses(1, 'GET', 'secret/data/quiet');
    assert.equal(lines(), 4);
    await ok('DELETE', 'sys/audit/file');
  });
});

describe('a lease-count quota', () => {
  test('refuses tokens beyond it with 429, leaves no trace of them, and lets one in for each that ends', async () => {
    const create = () =>
      server.call('POST', 'auth/token/create', { body: { ttl: '1h', policies: ['default'] } });
    const first = await create();
    await ok('POST', 'sys/quotas/lease-count/l', { max_leases: 3, path: 'auth/token' });
    assert.deepEqual([(await create()).status, (await create()).status], [200, 200]);
    const before = await ok('LIST', 'auth/token/accessors');
    const refused = await create();
    assert.equal(refused.status, 429, refused.text);
    assert.match(refused.text, /request path \\"auth\/token\/create\\": lease count quota exceeded/);
    const after = await ok('LIST', 'auth/token/accessors');
    assert.deepEqual(
      after.body.data?.['keys'],
      before.body.data?.['keys'],
      'the token that was refused is gone',
    );
    assert.equal((await ok('GET', 'sys/quotas/lease-count/l')).body.data?.['counter'], 3);
    await ok('POST', 'auth/token/revoke', { token: first.body.auth?.['client_token'] });
    await new Promise((resolve) => setTimeout(resolve, 1100));
    assert.deepEqual([(await create()).status, (await create()).status], [200, 429]);
    assert.equal(
      (await ok('POST', 'auth/token/create', { type: 'batch', ttl: '1h', policies: ['default'] })).status,
      200,
      'batch tokens have no lease',
    );
    await ok('DELETE', 'sys/quotas/lease-count/l');
    assert.equal((await create()).status, 200);
  });

  test('refuses logins before a token is made', async () => {
    await ok('POST', 'sys/auth/staff', { type: 'userpass' });
    await ok('POST', 'auth/staff/users/ann', { password: 'correct horse' });
    await ok('POST', 'sys/quotas/lease-count/s', { max_leases: 1, path: 'auth/staff/' });
    const login = () =>
      server.call('POST', 'auth/staff/login/ann', { token: null, body: { password: 'correct horse' } });
    assert.equal((await login()).status, 200);
    assert.equal((await login()).status, 429);
    await ok('DELETE', 'sys/quotas/lease-count/s');
    await ok('DELETE', 'sys/auth/staff');
  });
});
