import assert from 'node:assert/strict';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import nodeVault from 'node-vault';
import { type CallAnswer, startTestServer, type TestServer } from '../start-server.ts';

const policy = 'path "secret/data/ai/openai" { capabilities = ["read"] }';

describe('approle over HTTP', () => {
  let server: TestServer;
  before(async () => {
    server = await startTestServer({ storage: 'sqlite' });
    await ok(
      server.call('PUT', 'sys/audit/file', {
        body: { type: 'file', options: { file_path: join(server.folder, 'audit.log') } },
      }),
    );
    await ok(server.call('POST', 'sys/auth/approle', { body: { type: 'approle' } }));
    await ok(server.call('PUT', 'sys/policies/acl/app', { body: { policy } }));
    await ok(server.call('POST', 'secret/data/ai/openai', { body: { data: { key: 'sk-1' } } }));
  });
  after(() => server.stop());

  async function ok(answer: Promise<CallAnswer>): Promise<CallAnswer> {
    const { status, text, ...rest } = await answer;
    assert.ok(status < 300, `${status} ${text}`);
    return { status, text, ...rest };
  }

  const login = (body: object, headers: Record<string, string> = {}) =>
    server.call('POST', 'auth/approle/login', { token: null, body, headers });

  async function newRole(
    name: string,
    settings: object,
  ): Promise<{ role_id: string; secretId(options?: object): Promise<string> }> {
    await ok(
      server.call('POST', `auth/approle/role/${name}`, { body: { role_id: `${name}-id`, ...settings } }),
    );
    return {
      role_id: `${name}-id`,
      async secretId(options = {}) {
        const { body } = await ok(
          server.call('POST', `auth/approle/role/${name}/secret-id`, { body: options }),
        );
        return String(body.data?.['secret_id']);
      },
    };
  }

  test('a machine gets a wrapped secret id, logs in, reads its secret and renews, until its role is gone', async () => {
    const role = await newRole('server', {
      token_policies: 'app',
      token_ttl: '20m',
      token_max_ttl: '1h',
      secret_id_ttl: '10m',
      secret_id_num_uses: 1,
    });
    const wrapped = await ok(
      server.call('POST', 'auth/approle/role/server/secret-id', { headers: { 'X-Vault-Wrap-TTL': '60s' } }),
    );
    assert.equal(wrapped.body.data ?? null, null);
    assert.match(String(wrapped.body.wrap_info?.['wrapped_accessor']), /^[0-9a-f-]{36}$/);
    const unwrapped = await ok(
      server.call('POST', 'sys/wrapping/unwrap', {
        token: String(wrapped.body.wrap_info?.['token']),
        body: {},
      }),
    );
    const secret_id = unwrapped.body.data?.['secret_id'];
    const { body } = await ok(login({ role_id: role.role_id, secret_id }));
    const { client_token, accessor, entity_id, ...auth } = { ...body.auth };
    assert.deepEqual(auth, {
      policies: ['app', 'default'],
      token_policies: ['app', 'default'],
      metadata: { role_name: 'server' },
      lease_duration: 1200,
      renewable: true,
      token_type: 'service',
      orphan: true,
      mfa_requirement: null,
      num_uses: 0,
    });
    assert.ok(typeof accessor === 'string' && typeof entity_id === 'string');
    const token = String(client_token);
    const read = await ok(server.call('GET', 'secret/data/ai/openai', { token }));
    assert.deepEqual(read.body.data?.['data'], { key: 'sk-1' });
    assert.equal((await server.call('GET', 'auth/approle/role/server', { token })).status, 403);
    const self = await ok(server.call('GET', 'auth/token/lookup-self', { token }));
    assert.deepEqual(
      [self.body.data?.['display_name'], self.body.data?.['path']],
      ['approle', 'auth/approle/login'],
    );
    const again = await login({ role_id: role.role_id, secret_id });
    assert.deepEqual([again.status, again.body.errors], [400, ['invalid role or secret ID']]);
    await ok(server.call('POST', 'auth/token/renew-self', { token, body: {} }));
    await ok(server.call('DELETE', 'auth/approle/role/server'));
    assert.equal((await server.call('POST', 'auth/token/renew-self', { token, body: {} })).status, 400);
  });

  test('of fifty logins at once with five uses exactly five succeed', async () => {
    const role = await newRole('five', { secret_id_num_uses: 5 });
    const secret_id = await role.secretId();
    const answers = await Promise.all(
      Array.from({ length: 50 }, () => login({ role_id: role.role_id, secret_id })),
    );
    const statuses = answers.map(({ status }) => status);
    assert.equal(statuses.filter((status) => status === 200).length, 5, String(statuses));
    // After five that were wrong the role id is locked.
    const refused = statuses.filter((status) => status === 400 || status === 403);
    assert.equal(refused.length, 45, String(statuses));
    const tokens = new Set(answers.map(({ body }) => body.auth?.['client_token']).filter(Boolean));
    assert.equal(tokens.size, 5);
  });

  test('an expired secret id does not log in, though nothing has tidied it', async () => {
    const role = await newRole('short', {});
    const secret_id = await role.secretId({ ttl: '1s' });
    await new Promise((resolve) => setTimeout(resolve, 1100));
    const refused = await login({ role_id: role.role_id, secret_id });
    assert.deepEqual([refused.status, refused.body.errors], [400, ['invalid role or secret ID']]);
    assert.equal((await server.call('POST', 'auth/approle/tidy/secret-id', { body: {} })).status, 202);
  });

  test('addresses are checked at the login and bind the token', async () => {
    const outside = await newRole('outside', { token_bound_cidrs: '10.0.0.0/8' });
    const refused = await login({ role_id: outside.role_id, secret_id: await outside.secretId() });
    assert.deepEqual([refused.status, refused.body.errors], [403, ['permission denied']]);
    const inside = await newRole('inside', {
      token_bound_cidrs: ['127.0.0.0/8'],
      token_strictly_bind_ip: true,
    });
    const { body } = await ok(login({ role_id: inside.role_id, secret_id: await inside.secretId() }));
    const self = await ok(
      server.call('GET', 'auth/token/lookup-self', { token: String(body.auth?.['client_token']) }),
    );
    assert.deepEqual(self.body.data?.['bound_cidrs'], ['127.0.0.1']);
  });

  test('batch tokens, periods, uses and an explicit maximum reach the token', async () => {
    const batch = await newRole('batch', { token_type: 'batch', token_ttl: '5m' });
    const { body } = await ok(login({ role_id: batch.role_id, secret_id: await batch.secretId() }));
    assert.deepEqual(
      [body.auth?.['token_type'], body.auth?.['lease_duration'], body.auth?.['renewable']],
      ['batch', 300, false],
    );
    const periodic = await newRole('periodic', {
      token_period: '1h',
      token_num_uses: 2,
      token_explicit_max_ttl: '2h',
    });
    const second = await ok(login({ role_id: periodic.role_id, secret_id: await periodic.secretId() }));
    assert.deepEqual([second.body.auth?.['lease_duration'], second.body.auth?.['num_uses']], [3600, 2]);
  });

  test('a renewal follows what the role says by then', async () => {
    const role = await newRole('renewed', { token_ttl: '20m', token_max_ttl: '1h' });
    const { body } = await ok(login({ role_id: role.role_id, secret_id: await role.secretId() }));
    await ok(server.call('POST', 'auth/approle/role/renewed', { body: { token_ttl: '5m' } }));
    const token = String(body.auth?.['client_token']);
    const renewed = await ok(server.call('POST', 'auth/token/renew-self', { token, body: {} }));
    assert.equal(renewed.body.auth?.['lease_duration'], 300);
  });

  test('node-vault, unchanged, does all that it can do with AppRole', async () => {
    const root = nodeVault({ endpoint: server.address, apiVersion: 'v1', token: server.rootToken });
    const role_name = 'from-node-vault';
    await root.addApproleRole({ role_name, policies: 'app', secret_id_ttl: 600 });
    await root.updateApproleRoleId({ role_name, role_id: 'node-vault-id' });
    assert.ok((await root.approleRoles()).data.keys.includes(role_name));
    assert.deepEqual((await root.getApproleRole({ role_name })).data.policies, ['app']);
    const { role_id } = (await root.getApproleRoleId({ role_name })).data;
    const made = (
      await root.getApproleRoleSecret({ role_name, metadata: '{"team":"blue"}', cidr_list: ['127.0.0.1/32'] })
    ).data;
    const { secret_id, secret_id_accessor } = made;
    const application = nodeVault({ endpoint: server.address, apiVersion: 'v1' });
    const { auth } = await application.approleLogin({ role_id, secret_id });
    assert.deepEqual(auth.metadata, { role_name, team: 'blue' });
    assert.equal((await application.read('secret/data/ai/openai')).data.data.key, 'sk-1');
    assert.deepEqual((await root.approleSecretAccessors({ role_name })).data.keys, [secret_id_accessor]);
    const looked = await root.approleSecretLookup({ role_name, secret_id });
    assert.deepEqual(
      (await root.approleSecretAccessorLookup({ role_name, secret_id_accessor })).data,
      looked.data,
    );
    await root.approleSecretAccessorDestroy({ role_name, secret_id_accessor });
    await assert.rejects(application.approleLogin({ role_id, secret_id }), /invalid role or secret ID/);
    const second = (await root.getApproleRoleSecret({ role_name })).data;
    await root.approleSecretDestroy({ role_name, secret_id: second.secret_id });
    await assert.rejects(
      application.approleLogin({ role_id, secret_id: second.secret_id }),
      /invalid role or secret ID/,
    );
    await root.deleteApproleRole({ role_name });
    await assert.rejects(root.getApproleRole({ role_name }), /404/);
  });

  test('a client’s mistake is never the server’s, whatever field it is in', async () => {
    const role = await newRole('fuzzed', {});
    const paths: Record<string, string[]> = {
      login: ['role_id', 'secret_id'],
      'role/fuzzed': [
        'bind_secret_id',
        'secret_id_bound_cidrs',
        'secret_id_num_uses',
        'secret_id_ttl',
        'token_policies',
        'token_ttl',
        'token_bound_cidrs',
        'token_type',
        'policies',
        'period',
        'role_id',
      ],
      'role/fuzzed/secret-id': ['metadata', 'cidr_list', 'token_bound_cidrs', 'num_uses', 'ttl'],
      'role/fuzzed/custom-secret-id': ['secret_id', 'metadata'],
      'role/fuzzed/secret-id/lookup': ['secret_id'],
      'role/fuzzed/secret-id-accessor/destroy': ['secret_id_accessor'],
    };
    const values: unknown[] = [
      { a: { b: [1] } },
      [{}],
      true,
      -1,
      1e30,
      '',
      '\u0000',
      '../../x',
      'é'.repeat(9000),
      '\ud800',
      null,
    ];
    for (const [path, fields] of Object.entries(paths)) {
      for (const field of fields) {
        for (const value of values) {
          const rest = path === 'login' ? { role_id: role.role_id, secret_id: 'x' } : {};
          const { status, text } = await server.call('POST', `auth/approle/${path}`, {
            body: { ...rest, [field]: value },
          });
          assert.ok(
            status < 500,
            `${path} ${field} ${JSON.stringify(value).slice(0, 40)}: ${status} ${text}`,
          );
        }
      }
    }
  });

  test('neither role ids nor secret ids stand in clear in the audit log, the server’s log or the store', async () => {
    const canary = 'canary-7f3a91';
    await ok(
      server.call('POST', 'auth/approle/role/quiet', {
        body: { role_id: `${canary}-role`, token_policies: 'app' },
      }),
    );
    await ok(
      server.call('POST', 'auth/approle/role/quiet/custom-secret-id', {
        body: { secret_id: `${canary}-secret`, metadata: 'team=blue' },
      }),
    );
    const made = await ok(server.call('POST', 'auth/approle/role/quiet/secret-id', { body: {} }));
    const secretId = String(made.body.data?.['secret_id']);
    await ok(login({ role_id: `${canary}-role`, secret_id: `${canary}-secret` }));
    await ok(login({ role_id: `${canary}-role`, secret_id: secretId }));
    await login({ role_id: `${canary}-role`, secret_id: `${canary}-wrong` });
    await login({ role_id: { [`${canary}-key`]: `${canary}-nested` } });
    await ok(
      server.call('POST', 'auth/approle/role/quiet/secret-id/lookup', {
        body: { secret_id: `${canary}-secret` },
      }),
    );
    await ok(
      server.call('POST', 'auth/approle/role/quiet/secret-id/destroy', {
        body: { secret_id: `${canary}-secret` },
      }),
    );
    const audit = readFileSync(join(server.folder, 'audit.log'), 'utf8');
    assert.match(audit, /"path":"auth\/approle\/login"/);
    const files = readdirSync(server.folder, { recursive: true, encoding: 'utf8' }).map((name) =>
      join(server.folder, name),
    );
    const stored = files
      .filter((file) => statSync(file).isFile())
      .map((file) => readFileSync(file, 'latin1'))
      .join('\n');
    for (const sink of [server.logText(), stored]) {
      for (const text of [
        `${canary}-role`,
        `${canary}-secret`,
        `${canary}-wrong`,
        `${canary}-nested`,
        secretId,
      ])
        assert.ok(!sink.includes(text), `${text} in clear`);
    }
  });
});
