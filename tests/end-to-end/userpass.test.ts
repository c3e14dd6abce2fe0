import assert from 'node:assert/strict';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import nodeVault from 'node-vault';
import { type CallAnswer, startTestServer, type TestServer } from '../start-server.ts';

describe('userpass over HTTP', () => {
  let server: TestServer;
  before(async () => {
    server = await startTestServer({ storage: 'sqlite' });
    await ok(
      server.call('PUT', 'sys/audit/file', {
        body: { type: 'file', options: { file_path: join(server.folder, 'audit.log') } },
      }),
    );
    await ok(server.call('POST', 'sys/auth/people', { body: { type: 'userpass' } }));
  });
  after(() => server.stop());

  async function ok(answer: Promise<CallAnswer>): Promise<CallAnswer> {
    const { status, text, ...rest } = await answer;
    assert.ok(status < 300, `${status} ${text}`);
    return { status, text, ...rest };
  }

  const login = (name: string, body?: object, headers: Record<string, string> = {}) =>
    server.call('POST', `auth/people/login/${name}`, { token: null, headers, ...(body ? { body } : {}) });

  test('a user logs in, renews while nothing has changed, and not once the user is gone', async () => {
    await ok(
      server.call('POST', 'auth/people/users/alice', {
        body: { password: 'pw', token_policies: 'app,ops', token_ttl: '10m' },
      }),
    );
    const { body } = await ok(login('ALICE', { password: 'pw' }));
    const { client_token, accessor, entity_id, ...auth } = { ...body.auth };
    assert.deepEqual(auth, {
      policies: ['app', 'default', 'ops'],
      token_policies: ['app', 'default', 'ops'],
      metadata: { username: 'alice' },
      lease_duration: 600,
      renewable: true,
      token_type: 'service',
      orphan: true,
      mfa_requirement: null,
      num_uses: 0,
    });
    assert.ok(typeof accessor === 'string' && typeof entity_id === 'string');
    const token = String(client_token);
    const self = await ok(server.call('GET', 'auth/token/lookup-self', { token }));
    assert.equal(self.body.data?.['display_name'], 'people-alice');
    await ok(server.call('POST', 'auth/token/renew-self', { token, body: {} }));
    await ok(server.call('POST', 'auth/people/users/alice/policies', { body: { token_policies: 'other' } }));
    const changed = await server.call('POST', 'auth/token/renew-self', { token, body: {} });
    assert.equal(changed.status, 400);
    assert.match(changed.body.errors?.[0] ?? '', /policies have changed, not renewing/);
    await ok(server.call('DELETE', 'auth/people/users/alice'));
    assert.equal((await server.call('POST', 'auth/token/renew-self', { token, body: {} })).status, 400);
    assert.equal((await login('alice', { password: 'pw' })).status, 400);
  });

  test('wrong, unknown, missing and misshapen are the client’s errors, wrapped or not', async () => {
    await ok(server.call('POST', 'auth/people/users/bob', { body: { password: 'pw' } }));
    const wrapping: Record<string, string> = { 'X-Vault-Wrap-TTL': '60s' };
    for (const headers of [{}, wrapping]) {
      for (const [name, body] of [
        ['bob', { password: 'nope' }],
        ['ghost', { password: 'pw' }],
      ] as const) {
        const refused = await login(name, body, headers);
        assert.deepEqual([refused.status, refused.body], [400, { errors: ['invalid username or password'] }]);
      }
      for (const body of [undefined, {}, { password: null }, { password: '' }]) {
        const missing = await login('bob', body, headers);
        assert.deepEqual([missing.status, missing.body.errors], [400, ['missing password']]);
      }
      assert.equal((await login('bob', { password: { a: 1 } }, headers)).status, 400);
    }
    const wrapped = await ok(login('bob', { password: 'pw' }, { 'X-Vault-Wrap-TTL': '60s' }));
    assert.ok(wrapped.body.auth === null && typeof wrapped.body.wrap_info?.['wrapped_accessor'] === 'string');
  });

  test('node-vault, unchanged, logs in, and so does a user who came with a bcrypt hash', async () => {
    const password_hash = '$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW';
    await ok(
      server.call('POST', 'auth/people/users/moved', { body: { password_hash, token_policies: 'app' } }),
    );
    const client = nodeVault({ endpoint: server.address, apiVersion: 'v1' });
    const { auth } = await client.userpassLogin({
      mount_point: 'people',
      username: 'moved',
      password: 'U*U',
    });
    assert.deepEqual(auth.policies, ['app', 'default']);
    const wrong = client.userpassLogin({ mount_point: 'people', username: 'moved', password: 'u*u' });
    await assert.rejects(wrong, /invalid username or password/);
  });

  test('hostile names never reach another user or record', async () => {
    await ok(server.call('POST', 'auth/people/users/kelvin', { body: { password: 'pw' } }));
    for (const name of [
      '*',
      '+',
      'kel*',
      '%E2%84%AAelvin%20',
      'kelvin%00',
      '..%2fkelvin',
      "'%20OR%201=1--",
      '%C5%BF',
      'kelvin%252f',
      '__proto__',
      'constructor',
    ]) {
      const refused = await login(name, { password: 'pw' });
      assert.equal(refused.status, 400, `${name}: ${refused.status} ${refused.text}`);
    }
    // The Kelvin sign is K in NFC, and a name has one form only: an unnormalised one is refused before anything looks at it.
    assert.equal((await login('%E2%84%AAelvin', { password: 'pw' })).status, 400);
    await ok(login('KELVIN', { password: 'pw' }));
  });

  test('addresses and uses of a user’s tokens are enforced', async () => {
    await ok(
      server.call('POST', 'auth/people/users/cidr', {
        body: { password: 'pw', token_bound_cidrs: '10.0.0.0/8' },
      }),
    );
    const refused = await login('cidr', { password: 'pw' });
    assert.deepEqual([refused.status, refused.body.errors], [403, ['permission denied']]);
    await ok(server.call('POST', 'auth/people/users/once', { body: { password: 'pw', token_num_uses: 1 } }));
    const { body } = await ok(login('once', { password: 'pw' }));
    const token = String(body.auth?.['client_token']);
    assert.equal((await server.call('GET', 'auth/token/lookup-self', { token })).status, 200);
    assert.equal((await server.call('GET', 'auth/token/lookup-self', { token })).status, 403);
  });

  test('no password stands in clear in the audit log, the server’s log, an answer or the store', async () => {
    const canary = 'canary-51c0de';
    const answers = [
      await server.call('POST', 'auth/people/users/quiet', { body: { password: `${canary}-a` } }),
      await server.call('POST', 'auth/people/users/quiet', { body: { password: { x: `${canary}-b` } } }),
      await server.call('POST', 'auth/people/users/quiet', { body: { password_hash: `${canary}-c` } }),
      await server.call('POST', 'auth/people/users/quiet/password', { body: { password: `${canary}-d` } }),
      await server.call('POST', 'auth/people/users/ghost/password', { body: { password: `${canary}-e` } }),
      await login('quiet', { password: `${canary}-d` }),
      await login('quiet', { password: `${canary}-f` }),
      await login('quiet', { password: [`${canary}-g`] }),
      await login('*', { password: `${canary}-h` }),
      await server.call('POST', 'auth/people/login/quiet', {
        token: null,
        body: `{"password":"${canary}-i"`,
      }),
      await server.call('GET', 'auth/people/users/quiet'),
    ];
    for (const { status, text } of answers) {
      assert.ok(status < 500, text);
      assert.ok(!text.includes(canary), text);
    }
    const files = readdirSync(server.folder, { recursive: true, encoding: 'utf8' }).map((name) =>
      join(server.folder, name),
    );
    const stored = files
      .filter((file) => statSync(file).isFile())
      .map((file) => readFileSync(file, 'latin1'))
      .join('\n');
    assert.match(stored, /"path":"auth\/people\/login\/quiet"/);
    for (const sink of [stored, server.logText()]) assert.ok(!sink.includes(canary));
  });
});
