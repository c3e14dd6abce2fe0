import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { startTestServer, type TestServer } from '../start-server.ts';

let server: TestServer;
before(async () => {
  server = await startTestServer();
});
after(() => server.stop());

describe('a mount', () => {
  test('takes every option and setting, and shows them again', async () => {
    const config = {
      default_lease_ttl: '1h',
      max_lease_ttl: '10h',
      force_no_cache: true,
      listing_visibility: 'unauth',
      audit_non_hmac_request_keys: ['a'],
      audit_non_hmac_response_keys: ['b'],
      passthrough_request_headers: ['X-One'],
      allowed_response_headers: ['X-Two'],
      allowed_managed_keys: ['k'],
    };
    const body = {
      type: 'kv',
      description: 'full',
      config,
      options: { version: '2' },
      local: true,
      seal_wrap: true,
    };
    assert.equal((await server.call('POST', 'sys/mounts/full/of/it', { body })).status, 204);
    const read = await server.call('GET', 'sys/mounts/full/of/it');
    const { accessor, uuid, running_plugin_version: _version, ...shown } = read.body.data ?? {};
    assert.match(String(accessor), /^kv_[0-9a-f]{8}$/);
    assert.match(String(uuid), /^[0-9a-f-]{36}$/);
    assert.deepEqual(shown, {
      config: { ...config, default_lease_ttl: 3600, max_lease_ttl: 36_000 },
      deprecation_status: 'supported',
      description: 'full',
      external_entropy_access: false,
      local: true,
      options: { version: '2' },
      plugin_version: '',
      running_sha256: '',
      seal_wrap: true,
      type: 'kv',
    });
    assert.equal(read.body['type'], 'kv', 'and at the top level');
    const ui = await server.call('GET', 'sys/internal/ui/mounts', { token: null });
    assert.deepEqual(ui.body.data, {
      auth: {},
      secret: { 'full/of/it/': { type: 'kv', description: 'full', options: { version: '2' } } },
    });
  });

  test('is tuned field by field, keeps what is not named, and refuses what cannot be', async () => {
    await server.call('POST', 'sys/mounts/tuned', { body: { type: 'kv', config: { max_lease_ttl: '2h' } } });
    const tune = (body: object) => server.call('POST', 'sys/mounts/tuned/tune', { body });
    assert.equal((await tune({ description: 'new', default_lease_ttl: '30m' })).status, 204);
    assert.equal(
      (await tune({ listing_visibility: 'hidden', audit_non_hmac_request_keys: 'a,b' })).status,
      204,
    );
    const { body } = await server.call('GET', 'sys/mounts/tuned/tune');
    assert.deepEqual(body.data, {
      audit_non_hmac_request_keys: ['a', 'b'],
      default_lease_ttl: 1800,
      description: 'new',
      force_no_cache: false,
      listing_visibility: 'hidden',
      max_lease_ttl: 7200,
    });
    for (const wrong of [
      { default_lease_ttl: '3h' },
      { max_lease_ttl: 'soon' },
      { listing_visibility: 'everywhere' },
      { options: { version: '3' } },
    ])
      assert.equal((await tune(wrong)).status, 400, JSON.stringify(wrong));
    assert.equal((await tune({ default_lease_ttl: 'system' })).status, 204);
    for (const path of ['sys', 'cubbyhole'])
      assert.equal(
        (await server.call('POST', `sys/mounts/${path}/tune`, { body: { max_lease_ttl: '1h' } })).status,
        400,
      );
    assert.equal((await server.call('POST', 'sys/mounts/none/tune', { body: {} })).status, 400);
    const auth = await server.call('POST', 'sys/mounts/auth/token/tune', {
      body: { default_lease_ttl: '40m' },
    });
    assert.equal(auth.status, 204, auth.text);
    assert.equal((await server.call('GET', 'sys/auth/token/tune')).body.data?.['default_lease_ttl'], 2400);
    await server.call('POST', 'sys/auth/token/tune', { body: { default_lease_ttl: 'system' } });
  });

  test('becomes version 2 of kv by tuning, with what it held', async () => {
    await server.call('POST', 'sys/mounts/grows', { body: { type: 'kv' } });
    await server.call('POST', 'grows/a/b', { body: { x: 'y' } });
    const tuned = await server.call('POST', 'sys/mounts/grows/tune', { body: { options: { version: '2' } } });
    assert.match(String(tuned.body.warnings), /^Upgrading mount from version 1 to version 2\./);
    let read = await server.call('GET', 'grows/data/a/b');
    for (let tries = 0; tries < 50 && read.status !== 200; tries++)
      read = await server.call('GET', 'grows/data/a/b');
    assert.deepEqual(read.body.data?.['data'], { x: 'y' });
    const back = await server.call('POST', 'sys/mounts/grows/tune', { body: { options: { version: '1' } } });
    assert.equal(back.status, 400);
  });

  test('is found by command lines through any path inside it, by those who may know of it', async () => {
    await server.call('POST', 'sys/namespaces/found', { body: {} });
    await server.call('POST', 'found/sys/mounts/kv', { body: { type: 'kv', options: { version: '2' } } });
    const ask = async (path: string, token: string | null = server.rootToken) => {
      const { status, body } = await server.call('GET', `sys/internal/ui/mounts/${path}`, { token });
      return [status, body.data?.['path'] ?? body.errors?.[0]];
    };
    assert.deepEqual(await ask('secret/a/b'), [200, 'secret/']);
    assert.deepEqual(await ask('secret'), [200, 'secret/']);
    assert.deepEqual(await ask('found/kv/x'), [200, 'found/kv/']);
    const refusal =
      'preflight capability check returned 403, please ensure client\'s policies grant access to path "none/x/"';
    assert.deepEqual(await ask('none/x'), [403, refusal]);
    assert.deepEqual(await ask('secret/a', null), [403, 'permission denied']);
    const made = await server.call('POST', 'auth/token/create', { body: { policies: ['default'] } });
    const [status] = await ask('secret/a', String(made.body.auth?.['client_token']));
    assert.equal(status, 403);
  });

  test('cannot be nested in another, take a reserved path, or be of a type that is not there', async () => {
    const enable = async (path: string, body: object = { type: 'kv' }) => {
      const { status, body: answer } = await server.call('POST', `sys/mounts/${path}`, { body });
      return [status, answer.errors?.[0]];
    };
    assert.deepEqual(await enable('secret/below'), [400, 'path is already in use at secret/']);
    assert.deepEqual(await enable('secret'), [400, 'path is already in use at secret/']);
    await enable('up/per/most');
    assert.deepEqual(await enable('up'), [400, 'path is already in use at up/per/most/']);
    assert.deepEqual(await enable('sys'), [400, 'cannot mount "sys/"']);
    for (const path of [
      'sys/x',
      'cubbyhole',
      'identity',
      'auth/x',
      'audit',
      'a*',
      'a+b',
      'a%20/b',
      'a/%2e%2e',
    ])
      assert.equal((await enable(path))[0], 400, path);
    assert.deepEqual(await enable('x', { type: 'none' }), [400, 'plugin not found in the catalog: none']);
    for (const type of ['__proto__', 'constructor', 'system', 'cubbyhole', '', '../kv'])
      assert.equal((await enable('x', { type }))[0], 400, type);
    assert.equal((await server.call('DELETE', 'sys/mounts/sys')).status, 400);
    assert.equal((await server.call('DELETE', 'sys/mounts/cubbyhole')).status, 400);
    assert.equal((await server.call('DELETE', 'sys/auth/token')).status, 400);
    assert.equal((await server.call('DELETE', 'sys/mounts/never')).status, 204);
  });

  test('moves with its data, under a new path that the old one no longer answers', async () => {
    await server.call('POST', 'sys/mounts/from', { body: { type: 'kv' } });
    await server.call('POST', 'from/a', { body: { x: 'y' } });
    const moved = await server.call('POST', 'sys/remount', { body: { from: 'from', to: 'to/there' } });
    const id = String(moved.body['migration_id']);
    const status = await server.call('GET', `sys/remount/status/${id}`);
    assert.deepEqual(status.body.data?.['migration_info'], {
      source_mount: 'from/',
      target_mount: 'to/there/',
      status: 'success',
    });
    assert.deepEqual((await server.call('GET', 'to/there/a')).body.data, { x: 'y' });
    assert.equal((await server.call('GET', 'from/a')).status, 404);
    const errors = async (body: object) => (await server.call('POST', 'sys/remount', { body })).status;
    assert.equal(await errors({ from: 'none', to: 'x' }), 400);
    assert.equal(await errors({ from: 'to/there', to: 'secret' }), 400);
    assert.equal(await errors({ from: 'to/there', to: 'sys/x' }), 400);
    assert.equal(await errors({ from: 'sys', to: 'x' }), 400);
    assert.equal(await errors({ from: 'to/there', to: 'auth/x' }), 400);
  });

  test('is enabled once, however many try at the same moment', async () => {
    const body = { type: 'kv' };
    const tries = Array.from({ length: 12 }, () => server.call('POST', 'sys/mounts/raced', { body }));
    const statuses = (await Promise.all(tries)).map(({ status }) => status).sort();
    assert.deepEqual(statuses, [204, ...Array.from({ length: 11 }, () => 400)]);
  });

  test('that is disabled while it is written to leaves nothing to the next one of its name', async () => {
    for (let round = 0; round < 5; round++) {
      await server.call('POST', 'sys/mounts/goes', { body: { type: 'kv' } });
      const writes = Array.from({ length: 30 }, (_, index) =>
        server.call('POST', `goes/k${index}`, { body: { a: 'b' } }),
      );
      const disabled = server.call('DELETE', 'sys/mounts/goes');
      for (const { status, text } of await Promise.all([...writes, disabled]))
        assert.ok(status < 500, `${status} ${text}`);
      assert.equal((await server.call('GET', 'goes/k1')).status, 404);
      await server.call('POST', 'sys/mounts/goes', { body: { type: 'kv' } });
      assert.equal((await server.call('LIST', 'goes')).status, 404);
      await server.call('DELETE', 'sys/mounts/goes');
    }
  });

  test('that moves while it is written to never lets a request reach another path than the one it named', async () => {
    await server.call('POST', 'sys/mounts/aa', { body: { type: 'kv' } });
    const moves = (async () => {
      for (let round = 0; round < 10; round++) {
        const [from, to] = round % 2 === 0 ? ['aa', 'b'] : ['b', 'aa'];
        await server.call('POST', 'sys/remount', { body: { from, to } });
      }
    })();
    const writes = Array.from({ length: 100 }, (_, index) =>
      server.call('POST', index % 2 === 0 ? 'aa/key' : 'b/key', { body: { a: 'b' } }),
    );
    for (const { status, text } of await Promise.all(writes)) assert.ok([204, 404].includes(status), text);
    await moves;
    assert.deepEqual((await server.call('LIST', 'aa')).body.data?.['keys'], ['key']);
  });
});

test('mounts, their settings, namespaces and policies are there after a restart', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'coffer-restart-'));
  const first = await startTestServer({ storage: 'sqlite', folder });
  const { rootToken, unsealKey } = first;
  try {
    await first.call('POST', 'sys/mounts/kept', {
      body: { type: 'kv', config: { default_lease_ttl: '7m' } },
    });
    await first.call('POST', 'kept/a', { body: { x: 'y' } });
    await first.call('POST', 'sys/namespaces/kept-ns', { body: { custom_metadata: { a: 'b' } } });
    await first.call('PUT', 'sys/policies/acl/kept', {
      body: { policy: 'path "x" { capabilities = ["read"] }' },
    });
    await first.stop();
    const second = await startTestServer({ storage: 'sqlite', folder, reopen: { rootToken, unsealKey } });
    try {
      assert.deepEqual((await second.call('GET', 'kept/a')).body.data, { x: 'y' });
      assert.equal((await second.call('GET', 'sys/mounts/kept/tune')).body.data?.['default_lease_ttl'], 420);
      const namespace = await second.call('GET', 'sys/namespaces/kept-ns');
      assert.deepEqual(namespace.body.data?.['custom_metadata'], { a: 'b' });
      assert.equal((await second.call('GET', 'sys/policies/acl/kept')).status, 200);
      assert.equal((await second.call('GET', 'kept-ns/sys/mounts')).status, 200);
    } finally {
      await second.stop();
    }
  } finally {
    await first.stop();
    rmSync(folder, { recursive: true, force: true });
  }
});
