import assert from 'node:assert/strict';
import { test } from 'node:test';
import { entriesOf, openBarrier, openMemoryStorage, openSecond, SlowStorage } from './barrier-harness.ts';
import type { ReencryptProgress } from './index.ts';

async function terms(storage: Parameters<typeof entriesOf>[0]): Promise<Set<number>> {
  const rows = await entriesOf(storage, 'n/');
  return new Set(
    rows.filter(([, { length }]) => length > 0).map(([, value]) => Buffer.from(value).readUInt32BE(2)),
  );
}

async function filled(count: number) {
  const inner = await openMemoryStorage();
  const storage = new SlowStorage(inner);
  const opened = await openBarrier({ storage });
  await opened.barrier.createNamespace('team');
  for (const id of ['root', 'team']) {
    const put = Array.from({ length: count }, (_, index) => [`f${index % 9}/k${index}`, index] as const);
    await opened.barrier.records(id, 'x/').commit({ put, mark: ['m/1'] });
  }
  await opened.barrier.rotate();
  return { ...opened, storage, inner };
}

test('the job brings every record of every namespace under the newest term, and values stay', async () => {
  const { barrier, inner, rootKey } = await filled(500);
  const seen: number[] = [];
  const result = await barrier.reencrypt({ onProgress: ({ reencrypted }) => seen.push(reencrypted) });
  assert.equal(result.reencrypted, 1000);
  assert.equal(result.refused, 0);
  assert(result.finished);
  assert.deepEqual(await terms(inner), new Set([2]));
  assert(seen.length > 5);
  const second = await openSecond(inner, rootKey);
  for (const id of ['root', 'team']) {
    const all = await second.records(id, 'x/').scan<number>('', { limit: 10_000 });
    assert.equal(all.length, 500);
    for (const [key, { value }] of all) assert(key.endsWith(`/k${value}`));
    assert.deepEqual(await second.records(id, 'x/').scanKeys('m/', { limit: 9 }), ['m/1']);
  }
  assert.equal((await barrier.reencrypt()).reencrypted, 0);
});

test('killed at any commit, the next run goes on where it stopped', async () => {
  for (let commits = 0; commits < 10; commits++) {
    const { barrier, storage, inner, rootKey } = await filled(100);
    let left = commits;
    storage.before = (call) =>
      call === 'commit' && left-- <= 0 ? Promise.reject(new Error('killed')) : undefined;
    await assert.rejects(barrier.reencrypt({ batch: 20 }), /killed/);
    const line = new SlowStorage(inner);
    const second = await openSecond(line, rootKey);
    const before = await second.reencryptProgress();
    assert.equal(before?.examined ?? 0, commits === 0 ? 0 : 16 + (commits - 1) * 20);
    const result = await second.reencrypt({ batch: 20 });
    assert(result.finished);
    // Nothing twice, nothing left out.
    assert.equal(result.reencrypted, 200);
    assert.deepEqual(await terms(inner), new Set([2]), `after ${commits} commits`);
    const scans = line.calls.filter((call) => call === 'scan').length;
    assert(scans <= 12 - commits, `${scans} scans after ${commits} commits`);
  }
});

test('an aborted run says how far it came, and is finished by the next', async () => {
  const { barrier, inner } = await filled(100);
  const controller = new AbortController();
  const result = await barrier.reencrypt({
    batch: 10,
    signal: controller.signal,
    onProgress: () => controller.abort(),
  });
  assert.equal(result.finished, false);
  assert.deepEqual(await barrier.reencryptProgress(), result);
  assert.deepEqual(await terms(inner), new Set([1, 2]));
  assert((await barrier.reencrypt()).finished);
  assert.deepEqual(await terms(inner), new Set([2]));
});

test('a write that comes between wins, and its batch is not lost', async () => {
  const { barrier, storage, inner, rootKey } = await filled(60);
  const second = await openSecond(inner, rootKey);
  let raced = 0;
  storage.before = async (call) => {
    if (call !== 'commit' || raced > 0) return;
    raced++;
    await second.records('root', 'x/').commit({ put: [['f0/k0', 'newer']], remove: ['f0/k9'] });
  };
  const result = await barrier.reencrypt();
  assert.equal(raced, 1);
  assert.equal(result.overtaken, 2);
  assert.deepEqual(await terms(inner), new Set([2]));
  await barrier.freshen();
  const records = barrier.records('root', 'x/');
  assert.equal((await records.get('f0/k0'))?.value, 'newer');
  assert.equal(await records.get('f0/k9'), undefined);
  assert.equal((await records.get('f1/k1'))?.value, 1);
});

test('a record in memory can still be changed after the job rewrote it', async () => {
  const { barrier } = await filled(10);
  const records = barrier.records('root', 'x/');
  await records.get('f0/k0');
  await barrier.reencrypt();
  const stored = await records.get('f0/k0');
  await records.commit({ expect: [{ key: 'f0/k0', stored }], put: [['f0/k0', 'changed']] });
});

test('records that do not open are counted and left alone, and the rest is done', async () => {
  const { barrier, inner } = await filled(30);
  const [value] = await inner.read(['n/root/x/f0/k0']);
  assert(value);
  value[20]! ^= 1;
  await inner.commit({ put: [['n/root/x/f0/k0', value]] });
  await barrier.destroyNamespace('team');
  const result: ReencryptProgress = await barrier.reencrypt();
  assert.equal(result.refused, 1 + 30);
  assert.equal(result.reencrypted, 29);
  const [after] = await inner.read(['n/root/x/f0/k0']);
  assert.deepEqual(after, value);
});
