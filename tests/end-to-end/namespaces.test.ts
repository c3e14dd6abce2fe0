import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type CallAnswer, startTestServer, type TestServer } from '../start-server.ts';

/** Everything that names something of one namespace. */
interface Tenant {
  readonly path: string;
  readonly id: string;
  readonly token: string;
  readonly tokenAccessor: string;
  readonly batchToken: string;
  readonly mountAccessor: string;
}

const everything =
  'path "*" { capabilities = ["create","read","update","delete","list","patch","scan","sudo"] }';

let server: TestServer;
before(async () => {
  server = await startTestServer();
});
after(() => server.stop());

async function makeTenant(path: string): Promise<Tenant> {
  const made = await server.call('POST', `sys/namespaces/${path}`, { body: {} });
  assert.equal(made.status, 200, made.text);
  const inside = { namespace: path };
  const ok = async (answer: Promise<CallAnswer>): Promise<CallAnswer> => {
    const { status, text } = await answer;
    assert.ok(status < 300, text);
    return answer;
  };
  await ok(
    server.call('POST', 'sys/mounts/kv', { ...inside, body: { type: 'kv', options: { version: '2' } } }),
  );
  await ok(server.call('PUT', 'sys/policies/acl/all', { ...inside, body: { policy: everything } }));
  await ok(server.call('POST', 'kv/data/a', { ...inside, body: { data: { from: path } } }));
  const token = await ok(
    server.call('POST', 'auth/token/create', { ...inside, body: { policies: ['all'], ttl: '1h' } }),
  );
  const batch = await ok(
    server.call('POST', 'auth/token/create', {
      ...inside,
      body: { policies: ['all'], ttl: '1h', type: 'batch' },
    }),
  );
  const mount = await server.call('GET', 'sys/mounts/kv', inside);
  return {
    path,
    id: String(made.body.data?.['id']),
    token: String(token.body.auth?.['client_token']),
    tokenAccessor: String(token.body.auth?.['accessor']),
    batchToken: String(batch.body.auth?.['client_token']),
    mountAccessor: String(mount.body.data?.['accessor']),
  };
}

describe('namespaces', () => {
  test('of any depth are reached by header, by prefix, and by both together', async () => {
    for (const path of ['deep', 'deep/er', 'deep/er/est'])
      assert.equal((await server.call('POST', `sys/namespaces/${path}`, { body: {} })).status, 200);
    const mount = { type: 'kv', options: { version: '1' } };
    await server.call('POST', 'sys/mounts/kv', { namespace: 'deep/er/est', body: mount });
    await server.call('POST', 'deep/er/est/kv/x', { body: { a: 'b' } });
    const ways = [
      server.call('GET', 'kv/x', { namespace: 'deep/er/est' }),
      server.call('GET', 'kv/x', { namespace: 'deep/er/est/' }),
      server.call('GET', 'kv/x', { namespace: '/deep/er/est' }),
      server.call('GET', 'est/kv/x', { namespace: 'deep/er' }),
      server.call('GET', 'er/est/kv/x', { namespace: 'deep' }),
      server.call('GET', 'deep/er/est/kv/x', { namespace: '' }),
      server.call('GET', 'deep/er/est/kv/x', { namespace: 'root' }),
    ];
    for (const answer of await Promise.all(ways)) assert.deepEqual(answer.body.data, { a: 'b' }, answer.text);
    assert.equal((await server.call('GET', 'kv/x')).status, 404);
  });

  test('are created, listed, scanned, read, patched and replaced as their clients expect', async () => {
    await server.call('POST', 'sys/namespaces/shapes', { body: { custom_metadata: { a: '1' } } });
    await server.call('POST', 'sys/namespaces/inner', { namespace: 'shapes', body: {} });
    const read = await server.call('GET', 'sys/namespaces/shapes');
    assert.deepEqual(
      { ...read.body.data, id: '', uuid: '' },
      {
        custom_metadata: { a: '1' },
        id: '',
        locked: false,
        path: 'shapes/',
        tainted: false,
        uuid: '',
      },
    );
    const patched = await server.call('PATCH', 'sys/namespaces/shapes', {
      headers: { 'Content-Type': 'application/merge-patch+json' },
      body: { custom_metadata: { a: null, b: '2' } },
    });
    assert.deepEqual(patched.body.data?.['custom_metadata'], { b: '2' });
    const listed = await server.call('GET', 'sys/namespaces?list=true', { namespace: 'shapes' });
    assert.deepEqual(listed.body.data?.['keys'], ['inner/']);
    const scanned = await server.call('SCAN', 'sys/namespaces', { namespace: 'shapes' });
    assert.deepEqual(scanned.body.data?.['keys'], ['inner/']);
    assert.equal((await server.call('LIST', 'shapes/inner/sys/namespaces')).status, 404);
    const again = await server.call('POST', 'sys/namespaces/shapes', { body: {} });
    assert.deepEqual(again.body.data?.['custom_metadata'], {});
    const refused = await server.call('DELETE', 'sys/namespaces/shapes');
    assert.equal(refused.status, 400);
    assert.deepEqual(refused.body.errors, ['unable to delete namespace containing child namespaces']);
    const missing = await server.call('DELETE', 'sys/namespaces/none');
    assert.deepEqual(missing.body.warnings, ['requested namespace does not exist']);
  });

  test('cannot take the name of a mount or of the system, nor a mount that of a namespace', async () => {
    await makeTenant('named');
    const refusals = [
      server.call('POST', 'sys/namespaces/secret', { body: {} }),
      server.call('POST', 'sys/namespaces/sys', { body: {} }),
      server.call('POST', 'sys/namespaces/auth', { body: {} }),
      server.call('POST', 'sys/namespaces/root', { body: {} }),
      server.call('POST', 'sys/namespaces/none/below', { body: {} }),
      server.call('POST', 'sys/mounts/named', { body: { type: 'kv' } }),
      server.call('POST', 'sys/mounts/named/kv', { body: { type: 'kv' } }),
      server.call('POST', 'sys/remount', { body: { from: 'secret', to: 'named' } }),
    ];
    for (const answer of await Promise.all(refusals)) assert.equal(answer.status, 400, answer.text);
    assert.equal((await server.call('GET', 'named/kv/data/a')).status, 200);
  });

  test('do not have what concerns the whole server', async () => {
    const tenant = await makeTenant('part');
    const paths = ['health', 'seal-status', 'init', 'audit', 'rotate', 'seal', 'key-status', 'rekey/init'];
    for (const path of paths) {
      for (const method of ['GET', 'PUT', 'DELETE']) {
        for (const token of [server.rootToken, tenant.token, null]) {
          const header = await server.call(method, `sys/${path}`, { namespace: 'part', token });
          const prefix = await server.call(method, `part/sys/${path}`, { token });
          for (const answer of [header, prefix])
            assert.ok([400, 403, 405].includes(answer.status), `${method} ${path}: ${answer.text}`);
        }
      }
    }
    const health = await server.call('GET', 'sys/health', { namespace: 'part', token: null });
    assert.deepEqual(health.body.errors, ['operation unavailable in namespaces']);
    assert.equal((await server.call('GET', 'sys/seal-status')).body['sealed'], false);
  });

  test('are not told apart from missing ones by callers who may not act in them', async () => {
    const tenant = await makeTenant('known');
    const there = await server.call('GET', 'kv/data/a', { namespace: 'known', token: null });
    const missing = await server.call('GET', 'kv/data/a', { namespace: 'unknown', token: null });
    assert.deepEqual([missing.status, missing.text], [there.status, there.text]);
    const foreign = await server.call('GET', 'kv/data/a', { namespace: 'unknown', token: tenant.token });
    assert.equal(foreign.status, 403);
    assert.equal((await server.call('GET', 'kv/data/a', { namespace: 'unknown' })).status, 404);
  });
});

describe('no id of one namespace does anything in another', () => {
  let one: Tenant;
  let two: Tenant;
  before(async () => {
    one = await makeTenant('one');
    two = await makeTenant('two');
  });

  test('a token of a child is refused in its parent and in its sibling, for every verb and both spellings', async () => {
    const targets = [
      'kv/data/a',
      'secret/data/a',
      'sys/mounts',
      'sys/policies/acl/all',
      'auth/token/lookup-self',
    ];
    for (const token of [one.token, one.batchToken]) {
      for (const method of ['GET', 'HEAD', 'LIST', 'SCAN', 'POST', 'PUT', 'PATCH', 'DELETE']) {
        const headers = { 'Content-Type': 'application/merge-patch+json' };
        for (const path of targets) {
          const attempts = [
            server.call(method, path, { token, headers, body: {} }),
            server.call(method, path, { token, headers, body: {}, namespace: 'two' }),
            server.call(method, `two/${path}`, { token, headers, body: {} }),
            server.call(method, `${path}`, { token, headers, body: {}, namespace: '' }),
          ];
          for (const { status, text } of await Promise.all(attempts))
            assert.equal(status, 403, `${method} ${path}: ${text}`);
        }
      }
    }
    assert.equal((await server.call('GET', 'kv/data/a', { namespace: 'two' })).status, 200);
  });

  test('a token of a namespace acts below it, and nowhere above', async () => {
    await server.call('POST', 'sys/namespaces/below', { namespace: 'one', token: one.token, body: {} });
    const child = await server.call('GET', 'sys/mounts', { namespace: 'one/below', token: one.token });
    assert.equal(child.status, 200, child.text);
    assert.equal((await server.call('GET', 'sys/mounts', { token: one.token })).status, 403);
  });

  test('tokens and accessors are unknown to another namespace whatever is asked of them', async () => {
    const foreign = { namespace: 'two', token: two.token };
    const byToken = ['lookup', 'renew', 'revoke', 'revoke-orphan'].map((verb) =>
      server.call('POST', `auth/token/${verb}`, { ...foreign, body: { token: one.token } }),
    );
    const byAccessor = ['lookup-accessor', 'renew-accessor', 'revoke-accessor'].map((verb) =>
      server.call('POST', `auth/token/${verb}`, { ...foreign, body: { accessor: one.tokenAccessor } }),
    );
    const capabilities = [
      server.call('POST', 'sys/capabilities', {
        ...foreign,
        body: { token: one.token, paths: ['kv/data/a'] },
      }),
      server.call('POST', 'sys/capabilities-accessor', {
        ...foreign,
        body: { accessor: one.tokenAccessor, paths: ['kv/data/a'] },
      }),
    ];
    for (const answer of await Promise.all([...byToken, ...byAccessor, ...capabilities])) {
      const isNothing = [400, 403, 404, 204].includes(answer.status);
      assert.ok(isNothing || /No token found/.test(String(answer.body.warnings)), answer.text);
      assert.ok(!answer.text.includes(one.tokenAccessor), answer.text);
      assert.ok(!answer.text.includes('capabilities":['), answer.text);
    }
    const still = await server.call('GET', 'auth/token/lookup-self', { namespace: 'one', token: one.token });
    assert.equal(still.status, 200, 'it was neither revoked nor changed');
    const accessors = await server.call('LIST', 'auth/token/accessors', foreign);
    assert.ok(!accessors.text.includes(one.tokenAccessor));
  });

  test('mounts, policies and namespaces of the sibling cannot be read, changed or removed', async () => {
    const own = { namespace: 'two', token: two.token };
    await server.call('PUT', 'sys/policies/acl/mine', {
      namespace: 'one',
      token: one.token,
      body: { policy: everything },
    });
    assert.equal((await server.call('GET', 'sys/policies/acl/mine', own)).status, 404);
    await server.call('DELETE', 'sys/policies/acl/mine', own);
    assert.equal((await server.call('GET', 'sys/policies/acl/mine', { namespace: 'one' })).status, 200);
    for (const name of ['one', one.id, '../one', '..%2fone', '%2e%2e/one']) {
      for (const method of ['GET', 'POST', 'PATCH', 'DELETE']) {
        const answer = await server.call(method, `sys/namespaces/${name}`, {
          ...own,
          headers: { 'Content-Type': 'application/merge-patch+json' },
          body: { custom_metadata: { taken: 'over' } },
        });
        assert.ok(!answer.text.includes(one.id) || name === one.id, answer.text);
      }
    }
    const untouched = await server.call('GET', 'sys/namespaces/one');
    assert.deepEqual(untouched.body.data?.['custom_metadata'], {});
    assert.ok(!(await server.call('GET', 'sys/mounts', own)).text.includes(one.mountAccessor));
    const { text } = await server.call('GET', 'sys/internal/ui/mounts', own);
    assert.ok(!text.includes(one.mountAccessor));
  });

  test('a wrapping token acts as a token in its own namespace only', async () => {
    const wrapped = await server.call('GET', 'kv/data/a', {
      namespace: 'one',
      token: one.token,
      headers: { 'X-Vault-Wrap-TTL': '10m' },
    });
    const token = String(wrapped.body.wrap_info?.['token']);
    for (const path of ['sys/wrapping/unwrap', 'two/sys/wrapping/unwrap', 'cubbyhole/response']) {
      const answer = await server.call('POST', path, { token, body: {} });
      assert.ok([400, 403].includes(answer.status), answer.text);
    }
    const unwrapped = await server.call('POST', 'sys/wrapping/unwrap', { namespace: 'one', token });
    assert.deepEqual(unwrapped.body.data?.['data'], { from: 'one' }, unwrapped.text);
  });

  test('what is asked about a lease of the sibling is answered as for one that never was', async () => {
    const own = { namespace: 'two', token: two.token };
    for (const suffix of [one.id, 'nowhere', 'root']) {
      const body = { lease_id: `kv/data/a/abcdefghijklmnopqrstuvwx.${suffix}` };
      const lookup = await server.call('POST', 'sys/leases/lookup', { ...own, body });
      assert.deepEqual([lookup.status, lookup.body.errors], [400, ['invalid lease']]);
      assert.equal((await server.call('POST', 'sys/leases/renew', { ...own, body })).status, 400);
      assert.ok((await server.call('PUT', 'sys/leases/revoke', { ...own, body })).status < 500);
    }
  });

  test('cubbyholes are not shared between tokens nor between namespaces', async () => {
    await server.call('POST', 'cubbyhole/x', { namespace: 'one', token: one.token, body: { a: 'mine' } });
    const others = [
      server.call('GET', 'cubbyhole/x'),
      server.call('GET', 'cubbyhole/x', { namespace: 'one' }),
      server.call('GET', 'cubbyhole/x', { namespace: 'one/below', token: one.token }),
      server.call('GET', 'cubbyhole/x', { namespace: 'two', token: two.token }),
    ];
    for (const answer of await Promise.all(others)) assert.ok(!answer.text.includes('mine'), answer.text);
    const own = await server.call('GET', 'cubbyhole/x', { namespace: 'one', token: one.token });
    assert.deepEqual(own.body.data, { a: 'mine' });
  });
});

describe('a deleted namespace', () => {
  test('is gone at once with its tokens and data, and another of its name begins empty', async () => {
    const first = await makeTenant('short');
    const deleted = await server.call('DELETE', 'sys/namespaces/short');
    assert.equal(deleted.status, 204, deleted.text);
    const gone = [
      server.call('GET', 'kv/data/a', { namespace: 'short', token: first.token }),
      server.call('GET', 'kv/data/a', { namespace: 'short', token: first.batchToken }),
      server.call('GET', 'secret/data/a', { token: first.token }),
    ];
    for (const answer of await Promise.all(gone)) assert.equal(answer.status, 403, answer.text);
    const second = await makeTenant('short');
    assert.notEqual(second.id, first.id);
    const old = [
      server.call('GET', 'kv/data/a', { namespace: 'short', token: first.token }),
      server.call('GET', 'kv/data/a', { namespace: 'short', token: first.batchToken }),
      server.call('POST', 'auth/token/lookup', { namespace: 'short', body: { token: first.token } }),
    ];
    for (const answer of await Promise.all(old)) assert.equal(answer.status, 403, answer.text);
    const list = await server.call('LIST', 'kv/metadata', { namespace: 'short' });
    assert.deepEqual(list.body.data?.['keys'], ['a'], 'only what the second one wrote');
  });

  test('takes every request in flight with it, without a defect', async () => {
    const tenant = await makeTenant('busy');
    const requests: Promise<CallAnswer>[] = [];
    for (let index = 0; index < 40; index++) {
      const options = { namespace: 'busy', token: tenant.token, body: { data: { index } } };
      requests.push(server.call('POST', `kv/data/k${index}`, options));
      if (index === 20) requests.push(server.call('DELETE', 'sys/namespaces/busy'));
    }
    for (const { status, text } of await Promise.all(requests)) assert.ok(status < 500, text);
    assert.equal((await server.call('GET', 'kv/data/k1', { namespace: 'busy' })).status, 404);
  });
});

describe('a locked namespace', () => {
  test('serves nobody, children included, until its key or a root token unlocks it', async () => {
    const tenant = await makeTenant('locked');
    await server.call('POST', 'sys/namespaces/child', { namespace: 'locked', body: {} });
    const locked = await server.call('POST', 'locked/sys/namespaces/api-lock/lock');
    const key = String(locked.body.data?.['unlock_key']);
    assert.equal((await server.call('GET', 'sys/namespaces/locked')).body.data?.['locked'], true);
    for (const namespace of ['locked', 'locked/child']) {
      for (const token of [server.rootToken, tenant.token]) {
        const answer = await server.call('GET', 'sys/mounts', { namespace, token });
        assert.equal(answer.status, 503, answer.text);
        assert.match(String(answer.body.errors?.[0]), /"locked\/" must be unlocked/);
      }
    }
    const unlock = (body: object) =>
      server.call('POST', 'sys/namespaces/api-lock/unlock', {
        namespace: 'locked',
        token: tenant.token,
        body,
      });
    assert.equal((await unlock({})).status, 400);
    assert.equal((await unlock({ unlock_key: 'wrong' })).status, 400);
    assert.equal((await unlock({ unlock_key: key })).status, 204);
    assert.equal((await server.call('GET', 'kv/data/a', { namespace: 'locked' })).status, 200);
    await server.call('POST', 'sys/namespaces/api-lock/lock/locked');
    assert.equal((await server.call('POST', 'sys/namespaces/api-lock/unlock/locked')).status, 204);
    assert.equal((await server.call('GET', 'kv/data/a', { namespace: 'locked' })).status, 200);
  });
});
