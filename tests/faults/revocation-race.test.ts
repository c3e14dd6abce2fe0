import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type CallAnswer, startTestServer, type TestServer } from '../start-server.ts';

describe('a token that is in use while it is revoked', () => {
  let server: TestServer;
  before(async () => {
    server = await startTestServer({ storage: 'sqlite' });
    const policy =
      'path "secret/*" { capabilities = ["create", "read", "update"] } path "auth/token/create" { capabilities = ["update"] }';
    await ok('PUT', 'sys/policies/acl/app', { policy });
    await ok('POST', 'secret/data/app', { data: { a: 1 } });
    await ok('POST', 'sys/auth/people', { type: 'userpass' });
  });
  after(() => server.stop());

  async function ok(
    method: string,
    path: string,
    body?: object,
    token = server.rootToken,
  ): Promise<CallAnswer> {
    const answer = await server.call(method, path, { token, ...(body ? { body } : {}) });
    assert.ok(answer.status < 300, `${method} ${path}: ${answer.status} ${answer.text}`);
    return answer;
  }

  interface Made {
    readonly token: string;
    readonly accessor: string;
    readonly parent: string;
  }
  async function child(): Promise<Made> {
    const wish = { policies: ['app'], ttl: '1h' };
    const parent = String((await ok('POST', 'auth/token/create', wish)).body.auth?.['client_token']);
    const { auth } = (await ok('POST', 'auth/token/create', wish, parent)).body;
    return { parent, token: String(auth?.['client_token']), accessor: String(auth?.['accessor']) };
  }
  async function login(): Promise<Made> {
    await ok('POST', 'sys/auth/people', { type: 'userpass' }).catch(() => undefined);
    await ok('POST', 'auth/people/users/ann', { password: 'right', token_policies: 'app' });
    const { auth } = (await ok('POST', 'auth/people/login/ann', { password: 'right' })).body;
    return { parent: '', token: String(auth?.['client_token']), accessor: String(auth?.['accessor']) };
  }

  const ways: readonly (readonly [
    way: string,
    make: () => Promise<Made>,
    revoke: (made: Made) => Promise<unknown>,
  ])[] = [
    ['by its id', child, ({ token }) => ok('POST', 'auth/token/revoke', { token })],
    ['by its accessor', child, ({ accessor }) => ok('POST', 'auth/token/revoke-accessor', { accessor })],
    ['by itself', child, ({ token }) => ok('POST', 'auth/token/revoke-self', undefined, token)],
    ['with its parent', child, ({ parent }) => ok('POST', 'auth/token/revoke', { token: parent })],
    ['as an orphan', child, ({ token }) => ok('POST', 'auth/token/revoke-orphan', { token })],
    [
      'by the prefix of its lease',
      login,
      () => ok('PUT', 'sys/leases/revoke-prefix/auth/people', { sync: true }),
    ],
    ['with the auth method that gave it', login, () => ok('DELETE', 'sys/auth/people')],
  ];

  for (const [way, make, revoke] of ways) {
    test(`does nothing more once the revocation is acknowledged: ${way}`, async () => {
      const made = await make();
      let isRevoked = false;
      let served = 0;
      const late: number[] = [];
      const uses = [
        () => server.call('GET', 'secret/data/app', { token: made.token }),
        () => server.call('POST', 'secret/data/written', { token: made.token, body: { data: { way } } }),
        () => server.call('POST', 'auth/token/create', { token: made.token, body: { ttl: '1m' } }),
        () => server.call('GET', 'auth/token/lookup-self', { token: made.token }),
        () => server.call('POST', 'auth/token/renew-self', { token: made.token }),
      ];
      const users = uses.map(async (use) => {
        for (let more = 4; more > 0; ) {
          const isLate = isRevoked;
          const { status } = await use();
          if (isLate) late.push(status);
          else if (status < 300) served++;
          // Refused while it was being revoked: 400 from what had found the token good and then gone.
          else assert.ok(status === 403 || status === 400, `${status}`);
          if (isLate) more--;
        }
      });
      while (served < 10) await new Promise((resolve) => setImmediate(resolve));
      await revoke(made);
      isRevoked = true;
      await Promise.all(users);
      assert.deepEqual(
        late,
        Array.from({ length: 20 }, () => 403),
      );
    });
  }

  test('leaves no child behind that it made meanwhile', async () => {
    const { parent } = await child();
    const children: string[] = [];
    let isOver = false;
    const makers = Array.from({ length: 4 }, async () => {
      while (!isOver) {
        const answer = await server.call('POST', 'auth/token/create', { token: parent, body: { ttl: '1h' } });
        if (answer.status !== 200) break;
        children.push(String(answer.body.auth?.['client_token']));
      }
    });
    while (children.length < 8) await new Promise((resolve) => setImmediate(resolve));
    await ok('POST', 'auth/token/revoke', { token: parent });
    isOver = true;
    await Promise.all(makers);
    const looks = children.map((token) => server.call('GET', 'auth/token/lookup-self', { token }));
    assert.deepEqual(new Set((await Promise.all(looks)).map(({ status }) => status)), new Set([403]));
  });
});
