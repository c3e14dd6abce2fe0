import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { callPlatform } from '../platform-client.ts';
import { newWorkspace, peopleOf, type Role, signIn } from '../platform-people.ts';
import { startTestServer, type TestServer } from '../start-server.ts';

let server: TestServer;
let people: Record<Role, string>;
let john: string;
const workspace = 'production';

before(async () => {
  server = await startTestServer();
  await newWorkspace(server, workspace);
  people = await peopleOf(server, workspace);
  await server.call('POST', 'auth/userpass/users/john@example.com', { body: { password: 'a password' } });
  john = await signIn(server, 'john@example.com');
  for (const name of ['ONE', 'ONE-MORE', 'OTHER'])
    await callPlatform(server, 'POST', 'secrets', { workspace, body: { name, value: `value of ${name}` } });
});
after(() => server.stop());

const read = async (name: string) =>
  (await callPlatform(server, 'GET', `secrets/${name}:value`, { workspace, token: john })).status;
const grant = (secret: string, duration: string, token: string) =>
  callPlatform(server, 'POST', `secrets/${secret}:grant-access`, {
    workspace,
    token,
    body: { subject: 'user:john@example.com', duration },
  });

describe('access for a limited time', () => {
  it('opens one secret to one person, and ends by itself to the moment', async () => {
    assert.equal(await read('ONE'), 403);
    const given = await grant('ONE', '2s', people.admin);
    assert.equal(given.status, 201, given.text);
    assert.equal(await read('ONE'), 200);
    assert.deepEqual([await read('ONE-MORE'), await read('OTHER')], [403, 403]);
    const write = await callPlatform(server, 'PATCH', 'secrets/ONE', {
      workspace,
      token: john,
      body: { value: 'x' },
    });
    assert.equal(write.status, 403);
    await wait(Date.parse(String(given.body['expires_at'])) - Date.now() + 5);
    assert.equal(await read('ONE'), 403);
    const left = await callPlatform(server, 'GET', 'grants', { workspace });
    assert.deepEqual(left.body['grants'], []);
  });

  it('is ended early, for tokens that are held too', async () => {
    const given = await grant('OTHER', '1h', people.owner);
    assert.equal(await read('OTHER'), 200);
    const end = await callPlatform(server, 'DELETE', `grants/${String(given.body['id'])}`, {
      workspace,
      token: people.admin,
    });
    assert.equal(end.status, 204);
    assert.equal(await read('OTHER'), 403);
  });

  it('is given by nobody who could not read the value', async () => {
    for (const token of [people.viewer, people.member, john])
      assert.equal((await grant('ONE', '1h', token)).status, 403);
  });

  it('is never for longer than thirty days, for no group, and for no name that a policy reads otherwise', async () => {
    assert.equal((await grant('ONE', '31d', people.admin)).status, 400);
    assert.equal((await grant('ONE', '0s', people.admin)).status, 400);
    await server.call('POST', 'secret/data/wide*', { namespace: workspace, body: { data: { value: 'v' } } });
    assert.equal((await grant('wide*', '1h', people.admin)).status, 400);
    const group = { subject: 'group:workspace-production-viewer', duration: '1h' };
    const refused = await callPlatform(server, 'POST', 'secrets/ONE:grant-access', {
      workspace,
      body: group,
    });
    assert.equal(refused.status, 400);
  });

  it('goes with its workspace', async () => {
    await newWorkspace(server, 'short-lived');
    const there = { workspace: 'short-lived' };
    const body = { name: 'S', value: 'v' };
    await callPlatform(server, 'POST', 'secrets', { ...there, body });
    await callPlatform(server, 'POST', 'secrets/S:grant-access', {
      ...there,
      body: { subject: 'user:john@example.com', duration: '1h' },
    });
    await callPlatform(server, 'DELETE', 'workspaces/short-lived?force=true');
    await newWorkspace(server, 'short-lived');
    await callPlatform(server, 'POST', 'secrets', { ...there, body });
    const late = await callPlatform(server, 'GET', 'secrets/S:value', { ...there, token: john });
    assert.equal(late.status, 403);
  });
});
