import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { type CallAnswer, startTestServer, type TestServer } from '../start-server.ts';

let server: TestServer;

before(async () => {
  server = await startTestServer();
  for (const name of ['one', 'two', 'one/inner'])
    assert.ok((await server.call('POST', `sys/namespaces/${name}`, { body: {} })).status < 300);
});
after(() => server.stop());

async function enable(path: string, namespace: string, body: object): Promise<void> {
  const answer = await server.call('POST', path, { namespace, body });
  assert.ok(answer.status < 300, answer.text);
}

async function moved(from: string, to: string, namespace = ''): Promise<Readonly<Record<string, unknown>>> {
  const asked = await server.call('POST', 'sys/remount', { namespace, body: { from, to } });
  assert.equal(asked.status, 200, asked.text);
  const id = asked.body.data?.['migration_id'];
  for (;;) {
    const { body } = await server.call('GET', `sys/remount/status/${id}`, { namespace });
    const info: unknown = body.data?.['migration_info'];
    assert.ok(typeof info === 'object' && info !== null && 'status' in info);
    if (info.status !== 'in-progress') return { ...info, id };
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

describe('a mount that moves to another namespace', () => {
  it('takes every version, its settings and its accessor along, and leaves nothing behind', async () => {
    await enable('sys/mounts/kv', 'one', {
      type: 'kv',
      options: { version: '2' },
      description: 'of one',
      config: { max_lease_ttl: '2h' },
    });
    for (const a of [1, 2, 3]) await enable('kv/data/deep/er', 'one', { data: { a } });
    await enable('kv/delete/deep/er', 'one', { versions: [2] });
    const before = await server.call('GET', 'sys/mounts/kv', { namespace: 'one' });
    const metadata = await server.call('GET', 'one/kv/metadata/deep/er');
    const info = await moved('one/kv', 'two/archive');
    assert.deepEqual(
      { ...info, id: '' },
      { id: '', source_mount: 'one/kv/', target_mount: 'two/archive/', status: 'success' },
    );
    const now = await server.call('GET', 'sys/mounts/archive', { namespace: 'two' });
    assert.deepEqual(now.body.data, before.body.data);
    assert.deepEqual(
      (await server.call('GET', 'two/archive/metadata/deep/er')).body.data,
      metadata.body.data,
    );
    const read = (version: number): Promise<CallAnswer> =>
      server.call('GET', `two/archive/data/deep/er?version=${version}`);
    assert.deepEqual((await read(1)).body.data?.['data'], { a: 1 });
    assert.deepEqual([(await read(2)).status, (await read(3)).status], [404, 200]);
    assert.equal((await server.call('GET', 'one/kv/data/deep/er')).status, 404);
    await enable('archive/data/deep/er', 'two', { data: { a: 4 } });

    await enable('sys/mounts/kv', 'one', { type: 'kv', options: { version: '2' } });
    assert.equal((await server.call('LIST', 'one/kv/metadata')).status, 404, 'a new one begins empty');
  });

  it('ends the tokens and aliases of an auth method, whose roles go on there', async () => {
    await enable('sys/auth/people', 'one', { type: 'userpass' });
    await enable('auth/people/users/ann', 'one', { password: 'pw' });
    const login = (namespace: string, mount: string): Promise<CallAnswer> =>
      server.call('POST', `auth/${mount}/login/ann`, { namespace, token: null, body: { password: 'pw' } });
    const { auth } = (await login('one', 'people')).body;
    assert.ok(auth);
    const entity = `identity/entity/id/${auth['entity_id']}`;
    const self = (): Promise<CallAnswer> =>
      server.call('GET', 'auth/token/lookup-self', { namespace: 'one', token: String(auth['client_token']) });
    assert.equal((await self()).status, 200);
    assert.equal((await moved('one/auth/people', 'two/auth/folk'))['status'], 'success');
    assert.equal((await self()).status, 403);
    assert.deepEqual((await server.call('GET', entity, { namespace: 'one' })).body.data?.['aliases'], []);
    assert.equal((await login('two', 'folk')).status, 200);
    assert.notEqual((await login('one', 'people')).status, 200);
  });

  it('moves within a child when that is asked for from above, and from a namespace to its own child', async () => {
    await enable('sys/mounts/near', 'one', { type: 'kv' });
    await enable('near/a', 'one', { b: 'c' });
    assert.deepEqual(
      { ...(await moved('one/near', 'one/nearer')), id: '' },
      { id: '', source_mount: 'one/near/', target_mount: 'one/nearer/', status: 'success' },
    );
    assert.equal((await moved('nearer', 'inner/far', 'one'))['target_mount'], 'inner/far/');
    assert.deepEqual((await server.call('GET', 'one/inner/far/a')).body.data, { b: 'c' });
  });

  it('is refused where it cannot go, and stays in service', async () => {
    await enable('sys/mounts/stays', 'one', { type: 'kv' });
    await enable('sys/mounts/taken', 'two', { type: 'kv' });
    const refused: readonly [string, string, RegExp][] = [
      ['one/stays', 'two/taken', /path already in use at \\?"taken/],
      ['one/stays', 'two/taken/below', /path already in use/],
      ['one/stays', 'two/auth/stays', /between secrets engines and auth methods/],
      ['one/stays', 'two/sys/x', /cannot remount to/],
      ['one/stays', 'two/', /already in use by the namespace/],
      ['one/stays', 'one/inner', /already in use by the namespace/],
      ['one/none', 'two/none', /no matching mount/],
      ['one/sys', 'two/sys2', /cannot remount/],
      ['one/auth/token', 'two/auth/t', /cannot remount/],
      ['one/../stays', 'two/x', /./],
    ];
    for (const [from, to, message] of refused) {
      const answer = await server.call('POST', 'sys/remount', { body: { from, to } });
      assert.equal(answer.status, 400, `${from} ${to}: ${answer.text}`);
      assert.match(answer.text, message, `${from} ${to}`);
    }
    await enable('stays/a', 'one', { b: 'c' });
  });

  it('is in one place with all that it held when its goal is taken or goes while it moves', async () => {
    for (const [round, disturb] of (['mount', 'mount', 'namespace', 'namespace'] as const).entries()) {
      const [from, to] = [`from${round}`, `to${round}`];
      for (const name of [from, to])
        assert.ok((await server.call('POST', `sys/namespaces/${name}`, { body: {} })).status < 300);
      await enable('sys/mounts/kv', from, { type: 'kv' });
      for (let at = 0; at < 20; at++) await enable(`kv/k${at}`, from, { a: 'b' });
      const [info] = await Promise.all([
        moved(`${from}/kv`, `${to}/kv`).catch(() => ({ status: 'unknown' })),
        disturb === 'mount'
          ? server.call('POST', 'sys/mounts/kv', { namespace: to, body: { type: 'kv' } })
          : server.call('DELETE', `sys/namespaces/${to}`),
      ]);
      const held = async (namespace: string): Promise<number> => {
        const keys = (await server.call('LIST', `${namespace}/kv`)).body.data?.['keys'];
        return Array.isArray(keys) ? keys.length : 0;
      };
      const counts = [await held(from), await held(to)];
      // With the namespace that it had reached by then, it goes for good.
      const isGone = disturb === 'namespace' && info['status'] !== 'failure' && counts[0] === 0;
      if (!isGone) assert.deepEqual(counts.toSorted(), [0, 20], `${disturb}: ${JSON.stringify(info)}`);
      if (info['status'] === 'failure') assert.equal(counts[0], 20);
    }
  });

  it('shows its status to nobody in another namespace, and no namespace reaches beside itself', async () => {
    await enable('sys/mounts/mine', 'one', { type: 'kv' });
    const { id } = await moved('mine', 'inner/mine', 'one');
    for (const namespace of ['', 'two'])
      assert.equal((await server.call('GET', `sys/remount/status/${id}`, { namespace })).status, 404);
    const beside = await server.call('POST', 'sys/remount', {
      namespace: 'one',
      body: { from: 'inner/mine', to: 'two/mine' },
    });
    assert.equal(beside.status, 200, 'a path of its own');
    assert.equal((await server.call('GET', 'sys/mounts/mine', { namespace: 'two' })).status, 400);
  });
});

describe('an auth method that is disabled', () => {
  it('takes with it what it called entities and groups', async () => {
    await enable('sys/auth/gone', '', { type: 'userpass' });
    await enable('sys/auth/stays', '', { type: 'userpass' });
    const mounts = (await server.call('GET', 'sys/auth')).body.data ?? {};
    const accessorOf = (path: string): unknown => {
      const mount = mounts[path];
      return typeof mount === 'object' && mount !== null && 'accessor' in mount ? mount.accessor : '';
    };
    await enable('identity/entity', '', { name: 'ann' });
    const ann = (await server.call('GET', 'identity/entity/name/ann')).body.data?.['id'];
    for (const path of ['gone/', 'stays/'])
      await enable('identity/entity-alias', '', {
        name: 'ann',
        canonical_id: ann,
        mount_accessor: accessorOf(path),
      });
    await enable('identity/group', '', { name: 'devs', type: 'external' });
    const devs = (await server.call('GET', 'identity/group/name/devs')).body.data?.['id'];
    await enable('identity/group-alias', '', {
      name: 'eng',
      canonical_id: devs,
      mount_accessor: accessorOf('gone/'),
    });
    assert.equal((await server.call('DELETE', 'sys/auth/gone')).status, 204);
    const aliases = (await server.call('GET', 'identity/entity/name/ann')).body.data?.['aliases'];
    assert.ok(Array.isArray(aliases));
    assert.deepEqual(
      aliases.map((alias: { mount_accessor: string }) => alias.mount_accessor),
      [accessorOf('stays/')],
    );
    assert.deepEqual((await server.call('GET', 'identity/group/name/devs')).body.data?.['alias'], {});
  });
});
