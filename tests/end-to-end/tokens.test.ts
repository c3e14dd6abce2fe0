import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { type CallAnswer, type CallOptions, startTestServer, type TestServer } from '../start-server.ts';

const lookupKeys = [
  'accessor',
  'creation_time',
  'creation_ttl',
  'display_name',
  'entity_id',
  'expire_time',
  'explicit_max_ttl',
  'id',
  'issue_time',
  'meta',
  'num_uses',
  'orphan',
  'path',
  'policies',
  'renewable',
  'ttl',
  'type',
];

for (const storage of ['memory', 'sqlite'] as const) {
  describe(`tokens over HTTP on ${storage}`, () => {
    let server: TestServer;
    before(async () => {
      server = await startTestServer({ storage });
      const audit = { type: 'file', options: { file_path: join(server.folder, 'audit.log') } };
      await ok('PUT', 'sys/audit/file', { body: audit });
      const policy = 'path "secret/*" { capabilities = ["read", "create", "update"] }';
      await ok('PUT', 'sys/policies/acl/app', { body: { policy } });
      await ok('POST', 'secret/data/a', { body: { data: { key: 'value' } } });
    });
    after(() => server.stop());

    async function ok(method: string, path: string, options: CallOptions = {}): Promise<CallAnswer> {
      const answer = await server.call(method, path, options);
      assert.ok(answer.status < 300, `${method} ${path}: ${answer.status} ${answer.text}`);
      return answer;
    }
    async function make(body: object = {}, options: CallOptions = {}): Promise<Record<string, unknown>> {
      const { body: made } = await ok('POST', 'auth/token/create', { body, ...options });
      assert.ok(made.auth);
      return made.auth;
    }
    const token = async (body: object = {}, options: CallOptions = {}) =>
      String((await make(body, options))['client_token']);
    const self = (given: string) => server.call('GET', 'auth/token/lookup-self', { token: given });

    test('a token shows as in Vault, by itself, by another, and by its accessor without the token', async () => {
      const body = { policies: ['app'], ttl: '1h', meta: { who: 'me' }, display_name: 'my app' };
      const auth = await make(body);
      const id = String(auth['client_token']);
      assert.match(id, /^hvs\.[A-Za-z0-9]{24}$/);
      const shown = (await self(id)).body.data;
      assert.deepEqual(Object.keys(shown ?? {}).sort(), lookupKeys);
      assert.deepEqual(
        [shown?.['display_name'], shown?.['policies'], shown?.['meta'], shown?.['id']],
        ['token-my-app', ['app', 'default'], { who: 'me' }, id],
      );
      const other = (await ok('POST', 'auth/token/lookup', { body: { token: id } })).body.data;
      assert.deepEqual({ ...other, ttl: 0 }, { ...shown, ttl: 0 });
      const { accessor } = auth;
      const byAccessor = await ok('POST', 'auth/token/lookup-accessor', { body: { accessor } });
      assert.deepEqual({ ...byAccessor.body.data, ttl: 0 }, { ...shown, id: '', ttl: 0 });
      assert.ok(!byAccessor.text.includes(id));
    });

    test('what is not a token, or not one any more, is told apart from nothing', async () => {
      const unknown = await server.call('POST', 'auth/token/lookup', { body: { token: 'hvs.none' } });
      assert.deepEqual([unknown.status, unknown.body.errors], [403, ['bad token']]);
      for (const given of ['hvs.none', 'x'.repeat(9000), 'hvb.AAAA', '..', 'a.b.c'])
        assert.deepEqual((await self(given)).body, { errors: ['permission denied'] }, given.slice(0, 20));
      const accessor = await server.call('POST', 'auth/token/lookup-accessor', { body: { accessor: 'a/b' } });
      assert.deepEqual(
        [accessor.status, accessor.body.errors],
        [400, ['1 error occurred:\n\t* invalid accessor\n\n']],
      );
      const gone = await ok('POST', 'auth/token/revoke-accessor', { body: { accessor: 'zz' } });
      assert.deepEqual(gone.body.warnings, ['No token found with this accessor']);
      assert.equal((await ok('POST', 'auth/token/revoke', { body: { token: 'hvs.none' } })).status, 204);
    });

    test('a policy that is not there is named in a warning, one that is there is not', async () => {
      const policies = ['app', 'default', 'not-there'];
      const made = await ok('POST', 'auth/token/create', { body: { policies, ttl: '1m' } });
      assert.deepEqual(made.body.warnings, ['Policy "not-there" does not exist']);
    });

    test('of fifty requests at the same moment with a token for five uses, exactly five are served', async () => {
      const limited = await token({ policies: ['app'], num_uses: 5 });
      const answers = await Promise.all(
        Array.from({ length: 50 }, (_, n) =>
          n % 2 === 0 ? self(limited) : server.call('GET', 'secret/data/a', { token: limited }),
        ),
      );
      assert.equal(answers.filter(({ status }) => status === 200).length, 5);
      assert.equal(answers.filter(({ status }) => status === 403).length, 45);
      assert.equal((await self(limited)).status, 403);
      const once = await token({ policies: ['app'], num_uses: 1 });
      assert.equal((await self(once)).body.data?.['num_uses'], -1);
      const lookup = await server.call('POST', 'auth/token/lookup', { body: { token: once } });
      assert.equal(lookup.status, 403, 'it is gone');
    });

    test('revoking a token ends all that were made with it before the answer comes', async () => {
      const parent = await token({ policies: ['root'], ttl: '1h' });
      const child = await token({ policies: ['root'], ttl: '1h' }, { token: parent });
      const grandchild = await token({ policies: ['app'] }, { token: child });
      const batch = await token({ policies: ['app'], type: 'batch' }, { token: child });
      const orphan = await token({ policies: ['app'], no_parent: true }, { token: child });
      await ok('POST', 'cubbyhole/x', { body: { a: 1 }, token: child });
      await ok('POST', 'auth/token/revoke', { body: { token: parent } });
      for (const ended of [parent, child, grandchild, batch]) assert.equal((await self(ended)).status, 403);
      assert.equal((await self(orphan)).status, 200);
    });

    test('a child has at most its parent’s policies, and root needs root', async () => {
      const create = 'path "auth/token/create" { capabilities = ["update"] }';
      await ok('PUT', 'sys/policies/acl/maker', { body: { policy: create } });
      const maker = await token({ policies: ['maker', 'app'] });
      assert.deepEqual((await make({}, { token: maker }))['policies'], ['app', 'default', 'maker']);
      assert.deepEqual((await make({ policies: ['app'] }, { token: maker }))['policies'], ['app', 'default']);
      const refused: readonly (readonly [object, string])[] = [
        [{ policies: ['other'] }, 'child policies must be subset of parent'],
        [{ policies: ['root'] }, 'child policies must be subset of parent'],
        [{ policies: ['ROOT '] }, 'child policies must be subset of parent'],
        [{ no_parent: true }, 'root or sudo privileges required to create orphan token'],
        [{ period: '1h' }, 'root or sudo privileges required to create periodic token'],
        [{ id: 'mine' }, 'root or sudo privileges required to specify token id'],
      ];
      for (const [body, message] of refused) {
        const answer = await server.call('POST', 'auth/token/create', { token: maker, body });
        assert.deepEqual([answer.status, answer.body.errors], [400, [message]]);
      }
      const sudo = 'path "auth/token/create" { capabilities = ["update", "sudo"] }';
      await ok('PUT', 'sys/policies/acl/sudo-maker', { body: { policy: sudo } });
      const sudoMaker = await token({ policies: ['sudo-maker'] });
      const root = await server.call('POST', 'auth/token/create', {
        token: sudoMaker,
        body: { policies: ['root'] },
      });
      assert.deepEqual(root.body.errors, ['root tokens may not be created without parent token being root']);
      assert.deepEqual((await make({ policies: ['app'] }, { token: sudoMaker }))['policies'], [
        'app',
        'default',
      ]);
      const limited = await token({ policies: ['maker'], num_uses: 3 });
      const child = await server.call('POST', 'auth/token/create', { token: limited, body: {} });
      assert.deepEqual(child.body.errors, ['restricted use token cannot generate child tokens']);
      const internal = await server.call('POST', 'auth/token/create', {
        body: { policies: ['response-wrapping'] },
      });
      assert.equal(internal.status, 400);
    });

    test('a caller from above inherits nothing in a namespace, and root stays above', async () => {
      await ok('POST', 'sys/namespaces/team', { body: {} });
      const inside = { namespace: 'team' };
      const plain = await make({}, inside);
      assert.deepEqual(plain['policies'], ['default'], 'not the caller’s root');
      assert.match(String(plain['client_token']), /^hvs\.[A-Za-z0-9]{24}\.[A-Za-z0-9]{6}$/);
      const root = await server.call('POST', 'auth/token/create', {
        ...inside,
        body: { policies: ['root'] },
      });
      assert.deepEqual(root.body.errors, ['root tokens may not be created from a parent namespace']);
      const mine = String(plain['client_token']);
      assert.equal((await self(mine)).status, 403, 'it opens nothing above');
      assert.equal(
        (await server.call('GET', 'auth/token/lookup-self', { ...inside, token: mine })).status,
        200,
      );
    });

    test('a role says what its tokens may be', async () => {
      const role = { allowed_policies: 'app', disallowed_policies: ['x'], orphan: true, period: '1h' };
      await ok('POST', 'auth/token/roles/ci', { body: role });
      const made = await ok('POST', 'auth/token/create/ci', { body: {} });
      assert.deepEqual(
        [made.body.auth?.['policies'], made.body.auth?.['orphan'], made.body.auth?.['lease_duration']],
        [['app', 'default'], true, 3600],
      );
      const refused = await server.call('POST', 'auth/token/create/ci', { body: { policies: ['other'] } });
      assert.match(refused.body.errors?.[0] ?? '', /must be subset of the role's allowed policies/);
      const read = (await ok('GET', 'auth/token/roles/ci')).body.data;
      assert.deepEqual([read?.['period'], read?.['token_period']], [3600, 3600]);
      assert.ok(!Object.hasOwn(read ?? {}, 'token_bound_cidrs'));
      await ok('POST', 'auth/token/roles/far', { body: { token_bound_cidrs: '203.0.113.0/24' } });
      const far = await ok('POST', 'auth/token/create/far', { body: { policies: ['app'] } });
      assert.equal((await self(String(far.body.auth?.['client_token']))).status, 403);
    });

    test('renewal answers as Vault’s, and never past the maximum', async () => {
      const id = await token({ policies: ['app'], ttl: '1h', explicit_max_ttl: '2h' });
      const renewed = await ok('POST', 'auth/token/renew-self', { token: id, body: { increment: '30m' } });
      assert.deepEqual(
        [renewed.body.auth?.['client_token'], renewed.body.auth?.['lease_duration']],
        [id, 1800],
      );
      const most = await ok('POST', 'auth/token/renew', { body: { token: id, increment: '9999h' } });
      assert.match(
        String(most.body.warnings?.[0]),
        /^TTL of "9999h" exceeded the effective max_ttl of "1h59m/,
      );
      const root = await server.call('POST', 'auth/token/renew-self', { body: {} });
      assert.deepEqual([root.status, root.body.errors], [400, ['lease is not renewable']]);
      const batch = await token({ policies: ['app'], type: 'batch' });
      assert.equal((await self(batch)).body.data?.['type'], 'batch');
      const notBatch = await server.call('POST', 'auth/token/renew-self', { token: batch, body: {} });
      assert.deepEqual([notBatch.status, notBatch.body.errors], [400, ['batch tokens cannot be renewed']]);
    });

    test('tokens are listed and revoked under the path that made them', async () => {
      const role = { allowed_policies: 'app' };
      await ok('POST', 'auth/token/roles/listed', { body: role });
      const made = await ok('POST', 'auth/token/create/listed', { body: {} });
      const id = String(made.body.auth?.['client_token']);
      const listed = await ok('LIST', 'sys/leases/lookup/auth/token/create/listed');
      assert.equal(Array.isArray(listed.body.data?.['keys']) && listed.body.data['keys'].length, 1);
      assert.ok(!listed.text.includes(id));
      await ok('POST', 'sys/leases/revoke-prefix/auth/token/create/listed', { body: {} });
      assert.equal((await self(id)).status, 403);
    });

    test('a login’s tokens go with its auth method', async () => {
      await ok('POST', 'sys/auth/people', { body: { type: 'userpass' } });
      await ok('POST', 'auth/people/users/ann', { body: { password: 'pw', token_policies: 'app' } });
      const login = { token: null, body: { password: 'pw' } };
      const made = await ok('POST', 'auth/people/login/ann', login);
      const id = String(made.body.auth?.['client_token']);
      assert.equal((await self(id)).body.data?.['display_name'], 'people-ann');
      await ok('DELETE', 'sys/auth/people');
      assert.equal((await self(id)).status, 403);
    });

    test('a lease that is not there is neither looked up nor renewed, and its revocation succeeds', async () => {
      const call = (path: string, lease: unknown) =>
        server.call('POST', `sys/leases/${path}`, { body: { lease_id: lease } });
      for (const id of ['none/x', 'a\0b', 'x'.repeat(5000), '../token/x', 'a.zzzzzz']) {
        assert.deepEqual((await call('lookup', id)).body.errors, ['invalid lease']);
        assert.deepEqual((await call('renew', id)).body.errors, ['lease not found']);
        assert.equal((await call('revoke', id)).status, 204);
      }
      assert.equal((await call('revoke', undefined)).status, 400);
    });
  });
}

describe('response wrapping over HTTP', () => {
  let server: TestServer;
  let auditFile: string;
  before(async () => {
    server = await startTestServer();
    auditFile = join(server.folder, 'audit.log');
    const body = { type: 'file', options: { file_path: auditFile } };
    assert.equal((await server.call('PUT', 'sys/audit/file', { body })).status, 204);
    await server.call('POST', 'secret/data/a', { body: { data: { key: 'value' } } });
  });
  after(() => server.stop());

  const wrapping = { headers: { 'X-Vault-Wrap-TTL': '60' } };
  async function wrap(method: string, path: string, options: CallOptions = {}) {
    const answer = await server.call(method, path, { ...wrapping, ...options });
    assert.equal(answer.status, 200, answer.text);
    assert.deepEqual([answer.body.data, answer.body.auth, answer.body['request_id']], [null, null, '']);
    return answer.body.wrap_info ?? {};
  }
  const unwrap = (options: CallOptions) => server.call('POST', 'sys/wrapping/unwrap', options);
  const bad = [400, ['wrapping token is not valid or does not exist']];

  test('an answer is exchanged for its token once, whichever way the token comes', async () => {
    for (const way of ['client token', 'body'] as const) {
      const info = await wrap('GET', 'secret/data/a');
      assert.equal(info['creation_path'], 'secret/data/a');
      const options = () =>
        way === 'body' ? { body: { token: info['token'] } } : { token: String(info['token']) };
      const first = await unwrap(options());
      assert.deepEqual(first.body.data?.['data'], { key: 'value' });
      const second = await unwrap(options());
      assert.deepEqual([second.status, second.body.errors], bad, way);
      const lookup = await server.call('POST', 'sys/wrapping/lookup', { body: { token: info['token'] } });
      assert.deepEqual([lookup.status, lookup.body.errors], bad);
    }
  });

  test('a second attempt to unwrap is in the audit log', async () => {
    const info = await wrap('GET', 'secret/data/a');
    await unwrap({ body: { token: info['token'] } });
    await unwrap({ body: { token: info['token'] } });
    const lines = readFileSync(auditFile, 'utf8').trim().split('\n');
    assert.match(lines.at(-1) ?? '', /wrapping token is not valid/);
    assert.ok(!lines.some((line) => line.includes(String(info['token']))));
  });

  test('of twenty at the same moment, one gets the answer', async () => {
    const info = await wrap('GET', 'secret/data/a');
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, n) =>
        unwrap(n % 2 === 0 ? { body: { token: info['token'] } } : { token: String(info['token']) }),
      ),
    );
    assert.equal(answers.filter(({ status }) => status === 200).length, 1);
    assert.ok(answers.every(({ status }) => status === 200 || status === 400));
  });

  test('a look-up needs no token and uses nothing up; a rewrap moves the answer to a new token', async () => {
    const info = await wrap('POST', 'sys/wrapping/wrap', { body: { a: 'b', n: 1 } });
    const given = { token: info['token'] };
    for (let round = 0; round < 2; round++) {
      const shown = await server.call('POST', 'sys/wrapping/lookup', { token: null, body: given });
      assert.deepEqual(
        [shown.body.data?.['creation_path'], shown.body.data?.['creation_ttl']],
        ['sys/wrapping/wrap', 60],
      );
    }
    const moved = (await server.call('POST', 'sys/wrapping/rewrap', { body: given })).body.wrap_info;
    assert.notEqual(moved?.['token'], info['token']);
    assert.equal(moved?.['creation_path'], 'sys/wrapping/wrap');
    assert.equal((await unwrap({ body: given })).status, 400);
    assert.deepEqual((await unwrap({ body: { token: moved?.['token'] } })).body.data, { a: 'b', n: 1 });
  });

  test('a wrapped token is named by its accessor, and works once it is unwrapped', async () => {
    const body = { policies: ['default'] };
    const info = await wrap('POST', 'auth/token/create', { body });
    const { auth } = (await unwrap({ token: String(info['token']) })).body;
    assert.equal(auth?.['accessor'], info['wrapped_accessor']);
    const self = await server.call('GET', 'auth/token/lookup-self', {
      token: String(auth?.['client_token']),
    });
    assert.equal(self.status, 200);
  });

  test('an answer whose keys stand at the top is unwrapped in the plain envelope', async () => {
    const info = await wrap('GET', 'sys/mounts');
    const { body } = await unwrap({ token: String(info['token']) });
    assert.ok(body.data && 'secret/' in body.data);
    assert.ok(!('secret/' in body));
  });

  test('a wrapping token opens nothing else, and no other token unwraps', async () => {
    const info = await wrap('GET', 'secret/data/a');
    for (const path of ['secret/data/a', 'auth/token/lookup-self', 'sys/mounts'])
      assert.equal((await server.call('GET', path, { token: String(info['token']) })).status, 403, path);
    const root = await unwrap({ body: { token: server.rootToken } });
    assert.deepEqual([root.status, root.body.errors], bad);
    assert.equal((await unwrap({ token: null, body: {} })).status, 403);
    const plain = await server.call('POST', 'sys/wrapping/wrap', { body: { a: 1 } });
    assert.deepEqual(plain.body.errors, ['endpoint requires response wrapping to be used']);
  });

  test('what finds nothing, and what says nothing, is not wrapped', async () => {
    const none = await server.call('GET', 'secret/data/none', wrapping);
    assert.deepEqual([none.status, none.body], [404, { errors: [] }]);
    const quiet = await server.call('POST', 'cubbyhole/z', { ...wrapping, body: { a: 1 } });
    assert.equal(quiet.status, 204);
  });
});
