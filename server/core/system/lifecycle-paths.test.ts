import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CofferError } from '../../contracts/errors.ts';
import type { Operation } from '../../contracts/request.ts';
import { hex, openStatic, openWorld, type World } from '../lifecycle/lifecycle-harness.ts';
import { FieldReader } from '../router/fields.ts';
import { PathMatcher } from '../router/path-matcher.ts';
import { lifecyclePaths } from './lifecycle-paths.ts';

type Body = Record<string, unknown>;

/** Calls the declared path as the pipeline would; the bare answer, and its status when the handler sets one. */
function clientOf(world: World) {
  const matcher = new PathMatcher(lifecyclePaths(world.lifecycle));
  return async (
    operation: Operation | 'write',
    path: string,
    data: Body = {},
    tokenType: 'service' | 'none' = 'none',
  ) => {
    const found = matcher.find(path);
    assert(found, `no path ${path}`);
    const declared = found.target.operations[operation];
    assert(declared, `${path} does not take ${operation}`);
    const reply = await declared.handler({
      operation: operation === 'write' ? 'update' : operation,
      path,
      data,
      fields: new FieldReader(found.target).read(found.parameters, data),
      caller: {
        tokenAccessor: '',
        displayName: '',
        entityId: '',
        policies: [],
        tokenType,
        metadata: {},
        tokenHandle: '',
        namespacePath: '',
        namespaceId: 'root',
      },
      origin: { requestId: '', remoteAddress: '', remotePort: 0, clientCertificates: [], headers: {} },
      namespace: { id: 'root', path: '' },
    });
    return { status: reply?.status, body: (reply?.data ?? undefined) as Body };
  };
}

async function initialised(shares = 1, threshold = 1) {
  const world = await openWorld();
  const call = clientOf(world);
  const { body } = await call('write', 'init', { secret_shares: shares, secret_threshold: threshold });
  return { world, call, keys: body['keys'] as string[], init: body };
}

async function unsealed(shares = 1, threshold = 1) {
  const made = await initialised(shares, threshold);
  for (const key of made.keys.slice(0, threshold)) await made.call('write', 'unseal', { key });
  assert.equal(made.world.lifecycle.unsealed, true);
  return made;
}

test('init answers with the fields that clients read, numbers given as strings included', async () => {
  const world = await openWorld();
  const call = clientOf(world);
  assert.deepEqual((await call('read', 'init')).body, { initialized: false });
  const { body } = await call('write', 'init', { secret_shares: '3', secret_threshold: '2', pgp_keys: null });
  assert.deepEqual(Object.keys(body), ['keys', 'keys_base64', 'root_token']);
  const [keys, base64] = [body['keys'] as string[], body['keys_base64'] as string[]];
  assert.equal(keys.length, 3);
  assert.deepEqual(
    base64,
    keys.map((key) => Buffer.from(key, 'hex').toString('base64')),
  );
  assert.match(String(body['root_token']), /^hvs\.[0-9A-Za-z]{24}$/);
  assert.deepEqual((await call('read', 'init')).body, { initialized: true });
  await assert.rejects(call('write', 'init', {}), { status: 400, message: 'Vault is already initialized' });
});

test('init with an auto seal gives recovery keys, or none when asked for none, and takes no unseal shares', async () => {
  const call = clientOf(await openWorld({ seal: await openStatic() }));
  await assert.rejects(call('write', 'init', { secret_shares: 5, secret_threshold: 3 }), {
    message: 'parameters secret_shares,secret_threshold not applicable to seal type static',
  });
  await assert.rejects(call('write', 'init', {}), {
    message: 'invalid recovery configuration: shares must be at least one',
  });
  const { body } = await call('write', 'init', { recovery_shares: 3, recovery_threshold: 2 });
  assert.deepEqual([body['keys'], body['keys_base64']], [[], []]);
  assert.equal((body['recovery_keys'] as string[]).length, 3);
  const none = clientOf(await openWorld({ seal: await openStatic() }));
  const without = await none('write', 'init', { recovery_shares: 0, recovery_threshold: 0 });
  assert.deepEqual(Object.keys(without.body), ['keys', 'keys_base64', 'root_token']);
  await assert.rejects(clientOf(await openWorld())('write', 'init', { recovery_shares: 1 }), {
    message: 'parameters recovery_shares not applicable to seal type shamir',
  });
});

test('the seal status has the fields of Vault in every state', async () => {
  const world = await openWorld();
  const call = clientOf(world);
  const common = { version: '1.20.0', build_date: '', storage_type: 'inmem', coffer_version: '0.1.0' };
  const shamir = { type: 'shamir', migration: false, recovery_seal: false, nonce: '', progress: 0 };
  assert.deepEqual((await call('read', 'seal-status')).body, {
    ...common,
    ...shamir,
    initialized: false,
    sealed: true,
    t: 0,
    n: 0,
  });
  const { body: init } = await call('write', 'init', { secret_shares: 3, secret_threshold: 2 });
  const keys = init['keys'] as string[];
  const { body: halfway } = await call('write', 'unseal', { key: keys[0] });
  assert.deepEqual(halfway, {
    ...common,
    ...shamir,
    initialized: true,
    sealed: true,
    t: 2,
    n: 3,
    progress: 1,
    nonce: halfway['nonce'],
  });
  const { body: open } = await call('write', 'unseal', { key: keys[1], reset: false, migrate: false });
  const { cluster_name: name, cluster_id: id, ...rest } = open;
  assert.deepEqual(rest, { ...common, ...shamir, initialized: true, sealed: false, t: 2, n: 3 });
  assert.match(String(name), /^coffer-cluster-[0-9a-f]{8}$/);
  assert.match(String(id), /^[0-9a-f-]{36}$/);
  assert.deepEqual((await call('write', 'unseal', { key: keys[1] })).body, open);
  assert.deepEqual((await call('read', 'seal-status')).body, open);
});

test('unseal wants a key or reset', async () => {
  const { call } = await initialised(3, 2);
  const message = "'key' must be specified in request body as JSON, or 'reset' set to true";
  await assert.rejects(call('write', 'unseal', {}), { status: 400, message });
  await assert.rejects(call('write', 'unseal', { key: 'AAAA' }), {
    status: 400,
    message: 'invalid key: key is shorter than minimum 16 bytes',
  });
  assert.equal((await call('write', 'unseal', { reset: 'true' })).body['progress'], 0);
});

test('health has a code for every state, which the caller may change', async () => {
  const world = await openWorld();
  const call = clientOf(world);
  const health = async (query: Body = {}) => (await call('read', 'health', query)).status;
  assert.equal(await health(), 501);
  assert.equal(await health({ uninitcode: '204', sealedcode: '299' }), 204);
  const { body } = await call('write', 'init', { secret_shares: 1, secret_threshold: 1 });
  assert.equal(await health({ standbyok: 'true' }), 503);
  assert.equal(await health({ sealedcode: '299' }), 299);
  const sealed = (await call('read', 'health')).body;
  assert.deepEqual([sealed['sealed'], sealed['standby'], sealed['cluster_id']], [true, true, undefined]);
  await call('write', 'unseal', { key: (body['keys'] as string[])[0] });
  assert.equal(await health(), 200);
  assert.equal(await health({ activecode: '299', standbyok: '' }), 299);
  for (const code of ['abc', '99', '1000', '100', '-200', '2e2']) {
    await assert.rejects(health({ activecode: code }), { status: 400 });
  }
  const open = (await call('read', 'health')).body;
  assert.equal(open['server_time_utc'], Math.floor(world.clock.now() / 1000));
  assert.deepEqual(
    ['initialized', 'sealed', 'standby', 'replication_dr_mode', 'version'].map((key) => open[key]),
    [true, false, false, 'disabled', '1.20.0'],
  );
});

test('sealing takes a token, whatever the pipeline let through, and is done twice without harm', async () => {
  const { world, call } = await unsealed();
  await assert.rejects(call('write', 'seal'), { status: 403 });
  assert.equal(world.lifecycle.unsealed, true);
  assert.equal((await call('write', 'seal', {}, 'service')).body, undefined);
  assert.equal(world.lifecycle.unsealed, false);
  await call('write', 'seal');
});

test('a rekey goes through both families of paths, which see one attempt', async () => {
  const { world, call, keys } = await unsealed(3, 2);
  const { body: idle } = await call('read', 'rekey/init');
  assert.deepEqual(idle, {
    nonce: '',
    started: false,
    t: 0,
    n: 0,
    progress: 0,
    required: 2,
    pgp_fingerprints: null,
    backup: false,
    verification_required: false,
  });
  const { body: started } = await call('write', 'rekey/init', {
    secret_shares: 2,
    secret_threshold: 2,
    require_verification: true,
  });
  assert.deepEqual([started['started'], started['t'], started['n']], [true, 2, 2]);
  assert.deepEqual((await call('read', 'rotate/root/init')).body, started);
  await call('write', 'rekey/update', { key: keys[0], nonce: started['nonce'] });
  const { body: done } = await call('write', 'rotate/root/update', { key: keys[1], nonce: started['nonce'] });
  assert.deepEqual([done['complete'], done['verification_required'], done['backup']], [true, true, false]);
  const fresh = done['keys_base64'] as string[];
  const nonce = done['verification_nonce'];
  assert.equal((await call('read', 'rekey/init')).body['verification_nonce'], nonce);
  assert.deepEqual((await call('read', 'rekey/verify')).body, {
    nonce,
    started: true,
    t: 2,
    n: 2,
    progress: 0,
  });
  await call('write', 'rekey/verify', { key: fresh[0], nonce });
  const { body: verified } = await call('write', 'rotate/root/verify', { key: fresh[1], nonce });
  assert.deepEqual(verified, { nonce, complete: true });
  await call('write', 'seal', {}, 'service');
  for (const key of fresh) await call('write', 'unseal', { key });
  assert.equal(world.lifecycle.unsealed, true);
});

test('cancelling: nonce in the body or the query for Vault’s paths, a token for the others', async () => {
  const { call, keys } = await unsealed(3, 2);
  const begin = async () => {
    const { body } = await call('write', 'rekey/init', { secret_shares: 1, secret_threshold: 1 });
    await call('write', 'rekey/update', { key: keys[0], nonce: body['nonce'] });
    return body['nonce'];
  };
  const nonce = await begin();
  await assert.rejects(call('delete', 'rekey/init'), { status: 400 });
  assert.equal((await call('delete', 'rekey/init', { nonce })).body, undefined);
  await begin();
  await call('delete', 'rotate/root/init');
  assert.equal((await call('read', 'rekey/init')).body['started'], false);
});

test('generate-root speaks Vault’s words on both families of paths', async () => {
  const { call, keys } = await unsealed();
  const { body: started } = await call('write', 'generate-root/attempt', {});
  assert.equal(started['otp_length'], 28);
  const { body: seen } = await call('read', 'generate-root-token/attempt');
  assert.deepEqual(seen, { ...started, otp: '' });
  const { body: done } = await call('write', 'generate-root-token/update', {
    key: keys[0],
    nonce: started['nonce'],
  });
  assert.deepEqual(
    [done['complete'], done['progress'], done['required'], done['encoded_root_token']],
    [true, 1, 1, done['encoded_token']],
  );
  assert.equal((await call('read', 'generate-root/attempt')).body['started'], false);
});

test('rotation and its configuration read as Vault’s', async () => {
  const { call } = await unsealed();
  const { body: before } = await call('read', 'key-status');
  assert.equal(before['term'], 1);
  assert.match(String(before['install_time']), /^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
  await call('write', 'rotate');
  await call('write', 'rotate/keyring');
  assert.equal((await call('read', 'key-status')).body['term'], 3);
  assert.deepEqual((await call('read', 'rotate/config')).body, {
    enabled: true,
    interval: 0,
    max_operations: 3865470566,
  });
  await call('write', 'rotate/config', { max_operations: 1_000_000_000, interval: '720h', enabled: true });
  assert.deepEqual((await call('read', 'rotate/keyring/config')).body, {
    enabled: true,
    interval: '720h0m0s',
    max_operations: 1_000_000_000,
  });
  await assert.rejects(call('write', 'rotate/config', { max_operations: 3 }), {
    message: 'max_operations must be in the range [1000000,3865470566]',
  });
  await assert.rejects(call('write', 'rotate/config', { interval: '1h' }), { status: 400 });
});

test('what needs open keys says sealed, and what needs a store says so', async () => {
  const { call } = await initialised();
  for (const path of [
    'rekey/init',
    'generate-root/attempt',
    'generate-root-token/attempt',
    'rotate/root/init',
    'key-status',
    'rotate/config',
  ]) {
    await assert.rejects(call('read', path), { status: 503, message: 'Vault is sealed' }, path);
  }
  const empty = clientOf(await openWorld());
  await assert.rejects(empty('write', 'unseal', { key: hex(Buffer.alloc(32, 1)) }), {
    status: 400,
    message: 'Vault is not initialized',
  });
});

test('what is wrong with the key of a seal is for the log, not for those who ask without a token', async () => {
  const mine = await openStatic();
  const made = await openWorld({ seal: mine });
  const { recoveryKeys } = await made.lifecycle.init({ recovery: { shares: 1, threshold: 1, pgpKeys: [] } });
  const call = clientOf(await openWorld({ storage: made.storage, seal: await openStatic() }));
  await assert.rejects(call('write', 'unseal', { key: hex(recoveryKeys!.bytes[0]) }), (error) => {
    assert(error instanceof CofferError);
    assert.deepEqual([error.status, error.hint], [500, undefined]);
    assert.doesNotMatch(error.message, /k[0-9a-f]{16}/);
    assert.match(error.detail ?? '', /sealed with the key "k[0-9a-f]{16}"/);
    return true;
  });
});

test('only what Vault serves without a token is open to anybody, and all of it stays in the root namespace', async () => {
  const paths = lifecyclePaths((await openWorld()).lifecycle);
  const open = paths.filter(({ access }) => access === 'anyone').map(({ pattern }) => pattern);
  assert.deepEqual(open.sort(), [
    'generate-root/attempt',
    'generate-root/update',
    'health',
    'init',
    'leader',
    'rekey-recovery-key/init',
    'rekey-recovery-key/update',
    'rekey-recovery-key/verify',
    'rekey/init',
    'rekey/update',
    'rekey/verify',
    'seal-status',
    'unseal',
  ]);
  assert.equal(
    paths.every(({ rootOnly }) => rootOnly),
    true,
  );
});
