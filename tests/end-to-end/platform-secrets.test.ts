import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { CofferClient, ProblemError } from '../../sdk/index.ts';
import { callPlatform, type PlatformOptions } from '../platform-client.ts';
import { newWorkspace } from '../platform-people.ts';
import { startTestServer, type TestServer } from '../start-server.ts';

let server: TestServer;
const workspace = 'production';
const namespace = workspace;
const ask = (method: string, path: string, body?: object, options: PlatformOptions = {}) =>
  callPlatform(server, method, path, { workspace, ...(body ? { body } : {}), ...options });
const names = (answer: { body: { readonly [key: string]: unknown } }) =>
  (answer.body['secrets'] as { name: string }[]).map(({ name }) => name);

before(async () => {
  server = await startTestServer();
  await newWorkspace(server, workspace);
});
after(() => server.stop());

describe('one record has two views', () => {
  it('what the platform writes, KV reads: value, versions and custom metadata', async () => {
    await ask('POST', 'secrets', {
      name: 'ai/key',
      value: 'v1',
      type: 'api-token',
      tags: ['a'],
      metadata: { owner: 'ml' },
    });
    await ask('PATCH', 'secrets/ai/key', { value: 'v2' });
    const read = await server.call('GET', 'secret/data/ai/key?version=1', { namespace });
    assert.deepEqual(read.body.data?.['data'], { value: 'v1' });
    const metadata = await server.call('GET', 'secret/metadata/ai/key', { namespace });
    assert.equal(metadata.body.data?.['current_version'], 2);
    assert.deepEqual(metadata.body.data?.['custom_metadata'], {
      'coffer.type': 'api-token',
      'coffer.tags': 'a',
      owner: 'ml',
    });
  });

  it('what KV writes, the platform reads: maps, versions, metadata and deletion', async () => {
    await server.call('POST', 'secret/data/from/kv', { namespace, body: { data: { user: 'u', pass: 'p' } } });
    const custom = { team: 'x', 'coffer.tags': 'one,two' };
    await server.call('POST', 'secret/metadata/from/kv', { namespace, body: { custom_metadata: custom } });
    const value = await ask('GET', 'secrets/from/kv:value');
    assert.deepEqual(value.body['value'], { user: 'u', pass: 'p' });
    const shown = (await ask('GET', 'secrets/from/kv')).body;
    assert.deepEqual(
      [shown['type'], shown['tags'], shown['metadata']],
      ['generic', ['one', 'two'], { team: 'x' }],
    );
    await server.call('DELETE', 'secret/data/from/kv', { namespace });
    assert.equal((await ask('GET', 'secrets/from/kv:value')).status, 404);
    assert.equal((await ask('GET', 'secrets/from/kv')).body['deleted'], true);
    const again = await ask('POST', 'secrets', { name: 'from/kv', value: 'anew' });
    assert.deepEqual([again.status, again.body['version'], again.body['metadata']], [201, 2, {}]);
  });

  it('an expired secret is refused by both, and served again once it may live longer', async () => {
    await ask('POST', 'secrets', { name: 'SHORT', value: 'canary-expired', expires_in: '30d' });
    const past = { custom_metadata: { 'coffer.expires_at': '2020-01-01T00:00:00Z' } };
    await server.call('POST', 'secret/metadata/SHORT', { namespace, body: past });
    const refused = [
      await ask('GET', 'secrets/SHORT:value'),
      await server.call('GET', 'secret/data/SHORT', { namespace }),
      await server.call('GET', 'secret/data/SHORT?version=1', { namespace }),
      await server.call('GET', 'secret/subkeys/SHORT', { namespace }),
      await ask('GET', 'secrets/SHORT:diff?from=1&to=1'),
    ];
    for (const { status, text } of refused) {
      assert.equal(status, 410, text);
      assert.match(text, /the secret expired at 2020/);
      assert.doesNotMatch(text, /canary/);
    }
    assert.deepEqual(names(await ask('GET', 'secrets?expired=true')), ['SHORT']);
    await ask('PATCH', 'secrets/SHORT', { expires_in: '1h' });
    assert.equal((await ask('GET', 'secrets/SHORT:value')).status, 200);
    for (const expiry of [{ expires_in: '0s' }, { expires_at: '2020-01-01T00:00:00Z' }])
      assert.equal((await ask('PATCH', 'secrets/SHORT', expiry)).status, 400);
  });

  it('of creators at once one wins, and what the winner said of it stays', async () => {
    const tries = await Promise.all(
      Array.from({ length: 8 }, (_, index) =>
        ask('POST', 'secrets', { name: 'RACE', value: `v${index}`, description: `d${index}` }),
      ),
    );
    const won = tries.filter(({ status }) => status === 201);
    assert.equal(won.length, 1);
    assert.ok(tries.every(({ status }) => status === 201 || status === 409));
    const [description, value] = [
      (await ask('GET', 'secrets/RACE')).body['description'],
      (await ask('GET', 'secrets/RACE:value')).body['value'],
    ];
    assert.equal(String(description).slice(1), String(value).slice(1));
  });
});

describe('the secrets of a workspace', () => {
  it('are listed in pages, whole and each once, in the order of their names', async () => {
    const all = ['p/a', 'p/a.b', 'p/a/b', 'p/a/c/d', 'p/a/c/e', 'p/b', 'p/c/a', 'p/d', 'p/é'];
    for (const name of all)
      await ask('POST', 'secrets', { name, value: 'v', tags: [name.length > 4 ? 'long' : 'short'] });
    for (const limit of [1, 2, 3, 100]) {
      const found: string[] = [];
      let cursor = '';
      do {
        const page = await ask('GET', `secrets?prefix=p/&limit=${limit}${cursor && `&cursor=${cursor}`}`);
        found.push(...names(page));
        cursor = String(page.body['next_cursor'] ?? '');
      } while (cursor !== '');
      assert.deepEqual(found, all, `pages of ${limit}`);
    }
    assert.deepEqual(names(await ask('GET', 'secrets?prefix=p/a/c&sort=-name')), ['p/a/c/e', 'p/a/c/d']);
    assert.deepEqual(names(await ask('GET', 'secrets?prefix=p/&tag=short&q=A')), ['p/a']);
    assert.equal((await ask('GET', 'secrets?cursor=bm9uc2Vuc2U')).status, 400);
  });

  it('are checked by their type', async () => {
    const make = async (type: string, value: unknown) =>
      (await ask('POST', 'secrets', { name: `typed/${type}/${Math.random()}`, type, value })).status;
    assert.equal(await make('database-credentials', { host: 'h', user: 'u', password: 'p' }), 400);
    assert.equal(
      await make('database-credentials', {
        host: 'h',
        user: 'u',
        password: 'p',
        database: 'd',
        port: 70_000,
      }),
      400,
    );
    assert.equal(await make('database-credentials', 'mysql://u:p@h/d'), 201);
    assert.equal(await make('database-credentials', 'no url'), 400);
    assert.equal(await make('api-token', { a: 1 }), 400);
    assert.equal(await make('file', 'not base64!'), 400);
    assert.equal(await make('file', Buffer.alloc(1024 * 1024).toString('base64')), 201);
    assert.equal(await make('file', Buffer.alloc(1024 * 1024 + 3).toString('base64')), 400);
    assert.equal(await make('json', { deep: { er: [1] } }), 201);
    assert.equal(await make('generic', ''), 400);
    assert.equal(await make('bogus', 'x'), 400);
  });

  it('are gone for good with their workspace, and the name begins anew', async () => {
    await newWorkspace(server, 'doomed');
    const doomed = { workspace: 'doomed' };
    await ask('POST', 'secrets', { name: 'K', value: 'v' }, doomed);
    await server.call('POST', 'sys/auth/userpass', { body: { type: 'userpass' } });
    await ask('PUT', 'workspaces/doomed/members/user:ghost', { role: 'owner' });
    assert.equal((await ask('DELETE', 'workspaces/doomed?grace=1h')).status, 200);
    assert.equal((await ask('GET', 'secrets/K:value', undefined, doomed)).status, 503);
    await ask('POST', 'workspaces/doomed:restore');
    assert.equal((await ask('GET', 'secrets/K:value', undefined, doomed)).body['value'], 'v');
    assert.equal((await ask('DELETE', 'workspaces/doomed?force=true')).status, 204);
    assert.equal((await server.call('GET', 'sys/policies/acl/workspace-doomed-owner')).status, 404);
    await newWorkspace(server, 'doomed');
    assert.equal((await ask('GET', 'secrets/K:value', undefined, doomed)).status, 404);
    assert.deepEqual((await ask('GET', 'workspaces/doomed/members')).body['members'], []);
  });
});

describe('the SDK', () => {
  it('creates, reads, batches, updates and rolls back, and prints no value', async () => {
    const client = new CofferClient({ address: server.address, token: server.rootToken, workspace });
    await client.secrets.create({
      name: 'SDK_KEY',
      value: 'initial_value',
      rotationPolicy: { enabled: true, period: '30d', notifyBefore: '7d' },
    });
    const secret = await client.secrets.get('SDK_KEY');
    assert.equal(secret.value, 'initial_value');
    assert.doesNotMatch(`${secret} ${JSON.stringify(secret)}`, /initial/);
    const { inspect } = await import('node:util');
    assert.doesNotMatch(inspect(secret, { depth: 9, showHidden: true }), /initial/);
    await client.secrets.create({ name: 'toJSON', value: 'second' });
    const secrets = await client.secrets.batchGet(['SDK_KEY', 'toJSON']);
    assert.equal(secrets['SDK_KEY'], 'initial_value');
    assert.doesNotMatch(`${JSON.stringify({ secrets })} ${inspect(secrets)}`, /initial|second/);
    await assert.rejects(client.secrets.batchGet(['SDK_KEY', 'MISSING']), /MISSING/);
    assert.equal((await client.secrets.update('SDK_KEY', { value: 'next' })).version, 2);
    assert.equal((await client.secrets.rollback('SDK_KEY')).version, 3);
    assert.equal((await client.secrets.get('SDK_KEY', { version: 2 })).value, 'next');
    const described = await client.secrets.describe('SDK_KEY');
    assert.equal(
      Date.parse(described.rotation_due_at ?? '') - Date.parse(described.updated_at) > 29 * 86_400_000,
      true,
    );
    await assert.rejects(
      client.secrets.get('NOPE'),
      (error) => error instanceof ProblemError && error.code === 'not-found',
    );
    assert.ok((await client.secrets.list()).some(({ name }) => name === 'SDK_KEY'));
  });
});
