import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { inspect } from 'node:util';
import {
  ApiError,
  CofferClient,
  type CofferClientOptions,
  fetchTransport,
  ProblemError,
} from '../../sdk/index.ts';
import { ManualClock } from '../../server/contracts/clock.ts';
import { callPlatform } from '../platform-client.ts';
import { newWorkspace } from '../platform-people.ts';
import { startTestServer, type TestServer } from '../start-server.ts';

const workspace = 'production';
let server: TestServer;
before(async () => {
  server = await startTestServer();
  await newWorkspace(server, workspace);
  await ok('sys/auth/approle', { type: 'approle' });
  await newSecret('KEY');
});
after(() => server.stop());

async function ok(path: string, body: object) {
  const answer = await server.call('POST', path, { body });
  assert.ok(answer.status < 300, `${path}: ${answer.text}`);
  return answer.body.data ?? {};
}

async function newSecret(name: string): Promise<void> {
  const made = await callPlatform(server, 'POST', 'secrets', { workspace, body: { name, value: 'v' } });
  assert.equal(made.status, 201, made.text);
}

interface Machine {
  readonly client: CofferClient;
  readonly clock: ManualClock;
  readonly secretId: string;
  /** What went out, without the platform's own requests. */
  readonly sent: string[];
  readonly tokens: Set<string>;
}

/** A machine that may read the workspace's values, with a client whose clock the test moves. */
async function machine(role: string, settings: object, options: CofferClientOptions = {}): Promise<Machine> {
  await ok(`auth/approle/role/${role}`, { role_id: `${role}-id`, token_ttl: '15m', ...settings });
  const path = `workspaces/${workspace}/members/machine:${role}`;
  const member = await callPlatform(server, 'PUT', path, { body: { role: 'admin' } });
  assert.equal(member.status, 200, member.text);
  const secretId = String((await ok(`auth/approle/role/${role}/secret-id`, {}))['secret_id']);
  const clock = new ManualClock(Date.now());
  const sent: string[] = [];
  const tokens = new Set<string>();
  const client = new CofferClient({
    address: server.address,
    login: { method: 'approle', roleId: `${role}-id`, secretId },
    workspace,
    cache: false,
    maxRetries: 0,
    clock,
    transport: (request) => {
      const { pathname } = new URL(request.url);
      if (pathname.startsWith('/v1/auth/')) sent.push(pathname.slice('/v1/auth/'.length));
      const bearer = request.headers['Authorization'];
      if (bearer !== undefined) tokens.add(bearer.slice('Bearer '.length));
      return fetchTransport(request);
    },
    ...options,
  });
  return { client, clock, secretId, sent, tokens };
}

async function until(condition: () => boolean): Promise<void> {
  for (let i = 0; !condition(); i++) {
    assert.ok(i < 2000, 'it did not happen');
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

test('a machine logs in once, when it first asks, for all that it asks at once and in every workspace', async () => {
  const { client, sent, tokens } = await machine('once', {});
  assert.deepEqual(sent, []);
  await Promise.all([client.secrets.get('KEY'), client.secrets.get('KEY'), client.secrets.list()]);
  assert.equal((await client.inWorkspace(workspace).secrets.get('KEY')).value, 'v');
  assert.deepEqual(sent, ['approle/login']);
  assert.equal(tokens.size, 1);
});

test('its token is renewed at two-thirds of its time, with nobody asking', async () => {
  const { client, clock, sent } = await machine('renewing', { token_ttl: '15m' });
  await client.secrets.get('KEY');
  clock.advance(599_000);
  assert.deepEqual(sent, ['approle/login']);
  clock.advance(1000);
  await until(() => sent.length === 2);
  assert.deepEqual(sent, ['approle/login', 'token/renew-self']);
});

test('a token that cannot be renewed is replaced in time', async () => {
  const { client, clock, sent, tokens } = await machine('batch', { token_type: 'batch', token_ttl: '15m' });
  await client.secrets.get('KEY');
  clock.advance(600_000);
  while (tokens.size === 1) await client.secrets.get('KEY');
  assert.deepEqual(sent, ['approle/login', 'approle/login']);
});

test('a token that the server no longer knows is replaced, and the request is answered', async () => {
  const { client, clock, sent, tokens } = await machine('revoked', {});
  await client.secrets.get('KEY');
  await ok('auth/token/revoke', { token: [...tokens][0] });
  clock.advance(6000);
  const both = await Promise.all([client.secrets.get('KEY'), client.secrets.batchGet(['KEY'])]);
  assert.equal(both[0].value, 'v');
  assert.equal(sent.filter((path) => path === 'approle/login').length, 2);
  await ok('auth/token/revoke', { token: [...tokens][1] });
  clock.advance(6000);
  assert.equal((await client.read('auth/token/lookup-self'))?.data?.['path'], 'auth/approle/login');
});

test('a no of the policies is no reason for another login', async () => {
  for (const settings of [{}, { token_no_default_policy: true }]) {
    const { client, clock, sent } = await machine(`denied-${Object.keys(settings).length}`, settings);
    await client.secrets.get('KEY');
    for (let i = 0; i < 4; i++) {
      clock.advance(6000);
      await assert.rejects(client.read('sys/policies/acl/root'), ApiError);
    }
    const logins = sent.filter((path) => path === 'approle/login').length;
    assert.ok(logins <= 2, `${logins} logins`);
  }
});

test('a login that fails says so without its secret, and the next request tries again', async () => {
  const { client, secretId, sent } = await machine('failing', {});
  await ok('auth/approle/role/failing/secret-id/destroy', { secret_id: secretId });
  for (let i = 0; i < 2; i++)
    await assert.rejects(client.secrets.get('KEY'), (error: Error) => {
      assert.ok(error instanceof ApiError);
      assert.equal(inspect(error, { depth: 9 }).includes(secretId), false);
      return true;
    });
  assert.equal(sent.length, 2);
  assert.equal(
    `${inspect(client, { depth: 9, showHidden: true })}${JSON.stringify(client)}`.includes(secretId),
    false,
  );
});

test('a closed client renews nothing', async () => {
  const { client, clock, sent } = await machine('closed', {});
  await client.secrets.get('KEY');
  client.close();
  clock.advance(600_000);
  await new Promise(setImmediate);
  assert.deepEqual(sent, ['approle/login']);
});

test('a client without options takes the environment, and lives MISSION’s example', async () => {
  const names = ['COFFER_ADDR', 'COFFER_TOKEN', 'COFFER_WORKSPACE', 'VAULT_ADDR', 'VAULT_TOKEN'];
  const before = names.map((name) => [name, process.env[name]] as const);
  for (const name of names) delete process.env[name];
  try {
    process.env['VAULT_ADDR'] = 'http://127.0.0.1:1';
    process.env['COFFER_ADDR'] = server.address;
    process.env['VAULT_TOKEN'] = server.rootToken;
    process.env['COFFER_WORKSPACE'] = workspace;
    const client = new CofferClient();
    await client.secrets.create({
      name: 'API_KEY',
      value: 'initial_value',
      rotationPolicy: { enabled: true, period: '30d', notifyBefore: '7d' },
    });
    assert.equal((await client.secrets.get('API_KEY')).value, 'initial_value');
    for (const name of ['DATABASE_URL', 'REDIS_URL']) await newSecret(name);
    const secrets = await client.secrets.batchGet(['DATABASE_URL', 'REDIS_URL', 'API_KEY']);
    assert.equal(secrets['API_KEY'], 'initial_value');
    process.env['COFFER_TOKEN'] = 'hvs.no-such-token';
    await assert.rejects(new CofferClient().secrets.get('API_KEY'), ProblemError);
  } finally {
    for (const [name, value] of before)
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
  }
  assert.throws(
    () => new CofferClient({ token: 't', login: { method: 'approle', roleId: 'r' } }),
    /not both/,
  );
});
