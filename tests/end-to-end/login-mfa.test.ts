import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { startTestServer, type TestServer } from '../start-server.ts';
import { type Authenticator, MfaServer, requirementOf, tokenOf } from './mfa-server.ts';

let server: TestServer;
let root: MfaServer;
let auditFile: string;

before(async () => {
  server = await startTestServer({ storage: 'sqlite' });
  root = new MfaServer(server);
  auditFile = join(server.folder, 'audit.log');
  await root.ok('PUT', 'sys/audit/file', { type: 'file', options: { file_path: auditFile } });
  await root.ok('PUT', 'sys/config/auditing/request-headers/x-vault-mfa', { hmac: false });
});
after(() => server.stop());

/** What the audit log says of the data and headers of requests, hashes cut short: digits may stand in them, too. */
function auditEntries(): string[] {
  return readFileSync(auditFile, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const { request } = JSON.parse(line);
      return JSON.stringify([request.data, request.headers]).replace(/hmac-sha256:[0-9a-f]+/g, 'hmac');
    });
}

let people = 0;

/** A user on a mount of their own, with an authenticator, whose logins need a code. */
async function somebody(method: object = {}, user: object = {}) {
  const at = `people${people++}`;
  const accessor = await root.enable('userpass', at);
  await root.addUser('ada', user, at);
  const entityId = await root.entityOf('ada', at);
  const methodId = await root.addMethod(method);
  const app = await root.enrol(methodId, entityId);
  await root.enforce(at, [methodId], { auth_method_accessors: [accessor] });
  const login = (headers: Record<string, string> = {}) => root.login('ada', { headers }, at);
  return { at, accessor, entityId, methodId, app, login };
}

const sentences = (answer: { body: { errors?: readonly string[] } }) => answer.body.errors?.join() ?? '';

describe('a login that needs a second factor', () => {
  test('has no token until the code is there, and then the one that it would have had', async () => {
    const { at, entityId, methodId, app, login } = await somebody(
      { method_name: 'app' },
      { token_policies: 'ops', token_ttl: '10m' },
    );
    const first = await login();
    const { id, constraints } = requirementOf(first);
    assert.deepEqual(constraints, {
      [at]: { any: [{ type: 'totp', id: methodId, uses_passcode: true, name: 'app' }] },
    });
    assert.match(String(first.body.warnings?.[0]), /subject to MFA validation/);
    const done = await root.validate(id, { [methodId]: [app.code()] });
    const { client_token: token, accessor: _accessor, ...auth } = { ...done.body.auth };
    assert.deepEqual(auth, {
      policies: ['default', 'ops'],
      token_policies: ['default', 'ops'],
      metadata: { username: 'ada' },
      lease_duration: 600,
      renewable: true,
      entity_id: entityId,
      token_type: 'service',
      orphan: true,
      mfa_requirement: null,
      num_uses: 0,
    });
    const self = await server.call('GET', 'auth/token/lookup-self', { token: String(token) });
    assert.equal(self.body.data?.['path'], `auth/${at}/login/ada`);
    assert.equal(self.body.data?.['display_name'], `${at}-ada`);
    const renewed = await server.call('POST', 'auth/token/renew-self', { token: String(token) });
    assert.equal(renewed.status, 200, 'a renewal needs no second factor');
  });

  test('leaves no token behind before the code is there', async () => {
    const { login } = await somebody();
    const accessors = async () => (await root.ok('LIST', 'auth/token/accessors'))['keys'];
    const before = await accessors();
    requirementOf(await login());
    assert.deepEqual(await accessors(), before);
  });

  test('takes the code in the same request too, by id or by name, with or without "passcode="', async () => {
    for (const [name, prefix] of [
      ['', ''],
      ['phone', ''],
      ['phone.2', 'passcode='],
    ] as const) {
      const { methodId, app, login } = await somebody(name === '' ? {} : { method_name: name });
      tokenOf(await login({ 'X-Vault-MFA': `${name || methodId}:${prefix}${app.code()}` }));
    }
  });

  test('with a wrong code, a method that is not asked for, or none at all, is refused and makes nothing', async () => {
    const { methodId, app, login } = await somebody({ method_name: 'mine' });
    const before = (await root.ok('LIST', 'auth/token/accessors'))['keys'];
    for (const header of [
      `${methodId}:${app.wrongCode()}`,
      'other:123456',
      methodId,
      `${methodId}:1=2`,
      `mine:${app.code()},mine:${app.code(1)}`,
    ]) {
      const answer = await login({ 'X-Vault-MFA': header });
      assert.equal(answer.status, 403, `${header}: ${answer.text}`);
      assert.match(
        sentences(answer),
        /^failed to satisfy enforcement people\d+\. error: \d errors? occurred:\n/,
      );
      assert.ok(
        sentences(answer).endsWith(`\t* login MFA validation failed for methodID: [${methodId}]\n\n`),
      );
      assert.ok(!answer.text.includes(app.code()));
    }
    for (const header of [':123456', `${methodId}:`])
      assert.equal((await login({ 'X-Vault-MFA': header })).status, 400);
    assert.deepEqual((await root.ok('LIST', 'auth/token/accessors'))['keys'], before);
  });

  test('may be tried again after a wrong code, is finished once, and is nobody else’s', async () => {
    const { methodId, app, login } = await somebody();
    const { id } = requirementOf(await login());
    const wrong = await root.validate(id, { [methodId]: [app.wrongCode()] });
    assert.equal(wrong.status, 403);
    assert.match(sentences(wrong), /failed to validate TOTP passcode/);
    assert.equal((await root.validate(id, {})).status, 403);
    tokenOf(await root.validate(id, { [methodId]: [app.code()] }));
    const again = await root.validate(id, { [methodId]: [app.code(1)] });
    assert.deepEqual([again.status, sentences(again)], [400, 'invalid request ID']);
  });

  test('of no form is refused by name, and not for the code that it holds', async () => {
    const { methodId, login } = await somebody();
    const { id } = requirementOf(await login());
    for (const [requestId, payload, message] of [
      ['', {}, 'missing request ID'],
      [id, undefined, 'missing mfa payload'],
      [id, { [methodId]: [123456] }, 'invalid mfa payload'],
      [id, { [methodId]: { a: '1' } }, 'invalid mfa payload'],
      ['00000000-0000-4000-8000-000000000000', { [methodId]: ['1'] }, 'invalid request ID'],
      ['../config', { [methodId]: ['1'] }, 'invalid request ID'],
    ] as const) {
      const answer = await root.validate(requestId, payload);
      assert.deepEqual([answer.status, sentences(answer)], [400, message]);
    }
  });

  test('with a wrong password says so before anything of a second factor', async () => {
    const { at, methodId, app } = await somebody();
    const headers = { 'X-Vault-MFA': `${methodId}:${app.code()}` };
    const wrong = await root.login('ada', { headers, body: { password: 'wrong' } }, at);
    assert.equal(wrong.status, 400);
    tokenOf(await root.login('ada', { headers }, at));
  });

  test('has its answer wrapped when it asked for that, and what is missing in clear', async () => {
    const { methodId, app, at } = await somebody();
    const { id } = requirementOf(await root.login('ada', { headers: { 'X-Vault-Wrap-TTL': '60s' } }, at));
    const done = await root.validate(id, { [methodId]: [app.code()] });
    assert.equal(done.body.auth, null);
    const wrapping = String(done.body.wrap_info?.['token']);
    const inside = await server.call('POST', 'sys/wrapping/unwrap', { token: wrapping });
    assert.match(tokenOf(inside), /^hvs\./);
  });

  test('can give out batch tokens', async () => {
    const { methodId, app, login } = await somebody({}, { token_type: 'batch' });
    const { id } = requirementOf(await login());
    assert.match(tokenOf(await root.validate(id, { [methodId]: [app.code()] })), /^hvb\./);
  });
});

describe('a code', () => {
  test('lets in once, wherever it is shown again', async () => {
    const { methodId, app, login } = await somebody();
    const code = app.code();
    tokenOf(await login({ 'X-Vault-MFA': `${methodId}:${code}` }));
    const again = await login({ 'X-Vault-MFA': `${methodId}:${code}` });
    assert.equal(again.status, 403);
    assert.match(sentences(again), /code already used; new code is available in \d+ seconds/);
    const { id } = requirementOf(await login());
    assert.match(sentences(await root.validate(id, { [methodId]: [code] })), /code already used/);
    tokenOf(await root.validate(id, { [methodId]: [app.code(1)] }));
  });

  test('with spaces is none', async () => {
    const { methodId, app, login } = await somebody();
    const { id } = requirementOf(await login());
    const code = app.code();
    for (const other of [` ${code}`, `${code} `, `${code.slice(0, 3)} ${code.slice(3)}`])
      assert.equal((await root.validate(id, { [methodId]: [other] })).status, 403);
    tokenOf(await root.validate(id, { [methodId]: [code] }));
  });

  test('shown twice at the same moment lets in one, and so do two codes for one login', async () => {
    const { methodId, app, login } = await somebody();
    const { id } = requirementOf(await login());
    const same = app.code();
    const answers = await Promise.all(
      Array.from({ length: 8 }, () => root.validate(id, { [methodId]: [same] })),
    );
    assert.equal(answers.filter(({ status }) => status === 200).length, 1);

    const other = await somebody();
    const waiting = requirementOf(await other.login()).id;
    const codes = [-1, 0, 1].map((away) => other.app.code(away));
    const both = await Promise.all(codes.map((code) => root.validate(waiting, { [other.methodId]: [code] })));
    assert.equal(both.filter(({ status }) => status === 200).length, 1);
  });

  test('guessed too often makes the entity wait, whatever comes next, and all at once is no way round', async () => {
    const { methodId, app, login } = await somebody({ max_validation_attempts: 3 });
    const { id } = requirementOf(await login());
    const wrong = app.wrongCode();
    const answers = await Promise.all(
      Array.from({ length: 12 }, () => root.validate(id, { [methodId]: [wrong] })),
    );
    const refusals = answers.map(sentences);
    assert.equal(refusals.filter((text) => text.includes('failed to validate TOTP passcode')).length, 3);
    const locked =
      /maximum TOTP validation attempts 4 exceeded the allowed attempts 3\. Please try again in (\d+) seconds/;
    assert.equal(refusals.filter((text) => locked.test(text)).length, 9);
    const right = await root.validate(id, { [methodId]: [app.code()] });
    const seconds = Number(locked.exec(sentences(right))?.[1]);
    assert.ok(right.status === 403 && seconds > 30 && seconds <= 60, sentences(right));
    const single = await login({ 'X-Vault-MFA': `${methodId}:${app.code()}` });
    assert.match(sentences(single), locked);
  });
});

describe('enforcement', () => {
  let methodId: string;
  let mounts = 0;
  const names = ['ada', 'bob'] as const;

  /** Two users of one mount with authenticators and no enforcement. */
  async function two(): Promise<{ at: string; accessor: string; ids: string[]; apps: Authenticator[] }> {
    const at = `enforced${mounts++}`;
    const accessor = await root.enable('userpass', at);
    const ids: string[] = [];
    const apps: Authenticator[] = [];
    for (const name of names) {
      await root.addUser(name, {}, at);
      const id = await root.entityOf(name, at);
      ids.push(id);
      apps.push(await root.enrol(methodId, id));
    }
    return { at, accessor, ids, apps };
  }

  before(async () => {
    methodId = await root.addMethod({ method_name: 'shared' });
  });

  const needs = async (name: string, at: string) => {
    const answer = await root.login(name, {}, at);
    assert.equal(answer.status, 200, answer.text);
    return answer.body.auth?.['client_token'] === '';
  };

  test('by accessor is for one mount, by entity for one person, wherever they are merged to', async () => {
    const { at, accessor, ids } = await two();
    assert.equal(await needs('ada', at), false);
    await root.enforce(`acc-${at}`, [methodId], { auth_method_accessors: [accessor] });
    assert.deepEqual([await needs('ada', at), await needs('bob', at)], [true, true]);
    await root.ok('DELETE', `identity/mfa/login-enforcement/acc-${at}`);
    await root.enforce(`ent-${at}`, [methodId], { identity_entity_ids: [ids[0]] });
    assert.deepEqual([await needs('ada', at), await needs('bob', at)], [true, false]);
  });

  test('by entity stays with a person who is merged into another entity, and so does the authenticator', async () => {
    const { at, ids, apps } = await two();
    const heir = (await root.ok('POST', 'identity/entity', { name: `heir-${at}` }))['id'];
    await root.enforce(`ent-${at}`, [methodId], { identity_entity_ids: [ids[0]] });
    await root.ok('POST', 'identity/entity/merge', { from_entity_ids: [ids[0]], to_entity_id: heir });
    const { id } = requirementOf(await root.login('ada', {}, at));
    const done = await root.validate(id, { [methodId]: [apps[0]?.code()] });
    assert.equal(done.body.auth?.['entity_id'], heir, done.text);
  });

  test('by group is for its members, direct or through groups in it, as they are at the login', async () => {
    const { at, ids } = await two();
    const inner = (
      await root.ok('POST', 'identity/group', { name: `inner-${at}`, member_entity_ids: [ids[0]] })
    )['id'];
    const outer = (
      await root.ok('POST', 'identity/group', { name: `outer-${at}`, member_group_ids: [inner] })
    )['id'];
    await root.enforce(`group-${at}`, [methodId], { identity_group_ids: [outer] });
    assert.deepEqual([await needs('ada', at), await needs('bob', at)], [true, false]);
    await root.ok('POST', `identity/group/id/${String(inner)}`, { member_entity_ids: [ids[1]] });
    assert.deepEqual([await needs('ada', at), await needs('bob', at)], [false, true]);
  });

  test('of several kinds at once: a login satisfies all of them, with one code where they name one method', async () => {
    const { at, accessor, ids, apps } = await two();
    const other = await root.addMethod({ digits: 8, algorithm: 'SHA256' });
    const second = await root.enrol(other, String(ids[0]));
    await root.enforce(`a-${at}`, [methodId], { auth_method_accessors: [accessor] });
    await root.enforce(`b-${at}`, [methodId], { identity_entity_ids: [ids[0]] });
    await root.enforce(`c-${at}`, [other], { identity_entity_ids: [ids[0]] });
    const { id, constraints } = requirementOf(await root.login('ada', {}, at));
    assert.deepEqual(Object.keys(constraints).sort(), [`a-${at}`, `b-${at}`, `c-${at}`]);
    const half = await root.validate(id, { [methodId]: [apps[0]?.code()] });
    assert.ok(half.status === 403 && sentences(half).includes(`failed to satisfy enforcement c-${at}`));
    tokenOf(await root.validate(id, { shared: [apps[0]?.code(1)], [other]: [second.code()] }));
  });

  test('takes any of its methods', async () => {
    const { at, accessor, ids } = await two();
    const other = await root.addMethod();
    const app = await root.enrol(other, String(ids[0]));
    await root.enforce(`any-${at}`, [methodId, other], { auth_method_accessors: [accessor] });
    const { id } = requirementOf(await root.login('ada', {}, at));
    tokenOf(await root.validate(id, { [other]: [app.code()] }));
  });

  test('by type is for all mounts of it, and of those alone', async () => {
    await root.enable('approle');
    await root.ok('POST', 'auth/approle/role/ci', { bind_secret_id: true });
    const role_id = (await root.ok('GET', 'auth/approle/role/ci/role-id'))['role_id'];
    const { secret_id } = await root.ok('POST', 'auth/approle/role/ci/secret-id', {});
    const login = () =>
      root.call('POST', 'auth/approle/login', { token: null, body: { role_id, secret_id } });
    const entityId = String((await login()).body.auth?.['entity_id']);
    const { at } = await two();
    await root.enforce('machines', [methodId], { auth_method_types: ['approle'] });
    assert.equal(await needs('ada', at), false);
    const app = await root.enrol(methodId, entityId);
    const { id } = requirementOf(await login());
    tokenOf(await root.validate(id, { [methodId]: [app.code()] }));
    await root.ok('DELETE', 'identity/mfa/login-enforcement/machines');
    tokenOf(await login());
  });

  test('on somebody without an authenticator keeps them out, and says why', async () => {
    const { at, accessor } = await two();
    await root.addUser('new', {}, at);
    await root.enforce(`out-${at}`, [methodId], { auth_method_accessors: [accessor] });
    const { id } = requirementOf(await root.login('new', {}, at));
    const answer = await root.validate(id, { [methodId]: ['123456'] });
    assert.equal(answer.status, 403);
    assert.match(sentences(answer), /MFA secret for method name "shared" not present in entity/);
  });

  test('that needs duo, okta or pingid keeps everybody out, in a sentence; beside totp it is no hindrance', async () => {
    const { at, accessor, apps } = await two();
    const duo = await root.call('POST', 'identity/mfa/method/duo', {
      body: { secret_key: 'sk', integration_key: 'ik', api_hostname: 'duo.example' },
    });
    assert.match(String(duo.body.warnings?.[0]), /cannot check/);
    const duoId = String(duo.body.data?.['method_id']);
    await root.enforce(`duo-${at}`, [duoId], { auth_method_accessors: [accessor] });
    for (const headers of [undefined, { 'X-Vault-MFA': duoId }]) {
      const answer = await root.login('ada', headers ? { headers } : {}, at);
      assert.equal(answer.status, 403);
      assert.match(sentences(answer), /asks for duo, which this server keeps and cannot check; use totp/);
    }
    await root.enforce(`duo-${at}`, [duoId, methodId], { auth_method_accessors: [accessor] });
    const single = await root.login('ada', { headers: { 'X-Vault-MFA': duoId } }, at);
    assert.match(sentences(single), /MFA method type "duo" is kept by this server and cannot be checked/);
    const { id } = requirementOf(await root.login('ada', {}, at));
    tokenOf(await root.validate(id, { [methodId]: [apps[0]?.code()] }));
  });

  test('that was lifted, or an entity that was disabled, between password and code ends the login', async () => {
    const { at, accessor, ids, apps } = await two();
    await root.enforce(`off-${at}`, [methodId], { auth_method_accessors: [accessor] });
    const ada = requirementOf(await root.login('ada', {}, at)).id;
    const bob = requirementOf(await root.login('bob', {}, at)).id;
    await root.ok('POST', `identity/entity/id/${ids[1]}`, { disabled: true });
    assert.equal((await root.validate(bob, { [methodId]: [apps[1]?.code()] })).status, 403);
    await root.ok('DELETE', `identity/mfa/login-enforcement/off-${at}`);
    assert.equal((await root.validate(ada, { [methodId]: [apps[0]?.code()] })).status, 403);
    tokenOf(await root.login('ada', {}, at));
  });

  test('a login that waits is gone with its auth mount', async () => {
    const { at, methodId: own, app, login } = await somebody();
    const { id } = requirementOf(await login());
    await root.ok('DELETE', `sys/auth/${at}`);
    assert.equal(sentences(await root.validate(id, { [own]: [app.code()] })), 'invalid request ID');
  });
});

describe('the audit log', () => {
  test('has every attempt and no passcode, in whatever form it came', async () => {
    const { methodId, app, login } = await somebody();
    const codes = [app.code(-1), app.code(), app.code(1)];
    const { id } = requirementOf(await login());
    await root.validate(id, { [methodId]: [Number(`1${codes[0]}`)] });
    await root.validate(id, { [methodId]: [codes[0]] });
    await login({ 'X-Vault-MFA': `${methodId}:${codes[1]}` });
    const entries = auditEntries().filter(
      (entry) => entry.includes('"mfa_payload"') || entry.includes('"x-vault-mfa"'),
    );
    assert.ok(entries.length >= 6);
    for (const entry of entries) {
      for (const code of codes) assert.ok(!entry.includes(code), 'a passcode is in the audit log');
      assert.ok(!entry.includes(id), 'the request id is in the audit log');
    }
    assert.ok(!server.logText().includes(codes[1] ?? ''));
  });
});
