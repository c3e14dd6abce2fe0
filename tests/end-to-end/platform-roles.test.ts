import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { runInProcess } from '../../cli/testing/run-in-process.ts';
import { callPlatform } from '../platform-client.ts';
import { newWorkspace, peopleOf, type Role, roles, signIn } from '../platform-people.ts';
import { startTestServer, type TestServer } from '../start-server.ts';

const canary = 'canary-3f9d1c';
type Action = 'create' | 'list' | 'retrieve' | 'update' | 'delete';
const actions: readonly Action[] = ['create', 'list', 'retrieve', 'update', 'delete'];

/** MISSION.md section 2. */
const table: Readonly<Record<Role, Readonly<Record<Action, boolean>>>> = {
  viewer: { create: false, list: true, retrieve: false, update: false, delete: false },
  member: { create: true, list: true, retrieve: false, update: true, delete: true },
  admin: { create: true, list: true, retrieve: true, update: true, delete: true },
  owner: { create: true, list: true, retrieve: true, update: true, delete: true },
};

let server: TestServer;
let people: Record<Role, string>;

before(async () => {
  server = await startTestServer();
  await newWorkspace(server, 'production');
  await newWorkspace(server, 'development');
  people = await peopleOf(server, 'production');
});
after(() => server.stop());

/** A secret of two versions, for one cell of the table. */
async function secretFor(cell: string): Promise<string> {
  const name = `cell/${cell}`;
  const body = { name, value: `${canary}-1` };
  await callPlatform(server, 'POST', 'secrets', { workspace: 'production', body });
  const update = { value: `${canary}-2` };
  await callPlatform(server, 'PATCH', `secrets/${name}`, { workspace: 'production', body: update });
  return name;
}

type Attempt = (name: string, token: string) => Promise<{ allowed: boolean; text: string }>;

const platform: Readonly<Record<Action, Attempt>> = {
  create: (name, token) => ask('POST', 'secrets', token, { name: `${name}-new`, value: 'v' }),
  list: (_name, token) => ask('GET', 'secrets', token),
  retrieve: (name, token) => ask('GET', `secrets/${name}:value`, token),
  update: (name, token) => ask('PATCH', `secrets/${name}`, token, { value: 'w' }),
  delete: (name, token) => ask('DELETE', `secrets/${name}`, token),
};
const vault: Readonly<Record<Action, Attempt>> = {
  create: (name, token) => askVault('POST', `secret/data/${name}-new`, token, { data: { value: 'v' } }),
  list: (_name, token) => askVault('LIST', 'secret/metadata/cell/', token),
  retrieve: (name, token) => askVault('GET', `secret/data/${name}`, token),
  update: (name, token) => askVault('POST', `secret/data/${name}`, token, { data: { value: 'w' } }),
  delete: (name, token) => askVault('DELETE', `secret/data/${name}`, token),
};
const commandLine: Readonly<Record<Action, Attempt>> = {
  create: (name, token) => type(['secrets:create', `${name}-new`, 'v'], token),
  list: (_name, token) => type(['secrets:list'], token),
  retrieve: (name, token) => type(['secrets:get', name], token),
  update: (name, token) => type(['secrets:update', name, 'w'], token),
  delete: (name, token) => type(['secrets:delete', name], token),
};

async function ask(method: string, path: string, token: string, body?: object) {
  const answer = await callPlatform(server, method, path, {
    token,
    workspace: 'production',
    ...(body ? { body } : {}),
  });
  if (answer.status >= 400) assert.equal(answer.status, 403, answer.text);
  return { allowed: answer.status < 400, text: answer.text };
}

async function askVault(method: string, path: string, token: string, body?: object) {
  const answer = await server.call(method, path, {
    token,
    namespace: 'production',
    ...(body ? { body } : {}),
  });
  if (answer.status >= 400) assert.equal(answer.status, 403, answer.text);
  return { allowed: answer.status < 400, text: answer.text };
}

async function type(words: readonly string[], token: string) {
  const environment = { COFFER_ADDR: server.address, COFFER_TOKEN: token, COFFER_WORKSPACE: 'production' };
  const ran = await runInProcess(words, { environment });
  if (ran.exitCode !== 0) assert.match(ran.err, /permission denied/);
  return { allowed: ran.exitCode === 0, text: ran.out + ran.err };
}

describe('the roles of a workspace', () => {
  for (const [name, ways] of Object.entries({
    'platform API': platform,
    'Vault API': vault,
    'command line': commandLine,
  }))
    it(`are the table of the mission, cell by cell, through the ${name}`, async () => {
      for (const role of roles)
        for (const action of actions) {
          const secret = await secretFor(`${name.slice(0, 1)}-${role}-${action}`);
          const { allowed, text } = await ways[action](secret, people[role]);
          assert.equal(allowed, table[role][action], `${role} ${action}: ${text}`);
          if (!table[role].retrieve) assert.ok(!text.includes(canary), `${role} ${action} shows a value`);
        }
    });

  it('let a viewer and a member read a value by no way at all', async () => {
    const name = await secretFor('no-way');
    const v = { namespace: 'production' };
    for (const role of ['viewer', 'member'] as const) {
      const token = people[role];
      const answers: { readonly text: string }[] = [
        await server.call('GET', `secret/data/${name}?version=1`, { ...v, token }),
        await server.call('GET', `production/secret/data/${name}`, { token }),
        await server.call('GET', `secret/subkeys/${name}`, { ...v, token }),
        await server.call('GET', `secret/metadata/${name}`, { ...v, token }),
        await server.call('LIST', 'secret/detailed-metadata/cell/', { ...v, token }),
        await server.call('GET', `secret/data/${name}`, {
          ...v,
          token,
          headers: { 'X-Vault-Wrap-TTL': '60' },
        }),
        await server.call('PATCH', `secret/data/${name}`, {
          ...v,
          token,
          body: { data: { more: 'x' } },
          headers: { 'Content-Type': 'application/merge-patch+json' },
        }),
        await server.call('POST', `secret/rollback/${name}`, { ...v, token, body: { version: 1 } }),
        await server.call('POST', `secret/rollback/${name}`, {
          ...v,
          token,
          body: { version: 1 },
          headers: { 'X-Vault-Wrap-TTL': '60' },
        }),
      ];
      for (const path of [
        `secrets/${name}:value?version=1`,
        `secrets/${name}:diff?from=1&to=2`,
        `secrets/${name}:versions`,
        `secrets/${name}`,
        'secrets?q=canary',
      ])
        answers.push(await callPlatform(server, 'GET', path, { token, workspace: 'production' }));
      const batch = { names: [name] };
      answers.push(
        await callPlatform(server, 'POST', 'secrets:batch-get', {
          token,
          workspace: 'production',
          body: batch,
        }),
      );
      for (const { text } of answers) assert.ok(!text.includes(canary), `${role}: ${text}`);
    }
  });

  it('reach no other workspace, neither through its name nor through its path', async () => {
    const body = { name: 'other', value: canary };
    await callPlatform(server, 'POST', 'secrets', { workspace: 'development', body });
    for (const role of roles) {
      const token = people[role];
      for (const [method, path] of [
        ['GET', 'secrets'],
        ['GET', 'secrets/other'],
        ['GET', 'secrets/other:value'],
        ['GET', 'secrets/other:versions'],
        ['DELETE', 'secrets/other'],
        ['POST', 'secrets/other:rollback'],
        ['GET', 'workspaces/development'],
        ['GET', 'workspaces/development/members'],
        ['DELETE', 'workspaces/development?force=true'],
      ] as const) {
        const answer = await callPlatform(server, method, path, { token, workspace: 'development' });
        assert.equal(answer.status, 403, `${role} ${method} ${path}: ${answer.text}`);
      }
      const seen = await callPlatform(server, 'GET', 'workspaces', { token });
      assert.deepEqual(
        (seen.body['workspaces'] as { name: string }[]).map(({ name }) => name),
        ['production'],
      );
      const read = await server.call('GET', 'secret/data/other', { token, namespace: 'development' });
      assert.equal(read.status, 403);
    }
  });

  it('are managed by admins up to admin, and by owners in full', async () => {
    const path = 'workspaces/production/members/user:newcomer';
    const put = async (role: Role, as: Role) =>
      (await callPlatform(server, 'PUT', path, { token: people[as], body: { role } })).status;
    assert.equal(await put('viewer', 'viewer'), 403);
    assert.equal(await put('viewer', 'member'), 403);
    assert.equal(await put('admin', 'admin'), 200);
    assert.equal(await put('owner', 'admin'), 403);
    assert.equal(await put('owner', 'owner'), 200);
    assert.equal(await put('viewer', 'admin'), 403, 'an admin does not unmake an owner');
    const removed = await callPlatform(server, 'DELETE', path, { token: people.admin });
    assert.equal(removed.status, 403);
    assert.equal((await callPlatform(server, 'DELETE', path, { token: people.owner })).status, 204);
  });

  it('are never without an owner', async () => {
    const last = 'workspaces/production/members/user:owner-of-production';
    for (const token of [people.owner, server.rootToken]) {
      const gone = await callPlatform(server, 'DELETE', last, { token });
      assert.match(gone.text, /last owner/);
      const less = await callPlatform(server, 'PUT', last, { token, body: { role: 'admin' } });
      assert.match(less.text, /last owner/);
    }
    const read = await callPlatform(server, 'GET', 'workspaces/production', { token: people.owner });
    assert.equal(read.status, 200);
  });

  it('end at once for who is removed, also for tokens that they hold', async () => {
    await server.call('POST', 'auth/userpass/users/leaver', { body: { password: 'a password' } });
    const path = 'workspaces/production/members/user:leaver';
    await callPlatform(server, 'PUT', path, { body: { role: 'admin' } });
    const token = await signIn(server, 'leaver');
    const name = await secretFor('leaver');
    const read = () =>
      callPlatform(server, 'GET', `secrets/${name}:value`, { token, workspace: 'production' });
    assert.equal((await read()).status, 200);
    await callPlatform(server, 'DELETE', path);
    assert.equal((await read()).status, 403);
  });

  it('are had by machines and by groups too', async () => {
    await server.call('POST', 'sys/auth/approle', { body: { type: 'approle' } });
    await server.call('POST', 'auth/approle/role/deployer', { body: { bind_secret_id: 'true' } });
    const given = await callPlatform(server, 'PUT', 'workspaces/production/members/machine:deployer', {
      body: { role: 'member' },
    });
    assert.equal(given.status, 200, given.text);
    const roleId = (await server.call('GET', 'auth/approle/role/deployer/role-id')).body.data?.['role_id'];
    const secretId = (await server.call('POST', 'auth/approle/role/deployer/secret-id')).body.data?.[
      'secret_id'
    ];
    const login = await server.call('POST', 'auth/approle/login', {
      token: null,
      body: { role_id: roleId, secret_id: secretId },
    });
    const token = String(login.body.auth?.['client_token']);
    const made = await callPlatform(server, 'POST', 'secrets', {
      token,
      workspace: 'production',
      body: { name: 'by-a-machine', value: 'v' },
    });
    assert.equal(made.status, 201, made.text);
    await server.call('POST', 'auth/userpass/users/grouped', { body: { password: 'a password' } });
    const grouped = await signIn(server, 'grouped');
    const entity = (await server.call('GET', 'auth/token/lookup-self', { token: grouped })).body.data?.[
      'entity_id'
    ];
    await server.call('POST', 'identity/group', { body: { name: 'devops', member_entity_ids: [entity] } });
    await callPlatform(server, 'PUT', 'workspaces/production/members/group:devops', {
      body: { role: 'admin' },
    });
    const read = await callPlatform(server, 'GET', 'secrets/by-a-machine:value', {
      token: grouped,
      workspace: 'production',
    });
    assert.equal(read.status, 200, read.text);
  });
});
