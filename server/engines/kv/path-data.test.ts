import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { callOf, engineHarness } from '../../contracts/conformance/engine-harness.ts';
import { MemoryRecords } from '../../contracts/conformance/memory-records.ts';
import { plugin } from './index.ts';

const versionTwo = { options: { version: '2' } };
const started = '2026-01-01T00:00:00Z';

describe('kv v2 data', () => {
  test('a write makes version 1, a second one version 2, and each stays readable', async () => {
    const kv = await engineHarness(plugin, versionTwo);
    const first = await kv.call('write', 'data/a/b', { data: { x: '1', l: [1, null, { d: true }] } });
    assert.deepEqual(first, {
      data: { created_time: started, custom_metadata: null, deletion_time: '', destroyed: false, version: 1 },
    });
    kv.clock.advance(1_250);
    await kv.call('write', 'data/a/b', { data: { x: '2' } });
    const metadata = { custom_metadata: null, deletion_time: '', destroyed: false };
    assert.deepEqual(await kv.call('read', 'data/a/b'), {
      data: {
        data: { x: '2' },
        metadata: { ...metadata, created_time: '2026-01-01T00:00:01.25Z', version: 2 },
      },
    });
    assert.deepEqual(await kv.call('read', 'data/a/b?version=1'), {
      data: {
        data: { x: '1', l: [1, null, { d: true }] },
        metadata: { ...metadata, created_time: started, version: 1 },
      },
    });
    assert.deepEqual(
      await kv.call('read', 'data/a/b?version=-1'),
      await kv.call('read', 'data/a/b?version=0'),
    );
    assert.equal(await kv.call('read', 'data/a/b?version=99'), undefined);
    assert.equal(await kv.call('read', 'data/none'), undefined);
    assert.equal(await kv.call('read', 'data/a'), undefined);
  });

  test('numbers that JavaScript would change come back as they were written, also from an older version', async () => {
    const kv = await engineHarness(plugin, versionTwo);
    const data = { big: JSON.rawJSON('12345678901234567890'), f: JSON.rawJSON('1.0') };
    await kv.call('write', 'data/n', { data });
    await kv.call('patch', 'data/n', { data: { more: 1 } });
    for (const path of ['data/n', 'data/n?version=1']) {
      const text = JSON.stringify((await kv.call('read', path))?.data?.['data']);
      assert.match(text, /"big":12345678901234567890,"f":1\.0/);
    }
  });

  test('the latest version is read from one record, and the same record gives the same frozen reply', async () => {
    const kv = await engineHarness(plugin, versionTwo);
    await kv.call('write', 'data/a', { data: { x: 1 } });
    await kv.call('write', 'data/a', { data: { x: 2 } });
    const reply = await kv.call('read', 'data/a');
    assert.equal(await kv.call('read', 'data/a'), reply);
    assert.ok(Object.isFrozen(reply) && Object.isFrozen(reply?.data));
    await kv.call('write', 'data/a', { data: { x: 3 } });
    assert.notEqual(await kv.call('read', 'data/a'), reply);
  });

  test('cas must name the current version, 0 a secret that does not exist, and may come as text', async () => {
    const kv = await engineHarness(plugin, versionTwo);
    const write = (cas: unknown) => kv.call('write', 'data/c', { data: { x: 1 }, options: { cas } });
    const mismatch = { status: 400, message: 'check-and-set parameter did not match the current version' };
    await assert.rejects(write(1), mismatch);
    await write(0);
    await assert.rejects(write(0), mismatch);
    await write('1');
    await assert.rejects(write('1'), mismatch);
    await assert.rejects(write('zz'), { status: 400, message: 'error parsing check-and-set parameter' });
    await assert.rejects(write(2.5), { message: 'error parsing check-and-set parameter' });
    assert.equal((await kv.call('read', 'metadata/c'))?.data?.['current_version'], 2);
  });

  test('a mount or a secret with cas_required refuses writes and patches without cas', async () => {
    const kv = await engineHarness(plugin, versionTwo);
    const required = { status: 400, message: 'check-and-set parameter required for this call' };
    await kv.call('write', 'metadata/own', { cas_required: true });
    await assert.rejects(kv.call('write', 'data/own', { data: {} }), required);
    await kv.call('write', 'data/own', { data: {}, options: { cas: 0 } });
    await assert.rejects(kv.call('patch', 'data/own', { data: {} }), required);
    await kv.call('write', 'data/free', { data: {} });
    await kv.call('write', 'config', { cas_required: true });
    await assert.rejects(kv.call('write', 'data/free', { data: {}, options: {} }), required);
  });

  test('data is required, an empty object is data, and so is an explicit null', async () => {
    const kv = await engineHarness(plugin, versionTwo);
    await assert.rejects(kv.call('write', 'data/e', { x: 1 }), { status: 400, message: 'no data provided' });
    await kv.call('write', 'data/e', { data: {} });
    assert.deepEqual((await kv.call('read', 'data/e'))?.data?.['data'], {});
    await kv.call('write', 'data/e', { data: null });
    const reply = await kv.call('read', 'data/e');
    assert.equal(reply?.status, undefined);
    assert.equal(reply?.data?.['data'], null);
    await kv.call('patch', 'data/e', { data: { a: 1 } });
    assert.deepEqual((await kv.call('read', 'data/e'))?.data?.['data'], { a: 1 });
  });

  test('a patch merges into the latest version and needs a live one', async () => {
    const kv = await engineHarness(plugin, versionTwo);
    await assert.rejects(kv.call('patch', 'data/p', { data: { a: 1 } }), { status: 404 });
    await kv.call('write', 'data/p', { data: { x: '4', deep: { a: 1, b: 2 } } });
    assert.equal(
      (await kv.call('patch', 'data/p', { data: { y: 'new', x: null, deep: { a: null } } }))?.data?.[
        'version'
      ],
      2,
    );
    assert.deepEqual((await kv.call('read', 'data/p'))?.data?.['data'], { y: 'new', deep: { b: 2 } });
    await assert.rejects(kv.call('patch', 'data/p', { data: { z: 1 }, options: { cas: 1 } }), {
      code: 'cas-mismatch',
    });
    await kv.call('delete', 'data/p');
    assert.deepEqual(await kv.call('patch', 'data/p', { data: { a: 1 } }), {
      status: 404,
      data: {
        created_time: started,
        custom_metadata: null,
        deletion_time: started,
        destroyed: false,
        version: 2,
      },
    });
    await kv.call('write', 'metadata/only', { max_versions: 3 });
    await assert.rejects(kv.call('patch', 'data/only', { data: { a: 1 } }), { status: 404 });
  });

  test('a deleted version answers 404 with metadata and comes back by undelete', async () => {
    const kv = await engineHarness(plugin, versionTwo);
    await kv.call('write', 'data/d', { data: { x: 1 } });
    await kv.call('delete', 'data/d');
    const gone = await kv.call('read', 'data/d');
    assert.equal(gone?.status, 404);
    assert.equal(gone?.data?.['data'], null);
    assert.deepEqual(gone?.data?.['metadata'], {
      created_time: started,
      custom_metadata: null,
      deletion_time: started,
      destroyed: false,
      version: 1,
    });
    await kv.call('write', 'undelete/d', { versions: [1, '7'] });
    assert.deepEqual((await kv.call('read', 'data/d'))?.data?.['data'], { x: 1 });
    assert.equal(await kv.call('delete', 'data/none'), undefined);
  });

  test('max_versions ends the oldest versions and their data', async () => {
    const kv = await engineHarness(plugin, versionTwo);
    for (let n = 1; n <= 12; n++) await kv.call('write', 'data/m', { data: { n } });
    const metadata = (await kv.call('read', 'metadata/m'))?.data;
    assert.equal(metadata?.['oldest_version'], 3);
    assert.equal(metadata?.['current_version'], 12);
    assert.deepEqual(
      Object.keys(metadata?.['versions'] ?? {}).map(Number),
      [3, 4, 5, 6, 7, 8, 9, 10, 11, 12],
    );
    assert.deepEqual(kv.records.keys.filter((key) => key.startsWith('v/')).length, 9);
    await kv.call('write', 'config', { max_versions: 2 });
    await kv.call('write', 'data/m', { data: { n: 13 } });
    assert.deepEqual(
      kv.records.keys.filter((key) => key.startsWith('v/')),
      ['v/m/12'],
    );
    assert.equal(await kv.call('read', 'data/m?version=11'), undefined);
    await kv.call('write', 'metadata/one', { max_versions: 1 });
    await kv.call('write', 'config', { max_versions: 1 });
    await kv.call('write', 'data/one', { data: { n: 1 } });
    await kv.call('write', 'data/one', { data: { n: 2 } });
    assert.ok(!kv.records.keys.includes('v/one/1'));
    assert.deepEqual((await kv.call('read', 'data/one'))?.data?.['data'], { n: 2 });
  });

  test('delete_version_after ends a version when its time has come, also one whose reply was kept', async () => {
    const kv = await engineHarness(plugin, versionTwo);
    await kv.call('write', 'config', { delete_version_after: 3600 });
    await kv.call('write', 'metadata/t', { delete_version_after: 60 });
    await kv.call('write', 'data/t', { data: { x: 1 } });
    const live = await kv.call('read', 'data/t');
    assert.match(JSON.stringify(live?.data?.['metadata']), /"deletion_time":"2026-01-01T00:01:00Z"/);
    kv.clock.advance(59_999);
    assert.equal(await kv.call('read', 'data/t'), live);
    kv.clock.advance(1);
    const gone = await kv.call('read', 'data/t');
    assert.equal(gone?.status, 404);
    assert.equal(gone?.data?.['data'], null);
    assert.equal((await kv.call('patch', 'data/t', { data: {} }))?.status, 404);
    await kv.call('write', 'undelete/t', { versions: [1] });
    assert.equal((await kv.call('read', 'data/t'))?.status, undefined);
    kv.clock.advance(60_000);
    assert.equal((await kv.call('read', 'data/t'))?.status, 404);
    await kv.call('write', 'config', { delete_version_after: -5 });
    await kv.call('write', 'data/t', { data: { x: 2 } });
    kv.clock.advance(1e12);
    assert.equal((await kv.call('read', 'data/t'))?.status, undefined);
  });

  test('fifty writers at once on two nodes make versions 1 to 50 without a gap', async () => {
    const records = new MemoryRecords();
    const nodes = [
      await engineHarness(plugin, { ...versionTwo, records }),
      await engineHarness(plugin, { ...versionTwo, records }),
    ];
    await nodes[0]?.call('write', 'config', { max_versions: 100 });
    const replies = await Promise.all(
      Array.from({ length: 50 }, (_, n) => nodes[n % 2]?.call('write', 'data/race', { data: { n } })),
    );
    const versions = replies.map((reply) => Number(reply?.data?.['version'])).sort((a, b) => a - b);
    assert.deepEqual(
      versions,
      Array.from({ length: 50 }, (_, n) => n + 1),
    );
    const written = new Set<number>();
    for (const version of versions) {
      const data = (await nodes[0]?.call('read', `data/race?version=${version}`))?.data?.['data'];
      written.add((data as { n: number }).n);
    }
    assert.equal(written.size, 50, 'every version holds what its own writer wrote');
  });

  test('of many writers with the same cas exactly one wins', async () => {
    const records = new MemoryRecords();
    const nodes = [
      await engineHarness(plugin, { ...versionTwo, records }),
      await engineHarness(plugin, { ...versionTwo, records }),
    ];
    for (const cas of [0, 1]) {
      const results = await Promise.allSettled(
        Array.from({ length: 20 }, (_, n) =>
          nodes[n % 2]?.call('write', 'data/cas', { data: { n }, options: { cas } }),
        ),
      );
      assert.equal(results.filter(({ status }) => status === 'fulfilled').length, 1);
      for (const result of results) {
        if (result.status === 'rejected') assert.equal(result.reason.code, 'cas-mismatch');
      }
    }
  });

  test('a writer whose commits always lose gives up with a conflict and leaves the secret as it was', async () => {
    const kv = await engineHarness(plugin, versionTwo);
    await kv.call('write', 'data/x', { data: { n: 1 } });
    const { value } = (await kv.records.get('k/x')) ?? {};
    let losing = true;
    kv.records.beforeCommit = async () => {
      losing = !losing;
      // Another node writes the same record between this writer's read and its commit.
      if (!losing) await kv.records.commit({ put: [['k/x', value]] });
    };
    await assert.rejects(kv.call('write', 'data/x', { data: { n: 2 } }), { code: 'conflict', status: 409 });
    kv.records.beforeCommit = undefined;
    assert.deepEqual((await kv.call('read', 'data/x'))?.data?.['data'], { n: 1 });
  });

  test('exists tells create from update', async () => {
    const kv = await engineHarness(plugin, versionTwo);
    const path = kv.engine.paths.find(({ pattern }) => pattern.startsWith('data/'));
    assert.ok(path?.exists);
    await kv.call('write', 'data/a', { data: {} });
    for (const [name, there] of [
      ['a', true],
      ['b', false],
    ] as const) {
      assert.equal(await path.exists(callOf('update', `data/${name}`, path, { path: name }, {})), there);
    }
  });

  test('a key named __proto__ is a key like any other', async () => {
    const kv = await engineHarness(plugin, versionTwo);
    const data = JSON.parse('{"__proto__":{"polluted":1},"a":{"__proto__":2}}');
    await kv.call('write', 'data/p', { data });
    await kv.call('patch', 'data/p', { data: JSON.parse('{"a":{"__proto__":3}}') });
    const text = JSON.stringify((await kv.call('read', 'data/p'))?.data?.['data']);
    assert.equal(text, '{"__proto__":{"polluted":1},"a":{"__proto__":3}}');
    assert.equal(Object.hasOwn(Object.prototype, 'polluted'), false);
  });
});
