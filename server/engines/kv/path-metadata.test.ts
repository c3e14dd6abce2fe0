import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { engineHarness } from '../../contracts/conformance/engine-harness.ts';
import { plugin } from './index.ts';

const versionTwo = { options: { version: '2' } };
const started = '2026-01-01T00:00:00Z';

describe('kv v2 metadata', () => {
  test('can be written before there is data, and reads back with durations as Go prints them', async () => {
    const kv = await engineHarness(plugin, versionTwo);
    assert.equal(
      await kv.call('write', 'metadata/new', {
        max_versions: 5,
        delete_version_after: 5400,
        custom_metadata: { n: 1 },
      }),
      undefined,
    );
    assert.deepEqual(await kv.call('read', 'metadata/new'), {
      data: {
        cas_required: false,
        created_time: started,
        current_metadata_version: 1,
        current_version: 0,
        custom_metadata: { n: '1' },
        delete_version_after: '1h30m0s',
        max_versions: 5,
        metadata_cas_required: false,
        oldest_version: 0,
        updated_time: started,
        versions: {},
      },
    });
    assert.equal(await kv.call('read', 'data/new'), undefined);
    assert.deepEqual(await kv.call('list', 'metadata'), { data: { keys: ['new'] } });
  });

  test('a read names all versions, and is one object for one record', async () => {
    const kv = await engineHarness(plugin, versionTwo);
    await kv.call('write', 'data/a', { data: { x: 1 } });
    kv.clock.advance(1_000);
    await kv.call('write', 'data/a', { data: { x: 2 } });
    await kv.call('delete', 'data/a');
    const reply = await kv.call('read', 'metadata/a');
    assert.deepEqual(reply?.data?.['versions'], {
      1: { created_time: started, deletion_time: '', destroyed: false },
      2: { created_time: '2026-01-01T00:00:01Z', deletion_time: '2026-01-01T00:00:01Z', destroyed: false },
    });
    assert.equal(reply?.data?.['created_time'], started);
    assert.equal(reply?.data?.['updated_time'], '2026-01-01T00:00:01Z');
    assert.equal(await kv.call('read', 'metadata/a'), reply);
    assert.equal(await kv.call('read', 'metadata/none'), undefined);
  });

  test('a write without a setting does nothing, and one with some keeps the others', async () => {
    const kv = await engineHarness(plugin, versionTwo);
    await kv.call('write', 'metadata/m', {});
    assert.equal(await kv.call('read', 'metadata/m'), undefined);
    await kv.call('write', 'metadata/m', {
      max_versions: 3,
      cas_required: true,
      custom_metadata: { a: 'b' },
    });
    await kv.call('write', 'metadata/m', { max_versions: 4 });
    const data = (await kv.call('read', 'metadata/m'))?.data;
    assert.deepEqual(
      [data?.['max_versions'], data?.['cas_required'], data?.['custom_metadata']],
      [4, true, { a: 'b' }],
    );
    await kv.call('write', 'metadata/m', { custom_metadata: {} });
    assert.equal((await kv.call('read', 'metadata/m'))?.data?.['custom_metadata'], null);
    await assert.rejects(kv.call('write', 'metadata/m', { max_versions: -1 }), { status: 400 });
  });

  test('custom metadata shows in reads of every version from then on, and in answers to writes', async () => {
    const kv = await engineHarness(plugin, versionTwo);
    await kv.call('write', 'data/c', { data: { x: 1 } });
    await kv.call('read', 'data/c');
    await kv.call('write', 'metadata/c', { custom_metadata: { team: 'ml' } });
    assert.match(JSON.stringify(await kv.call('read', 'data/c')), /"custom_metadata":\{"team":"ml"\}/);
    assert.match(
      JSON.stringify(await kv.call('write', 'data/c', { data: {} })),
      /"custom_metadata":\{"team":"ml"\}/,
    );
    assert.match(
      JSON.stringify(await kv.call('read', 'data/c?version=1')),
      /"custom_metadata":\{"team":"ml"\}/,
    );
  });

  test('a patch merges custom metadata, resets what is null, and needs a secret', async () => {
    const kv = await engineHarness(plugin, versionTwo);
    await assert.rejects(kv.call('patch', 'metadata/p', { max_versions: 1 }), { status: 404 });
    await kv.call('write', 'metadata/p', {
      max_versions: 3,
      cas_required: true,
      delete_version_after: 60,
      custom_metadata: { team: 'ml', n: '1' },
    });
    await kv.call('patch', 'metadata/p', {
      cas_required: false,
      max_versions: null,
      custom_metadata: { n: null, k: 'v' },
    });
    const data = (await kv.call('read', 'metadata/p'))?.data;
    assert.equal(data?.['cas_required'], false);
    assert.equal(data?.['max_versions'], 0);
    assert.equal(data?.['delete_version_after'], '1m0s');
    assert.deepEqual(data?.['custom_metadata'], { team: 'ml', k: 'v' });
    assert.equal(data?.['current_metadata_version'], 2);
    await kv.call('patch', 'metadata/p', { custom_metadata: null });
    assert.equal((await kv.call('read', 'metadata/p'))?.data?.['custom_metadata'], null);
  });

  test('metadata_cas must name the metadata version in force where it is given or required', async () => {
    const kv = await engineHarness(plugin, versionTwo);
    await kv.call('write', 'metadata/m', { metadata_cas: 0, metadata_cas_required: true });
    await assert.rejects(kv.call('write', 'metadata/m', { max_versions: 1 }), { code: 'cas-mismatch' });
    await assert.rejects(kv.call('patch', 'metadata/m', { max_versions: 1, metadata_cas: 0 }), {
      code: 'cas-mismatch',
    });
    await kv.call('write', 'metadata/m', { max_versions: 1, metadata_cas: 1 });
    await kv.call('write', 'config', { metadata_cas_required: true });
    await assert.rejects(kv.call('write', 'metadata/other', { max_versions: 1 }), { code: 'cas-mismatch' });
  });

  test('cas_required false is taken with a warning where the mount requires it', async () => {
    const kv = await engineHarness(plugin, versionTwo);
    await kv.call('write', 'config', { cas_required: true });
    const expected = {
      warnings: [
        '"cas_required" set to false, but is mandated by backend config. This value will be ignored.',
      ],
    };
    assert.deepEqual(await kv.call('write', 'metadata/w', { cas_required: false }), expected);
    assert.deepEqual(await kv.call('patch', 'metadata/w', { cas_required: false }), expected);
    assert.equal(await kv.call('patch', 'metadata/w', { max_versions: 1 }), undefined);
  });

  test('delete ends all versions and their data, and the next write begins at version 1', async () => {
    const kv = await engineHarness(plugin, versionTwo);
    for (const n of [1, 2, 3]) await kv.call('write', 'data/d', { data: { n } });
    await kv.call('write', 'data/d/below', { data: {} });
    assert.equal(await kv.call('delete', 'metadata/d'), undefined);
    assert.deepEqual(kv.records.keys, ['k/d/below', 'layout']);
    assert.equal(await kv.call('delete', 'metadata/d'), undefined);
    assert.equal((await kv.call('write', 'data/d', { data: {} }))?.data?.['version'], 1);
  });

  test('lists show one level, in pages, and scans all levels', async () => {
    const kv = await engineHarness(plugin, versionTwo);
    for (const name of ['a/b', 'a/e', 'a/c/d', 'z']) await kv.call('write', `data/${name}`, { data: {} });
    assert.deepEqual(await kv.call('list', 'metadata'), { data: { keys: ['a/', 'z'] } });
    assert.deepEqual(await kv.call('list', 'metadata/a'), { data: { keys: ['b', 'c/', 'e'] } });
    assert.deepEqual(await kv.call('list', 'metadata/a?after=b&limit=1'), { data: { keys: ['c/'] } });
    assert.deepEqual(await kv.call('list', 'metadata/a?after=c/&limit=0'), { data: { keys: ['e'] } });
    assert.equal(await kv.call('list', 'metadata/a/b'), undefined);
    assert.equal(await kv.call('list', 'metadata/none'), undefined);
    assert.deepEqual(await kv.call('scan', 'metadata'), { data: { keys: ['a/b', 'a/c/d', 'a/e', 'z'] } });
    assert.deepEqual(await kv.call('scan', 'metadata/a?after=b&limit=1'), { data: { keys: ['c/d'] } });
    await assert.rejects(kv.call('list', 'data/a'), { code: 'unsupported-operation' });
  });

  test('a detailed list holds the metadata of each secret, and folders without', async () => {
    const kv = await engineHarness(plugin, versionTwo);
    await kv.call('write', 'data/a/b', { data: {} });
    await kv.call('write', 'data/a/c/d', { data: {} });
    const { keys, key_info } = { ...(await kv.call('list', 'detailed-metadata/a'))?.data };
    assert.deepEqual(keys, ['b', 'c/']);
    assert.deepEqual(key_info, { b: (await kv.call('read', 'metadata/a/b'))?.data });
    assert.equal(await kv.call('list', 'detailed-metadata/none'), undefined);
  });

  test('requests on the root of a path group say that only lists work there', async () => {
    const kv = await engineHarness(plugin, versionTwo);
    const expected = {
      status: 404,
      data: null,
      warnings: ['Non-listing operations on the root of a K/V v2 mount are not supported.'],
    };
    for (const path of ['data', 'metadata']) {
      for (const operation of ['read', 'write', 'patch', 'delete'] as const)
        assert.deepEqual(await kv.call(operation, path, { data: {} }), expected, `${operation} ${path}`);
    }
    for (const path of ['delete', 'undelete', 'destroy'])
      assert.deepEqual(await kv.call('write', path, { versions: [1] }), expected);
  });

  test('a path of version 1 answers 404 and names the command to use', async () => {
    const kv = await engineHarness(plugin, versionTwo);
    const warning = (command: string) =>
      `Invalid path for a versioned K/V secrets engine. See the API docs for the appropriate API endpoints to use. If using the Vault CLI, use 'vault kv ${command}' for this operation.`;
    for (const [operation, command] of [
      ['read', 'get'],
      ['write', 'put'],
      ['patch', 'patch'],
      ['delete', 'delete'],
      ['list', 'list'],
    ] as const) {
      assert.deepEqual(await kv.call(operation, 'a/b', { x: 1 }), {
        status: 404,
        data: null,
        warnings: [warning(command)],
      });
    }
  });

  test('the configuration reads back, keeps what is not given, and shows a switched-off time to live', async () => {
    const kv = await engineHarness(plugin, versionTwo);
    const config = async () => (await kv.call('read', 'config'))?.data;
    const unset = {
      cas_required: false,
      delete_version_after: '0s',
      max_versions: 0,
      metadata_cas_required: false,
    };
    assert.deepEqual(await config(), unset);
    assert.equal(
      await kv.call('write', 'config', { max_versions: 5, delete_version_after: 1800 }),
      undefined,
    );
    assert.deepEqual(await config(), { ...unset, max_versions: 5, delete_version_after: '30m0s' });
    await kv.call('write', 'config', { cas_required: true, delete_version_after: -3600 });
    assert.deepEqual(await config(), {
      ...unset,
      cas_required: true,
      max_versions: 5,
      delete_version_after: '-1s',
    });
    await kv.call('write', 'config', { cas_required: false, delete_version_after: 0 });
    assert.deepEqual(await config(), { ...unset, max_versions: 5 });
    await assert.rejects(kv.call('write', 'config', { max_versions: -1 }), { status: 400 });
  });
});
