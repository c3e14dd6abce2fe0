import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { SignJWT } from 'jose';
import nodeVault from 'node-vault';
import { KubernetesApi } from '../../server/auth-methods/kubernetes/kubernetes-api-harness.ts';
import { startPostgresql, withoutPostgresql } from '../postgresql.ts';
import { startTestServer, type TestServer } from '../start-server.ts';
import { answers, textAt } from './answers.ts';

let server: TestServer;
/** A client of its own for each login: it goes on with the token that a login gave it. */
function client(token?: string) {
  return nodeVault({ endpoint: server.address, ...(token === undefined ? {} : { token }) });
}
const root = () => client(server.rootToken);

/** The client that a login left, which must be whom the token says. */
async function isIn(on: ReturnType<typeof client>, login: Promise<unknown>, displayName: string) {
  await answers(login, { auth: { policies: ['app', 'default'] } });
  await answers(on.tokenLookupSelf(), { data: { display_name: displayName, policies: ['app', 'default'] } });
}

function failed(words: RegExp) {
  return (error: unknown) => {
    assert.ok(error instanceof Error);
    assert.match(error.message, words);
    return true;
  };
}

describe('node-vault, unchanged, logging in', () => {
  before(async () => {
    server = await startTestServer();
    await root().addPolicy({ name: 'app', rules: 'path "secret/data/app" { capabilities = ["read"] }' });
  });
  after(() => server.stop());

  test('enables, lists and disables auth methods', async () => {
    const vault = root();
    await vault.enableAuth({ mount_point: 'people', type: 'userpass', description: 'staff' });
    await answers(vault.auths(), { 'people/': { type: 'userpass', description: 'staff' }, 'token/': {} });
    await vault.disableAuth({ mount_point: 'people' });
    assert.ok(!Object.keys(Object(await vault.auths())).includes('people/'));
  });

  test('logs in with a password', async () => {
    const vault = root();
    await vault.enableAuth({ mount_point: 'userpass', type: 'userpass' });
    await vault.write('auth/userpass/users/ann', { password: 'right', token_policies: 'app' });
    const ann = client();
    await isIn(ann, ann.userpassLogin({ username: 'ann', password: 'right' }), 'userpass-ann');
    const wrong = client().userpassLogin({ username: 'ann', password: 'wrong' });
    await assert.rejects(wrong, failed(/invalid username or password/));
  });

  test('keeps an AppRole and its secret ids, and logs in with them', async () => {
    const vault = root();
    await vault.enableAuth({ mount_point: 'approle', type: 'approle' });
    const fields = { policies: 'app', secret_id_num_uses: 9, secret_id_ttl: 3600, token_ttl: 600 };
    await vault.addApproleRole({ role_name: 'web', bind_secret_id: true, ...fields });
    await answers(vault.approleRoles(), { data: { keys: ['web'] } });
    await answers(vault.getApproleRole({ role_name: 'web' }), {
      data: { token_policies: ['app'], secret_id_num_uses: 9, secret_id_ttl: 3600, token_ttl: 600 },
    });
    assert.match(
      textAt(await vault.getApproleRoleId({ role_name: 'web' }), 'data', 'role_id'),
      /^[0-9a-f-]{36}$/,
    );
    await vault.updateApproleRoleId({ role_name: 'web', role_id: 'web-id' });
    await answers(vault.getApproleRoleId({ role_name: 'web' }), { data: { role_id: 'web-id' } });

    const made: unknown = await vault.getApproleRoleSecret({ role_name: 'web', metadata: '{"from":"ci"}' });
    const secretId = textAt(made, 'data', 'secret_id');
    const accessor = textAt(made, 'data', 'secret_id_accessor');
    await answers(vault.approleSecretAccessors({ role_name: 'web' }), { data: { keys: [accessor] } });
    const web = client();
    await isIn(web, web.approleLogin({ role_id: 'web-id', secret_id: secretId }), 'approle');
    const left = { data: { secret_id_accessor: accessor, secret_id_num_uses: 8, metadata: { from: 'ci' } } };
    await answers(vault.approleSecretLookup({ role_name: 'web', secret_id: secretId }), left);
    const byAccessor = { role_name: 'web', secret_id_accessor: accessor };
    await answers(vault.approleSecretAccessorLookup(byAccessor), left);
    await vault.approleSecretAccessorDestroy(byAccessor);
    const login = client().approleLogin({ role_id: 'web-id', secret_id: secretId });
    await assert.rejects(login, failed(/invalid role or secret ID/));

    const second = textAt(await vault.getApproleRoleSecret({ role_name: 'web' }), 'data', 'secret_id');
    await vault.approleSecretDestroy({ role_name: 'web', secret_id: second });
    const late = client().approleLogin({ role_id: 'web-id', secret_id: second });
    await assert.rejects(late, failed(/invalid role or secret ID/));
    await vault.deleteApproleRole({ role_name: 'web' });
    await assert.rejects(vault.getApproleRole({ role_name: 'web' }), failed(/404/));
  });

  test('keeps a role of Kubernetes, and logs a service account in', async () => {
    const api = await new KubernetesApi().start();
    try {
      const vault = root();
      await vault.enableAuth({ mount_point: 'kubernetes', type: 'kubernetes' });
      const config = {
        kubernetes_host: api.url,
        token_reviewer_jwt: 'reviewer',
        disable_iss_validation: true,
      };
      await vault.write('auth/kubernetes/config', config);
      const bound = { bound_service_account_names: ['app'], bound_service_account_namespaces: ['default'] };
      // addKubernetesRole of this client fails in the client, whatever it is given.
      await vault.write('auth/kubernetes/role/web', { ...bound, policies: ['app'], ttl: 600 });
      const web = { mount_point: 'kubernetes', role_name: 'web' };
      await answers(vault.getKubernetesRole(web), { data: bound });
      const pod = client();
      const jwt = await api.token();
      await isIn(
        pod,
        pod.kubernetesLogin({ mount_point: 'kubernetes', role: 'web', jwt }),
        'kubernetes-default-app',
      );
      await vault.deleteKubernetesRole(web);
      await assert.rejects(vault.getKubernetesRole(web), failed(/404/));
    } finally {
      await api.stop();
    }
  });

  test('logs in with a signed token', async () => {
    const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const vault = root();
    await vault.enableAuth({ mount_point: 'jwt', type: 'jwt' });
    const key = publicKey.export({ type: 'spki', format: 'pem' });
    await vault.write('auth/jwt/config', { jwt_validation_pubkeys: [key] });
    const role = { role_type: 'jwt', user_claim: 'sub', bound_audiences: ['coffer'], token_policies: 'app' };
    await vault.write('auth/jwt/role/ci', role);
    const signed = (audience: string) =>
      new SignJWT({ sub: 'build-7', aud: audience })
        .setProtectedHeader({ alg: 'ES256' })
        .setIssuedAt()
        .setExpirationTime('5m')
        .sign(privateKey);
    const job = client();
    await isIn(job, job.jwtLogin({ role: 'ci', jwt: await signed('coffer') }), 'jwt-build-7');
    const foreign = client().jwtLogin({ role: 'ci', jwt: await signed('another') });
    await assert.rejects(foreign, failed(/aud/));
  });

  test('ends a token without those it made, cancels a root token, renews by itself, steps down', async () => {
    const vault = root();
    const parent = client(
      textAt(await root().tokenCreate({ policies: ['root'], ttl: '1h' }), 'auth', 'client_token'),
    );
    const own = parent.token;
    const child = textAt(await parent.tokenCreate({ policies: ['app'], ttl: '1h' }), 'auth', 'client_token');
    await vault.tokenRevokeOrphan({ token: own });
    await assert.rejects(client(own).tokenLookupSelf(), failed(/permission denied/));
    await answers(client(child).tokenLookupSelf(), { data: { orphan: true } });

    assert.notEqual(textAt(await vault.generateRootInit(), 'nonce'), '');
    await vault.generateRootCancel();
    await answers(vault.read('sys/generate-root/attempt'), { started: false });

    const renewing = client(child);
    const renewed = new Promise((resolve) => renewing.once('token:renewed', resolve));
    await renewing.startTokenRenewal({ increment: 3600, renewFraction: 0.0001 });
    await answers(renewed, { auth: { client_token: child } });
    renewing.stopTokenRenewal();
    await vault.stepDown();
    await answers(vault.request({ method: 'GET', path: '/sys/host-info' }), { data: { host: {} } });
  });

  test('gets the credentials of a database', { skip: withoutPostgresql() }, async () => {
    const postgresql = await startPostgresql();
    try {
      const vault = root();
      await vault.mount({ mount_point: 'database', type: 'database' });
      await vault.write('database/config/main', {
        plugin_name: 'postgresql-database-plugin',
        allowed_roles: 'app',
        connection_url: `postgresql://{{username}}:{{password}}@${postgresql.host}:${postgresql.port}/postgres`,
        username: postgresql.user,
        password: postgresql.password,
      });
      const statement = `CREATE ROLE "{{name}}" WITH LOGIN PASSWORD '{{password}}' VALID UNTIL '{{expiration}}'`;
      await vault.write('database/roles/app', {
        db_name: 'main',
        creation_statements: statement,
        default_ttl: '1h',
      });
      const made: unknown = await vault.generateDatabaseCredentials({
        databasePath: 'database',
        name: 'app',
      });
      const login = { user: textAt(made, 'data', 'username'), password: textAt(made, 'data', 'password') };
      assert.equal(await postgresql.accepts({ ...login, database: 'postgres' }), true);
      const lease = { lease_id: textAt(made, 'lease_id') };
      await answers(vault.renew({ ...lease, increment: 1800 }), { lease_duration: 1800 });
      await vault.revoke(lease);
      const deadlineMs = Date.now() + 5000;
      while ((await postgresql.accepts({ ...login, database: 'postgres' })) && Date.now() < deadlineMs);
      assert.equal(await postgresql.accepts({ ...login, database: 'postgres' }), false);
    } finally {
      await postgresql.dispose();
    }
  });
});
