import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import nodeVault from 'node-vault';
import { startTestServer, type TestServer } from '../start-server.ts';
import { answers, textAt } from './answers.ts';

type Client = ReturnType<typeof nodeVault>;

let server: TestServer;
let vault: Client;
let rootToken: string;
/** A client of its own for a token or a namespace, as applications have. */
function client(options: { token?: string; namespace?: string; noCustomHTTPVerbs?: boolean }): Client {
  return nodeVault({ endpoint: server.address, apiVersion: 'v1', ...options });
}

/** node-vault takes over whatever token it has created, so those that create one do it with a client of their own. */
function root(): Client {
  return client({ token: rootToken });
}

/** Status and first error as node-vault hands them to its callers. */
function fails(statusCode: number, message: RegExp) {
  return (error: unknown): boolean => {
    assert.ok(error instanceof Error);
    assert.match(error.message, message);
    assert.partialDeepStrictEqual({ ...error }, { response: { statusCode } });
    return true;
  };
}

describe('node-vault, unchanged', () => {
  let keys: string[];

  before(async () => {
    server = await startTestServer({ isSealed: true });
    vault = client({});
  });
  after(() => server.stop());

  test('initialises and unseals a new server', async () => {
    await answers(vault.initialized(), { initialized: false });
    await answers(vault.health(), { initialized: false, sealed: true });
    await assert.rejects(vault.read('secret/data/a'), fails(503, /sealed/));
    const made: unknown = await vault.init({ secret_shares: 3, secret_threshold: 2 });
    assert.partialDeepStrictEqual(made, { keys: [], keys_base64: [] });
    assert.ok(typeof made === 'object' && made !== null && 'keys' in made && Array.isArray(made.keys));
    keys = made.keys.map(String);
    assert.equal(keys.length, 3);
    rootToken = textAt(made, 'root_token');
    vault.token = rootToken;
    assert.match(rootToken, /^hvs\.[A-Za-z0-9]{24}$/);
    await answers(vault.unseal({ key: keys[0] ?? '' }), { sealed: true, progress: 1, t: 2, n: 3 });
    await answers(vault.unseal({ key: keys[2] ?? '' }), { sealed: false });
    await answers(vault.status(), { type: 'shamir', initialized: true, sealed: false, t: 2, n: 3 });
    await answers(vault.health(), { initialized: true, sealed: false, standby: false });
    await answers(vault.leader(), { ha_enabled: false });
    await assert.rejects(
      vault.init({ secret_shares: 1, secret_threshold: 1 }),
      fails(400, /already initialized/),
    );
  });

  test('mounts, tunes, moves and unmounts engines', async () => {
    await vault.mount({ mount_point: 'kv1', type: 'kv', description: 'first', options: { version: '1' } });
    await vault.mount({ mount_point: 'secret', type: 'kv', options: { version: '2' } });
    await vault
      .mount({ mount_point: 'old', type: 'generic' })
      .catch(() => vault.mount({ mount_point: 'old', type: 'kv' }));
    await answers(vault.mounts(), {
      'kv1/': { type: 'kv', description: 'first' },
      'secret/': { options: { version: '2' } },
    });
    await vault.remount({ from: 'old', to: 'new/place' });
    await answers(vault.mounts(), { data: { 'new/place/': { type: 'kv' } } });
    await vault.write('sys/mounts/kv1/tune', { default_lease_ttl: '1h', max_lease_ttl: '2h' });
    await answers(vault.read('sys/mounts/kv1/tune'), {
      data: { default_lease_ttl: 3600, max_lease_ttl: 7200 },
    });
    await vault.unmount({ mount_point: 'new/place' });
    await assert.rejects(
      vault.read('sys/mounts/new/place'),
      fails(400, /No secret engine mount at new\/place\//),
    );
    await assert.rejects(
      vault.mount({ mount_point: 'kv1', type: 'kv' }),
      fails(400, /path is already in use at kv1\//),
    );
  });

  test('writes, reads, lists and deletes KV version 1', async () => {
    await vault.write('kv1/app/db', { user: 'u', password: 'p', port: 5432, nested: { a: [1, null] } });
    await answers(vault.read('kv1/app/db'), {
      data: { user: 'u', password: 'p', port: 5432, nested: { a: [1, null] } },
      lease_id: '',
      renewable: false,
    });
    await answers(vault.list('kv1/app'), { data: { keys: ['db'] } });
    await answers(vault.list('kv1'), { data: { keys: ['app/'] } });
    await answers(client({ token: vault.token, noCustomHTTPVerbs: true }).list('kv1/app'), {
      data: { keys: ['db'] },
    });
    await vault.delete('kv1/app/db');
    await assert.rejects(vault.read('kv1/app/db'), fails(404, /Status 404/));
    await assert.rejects(vault.list('kv1/app'), fails(404, /Status 404/));
  });

  test('versions, patches, deletes, undeletes and destroys KV version 2', async () => {
    await answers(vault.write('secret/data/ai/openai', { data: { 'api-key': 'one' } }), {
      data: { version: 1 },
    });
    await answers(vault.write('secret/data/ai/openai', { data: { 'api-key': 'two' }, options: { cas: 1 } }), {
      data: { version: 2 },
    });
    const stale = vault.write('secret/data/ai/openai', { data: {}, options: { cas: 1 } });
    await assert.rejects(stale, fails(400, /check-and-set parameter did not match the current version/));
    await answers(vault.read('secret/data/ai/openai'), {
      data: { data: { 'api-key': 'two' }, metadata: { version: 2 } },
    });
    await answers(vault.read('secret/data/ai/openai?version=1'), { data: { data: { 'api-key': 'one' } } });
    await answers(vault.update('secret/data/ai/openai', { data: { 'org-id': 'org' } }), {
      data: { version: 3 },
    });
    await answers(vault.read('secret/data/ai/openai'), {
      data: { data: { 'api-key': 'two', 'org-id': 'org' } },
    });
    await vault.write('secret/metadata/ai/openai', { max_versions: 5, custom_metadata: { team: 'ml' } });
    await answers(vault.read('secret/metadata/ai/openai'), {
      data: { current_version: 3, max_versions: 5, custom_metadata: { team: 'ml' } },
    });
    await answers(vault.list('secret/metadata/ai'), { data: { keys: ['openai'] } });
    await vault.delete('secret/data/ai/openai');
    await assert.rejects(vault.read('secret/data/ai/openai'), fails(404, /Status 404/));
    await vault.write('secret/undelete/ai/openai', { versions: [3] });
    await answers(vault.read('secret/data/ai/openai'), {
      data: { metadata: { version: 3, destroyed: false } },
    });
    await vault.destroySecretVersions({ mount_point: 'secret', path: 'ai/openai', versions: [1] });
    await answers(vault.read('secret/metadata/ai/openai'), {
      data: { versions: { 1: { destroyed: true } } },
    });
    await vault.delete('secret/metadata/ai/openai');
    await assert.rejects(vault.read('secret/metadata/ai/openai'), fails(404, /Status 404/));
  });

  test('writes and reads policies, which then hold', async () => {
    const rules = 'path "secret/data/app/*" { capabilities = ["create", "read"] }';
    await vault.addPolicy({ name: 'app', rules });
    await vault.addPolicy({ name: 'other', policy: rules });
    await answers(vault.getPolicy({ name: 'app' }), { name: 'app', rules });
    const listed: unknown = await vault.policies();
    assert.partialDeepStrictEqual(listed, { policies: ['app', 'default', 'other', 'root'] });
    await vault.removePolicy({ name: 'other' });
    await assert.rejects(vault.getPolicy({ name: 'other' }), fails(404, /Status 404/));
    await assert.rejects(
      vault.addPolicy({ name: 'bad', rules: 'path {' }),
      fails(400, /failed to parse policy/),
    );
    const token = textAt(await root().tokenCreate({ policies: ['app'], ttl: '1h' }), 'auth', 'client_token');
    const app = client({ token });
    await app.write('secret/data/app/x', { data: { a: 1 } });
    await answers(app.read('secret/data/app/x'), { data: { data: { a: 1 } } });
    await assert.rejects(app.delete('secret/data/app/x'), fails(403, /permission denied/));
    await assert.rejects(app.read('secret/data/other'), fails(403, /permission denied/));
  });

  test('creates, looks up, renews and revokes tokens, with roles', async () => {
    const made: unknown = await root().tokenCreate({
      policies: ['app'],
      ttl: '1h',
      renewable: true,
      display_name: 'ci',
    });
    const token = textAt(made, 'auth', 'client_token');
    const accessor = textAt(made, 'auth', 'accessor');
    await answers(vault.tokenLookup({ token }), {
      data: { display_name: 'token-ci', orphan: false, creation_ttl: 3600 },
    });
    await answers(vault.tokenLookupAccessor({ accessor }), { data: { accessor, id: '' } });
    await answers(client({ token }).tokenLookupSelf(), { data: { id: token, policies: ['app', 'default'] } });
    await answers(root().tokenRenew({ token, increment: '2h' }), {
      auth: { client_token: token, lease_duration: 7200 },
    });
    await answers(client({ token }).tokenRenewSelf({ increment: '30m' }), { auth: { lease_duration: 1800 } });
    const listed = JSON.stringify(await vault.tokenAccessors());
    assert.ok(listed.includes(accessor));
    const child = textAt(await root().tokenCreateOrphan({ ttl: '10m' }), 'auth', 'client_token');
    await answers(vault.tokenLookup({ token: child }), { data: { orphan: true } });
    await vault.addTokenRole({ role_name: 'short', allowed_policies: 'app', explicit_max_ttl: 300 });
    await answers(vault.getTokenRole({ role_name: 'short' }), { data: { allowed_policies: ['app'] } });
    await answers(vault.tokenRoles(), { data: { keys: ['short'] } });
    await answers(root().tokenCreateRole({ role_name: 'short' }), { auth: { lease_duration: 300 } });
    await vault.removeTokenRole({ role_name: 'short' });
    await vault.tokenRevoke({ token });
    await assert.rejects(client({ token }).tokenLookupSelf(), fails(403, /permission denied/));
    await client({ token: child }).tokenRevokeSelf();
    await assert.rejects(vault.tokenLookup({ token: child }), fails(403, /bad token/));
    const last: unknown = await root().tokenCreate({ ttl: '1h' });
    await vault.tokenRevokeAccessor({ accessor: textAt(last, 'auth', 'accessor') });
    await assert.rejects(
      client({ token: textAt(last, 'auth', 'client_token') }).tokenLookupSelf(),
      fails(403, /permission denied/),
    );
  });

  test('asks about leases, rotates, and reads help', async () => {
    await assert.rejects(vault.renew({ lease_id: 'secret/none/abc' }), fails(400, /lease not found/));
    await vault.revoke({ lease_id: 'secret/none/abc' }).catch(() => undefined);
    await vault.revokePrefix({ path_prefix: 'secret' });
    await vault.rotate();
    await answers(vault.read('sys/key-status'), { data: { term: 2 } });
    const help: unknown = await vault.help('secret');
    assert.match(textAt(help, 'help'), /\^data\//);
  });

  test('enables and disables audit devices', async () => {
    const folder = join(server.folder, 'audit');
    mkdirSync(folder);
    const options = { file_path: join(folder, 'audit.log') };
    await vault.enableAudit({ name: 'file', type: 'file', options });
    await answers(vault.audits(), { 'file/': { type: 'file', options } });
    await answers(vault.write('sys/audit-hash/file', { input: 'x' }), { data: {} });
    await vault.disableAudit({ name: 'file' });
    await answers(vault.audits(), { data: {} });
  });

  test('wraps answers and unwraps them once', async () => {
    await vault.write('kv1/wrapped', { a: 'b' });
    const wrapped: unknown = await vault.read('kv1/wrapped', { headers: { 'X-Vault-Wrap-TTL': '5m' } });
    const token = textAt(wrapped, 'wrap_info', 'token');
    await answers(client({ token }).unwrap(), { data: { a: 'b' } });
    await assert.rejects(
      client({ token }).unwrap(),
      fails(400, /wrapping token is not valid or does not exist/),
    );
    const again: unknown = await vault.write(
      'sys/wrapping/wrap',
      { c: 'd' },
      { headers: { 'X-Vault-Wrap-TTL': '60' } },
    );
    await answers(vault.unwrap({ token: textAt(again, 'wrap_info', 'token') }), { data: { c: 'd' } });
  });

  test('works in a namespace', async () => {
    await vault.write('sys/namespaces/team', {});
    const team = client({ token: vault.token, namespace: 'team' });
    await team.mount({ mount_point: 'kv', type: 'kv', options: { version: '2' } });
    await team.write('kv/data/a', { data: { from: 'team' } });
    await answers(team.read('kv/data/a'), { data: { data: { from: 'team' } } });
    await assert.rejects(vault.read('kv/data/a'), fails(404, /no handler for route/));
    await answers(vault.list('sys/namespaces'), { data: { keys: ['team/'] } });
    const token = textAt(
      await client({ token: rootToken, namespace: 'team' }).tokenCreate({ policies: ['default'] }),
      'auth',
      'client_token',
    );
    await assert.rejects(client({ token }).tokenLookupSelf(), fails(403, /permission denied/));
    await answers(client({ token, namespace: 'team' }).tokenLookupSelf(), {
      data: { namespace_path: 'team/' },
    });
    await vault.delete('sys/namespaces/team');
    await assert.rejects(team.read('kv/data/a'), fails(404, /namespace not found/));
  });

  test('makes a root token from unseal keys, seals, and unseals again', async () => {
    const attempt: unknown = await vault.generateRootInit();
    const nonce = textAt(attempt, 'nonce');
    const otp = textAt(attempt, 'otp');
    await answers(vault.generateRootUpdate({ key: keys[0] ?? '', nonce }), { progress: 1, complete: false });
    const done: unknown = await vault.generateRootUpdate({ key: keys[1] ?? '', nonce });
    const encoded = Buffer.from(textAt(done, 'encoded_token'), 'base64');
    const token = encoded.map((byte, index) => byte ^ otp.charCodeAt(index)).toString();
    await answers(client({ token }).tokenLookupSelf(), { data: { policies: ['root'] } });
    await client({ token }).seal();
    await answers(vault.health(), { sealed: true });
    await assert.rejects(vault.read('kv1/wrapped'), fails(503, /sealed/));
    for (const key of [keys[1], keys[2]]) await vault.unseal({ key: key ?? '' });
    await answers(vault.read('kv1/wrapped'), { data: { a: 'b' } });
  });
});
