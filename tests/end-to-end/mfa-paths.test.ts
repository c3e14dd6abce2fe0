import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { startTestServer, type TestServer } from '../start-server.ts';
import { Authenticator, MfaServer, requirementOf, tokenOf } from './mfa-server.ts';

let server: TestServer;
let root: MfaServer;
before(async () => {
  server = await startTestServer();
  root = new MfaServer(server);
});
after(() => server.stop());

const refusal = async (where: MfaServer, path: string, body: object, method = 'POST') => {
  const { status, body: answer } = await where.call(method, path, { body });
  return [status, answer.errors?.join()];
};

describe('methods', () => {
  test('are created, read, listed, changed and deleted as in Vault', async () => {
    assert.equal((await root.call('LIST', 'identity/mfa/method')).status, 404);
    const id = await root.addMethod({ method_name: 'app', period: '60s' });
    const shown = {
      algorithm: 'SHA1',
      digits: 6,
      id,
      issuer: 'Acme',
      key_size: 20,
      max_validation_attempts: 5,
      name: 'app',
      namespace_id: 'root',
      namespace_path: '',
      period: 60,
      qr_size: 0,
      skew: 1,
      type: 'totp',
    };
    assert.deepEqual(await root.ok('GET', `identity/mfa/method/totp/${id}`), shown);
    assert.deepEqual(await root.ok('GET', `identity/mfa/method/${id}`), shown);
    assert.deepEqual(await root.ok('LIST', 'identity/mfa/method/totp'), {
      key_info: { [id]: shown },
      keys: [id],
    });
    assert.equal(await root.addMethod({ method_name: 'app' }), id, 'a name is one method');
    await root.ok('POST', `identity/mfa/method/totp/${id}`, { issuer: 'Other', digits: 8 });
    const { issuer, digits, name } = await root.ok('GET', `identity/mfa/method/totp/${id}`);
    assert.deepEqual([issuer, digits, name], ['Other', 8, 'app']);
    assert.deepEqual(await refusal(root, `identity/mfa/method/duo/${id}`, {}, 'GET'), [
      400,
      'failed to find the method ID under MFA type duo.',
    ]);
    assert.equal((await root.call('DELETE', `identity/mfa/method/totp/${id}`)).status, 204);
    assert.equal((await root.call('GET', `identity/mfa/method/totp/${id}`)).status, 404);
    assert.equal(
      (await root.call('POST', `identity/mfa/method/totp/${id}`, { body: { issuer: 'x' } })).status,
      404,
    );
  });

  test('with wrong settings are refused in the words of Vault', async () => {
    for (const [more, message] of [
      [{ issuer: '' }, 'issuer must be set'],
      [{ digits: 7 }, 'digits can only be 6 or 8'],
      [{ algorithm: 'MD5' }, 'unrecognized algorithm'],
      [{ skew: 2 }, 'skew must be 0 or 1'],
      [{ period: 0 }, 'period must be greater than zero'],
      [{ key_size: 0 }, 'key_size must be greater than zero'],
      [{ max_validation_attempts: -1 }, 'max_validation_attempts must be greater than zero'],
      [{ method_name: 'a:b' }, 'method_name takes printable ASCII without spaces, ":" and ","'],
    ] as const)
      assert.deepEqual(await refusal(root, 'identity/mfa/method/totp', { issuer: 'A', ...more }), [
        400,
        message,
      ]);
  });

  test('of other services are kept, and what is secret in them is never shown', async () => {
    const file = Buffer.from(
      '# x\nuse_signature=true\ntoken=very-secret\nidp_url=https://idp\norg_alias=o\n',
    ).toString('base64');
    for (const [type, body, expected] of [
      [
        'duo',
        { secret_key: 'very-secret', integration_key: 'very-secret', api_hostname: 'h' },
        { api_hostname: 'h' },
      ],
      [
        'okta',
        { org_name: 'o', api_token: 'very-secret', base_url: 'okta.com' },
        { org_name: 'o', base_url: 'okta.com' },
      ],
      [
        'pingid',
        { settings_file_base64: file },
        { idp_url: 'https://idp', org_alias: 'o', use_signature: true },
      ],
    ] as const) {
      const id = String((await root.ok('POST', `identity/mfa/method/${type}`, body))['method_id']);
      const shown = await root.ok('GET', `identity/mfa/method/${type}/${id}`);
      assert.deepEqual({ ...shown, ...expected }, shown);
      assert.ok(!JSON.stringify(shown).includes('very-secret') && !JSON.stringify(shown).includes(file));
    }
    assert.deepEqual(await refusal(root, 'identity/mfa/method/okta', { org_name: 'o' }), [
      400,
      'api_token must be set',
    ]);
    const bad = Buffer.from('very-secret').toString('base64');
    const [, message] = await refusal(root, 'identity/mfa/method/pingid', { settings_file_base64: bad });
    assert.equal(message, 'settings_file_base64: line 1 is no setting of PingID');
  });

  test('that an enforcement names stay, from this namespace and those below', async () => {
    await root.ok('POST', 'sys/namespaces/holds');
    const below = new MfaServer(server, 'holds');
    const accessor = await below.enable('userpass');
    const id = await root.addMethod();
    await below.enforce('people', [id], { auth_method_accessors: [accessor] });
    const [status, message] = await refusal(root, `identity/mfa/method/totp/${id}`, {}, 'DELETE');
    assert.equal(status, 400);
    assert.match(
      String(message),
      /^methodID is still used by an enforcement configuration with ID: [0-9a-f-]{36}$/,
    );
    assert.deepEqual(await refusal(below, `identity/mfa/method/totp/${id}`, {}, 'DELETE'), [
      400,
      'request namespace does not match method namespace',
    ]);
    await below.ok('DELETE', 'identity/mfa/login-enforcement/people');
    await root.ok('DELETE', `identity/mfa/method/totp/${id}`);
  });
});

describe('keys of authenticators', () => {
  test('are made by people for themselves, once, and by administrators for others', async () => {
    await root.enable('userpass', 'self');
    await root.ok('PUT', 'sys/policies/acl/enrol', {
      policy: 'path "identity/mfa/method/totp/generate" { capabilities = ["update"] }',
    });
    await root.addUser('ada', { token_policies: 'enrol' }, 'self');
    const first = await root.login('ada', {}, 'self');
    const [token, entity_id] = [tokenOf(first), first.body.auth?.['entity_id']];
    const method_id = await root.addMethod({ qr_size: 200, method_name: 'own' });
    const made = await root.call('POST', 'identity/mfa/method/totp/generate', { token, body: { method_id } });
    const url = String(made.body.data?.['url']);
    assert.match(
      url,
      new RegExp(
        `^otpauth://totp/Acme:${String(entity_id)}\\?algorithm=SHA1&digits=6&issuer=Acme&period=30&secret=[A-Z2-7]{32}$`,
      ),
    );
    assert.equal(Buffer.from(String(made.body.data?.['barcode']), 'base64').subarray(1, 4).toString(), 'PNG');
    const again = await root.call('POST', 'identity/mfa/method/totp/generate', {
      token,
      body: { method_id },
    });
    assert.deepEqual(
      [again.body.data, again.body.warnings],
      [null, ['Entity already has a secret for MFA method "own"']],
    );
    const admin = await root.call('POST', 'identity/mfa/method/totp/admin-generate', {
      token,
      body: { method_id, entity_id },
    });
    assert.equal(admin.status, 403);
    await root.ok('POST', 'identity/mfa/method/totp/admin-destroy', { method_id, entity_id });
    assert.notEqual(
      (await root.ok('POST', 'identity/mfa/method/totp/admin-generate', { method_id, entity_id }))['url'],
      url,
    );
    assert.deepEqual(await refusal(root, 'identity/mfa/method/totp/generate', { method_id }), [
      400,
      'missing entity ID',
    ]);
    for (const body of [
      { method_id, entity_id: 'x' },
      { method_id, entity_id: method_id },
    ])
      assert.deepEqual(await refusal(root, 'identity/mfa/method/totp/admin-generate', body), [
        400,
        'invalid entity ID',
      ]);
  });
});

describe('enforcements', () => {
  test('are read as in Vault, changed in part, and refused for what does not exist', async () => {
    const accessor = await root.enable('userpass', 'read');
    const id = await root.addMethod();
    const path = 'identity/mfa/login-enforcement/read';
    await root.enforce('read', [id], { auth_method_accessors: [accessor] });
    await root.enforce('read', [id], { auth_method_types: ['userpass'] });
    const { id: own, ...shown } = await root.ok('GET', path);
    assert.match(String(own), /^[0-9a-f-]{36}$/);
    assert.deepEqual(shown, {
      auth_method_accessors: [accessor],
      auth_method_types: ['userpass'],
      identity_entity_ids: [],
      identity_group_ids: [],
      mfa_method_ids: [id],
      name: 'read',
      namespace_id: 'root',
      namespace_path: '',
    });
    assert.deepEqual((await root.ok('LIST', 'identity/mfa/login-enforcement'))['keys'], ['read']);
    const other = 'identity/mfa/login-enforcement/other';
    for (const [body, message] of [
      [{}, 'missing method ids'],
      [{ mfa_method_ids: [] }, 'missing method ids'],
      [{ mfa_method_ids: ['x'] }, "one of the provided method ids doesn't exist"],
      [
        { mfa_method_ids: [id] },
        'One of auth_method_accessors, auth_method_types, identity_group_ids, identity_entity_ids must be specified',
      ],
      [
        { mfa_method_ids: [id], auth_method_types: ['userpas'] },
        'one of the auth method types provided is invalid',
      ],
      [
        { mfa_method_ids: [id], auth_method_types: ['token'] },
        'one of the auth method types provided is invalid',
      ],
      [
        { mfa_method_ids: [id], auth_method_accessors: ['x'] },
        'one of the auth method accessors provided is invalid',
      ],
      [{ mfa_method_ids: [id], identity_group_ids: ['x'] }, "one of the provided group ids doesn't exist"],
      [{ mfa_method_ids: [id], identity_entity_ids: [id] }, "one of the provided entity ids doesn't exist"],
    ] as const)
      assert.deepEqual(await refusal(root, other, body), [400, message]);
    await root.ok('DELETE', path);
    assert.equal((await root.call('GET', path)).status, 404);
  });
});

describe('namespaces', () => {
  test('those above say what is needed below; a login is finished where it began; others see nothing', async () => {
    for (const path of ['org', 'else']) await root.ok('POST', `sys/namespaces/${path}`);
    const org = new MfaServer(server, 'org');
    await org.ok('POST', 'sys/namespaces/team');
    const [team, elsewhere] = [new MfaServer(server, 'org/team'), new MfaServer(server, 'else')];
    const methodId = await org.addMethod({ method_name: 'app' });
    for (const where of [org, team, elsewhere]) {
      await where.enable('userpass');
      await where.addUser('ada');
    }
    const entityId = await team.entityOf('ada');
    assert.equal((await elsewhere.call('GET', `identity/mfa/method/${methodId}`)).status, 404);
    assert.deepEqual(
      await refusal(elsewhere, 'identity/mfa/login-enforcement/x', {
        mfa_method_ids: [methodId],
        auth_method_types: ['userpass'],
      }),
      [400, "one of the provided method ids doesn't exist"],
    );
    const body = { method_id: methodId, entity_id: entityId };
    assert.deepEqual(await refusal(org, 'identity/mfa/method/totp/admin-generate', body), [
      400,
      'invalid entity ID',
    ]);
    const app = new Authenticator(
      String((await team.ok('POST', 'identity/mfa/method/totp/admin-generate', body))['url']),
    );
    await org.enforce('people', [methodId], { auth_method_types: ['userpass'] });
    tokenOf(await elsewhere.login('ada'));
    const { id } = requirementOf(await team.login('ada'));
    for (const where of [root, org, elsewhere])
      assert.equal(
        (await where.validate(id, { [methodId]: [app.code()] })).body.errors?.join(),
        'invalid request ID',
      );
    tokenOf(await team.validate(id, { 'org/app': [app.code()] }));
    tokenOf(await team.login('ada', { headers: { 'X-Vault-MFA': `org/app:${app.code(1)}` } }));
  });
});
