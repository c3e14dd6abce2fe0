import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { startTestServer, type TestServer } from '../start-server.ts';

describe('a name under which logins fail too often', () => {
  let server: TestServer;
  let accessor: string;
  before(async () => {
    server = await startTestServer();
    for (const type of ['userpass', 'approle']) await ok('POST', `sys/auth/${type}`, { type });
    for (const name of ['ada', 'ben', 'cy', 'dee'])
      await ok('POST', `auth/userpass/users/${name}`, { password: 'right' });
    const auth = await server.call('GET', 'sys/auth/userpass');
    accessor = String(auth.body.data?.['accessor']);
  });
  after(() => server.stop());

  async function ok(method: string, path: string, body?: object) {
    const answer = await server.call(method, path, body ? { body } : {});
    assert.ok(answer.status < 300, `${path} ${answer.status} ${answer.text}`);
    return answer;
  }
  const login = async (name: string, password: string) => {
    const path = `auth/userpass/login/${name}`;
    return (await server.call('POST', path, { token: null, body: { password } })).status;
  };

  test('is locked after five, in whatever case, whether or not it is anybody, and for the right password too', async () => {
    for (const name of ['ada', 'nobody']) {
      for (const spelling of [
        name,
        name.toUpperCase(),
        name,
        name,
        `${name[0]?.toUpperCase()}${name.slice(1)}`,
      ])
        assert.equal(await login(spelling, 'wrong'), 400);
      for (const spelling of [name, name.toUpperCase()]) assert.equal(await login(spelling, 'right'), 403);
    }
    assert.equal(await login('ben', 'right'), 200);
    const { body } = await ok('GET', 'sys/locked-users');
    assert.deepEqual(body.data, {
      by_namespace: [
        {
          namespace_id: 'root',
          namespace_path: '',
          counts: 2,
          mount_accessors: [{ mount_accessor: accessor, counts: 2, alias_identifiers: ['ada', 'nobody'] }],
        },
      ],
      total: 2,
    });
    await ok('POST', `sys/locked-users/${accessor}/unlock/ada`, {});
    assert.equal(await login('ada', 'right'), 200);
    assert.equal(await login('nobody', 'right'), 403);
  });

  test('gets no more guesses out of many that are sent at once', async () => {
    const passwords = [...Array.from({ length: 30 }, (_, n) => `wrong ${n}`), 'right'];
    const statuses = await Promise.all(passwords.map((password) => login('cy', password)));
    assert.equal(statuses.includes(200), false);
    assert.equal(await login('cy', 'right'), 403);
  });

  test('is counted anew after a login that succeeds', async () => {
    for (let round = 0; round < 3; round++) {
      for (let n = 0; n < 4; n++) assert.equal(await login('ben', 'wrong'), 400);
      assert.equal(await login('ben', 'right'), 200);
    }
  });

  test('is locked for as long as its mount says, and never where the mount says so', async () => {
    const tune = (user_lockout_config: object) =>
      ok('POST', 'sys/auth/userpass/tune', { user_lockout_config });
    await tune({ lockout_threshold: 2, lockout_duration: '1s' });
    for (let n = 0; n < 2; n++) assert.equal(await login('dee', 'wrong'), 400);
    assert.equal(await login('dee', 'right'), 403);
    await new Promise((resolve) => setTimeout(resolve, 1100));
    assert.equal(await login('dee', 'right'), 200);
    await tune({ lockout_disable: true });
    for (let n = 0; n < 4; n++) assert.equal(await login('dee', 'wrong'), 400);
    assert.equal(await login('dee', 'right'), 200);
  });

  test('may be a role id', async () => {
    await ok('POST', 'auth/approle/role/web', {});
    const { body: role } = await ok('GET', 'auth/approle/role/web/role-id');
    const { body: made } = await ok('POST', 'auth/approle/role/web/secret-id', {});
    const enter = async (secretId: unknown) => {
      const data = { role_id: role.data?.['role_id'], secret_id: secretId };
      return (await server.call('POST', 'auth/approle/login', { token: null, body: data })).status;
    };
    assert.equal(await enter(made.data?.['secret_id']), 200);
    for (let n = 0; n < 5; n++) assert.equal(await enter('wrong'), 400);
    assert.equal(await enter(made.data?.['secret_id']), 403);
  });
});
