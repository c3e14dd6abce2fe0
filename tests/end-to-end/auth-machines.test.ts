import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { runInProcess } from '../../cli/testing/run-in-process.ts';
import { GitHub } from '../../server/auth-methods/github/github-harness.ts';
import { Issuer, newSigner, type Signer } from '../../server/auth-methods/jwt/jwt-world-harness.ts';
import { KubernetesApi } from '../../server/auth-methods/kubernetes/kubernetes-api-harness.ts';
import { startTestServer, type TestServer } from '../start-server.ts';

describe('machines log in through the server and the command line', () => {
  let server: TestServer;
  let issuer: Issuer;
  let signer: Signer;
  let api: KubernetesApi;
  let home: string;

  before(async () => {
    server = await startTestServer();
    [issuer, signer, api] = await Promise.all([
      new Issuer().start(),
      newSigner('one'),
      new KubernetesApi().start(),
    ]);
    issuer.keys = [signer.jwk];
    home = mkdtempSync(join(tmpdir(), 'coffer-machines-'));
    await write('sys/auth/jwt', { type: 'jwt' });
    await write('auth/jwt/config', {
      jwks_url: `${issuer.url}/jwks`,
      bound_issuer: issuer.url,
      default_role: 'r',
    });
    await write('auth/jwt/role/r', {
      role_type: 'jwt',
      user_claim: 'sub',
      bound_audiences: 'coffer',
      groups_claim: 'groups',
      token_policies: ['app'],
      token_ttl: '15m',
    });
    await write('sys/auth/kubernetes', { type: 'kubernetes' });
    await write('auth/kubernetes/config', { kubernetes_host: api.url, token_reviewer_jwt: 'reviewer' });
    await write('auth/kubernetes/role/app', {
      bound_service_account_names: 'app',
      bound_service_account_namespaces: 'default',
      policies: 'app',
      ttl: '1h',
    });
  });
  after(async () => {
    await server.stop();
    await Promise.all([issuer.stop(), api.stop()]);
    rmSync(home, { recursive: true, force: true });
  });

  async function write(path: string, body: object) {
    const answer = await server.call('POST', path, { body });
    assert.ok(answer.status < 300, `${path}: ${answer.status} ${answer.text}`);
    return answer.body;
  }

  /** As the issuer's clock stands still in its own tests, tokens here carry the real time. */
  const jwt = (claims: object = {}) => {
    const now = Math.floor(Date.now() / 1000);
    return issuer.token(signer, { iat: now, exp: now + 600, groups: ['dev'], ...claims });
  };
  const logIn = async (body: object) => server.call('POST', 'auth/jwt/login', { token: null, body });

  test('a JWT gives the answer that Vault gives, and a token that can be looked up and renewed', async () => {
    const answer = await logIn({ role: 'R', jwt: await jwt() });
    assert.equal(answer.status, 200, answer.text);
    const { auth } = answer.body;
    assert.equal(answer.body.data, null);
    assert.deepEqual(
      [
        auth?.['metadata'],
        auth?.['policies'],
        auth?.['lease_duration'],
        auth?.['orphan'],
        auth?.['token_type'],
      ],
      [{ role: 'r' }, ['app', 'default'], 900, true, 'service'],
    );
    const token = String(auth?.['client_token']);
    const self = await server.call('GET', 'auth/token/lookup-self', { token });
    assert.equal(self.body.data?.['display_name'], 'jwt-alice');
    assert.equal(self.body.data?.['path'], 'auth/jwt/login');
    assert.equal((await server.call('POST', 'auth/token/renew-self', { token, body: {} })).status, 200);
  });

  test('groups of the claim are external groups, and leave with the next login', async () => {
    await write('sys/policies/acl/ops', { policy: 'path "x" { capabilities = ["read"] }' });
    const group = await write('identity/group', { name: 'dev', type: 'external', policies: ['ops'] });
    const mounts = (await server.call('GET', 'sys/auth')).body.data;
    const mount = mounts?.['jwt/'] as Record<string, unknown>;
    const alias = { name: 'dev', mount_accessor: mount['accessor'], canonical_id: group.data?.['id'] };
    await write('identity/group-alias', alias);
    assert.deepEqual((await logIn({ jwt: await jwt() })).body.auth?.['identity_policies'], ['ops']);
    const without = await logIn({ jwt: await jwt({ groups: [] }) });
    assert.notDeepEqual(without.body.auth?.['identity_policies'], ['ops']);
  });

  test('a refused JWT is in no answer and no log', async () => {
    const token = await jwt({ aud: 'other' });
    const answer = await logIn({ jwt: token });
    assert.equal(answer.status, 400);
    assert.deepEqual(answer.body.errors, [
      'error validating token: invalid audience (aud) claim: audience claim does not match any expected audience',
    ]);
    for (const part of token.split('.'))
      assert.ok(!answer.text.includes(part) && !server.logText().includes(part));
  });

  test('a login may be wrapped, and its token may be a batch token', async () => {
    await write('auth/jwt/role/batch', {
      role_type: 'jwt',
      user_claim: 'sub',
      bound_audiences: 'coffer',
      token_type: 'batch',
    });
    const batch = await logIn({ role: 'batch', jwt: await jwt() });
    assert.match(String(batch.body.auth?.['client_token']), /^hvb\./);
    const wrapped = await server.call('POST', 'auth/jwt/login', {
      token: null,
      body: { jwt: await jwt() },
      headers: { 'x-vault-wrap-ttl': '60' },
    });
    assert.equal(wrapped.body.auth, null);
    assert.equal(typeof wrapped.body.wrap_info?.['wrapped_accessor'], 'string');
  });

  for (const method of ['jwt', 'kubernetes'])
    test(`coffer login -method=${method} takes the token from a file and stores what it gets`, async () => {
      const file = join(home, method);
      writeFileSync(file, `${method === 'jwt' ? await jwt() : await api.token()}\n`, { mode: 0o600 });
      const role = method === 'jwt' ? 'r' : 'app';
      const words = ['login', `-method=${method}`, `role=${role}`, `jwt=@${file}`];
      const { exitCode, out, err } = await runInProcess(words, {
        environment: { HOME: home, COFFER_ADDR: server.address },
      });
      assert.equal(exitCode, 0, err);
      assert.match(out, /You are now authenticated/);
      const self = await server.call('GET', 'auth/token/lookup-self', {
        token: readFileSync(join(home, '.coffer-token'), 'utf8').trim(),
      });
      assert.equal(self.body.data?.['path'], `auth/${method}/login`);
      assert.deepEqual(self.body.data?.['policies'], ['app', 'default']);
    });

  test('coffer login -method=github takes the token from the environment or standard input, never from where others see it', async () => {
    const github = await new GitHub().start();
    try {
      github.people.set('pat', { login: 'alice', organizations: [{ login: 'example', id: 42 }], teams: [] });
      await write('sys/auth/github', { type: 'github' });
      await write('auth/github/config', { organization: 'example', base_url: github.url });
      const base = { HOME: home, COFFER_ADDR: server.address };
      const words = ['login', '-method=github', '-token-only'];
      const inside = await runInProcess(words, { environment: { ...base, VAULT_AUTH_GITHUB_TOKEN: 'pat' } });
      assert.match(inside.out, /^hvs\./, inside.err);
      const piped = await runInProcess([...words, 'token=-'], { environment: base, input: 'pat\n' });
      assert.match(piped.out, /^hvs\./, piped.err);
      const nothing = await runInProcess(words, { environment: base });
      assert.equal(nothing.exitCode, 2);
      assert.match(nothing.err, /there is no terminal to ask for the token on/);
    } finally {
      await github.stop();
    }
  });

  test('a pod whose account is not bound is told so, and nothing more', async () => {
    const body = { role: 'app', jwt: await api.token({ name: 'other' }) };
    const answer = await server.call('POST', 'auth/kubernetes/login', { token: null, body });
    assert.deepEqual([answer.status, answer.body.errors], [403, ['service account name not authorized']]);
    const unknown = { role: 'app', jwt: `${(await api.token()).slice(0, -6)}AAAAAA` };
    const refused = await server.call('POST', 'auth/kubernetes/login', { token: null, body: unknown });
    assert.deepEqual([refused.status, refused.body.errors], [403, ['permission denied']]);
  });
});
