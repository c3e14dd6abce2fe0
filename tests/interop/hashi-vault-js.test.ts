import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import Vault from 'hashi-vault-js';
import { KubernetesApi } from '../../server/auth-methods/kubernetes/kubernetes-api-harness.ts';
import { makeDevelopmentCertificate } from '../../server/start-up/development/development-certificate.ts';
import { startTestServer, type TestServer } from '../start-server.ts';
import { answers, textAt } from './answers.ts';

/** Calls of engines and methods with suites of their own, and of Active Directory, which Vault itself took out. */
const callsOfOtherSuites =
  /Ldap|WithCert|PKI|Pki|CACert|CAChain|Certificate|Crl|RootCA|IntermediateCA|AD[A-Z]/;

let folder: string;
let server: TestServer;
let vault: Vault;
let root: string;
const called = new Set<string>();

/** A client over TLS, as applications have one. */
function client(more: object = {}): Vault {
  const options = { https: true, cacert: join(folder, 'ca.pem'), timeout: 10_000, ...more };
  return new Vault({ baseUrl: `https://127.0.0.1:${server.port}/v1`, ...options });
}

/** One call by its name, which is noted: the client's own types ask for every field that may be left out. */
async function call(on: Vault, name: keyof Vault, ...inputs: unknown[]): Promise<unknown> {
  called.add(name);
  const method: unknown = Reflect.get(on, name);
  assert.ok(typeof method === 'function');
  return Reflect.apply(method, on, inputs);
}

/** Status and errors as the client hands them to its callers. */
async function fails(calling: Promise<unknown>, status: number, words: RegExp): Promise<void> {
  await assert.rejects(calling, (error: unknown) => {
    assert.ok(error instanceof Error);
    assert.partialDeepStrictEqual({ ...error }, { isVaultError: true, response: { status } });
    const { response } = { response: { data: {} }, ...error };
    assert.match(JSON.stringify(response.data), words);
    return true;
  });
}

/** What an operator does first, for which the client has no call. */
function operate(method: string, path: string, body?: object): Promise<void> {
  const headers = { 'X-Vault-Token': root };
  const options = { method, headers, ca: readFileSync(join(folder, 'ca.pem')) };
  return new Promise((resolve, reject) => {
    const sent = request(`https://127.0.0.1:${server.port}/v1/${path}`, options, (response) => {
      const { statusCode = 0 } = response.resume();
      if (statusCode < 300) resolve();
      else reject(new Error(`${method} ${path}: ${statusCode}`));
    });
    sent.on('error', reject);
    sent.end(body ? JSON.stringify(body) : undefined);
  });
}

describe('hashi-vault-js, unchanged, over TLS', () => {
  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'coffer-client-'));
    const made = await makeDevelopmentCertificate(['127.0.0.1'], Date.now());
    const files = { 'ca.pem': made.authority, 'cert.pem': made.certificate, 'key.pem': made.privateKey };
    for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
    server = await startTestServer({
      listener: {
        tls_disable: false,
        tls_cert_file: join(folder, 'cert.pem'),
        tls_key_file: join(folder, 'key.pem'),
      },
    });
    root = server.rootToken;
    vault = client();
    for (const type of ['approle', 'userpass', 'kubernetes'])
      await operate('POST', `sys/auth/${type}`, { type });
    const policy = 'path "secret/data/app/*" { capabilities = ["create", "read"] }';
    await operate('PUT', 'sys/policies/acl/app', { policy });
  });
  after(async () => {
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  test('trusts the authority that it is given, and no other', async () => {
    await answers(call(vault, 'healthCheck'), { initialized: true, sealed: false, standby: false });
    await assert.rejects(call(client({ cacert: undefined }), 'healthCheck'), /certificate/);
  });

  test('asks about health, seal, host, capabilities, counters and metrics', async () => {
    await answers(call(vault, 'healthCheck', { standbyok: true }), { sealed: false });
    await answers(call(vault, 'sealStatus'), {
      type: 'shamir',
      initialized: true,
      sealed: false,
      t: 1,
      n: 1,
    });
    await answers(call(vault, 'sysHostInfo', root), { cpu: [], host: {}, memory: {} });
    const token = textAt(
      await call(vault, 'createToken', root, { policies: ['app'], ttl: '1h' }),
      'client_token',
    );
    const paths = ['secret/data/app/x', 'secret/data/other'];
    const expected = { [paths[0] ?? '']: ['create', 'read'], [paths[1] ?? '']: ['deny'] };
    await answers(call(vault, 'sysCapabilities', root, token, paths), expected);
    await answers(call(vault, 'sysCapabilitiesSelf', token, paths), expected);
    await fails(call(vault, 'sysHostInfo', token), 403, /permission denied/);
    for (const type of ['entities', 'tokens'])
      await answers(call(vault, 'sysInternalCounters', root, type), { counters: {} });
    await answers(call(vault, 'sysMetrics', root), { Gauges: [], Counters: [] });
    assert.match(String(await call(vault, 'sysMetrics', root, 'prometheus')), /^# HELP /m);
  });

  test('creates, looks up, renews and revokes tokens, by themselves and by accessor', async () => {
    const params = { policies: ['app'], meta: { for: 'ci' }, ttl: '1h', display_name: 'ci', num_uses: 9 };
    const made: unknown = await call(vault, 'createToken', root, params);
    const [token, accessor] = [textAt(made, 'client_token'), textAt(made, 'accessor')];
    const about = { display_name: 'token-ci', creation_ttl: 3600, meta: { for: 'ci' }, num_uses: 9 };
    await answers(call(vault, 'lookupToken', root, token), {
      ...about,
      id: token,
      policies: ['app', 'default'],
    });
    await answers(call(vault, 'lookupSelfToken', token), { id: token, accessor });
    await answers(call(vault, 'lookupAccessor', root, accessor), { ...about, num_uses: 8, id: '', accessor });
    await answers(call(vault, 'renewToken', root, token, '2h'), {
      client_token: token,
      lease_duration: 7200,
    });
    await answers(call(vault, 'renewSelfToken', token, '30m'), { lease_duration: 1800 });
    await answers(call(vault, 'renewAccessor', root, accessor, '40m'), {
      client_token: '',
      lease_duration: 2400,
    });
    assert.ok(JSON.stringify(await call(vault, 'listAccessors', root)).includes(accessor));
    await call(vault, 'revokeToken', root, token);
    await fails(call(vault, 'lookupSelfToken', token), 403, /permission denied/);
    await fails(call(vault, 'lookupToken', root, token), 403, /bad token/);

    const batch = await call(vault, 'createToken', root, {
      type: 'batch',
      policies: ['app'],
      renewable: false,
      ttl: '1h',
    });
    assert.match(textAt(batch, 'client_token'), /^hvb\./);
    const own = textAt(await call(vault, 'createToken', root, { ttl: '1h' }), 'client_token');
    await call(vault, 'revokeSelfToken', own);
    await fails(call(vault, 'lookupSelfToken', own), 403, /permission denied/);
    const last: unknown = await call(vault, 'createToken', root, { ttl: '1h', no_parent: true });
    await answers(call(vault, 'lookupSelfToken', textAt(last, 'client_token')), { orphan: true });
    await call(vault, 'revokeAccessor', root, textAt(last, 'accessor'));
    await fails(call(vault, 'lookupAccessor', root, textAt(last, 'accessor')), 400, /invalid accessor/);
  });

  test('keeps users with passwords, who log in', async () => {
    await call(vault, 'createUserpassUser', root, 'ann', 'first', ['app']);
    await answers(call(vault, 'loginWithUserpass', 'ann', 'first'), {
      policies: ['app', 'default'],
      metadata: { username: 'ann' },
    });
    await call(vault, 'updateUserpassPassword', root, 'ann', 'second');
    await fails(call(vault, 'loginWithUserpass', 'ann', 'first'), 400, /invalid username or password/);
    await call(vault, 'updateUserpassPolicies', root, 'ann', ['other']);
    await answers(call(vault, 'loginWithUserpass', 'ann', 'second'), { policies: ['default', 'other'] });
    await call(vault, 'updateUserpassUser', root, 'ann', 'third', ['app']);
    await answers(call(vault, 'readUserpassUser', root, 'ann'), { policies: ['app'] });
    await answers(call(vault, 'listUserpassUsers', root), { keys: ['ann'] });
    await call(vault, 'deleteUserpassUser', root, 'ann');
    await fails(call(vault, 'readUserpassUser', root, 'ann'), 404, /"errors":\[\]/);
    await fails(call(vault, 'loginWithUserpass', 'ann', 'third'), 400, /invalid username or password/);
  });

  test('makes, reads and destroys the secret ids of an AppRole, and logs in with them', async () => {
    await operate('POST', 'auth/approle/role/web', { token_policies: 'app' });
    await operate('POST', 'auth/approle/role/web/role-id', { role_id: 'web-id' });
    const made: unknown = await call(vault, 'generateAppRoleSecretId', root, 'web', '{"from":"ci"}');
    const secretId = textAt(made, 'secret_id');
    await answers(call(vault, 'readAppRoleSecretId', root, 'web', secretId), {
      secret_id_accessor: textAt(made, 'secret_id_accessor'),
      metadata: { from: 'ci' },
    });
    await answers(call(vault, 'loginWithAppRole', 'web-id', secretId), {
      policies: ['app', 'default'],
      metadata: { role_name: 'web', from: 'ci' },
    });
    await call(vault, 'destroyAppRoleSecretId', root, 'web', secretId);
    await fails(call(vault, 'loginWithAppRole', 'web-id', secretId), 400, /invalid role or secret ID/);
  });

  test('lets service accounts of a cluster in by their role', async () => {
    const api = await new KubernetesApi().start();
    try {
      const config = {
        kubernetes_host: api.url,
        token_reviewer_jwt: 'reviewer',
        disable_iss_validation: true,
      };
      await call(vault, 'updateK8sConfig', root, config);
      await answers(call(vault, 'readK8sConfig', root), {
        kubernetes_host: api.url,
        token_reviewer_jwt_set: true,
      });
      const role = { bound_service_account_names: ['app'], bound_service_account_namespaces: ['default'] };
      await call(vault, 'createK8sRole', root, 'web', { ...role, token_policies: ['app'] });
      await answers(call(vault, 'readK8sRole', root, 'web'), { ...role, token_policies: ['app'] });
      await answers(call(vault, 'listK8sRoles', root), { keys: ['web'] });
      await answers(call(vault, 'loginWithK8s', 'web', await api.token()), { policies: ['app', 'default'] });
      await call(vault, 'deleteK8sRole', root, 'web');
      await fails(call(vault, 'readK8sRole', root, 'web'), 404, /errors/);
    } finally {
      await api.stop();
    }
  });

  test('writes, reads, deletes, undeletes and destroys versions of a secret', async () => {
    await call(vault, 'updateKVEngineConfig', root, { max_versions: 7, delete_version_after: '0s' });
    await answers(call(vault, 'readKVEngineConfig', root), { max_versions: 7, cas_required: false });
    await answers(call(vault, 'createKVSecret', root, 'app/openai', { key: 'one' }), { version: 1 });
    await fails(call(vault, 'createKVSecret', root, 'app/openai', { key: 'x' }), 400, /check-and-set/);
    await answers(call(vault, 'updateKVSecret', root, 'app/openai', { key: 'two' }, 1), { version: 2 });
    await answers(call(vault, 'readKVSecret', root, 'app/openai'), {
      data: { key: 'two' },
      metadata: { version: 2 },
    });
    await answers(call(vault, 'readKVSecret', root, 'app/openai', 1), { data: { key: 'one' } });
    await answers(call(vault, 'listKVSecrets', root), { keys: ['app/'] });
    await answers(call(vault, 'listKVSecrets', root, 'app'), { keys: ['openai'] });
    await call(vault, 'deleteVersionsKVSecret', root, 'app/openai', [1]);
    await fails(call(vault, 'readKVSecret', root, 'app/openai', 1), 404, /deletion_time/);
    await call(vault, 'undeleteVersionsKVSecret', root, 'app/openai', [1]);
    await answers(call(vault, 'readKVSecret', root, 'app/openai', 1), { data: { key: 'one' } });
    await call(vault, 'deleteLatestVerKVSecret', root, 'app/openai');
    await fails(call(vault, 'readKVSecret', root, 'app/openai'), 404, /deletion_time/);
    await call(vault, 'destroyVersionsKVSecret', root, 'app/openai', [1]);
    await fails(call(vault, 'readKVSecret', root, 'app/openai', 1), 404, /"destroyed":true/);
  });

  test('keeps metadata of a secret, and eliminates all of it', async () => {
    const path = 'app/meta';
    await call(vault, 'createKVSecret', root, path, { a: 1 }, 'secret');
    const meta = { max_versions: 3, custom_metadata: { team: 'ml' } };
    await call(vault, 'createKVSecretMeta', root, path, meta);
    await answers(call(vault, 'readKVSecretMeta', root, path), { ...meta, current_version: 1 });
    await call(vault, 'updateKVSecretMeta', root, path, { max_versions: 5 });
    await answers(call(vault, 'readKVSecretMeta', root, path), { ...meta, max_versions: 5 });
    await call(vault, 'eliminateKVSecret', root, path);
    await fails(call(vault, 'readKVSecretMeta', root, path), 404, /"errors":\[\]/);
  });

  test('keeps TOTP keys', async () => {
    await operate('POST', 'sys/mounts/totp', { type: 'totp' });
    const made: unknown = await call(vault, 'createTOTPKey', root, 'ann', {
      generate: true,
      exported: true,
      issuer: 'Coffer',
    });
    assert.match(textAt(made, 'url'), /^otpauth:\/\/totp\//);
    await answers(call(vault, 'readTOTPKey', root, 'ann'), {
      issuer: 'Coffer',
      account_name: 'vault',
      period: 30,
      digits: 6,
    });
  });

  test('works in a namespace of its own', async () => {
    await operate('POST', 'sys/namespaces/team');
    const team = client({ namespace: 'team' });
    await fails(call(team, 'readKVSecret', root, 'x'), 404, /no handler for route/);
    await answers(call(team, 'healthCheck'), { sealed: false });
    const token = textAt(await call(team, 'createToken', root, { ttl: '1h' }), 'client_token');
    await answers(call(team, 'lookupSelfToken', token), { namespace_path: 'team/' });
    await fails(call(vault, 'lookupSelfToken', token), 403, /permission denied/);
  });

  test('seals and unseals', async () => {
    await call(vault, 'sysSeal', root);
    await answers(call(vault, 'sealStatus'), { sealed: true });
    await fails(call(vault, 'readKVSecret', root, 'app/openai'), 503, /sealed/);
    await answers(call(vault, 'sysUnseal', root, server.unsealKey, false, false), { sealed: false });
    await answers(call(vault, 'healthCheck'), { sealed: false });
  });

  test('has no other call for what is here', () => {
    const calls = Object.getOwnPropertyNames(Vault.prototype).filter((name) => name !== 'constructor');
    const missed = calls.filter((name) => !called.has(name) && !callsOfOtherSuites.test(name));
    assert.deepEqual(missed, []);
  });
});
