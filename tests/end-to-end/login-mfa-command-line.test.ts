import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { type RunOptions, runInProcess } from '../../cli/testing/run-in-process.ts';
import { startTestServer, type TestServer } from '../start-server.ts';
import { type Authenticator, MfaServer } from './mfa-server.ts';

describe('a login with a second factor on the command line', () => {
  let server: TestServer;
  let home: string;
  let methodId: string;
  let other: string;
  const apps: Record<string, Authenticator> = {};

  before(async () => {
    server = await startTestServer();
    home = mkdtempSync(join(tmpdir(), 'coffer-mfa-'));
    const root = new MfaServer(server);
    const accessor = await root.enable('userpass');
    methodId = await root.addMethod({ method_name: 'app' });
    other = await root.addMethod({ method_name: 'card' });
    for (const name of ['ada', 'bob', 'cyd', 'dan']) {
      await root.addUser(name);
      const entityId = await root.entityOf(name);
      apps[name] = await root.enrol(methodId, entityId);
      if (name === 'dan') {
        apps['card'] = await root.enrol(other, entityId);
        await root.enforce('cards', [other], { identity_entity_ids: [entityId] });
      }
    }
    await root.enforce('people', [methodId], { auth_method_accessors: [accessor] });
  });
  after(async () => {
    await server.stop();
    rmSync(home, { recursive: true, force: true });
  });

  const run = (words: string[], options: RunOptions = {}) =>
    runInProcess(words, { ...options, environment: { HOME: home, COFFER_ADDR: server.address } });
  const login = (name: string, ...flags: string[]) => [
    'login',
    '-method=userpass',
    ...flags,
    `username=${name}`,
    'password=correct horse',
  ];
  const stored = () =>
    existsSync(join(home, '.coffer-token')) ? readFileSync(join(home, '.coffer-token'), 'utf8') : '';

  test('asks for the passcode without showing it, and stores the token', async () => {
    const code = apps['ada']?.code() ?? '';
    const { exitCode, out, err } = await run(login('ada'), { onTerminal: true, typed: code });
    assert.equal(exitCode, 0, err);
    assert.ok(err.includes(`Enter the passphrase for methodID "${methodId}" of type "totp": `));
    assert.ok(!out.includes(code) && !err.includes(code));
    assert.match(stored(), /^hvs\./);
    const refused = await run(login('ada'), { onTerminal: true, typed: code });
    assert.equal(refused.exitCode, 2);
    assert.match(refused.err, /code already used; new code is available in/);
  });

  test('takes it as a flag, by id or by name', async () => {
    const byId = await run(login('bob', '-token-only', `-mfa=${methodId}:${apps['bob']?.code()}`));
    assert.match(byId.out, /^hvs\./, byId.err);
    const byName = await run(login('bob', '-token-only', `-mfa=app:${apps['bob']?.code(1)}`));
    assert.match(byName.out, /^hvs\./, byName.err);
    const two = [`-mfa=app:${apps['dan']?.code()}`, `-mfa=card:${apps['card']?.code()}`];
    const both = await run(login('dan', '-token-only', ...two));
    assert.match(both.out, /^hvs\./, both.err);
  });

  test('prints what is missing where nobody can be asked, and stores nothing', async () => {
    const before = stored();
    for (const options of [{}, { onTerminal: true }]) {
      const { exitCode, out, err } = await run(login('cyd', '-non-interactive', '-token-only'), options);
      assert.equal(exitCode, 0, err);
      assert.match(out, /^mfa_request_id +[0-9a-f-]{36}$/m);
      assert.match(out, new RegExp(`^mfa_constraint_people_totp_id +${methodId}$`, 'm'));
      assert.match(out, /^mfa_constraint_people_totp_uses_passcode +true$/m);
      assert.match(out, /^mfa_constraint_people_totp_name +app$/m);
      assert.ok(!out.includes('token_accessor'));
      assert.match(err, /sys\/mfa\/validate/);
    }
    assert.equal(stored(), before);
    const { out } = await run(login('cyd', '-format=json'));
    const id = String(JSON.parse(out).auth.mfa_requirement.mfa_request_id);
    const payload = JSON.stringify({
      mfa_request_id: id,
      mfa_payload: { [methodId]: [apps['cyd']?.code()] },
    });
    const done = await run(['write', '-field=token', 'sys/mfa/validate', '-'], { input: payload });
    assert.match(done.out, /^hvs\./, done.err);
  });

  test('write asks too', async () => {
    const words = ['write', '-field=token', 'auth/userpass/login/cyd', 'password=correct horse'];
    const { out, err } = await run(words, { onTerminal: true, typed: apps['cyd']?.code(1) ?? '' });
    assert.match(out, /^hvs\./, err);
    assert.ok(err.includes('Enter the passphrase'));
  });
});
