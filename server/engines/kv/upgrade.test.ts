import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { type EngineHarness, engineHarness } from '../../contracts/conformance/engine-harness.ts';
import { MemoryRecords } from '../../contracts/conformance/memory-records.ts';
import { StorageConflict } from '../../contracts/storage.ts';
import { plugin } from './index.ts';
import { SecretStore } from './secret-store.ts';
import { Upgrade } from './upgrade.ts';

const versionTwo = { options: { version: '2' } };

async function oldMount(names: readonly string[]): Promise<MemoryRecords> {
  const records = new MemoryRecords();
  const old = await engineHarness(plugin, { records });
  for (const name of names) await old.call('write', name, { value: name });
  return records;
}

/** Does something between the end of a look at the keys and the moment at which its caller hears of it. */
class HookedRecords extends MemoryRecords {
  afterLook: (() => Promise<void>) | undefined;

  override async list(prefix: string, page?: { after?: string; limit?: number }): Promise<string[]> {
    const names = await super.list(prefix, page);
    await this.afterLook?.();
    return names;
  }

  override async scanKeys(prefix: string, page: { after?: string; limit: number }): Promise<string[]> {
    const keys = await super.scanKeys(prefix, page);
    if (prefix.startsWith('k/')) await this.afterLook?.();
    return keys;
  }
}

const numbered = (count: number) =>
  Array.from({ length: count }, (_, n) => `f/${String(n).padStart(5, '0')}`);

async function secretAt(kv: EngineHarness, name: string): Promise<unknown> {
  return (await kv.call('read', `data/${name}`))?.data?.['data'];
}

describe('kv upgrade from version 1 to 2', () => {
  test('every record becomes version 1 of a secret, and nothing of the old layout stays', async () => {
    const names = ['a', 'a/b', 'k/x', 'config', 'layout'];
    const kv = await engineHarness(plugin, { ...versionTwo, records: await oldMount(names) });
    for (const name of names) assert.deepEqual(await secretAt(kv, name), { value: name });
    const data = (await kv.call('read', 'metadata/a'))?.data;
    assert.deepEqual([data?.['current_version'], Object.keys(data?.['versions'] ?? {})], [1, ['1']]);
    assert.deepEqual(
      kv.records.keys.filter((key) => key.startsWith('1/')),
      [],
    );
  });

  test('while it is under way reads, lists, writes and deletes are right, and tidy ends it', async () => {
    const names = numbered(1100);
    const kv = await engineHarness(plugin, { ...versionTwo, records: await oldMount(names) });
    const left = kv.records.keys.filter((key) => key.startsWith('1/')).map((key) => key.slice(2));
    assert.ok(left.length > 10, 'the test needs some records that were not moved yet');
    const [read, written, deleted, ended, patched] = left;
    const reply = await kv.call('read', `data/${read}`);
    assert.deepEqual(reply?.data?.['data'], { value: read });
    assert.equal(await kv.call('read', `data/${read}`), reply);
    assert.ok(kv.records.keys.includes(`1/${read}`), 'a read moves nothing');
    assert.deepEqual(
      (await kv.call('list', 'metadata/f'))?.data?.['keys'],
      names.map((name) => name.slice(2)),
    );
    assert.deepEqual((await kv.call('list', 'metadata/f?limit=3'))?.data?.['keys'], [
      '00000',
      '00001',
      '00002',
    ]);
    assert.deepEqual((await kv.call('scan', 'metadata?after=f/01090&limit=2'))?.data?.['keys'], [
      'f/01091',
      'f/01092',
    ]);
    assert.equal((await kv.call('write', `data/${written}`, { data: { n: 2 } }))?.data?.['version'], 2);
    assert.deepEqual((await kv.call('read', `data/${written}?version=1`))?.data?.['data'], {
      value: written,
    });
    await kv.call('delete', `data/${deleted}`);
    assert.equal((await kv.call('read', `data/${deleted}`))?.status, 404);
    await kv.call('delete', `metadata/${ended}`);
    assert.equal(await kv.call('read', `data/${ended}`), undefined);
    await kv.call('patch', `data/${patched}`, { data: { more: true } });
    assert.deepEqual(await secretAt(kv, patched ?? ''), { value: patched, more: true });
    await kv.engine.tidy?.();
    assert.deepEqual(
      kv.records.keys.filter((key) => key.startsWith('1/')),
      [],
    );
    assert.deepEqual(await secretAt(kv, read ?? ''), { value: read });
    assert.equal(await kv.call('read', `data/${ended}`), undefined);
    assert.equal((await kv.call('read', `metadata/${written}`))?.data?.['current_version'], 2);
  });

  test('a crash after any commit loses nothing, and the next start goes on', async () => {
    const names = numbered(70);
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max: 75 }), async (crashAfter) => {
        const records = await oldMount(names);
        let commits = 0;
        records.beforeCommit = async () => {
          if (commits++ >= crashAfter) throw new Error('crashed');
        };
        await engineHarness(plugin, { ...versionTwo, records }).catch((error: Error) => {
          assert.equal(error.message, 'crashed');
        });
        records.beforeCommit = undefined;
        const kv = await engineHarness(plugin, { ...versionTwo, records });
        for (const name of names) assert.deepEqual(await secretAt(kv, name), { value: name });
        assert.equal(records.keys.length, names.length + 1);
      }),
      { numRuns: 12 },
    );
  });

  test('two nodes that upgrade at once, with a writer in between, lose nothing', async () => {
    const names = numbered(64);
    const records = await oldMount(names);
    const nodes = await Promise.all([
      engineHarness(plugin, { ...versionTwo, records }),
      engineHarness(plugin, { ...versionTwo, records }),
    ]);
    for (const name of names) assert.deepEqual(await secretAt(nodes[0], name), { value: name });
    assert.equal(records.keys.length, names.length + 1);
  });

  test('a write during the pass is never overwritten by it', async () => {
    const records = await oldMount(numbered(40));
    const upgrade = await Upgrade.begin(records, 0);
    const [mover, writer] = [new SecretStore(records, upgrade), new SecretStore(records, upgrade)];
    await Promise.all([
      upgrade.advance(mover, 100),
      ...numbered(40).map((name) =>
        writer.change(name, undefined, (record) => ({
          change: record && { record: { ...record, data: { written: true } }, drop: [] },
          result: undefined,
        })),
      ),
    ]);
    for (const name of numbered(40)) assert.deepEqual((await mover.get(name))?.value.data, { written: true });
  });

  test('a list or a read misses nothing that is moved while it looks', async () => {
    const names = numbered(20);
    for (const look of ['list', 'scan', 'get'] as const) {
      const records = await oldMount(names);
      const upgrade = await Upgrade.begin(records, 0);
      const store = new SecretStore(records, upgrade);
      records.beforeRead = async (key) => {
        if (!key.startsWith('1/')) return;
        records.beforeRead = undefined;
        await upgrade.advance(new SecretStore(records, upgrade), 100);
      };
      if (look === 'get') assert.deepEqual((await store.get('f/00003'))?.value.data, { value: 'f/00003' });
      else assert.equal((await store[look]('f', {})).length, 20, look);
    }
  });

  test('a list misses nothing when the upgrade ends right after its first look', async () => {
    for (const look of ['list', 'scan'] as const) {
      const records = new HookedRecords();
      const old = await engineHarness(plugin, { records });
      for (const name of numbered(20)) await old.call('write', name, { value: name });
      const upgrade = await Upgrade.begin(records, 0);
      const store = new SecretStore(records, upgrade);
      records.afterLook = async () => {
        records.afterLook = undefined;
        await upgrade.advance(new SecretStore(records, upgrade), 100);
      };
      assert.equal((await store[look]('f', {})).length, 20, look);
    }
  });

  test('a node that still serves version 1 can write nothing that the upgrade would miss', async () => {
    const records = new MemoryRecords();
    const old = await engineHarness(plugin, { records });
    await old.call('write', 'a', { x: 1 });
    await engineHarness(plugin, { ...versionTwo, records });
    for (const operation of ['write', 'delete'] as const)
      await assert.rejects(old.call(operation, 'b', { x: 1 }), { code: 'unavailable', status: 503 });
    assert.ok(!records.keys.includes('1/b'));
  });

  test('there is no way back to version 1', async () => {
    const records = new MemoryRecords();
    await engineHarness(plugin, { ...versionTwo, records });
    await assert.rejects(engineHarness(plugin, { records }), { code: 'invalid-request' });
    assert.throws(() => plugin.checkOptions?.({ version: '2' }, { version: '1' }), {
      code: 'invalid-request',
    });
    assert.throws(() => plugin.checkOptions?.({ version: '2' }, {}), { code: 'invalid-request' });
    plugin.checkOptions?.({}, { version: '2' });
  });

  test('records in memory refuse a commit whose expectation does not hold', async () => {
    const records = new MemoryRecords();
    await records.commit({ put: [['a', 1]] });
    const stored = await records.get('a');
    await records.commit({ expect: [{ key: 'a', stored }], put: [['a', 2]] });
    await assert.rejects(
      records.commit({ expect: [{ key: 'a', stored }], put: [['b', 1]] }),
      StorageConflict,
    );
    await assert.rejects(records.commit({ expect: [{ key: 'a', stored: undefined }] }), StorageConflict);
    assert.deepEqual(records.keys, ['a']);
  });
});
