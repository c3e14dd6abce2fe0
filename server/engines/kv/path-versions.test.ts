import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type EngineHarness, engineHarness } from '../../contracts/conformance/engine-harness.ts';
import { plugin } from './index.ts';

async function withVersions(count: number): Promise<EngineHarness> {
  const kv = await engineHarness(plugin, { options: { version: '2' } });
  for (let n = 1; n <= count; n++) await kv.call('write', 'data/s', { data: { n } });
  return kv;
}

/** What each version answers: its data, or the word for its absence. */
async function states(kv: EngineHarness, count: number): Promise<unknown[]> {
  const found: unknown[] = [];
  for (let n = 1; n <= count; n++) {
    const reply = await kv.call('read', `data/s?version=${n}`);
    const metadata = JSON.stringify(reply?.data?.['metadata']);
    if (reply?.status === 404) found.push(/"destroyed":true/.test(metadata) ? 'destroyed' : 'deleted');
    else found.push(reply?.data?.['data']);
  }
  return found;
}

describe('kv v2 versions', () => {
  test('delete hides the named versions and undelete brings them back; unknown ones are passed over', async () => {
    const kv = await withVersions(3);
    await kv.call('write', 'delete/s', { versions: [1, 3, 99] });
    assert.deepEqual(await states(kv, 3), ['deleted', { n: 2 }, 'deleted']);
    await kv.call('write', 'undelete/s', { versions: '3,1,99' });
    assert.deepEqual(await states(kv, 3), [{ n: 1 }, { n: 2 }, { n: 3 }]);
  });

  test('destroy removes the data from the store and cannot be undone', async () => {
    const kv = await withVersions(3);
    await kv.call('write', 'destroy/s', { versions: [1, 3] });
    assert.deepEqual(await states(kv, 3), ['destroyed', { n: 2 }, 'destroyed']);
    assert.ok(!kv.records.keys.includes('v/s/1'));
    assert.equal(Object.hasOwn((await kv.records.get<object>('k/s'))?.value ?? {}, 'data'), false);
    await kv.call('write', 'undelete/s', { versions: [1, 3] });
    assert.deepEqual(await states(kv, 3), ['destroyed', { n: 2 }, 'destroyed']);
    assert.equal((await kv.call('patch', 'data/s', { data: {} }))?.status, 404);
    await kv.call('write', 'data/s', { data: { n: 4 } });
    assert.deepEqual(await states(kv, 4), ['destroyed', { n: 2 }, 'destroyed', { n: 4 }]);
    assert.ok(!kv.records.keys.includes('v/s/3'), 'nothing of a destroyed version is archived');
  });

  test('a version deleted long ago keeps the time of its deletion when it is deleted again or destroyed', async () => {
    const kv = await withVersions(1);
    await kv.call('delete', 'data/s');
    const before = (await kv.call('read', 'data/s'))?.data?.['metadata'];
    kv.clock.advance(5_000);
    await kv.call('write', 'delete/s', { versions: [1] });
    await kv.call('delete', 'data/s');
    assert.deepEqual((await kv.call('read', 'data/s'))?.data?.['metadata'], before);
    await kv.call('write', 'destroy/s', { versions: [1] });
    assert.deepEqual((await kv.call('read', 'data/s'))?.data?.['metadata'], {
      ...Object(before),
      destroyed: true,
    });
  });

  test('versions are required, and a secret that is not there is no error', async () => {
    const kv = await withVersions(0);
    for (const verb of ['delete', 'undelete', 'destroy']) {
      const message = 'No version number provided';
      await assert.rejects(kv.call('write', `${verb}/s`, {}), { status: 400, message });
      await assert.rejects(kv.call('write', `${verb}/s`, { versions: [] }), { status: 400, message });
      assert.equal(await kv.call('write', `${verb}/s`, { versions: [1] }), undefined);
    }
    assert.deepEqual(kv.records.keys, ['layout']);
  });

  test('a request that changes nothing writes nothing', async () => {
    const kv = await withVersions(1);
    const before = kv.records.commits.length;
    await kv.call('write', 'undelete/s', { versions: [1] });
    await kv.call('write', 'destroy/s', { versions: [7] });
    assert.equal(kv.records.commits.length, before);
  });

  test('a version that ends between the two reads of a reader is reported as it is now, not as corrupt', async () => {
    for (const [end, expected] of [
      [['write', 'destroy/s'], 404],
      [['delete', 'metadata/s'], undefined],
    ] as const) {
      const kv = await withVersions(2);
      kv.records.beforeRead = async (key) => {
        if (key !== 'v/s/1') return;
        kv.records.beforeRead = undefined;
        await kv.call(end[0], end[1], { versions: [1] });
      };
      assert.equal((await kv.call('read', 'data/s?version=1'))?.status, expected);
    }
  });

  test('data that is missing although its version lives is reported as a corrupt store', async () => {
    const kv = await withVersions(2);
    await kv.records.commit({ remove: ['v/s/1'] });
    await assert.rejects(kv.call('read', 'data/s?version=1'), { code: 'storage-corrupt' });
  });

  test('subkeys show the keys of any live version to any depth, and never a value', async () => {
    const kv = await engineHarness(plugin, { options: { version: '2' } });
    const big = JSON.rawJSON('1.0');
    await kv.call('write', 'data/k', {
      data: { y: 'canary', e: {}, l: ['canary'], d: { n: big, i: { x: 'canary' } } },
    });
    await kv.call('write', 'data/k', { data: { z: 1 } });
    const subkeys = async (path: string) => (await kv.call('read', path))?.data?.['subkeys'];
    assert.deepEqual(await subkeys('subkeys/k'), { z: null });
    const all = { y: null, e: null, l: null, d: { n: null, i: { x: null } } };
    assert.deepEqual(await subkeys('subkeys/k?version=1'), all);
    assert.deepEqual(await subkeys('subkeys/k?version=1&depth=0'), all);
    assert.deepEqual(await subkeys('subkeys/k?version=1&depth=1'), { y: null, e: null, l: null, d: null });
    assert.deepEqual(await subkeys('subkeys/k?version=1&depth=2'), { ...all, d: { n: null, i: null } });
    await kv.call('write', 'delete/k', { versions: [1] });
    const gone = await kv.call('read', 'subkeys/k?version=1');
    assert.equal(gone?.status, 404);
    assert.equal(gone?.data?.['subkeys'], null);
    assert.equal(await kv.call('read', 'subkeys/none'), undefined);
    assert.equal(await kv.call('read', 'subkeys/k?version=9'), undefined);
  });
});
