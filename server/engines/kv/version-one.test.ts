import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { engineHarness } from '../../contracts/conformance/engine-harness.ts';
import { plugin } from './index.ts';

describe('kv v1', () => {
  test('keeps any fields, overwrites, lists and deletes', async () => {
    const kv = await engineHarness(plugin);
    assert.equal(await kv.call('write', 'a/b', { x: '1', l: [1, { d: null }] }), undefined);
    assert.deepEqual(await kv.call('read', 'a/b'), {
      data: { x: '1', l: [1, { d: null }] },
      leaseDurationSeconds: 2_764_800,
    });
    await kv.call('write', 'a/b', { y: 2 });
    assert.deepEqual((await kv.call('read', 'a/b'))?.data, { y: 2 });
    assert.deepEqual(await kv.call('list', ''), { data: { keys: ['a/'] } });
    assert.deepEqual(await kv.call('list', 'a'), { data: { keys: ['b'] } });
    assert.deepEqual(await kv.call('scan', ''), { data: { keys: ['a/b'] } });
    assert.equal(await kv.call('delete', 'a/b'), undefined);
    assert.equal(await kv.call('delete', 'a/b'), undefined);
    for (const operation of ['read', 'list', 'scan'] as const)
      assert.equal(await kv.call(operation, 'a/b'), undefined);
    assert.equal(await kv.call('list', ''), undefined);
    assert.equal(await kv.call('read', ''), undefined);
    assert.deepEqual(kv.records.keys, []);
  });

  test('a field ttl or lease becomes the lease duration; what is no duration is only data', async () => {
    const kv = await engineHarness(plugin, { defaultLeaseTtlSeconds: 600 });
    const duration = async (data: { readonly [key: string]: unknown }) => {
      await kv.call('write', 't', data);
      return (await kv.call('read', 't'))?.leaseDurationSeconds;
    };
    assert.equal(await duration({ ttl: '1h' }), 3600);
    assert.equal(await duration({ ttl: 90, lease: '2h' }), 90);
    assert.equal(await duration({ lease: '2h' }), 7200);
    assert.equal(await duration({ ttl: 'soon' }), 600);
    assert.equal(await duration({ ttl: { a: 1 } }), 600);
    assert.equal(await duration({ ttl: '-1h' }), 600);
    assert.equal(await duration({ x: 1 }), 600);
  });

  test('the same record gives the same reply and no lease', async () => {
    const kv = await engineHarness(plugin);
    await kv.call('write', 'a', { x: 1 });
    const reply = await kv.call('read', 'a');
    assert.equal(await kv.call('read', 'a'), reply);
    assert.ok(Object.isFrozen(reply?.data), 'whoever encodes it may keep the result beside it');
    assert.equal(reply?.lease, undefined);
  });

  test('a write needs a path and fields', async () => {
    const kv = await engineHarness(plugin);
    await assert.rejects(kv.call('write', '', { x: 1 }), { status: 400, message: 'missing path' });
    await assert.rejects(kv.call('write', 'a', {}), { status: 400, message: 'missing data fields' });
  });

  test('is what a mount without a version, generic and kv-v1 are; any other version is refused', async () => {
    const patterns = async (options: Readonly<Record<string, string>>) =>
      (await engineHarness(plugin, { options })).engine.paths.length;
    assert.equal(await patterns({}), 1);
    assert.equal(await patterns(plugin.aliases?.['generic'] ?? {}), 1);
    assert.equal(await patterns(plugin.aliases?.['kv-v1'] ?? {}), 1);
    assert.ok((await patterns(plugin.aliases?.['kv-v2'] ?? {})) > 5);
    await assert.rejects(async () => engineHarness(plugin, { options: { version: '9' } }), {
      code: 'invalid-request',
    });
    assert.throws(() => plugin.checkOptions?.({}, { version: 'x' }), { code: 'invalid-request' });
  });
});
