import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach, describe, test } from 'node:test';
import { type MethodHarness, methodHarness } from '../../contracts/conformance/method-harness.ts';
import type { JsonObject } from '../../contracts/request.ts';
import { makeDevelopmentCertificate } from '../../start-up/development/development-certificate.ts';
import { kubernetesIn, plugin } from './index.ts';
import { KubernetesApi } from './kubernetes-api-harness.ts';
import { parseSelector } from './label-selector.ts';

let api: KubernetesApi;
let folder: string;

before(async () => {
  api = await new KubernetesApi().start();
  folder = mkdtempSync(join(tmpdir(), 'coffer-pod-'));
});
after(async () => {
  await api.stop();
  rmSync(folder, { recursive: true, force: true });
});
beforeEach(() => {
  api.reviewers = ['Bearer reviewer'];
  api.status = {};
  api.gone.clear();
  api.broken = undefined;
  api.seen.length = 0;
});

const bound = { bound_service_account_names: ['app'], bound_service_account_namespaces: ['default'] };

async function mount(role: JsonObject = {}, config: JsonObject = {}): Promise<MethodHarness> {
  const method = await methodHarness(kubernetesIn(folder));
  await method.call('write', 'config', {
    kubernetes_host: api.url,
    token_reviewer_jwt: 'reviewer',
    disable_iss_validation: true,
    ...config,
  });
  await method.call('write', 'role/r', { ...bound, token_policies: ['app'], ...role });
  return method;
}

function refused(message: RegExp, status = 403) {
  return (error: unknown) => {
    assert.ok(error instanceof Error && 'status' in error);
    assert.match(error.message, message);
    assert.equal(error.status, status);
    return true;
  };
}
const denied = refused(/^permission denied$/);

describe('a login of a service account', () => {
  test('asks the cluster with the reviewer’s token, and gives a token of the role', async () => {
    const method = await mount();
    const jwt = await api.token();
    const grant = await method.login('login', { role: 'r', jwt });
    const about = {
      service_account_name: 'app',
      service_account_namespace: 'default',
      service_account_secret_name: '',
      service_account_uid: 'u-1',
    };
    assert.deepEqual(grant.metadata, { ...about, role: 'r' });
    assert.deepEqual(grant.alias, { name: 'u-1', metadata: about });
    assert.equal(grant.displayName, 'default-app');
    const [request] = api.seen;
    assert.equal(request?.path, '/apis/authentication.k8s.io/v1/tokenreviews');
    assert.equal(request.authorization, 'Bearer reviewer');
    assert.deepEqual(request.body['spec'], { token: jwt });
  });

  test('a token of a Secret works too, and the alias may be the account’s name', async () => {
    const method = await mount({ alias_name_source: 'serviceaccount_name' });
    const grant = await method.login('login', { role: 'r', jwt: await api.secretToken() });
    assert.equal(grant.alias?.name, 'default/app');
    assert.equal(grant.metadata['service_account_secret_name'], 'app-token');
  });

  test('says which field is missing, and which role is unknown', async () => {
    const method = await mount();
    await assert.rejects(method.login('login', { jwt: 'x' }), refused(/^missing role$/, 400));
    await assert.rejects(method.login('login', { role: 'r' }), refused(/^missing jwt$/, 400));
    await assert.rejects(
      method.login('login', { role: 'no', jwt: 'x' }),
      refused(/^invalid role name "no"$/, 400),
    );
  });

  test('is refused to other accounts and namespaces before the cluster is asked', async () => {
    const method = await mount();
    const other = await api.token({ name: 'web' });
    await assert.rejects(
      method.login('login', { role: 'r', jwt: other }),
      refused(/^service account name not authorized$/),
    );
    const elsewhere = await api.token({ namespace: 'kube-system' });
    await assert.rejects(
      method.login('login', { role: 'r', jwt: elsewhere }),
      refused(/^namespace not authorized$/),
    );
    for (const jwt of ['garbage', 'a.b.c', 'e30.e30.', `e.${'e'.repeat(70_000)}.e`])
      await assert.rejects(method.login('login', { role: 'r', jwt }), denied);
    assert.equal(api.seen.length, 0);
  });

  test('is refused once the cluster does not know the token any more', async () => {
    const method = await mount();
    const jwt = await api.token();
    await method.login('login', { role: 'r', jwt });
    api.gone.add(jwt);
    await assert.rejects(method.login('login', { role: 'r', jwt }), denied);
  });

  const answers: JsonObject[] = [
    { authenticated: 'true' },
    { user: { username: 'system:serviceaccount:default:other', uid: 'u-1' } },
    { user: { username: 'system:serviceaccount:kube-system:app', uid: 'u-1' } },
    { user: { username: 'system:serviceaccount:default:app', uid: 'u-2' } },
    { user: { username: 'admin', uid: 'u-1' } },
    { user: null },
  ];
  for (const status of answers)
    test(`is refused when the review says ${JSON.stringify(status)}`, async () => {
      const method = await mount();
      api.status = status;
      await assert.rejects(method.login('login', { role: 'r', jwt: await api.token() }), denied);
    });

  test('is refused when the cluster fails, redirects or forbids', async () => {
    const method = await mount();
    for (const status of [500, 302, 403, 404]) {
      api.broken = status;
      await assert.rejects(method.login('login', { role: 'r', jwt: await api.token() }), denied);
    }
    api.broken = undefined;
    api.reviewers = [];
    await assert.rejects(method.login('login', { role: 'r', jwt: await api.token() }), denied);
  });

  test('an audience has to be in the token, and in the review', async () => {
    const method = await mount({ audience: 'coffer' });
    await assert.rejects(
      method.login('login', { role: 'r', jwt: await api.token() }),
      refused(/invalid audience \(aud\) claim/),
    );
    const jwt = await api.token({ audiences: ['coffer', 'x'] });
    await method.login('login', { role: 'r', jwt });
    assert.deepEqual(api.seen.at(-1)?.body['spec'], { token: jwt, audiences: ['coffer'] });
    api.status = { audiences: ['x'] };
    await assert.rejects(method.login('login', { role: 'r', jwt }), denied);
  });

  test('a token that is over is refused although the cluster would take it, and so is another issuer when that is checked', async () => {
    const method = await mount();
    const jwt = await api.token({ claims: { exp: 1_000_000 } });
    await assert.rejects(method.login('login', { role: 'r', jwt }), refused(/token is expired/));
    const strict = await mount({}, { disable_iss_validation: false, issuer: 'https://cluster' });
    await assert.rejects(
      strict.login('login', { role: 'r', jwt: await api.token() }),
      refused(/invalid issuer \(iss\) claim/),
    );
    await strict.login('login', { role: 'r', jwt: await api.token({ claims: { iss: 'https://cluster' } }) });
  });

  test('with pem_keys a token of another key never reaches the cluster', async () => {
    const { publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const pem = publicKey.export({ type: 'spki', format: 'pem' });
    const method = await mount({}, { pem_keys: [pem] });
    await assert.rejects(method.login('login', { role: 'r', jwt: await api.token() }), denied);
    assert.equal(api.seen.length, 0);
  });

  test('stars bind many; a selector binds namespaces by their labels', async () => {
    const any = await mount({
      bound_service_account_names: ['*'],
      bound_service_account_namespaces: ['team-*'],
    });
    await any.login('login', { role: 'r', jwt: await api.token({ name: 'x', namespace: 'team-a' }) });
    await assert.rejects(any.login('login', { role: 'r', jwt: await api.token({ namespace: 'a-team-' }) }));
    const method = await methodHarness(kubernetesIn(folder));
    await method.call('write', 'config', { kubernetes_host: api.url, token_reviewer_jwt: 'reviewer' });
    await method.call('write', 'role/r', {
      bound_service_account_names: ['app'],
      bound_service_account_namespace_selector: '{"matchLabels":{"team":"a"}}',
    });
    api.namespaces.set('blue', { team: 'a' }).set('red', { team: 'b' });
    await method.login('login', { role: 'r', jwt: await api.token({ namespace: 'blue' }) });
    for (const namespace of ['red', 'default', 'unknown'])
      await assert.rejects(method.login('login', { role: 'r', jwt: await api.token({ namespace }) }));
  });
});

describe('a server in a pod', () => {
  test('reviews with its own token, and with the new one as soon as Kubernetes replaces it', async () => {
    const pod = join(folder, 'pod');
    mkdirSync(pod);
    writeFileSync(join(pod, 'token'), 'first\n');
    const method = await methodHarness(kubernetesIn(pod));
    await method.call('write', 'config', { kubernetes_host: api.url });
    await method.call('write', 'role/r', bound);
    for (const token of ['first', 'second']) {
      writeFileSync(join(pod, 'token'), `${token}\n`);
      api.reviewers = [`Bearer ${token}`];
      await method.login('login', { role: 'r', jwt: await api.token() });
    }
    await method.call('write', 'config', { kubernetes_host: api.url, token_reviewer_jwt: 'reviewer' });
    api.reviewers = ['Bearer reviewer'];
    await method.login('login', { role: 'r', jwt: await api.token() });
  });

  test('elsewhere, without a reviewer, each token reviews itself', async () => {
    const method = await mount({}, { token_reviewer_jwt: '' });
    const jwt = await api.token();
    api.reviewers = [`Bearer ${jwt}`];
    await method.login('login', { role: 'r', jwt });
  });

  test('speaks TLS only with the configured authority', async () => {
    const make = () => makeDevelopmentCertificate(['127.0.0.1'], Date.now());
    const { certificate, privateKey, authority } = await make();
    const secure = await new KubernetesApi().start({ cert: certificate, key: privateKey });
    try {
      const method = await mount({}, { kubernetes_host: secure.url, kubernetes_ca_cert: authority });
      await method.login('login', { role: 'r', jwt: await secure.token() });
      const other = (await make()).authority;
      const wrong = await mount({}, { kubernetes_host: secure.url, kubernetes_ca_cert: other });
      secure.seen.length = 0;
      await assert.rejects(wrong.login('login', { role: 'r', jwt: await secure.token() }), denied);
      assert.equal(secure.seen.length, 0, 'the reviewer’s token went nowhere');
    } finally {
      await secure.stop();
    }
  });
});

describe('configuration and roles', () => {
  test('a configuration reads back without the reviewer’s token', async () => {
    const method = await mount({}, { token_reviewer_jwt: 'canary' });
    const data = (await method.call('read', 'config'))?.data;
    assert.deepEqual(data, {
      disable_iss_validation: true,
      disable_local_ca_jwt: false,
      issuer: '',
      kubernetes_ca_cert: '',
      kubernetes_host: api.url,
      pem_keys: [],
      token_reviewer_jwt_set: true,
    });
  });

  const configs: [JsonObject, RegExp][] = [
    [{}, /^no host provided$/],
    [
      { kubernetes_host: 'https://127.0.0.1:1' },
      /^open \/var\/run\/secrets\/kubernetes.io\/serviceaccount\/ca.crt: no such/,
    ],
    [{ kubernetes_host: 'https://x', disable_local_ca_jwt: true }, /^kubernetes_ca_cert must be given when/],
    [{ kubernetes_host: 'https://x', kubernetes_ca_cert: 'garbage' }, /holds no certificate/],
    [{ kubernetes_host: 'http://x', pem_keys: ['garbage'] }, /^data does not contain any valid public keys$/],
    [{ kubernetes_host: 'file:///x' }, /no http or https URL/],
  ];
  for (const [config, message] of configs)
    test(`a configuration of ${JSON.stringify(config)} is refused`, async () => {
      const method = await methodHarness(plugin);
      await assert.rejects(method.call('write', 'config', config), refused(message, 400));
    });

  const names = { bound_service_account_names: ['app'] };
  const roles: [JsonObject, RegExp][] = [
    [{}, /^"bound_service_account_names" can not be empty$/],
    [names, /^"bound_service_account_namespaces" can not be empty if/],
    [{ ...bound, bound_service_account_names: ['app', '*'] }, /^can not mix "\*" with values$/],
    [{ ...bound, alias_name_source: 'zz' }, /^invalid alias_name_source, must be one of/],
    [
      { ...names, bound_service_account_namespace_selector: '{}' },
      /^invalid "bound_service_account_namespace_selector"/,
    ],
  ];
  for (const [role, message] of roles)
    test(`a role of ${JSON.stringify(role)} is refused`, async () => {
      const method = await methodHarness(plugin);
      await assert.rejects(method.call('write', 'role/x', role), refused(message, 400));
    });

  test('a role reads back with the older names that it was given by', async () => {
    const method = await mount({ policies: ['old'], ttl: 300, audience: 'a' });
    const data = (await method.call('read', 'role/r'))?.data;
    assert.deepEqual(
      ['alias_name_source', 'audience', 'ttl', 'token_ttl', 'bound_service_account_namespaces'].map(
        (n) => data?.[n],
      ),
      ['serviceaccount_uid', 'a', 300, 300, ['default']],
    );
  });

  test('a token cannot be renewed once its role is gone, nor by a new role of that name', async () => {
    const method = await mount();
    const grant = await method.login('login', { role: 'r', jwt: await api.token() });
    const login = { internal: grant.internal ?? {}, grant };
    assert.ok(await method.method.renew?.(login));
    await method.call('delete', 'role/r');
    await method.call('write', 'role/r', bound);
    await assert.rejects(async () => method.method.renew?.(login), refused(/no longer exists/, 400));
  });

  test('selectors of labels: equal, in, not in, there, not there, and nothing that selects all', () => {
    const selects = (selector: object, labels: object) =>
      parseSelector(JSON.stringify(selector))?.({ ...labels });
    const one = (operator: string, values?: string[]) => ({
      matchExpressions: [{ key: 'k', operator, values }],
    });
    assert.equal(selects({ matchLabels: { k: 'a' } }, { k: 'a' }), true);
    assert.equal(selects({ matchLabels: { k: 'a' } }, { k: 'b' }), false);
    assert.equal(selects(one('In', ['a', 'b']), { k: 'b' }), true);
    assert.equal(selects(one('NotIn', ['a']), {}), true);
    assert.equal(selects(one('NotIn', ['a']), { k: 'a' }), false);
    assert.equal(selects(one('Exists'), { k: '' }), true);
    assert.equal(selects(one('DoesNotExist'), { k: '' }), false);
    assert.equal(selects({ matchLabels: { toString: 'x' } }, {}), false);
    for (const wrong of [{}, { matchLabels: {} }, one('Gt', ['1']), one('In'), { matchlabels: { a: 'b' } }])
      assert.equal(selects(wrong, {}), undefined);
    assert.equal(parseSelector('garbage'), undefined);
  });
});
