import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { startTestServer, type TestServer } from '../start-server.ts';

describe('a name that is kept in lower case', () => {
  let server: TestServer;
  let token: string;
  before(async () => {
    server = await startTestServer();
    await ok('POST', 'sys/auth/userpass', { type: 'userpass' });
    await ok('POST', 'sys/auth/approle', { type: 'approle' });
    await ok('POST', 'auth/userpass/users/admin', { password: 'first', token_policies: 'ops' });
    await ok('POST', 'auth/approle/role/admin', { token_policies: 'ops' });
    await ok('PUT', 'sys/policies/acl/help-desk', {
      policy: `
        path "auth/userpass/users/*" { capabilities = ["create", "read", "update", "delete"] }
        path "auth/userpass/users/admin" { capabilities = ["deny"] }
        path "auth/userpass/users/admin/*" { capabilities = ["deny"] }
        path "auth/approle/role/*" { capabilities = ["create", "read", "update", "delete", "list"] }
        path "auth/approle/role/admin" { capabilities = ["deny"] }
        path "auth/approle/role/admin/*" { capabilities = ["deny"] }
      `,
    });
    const made = await ok('POST', 'auth/token/create', { policies: ['help-desk'] });
    token = String(made.body.auth?.['client_token']);
  });
  after(() => server.stop());

  async function ok(method: string, path: string, body: object) {
    const answer = await server.call(method, path, { body });
    assert.ok(answer.status < 300, `${path} ${answer.status} ${answer.text}`);
    return answer;
  }

  test('gets round no deny by another spelling', async () => {
    const body = { password: 'taken', token_policies: 'ops' };
    for (const [method, path] of [
      ['POST', 'auth/userpass/users/ADMIN'],
      ['GET', 'auth/userpass/users/Admin'],
      ['DELETE', 'auth/userpass/users/aDMIN'],
      ['POST', 'auth/userpass/users/ADMIN/password'],
      ['POST', 'auth/userpass/users/%41dmin/policies'],
      ['GET', 'auth/approle/role/ADMIN'],
      ['GET', 'auth/approle/role/ADMIN/role-id'],
      ['POST', 'auth/approle/role/Admin/secret-id'],
      ['LIST', 'auth/approle/role/Admin/secret-id'],
      ['POST', 'auth/approle/role/ADMIN/policies'],
      ['DELETE', 'auth/approle/role/ADMIN'],
    ] as const) {
      const { status } = await server.call(method, path, { token, ...(method === 'POST' ? { body } : {}) });
      assert.equal(status, 403, `${method} ${path}`);
    }
    const login = await server.call('POST', 'auth/userpass/login/Admin', {
      token: null,
      body: { password: 'first' },
    });
    assert.equal(login.status, 200, login.text);
  });

  test('is found by other spellings where policies allow it', async () => {
    assert.ok((await server.call('POST', 'auth/approle/role/Web', { token, body: {} })).status < 300);
    assert.equal((await server.call('GET', 'auth/approle/role/wEB', { token })).status, 200);
  });
});
