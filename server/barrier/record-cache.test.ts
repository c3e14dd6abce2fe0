import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RecordCache } from './record-cache.ts';
import { AbsentRecord, StoredRecord } from './stored-record.ts';

const record = (text: string) => new StoredRecord(JSON.stringify(text), Buffer.from(text.padEnd(16)));

async function put(cache: RecordCache, key: string, text: string): Promise<void> {
  await cache.share(key, Promise.resolve(record(text)));
}

test('memory stays below the bound, and what was used lately stays', async () => {
  const cache = new RecordCache(160_000);
  await put(cache, 'hot', 'x');
  for (let count = 0; count < 2000; count++) {
    await put(cache, `k${count}`, 'x'.repeat(100));
    assert(cache.get('hot'), `evicted after ${count}`);
    assert(cache.bytes <= 160_000);
  }
  assert(cache.size > 40 && cache.size < 110);
  assert.equal(cache.get('k0'), undefined);
});

test('what does not exist is remembered, within the same bound', async () => {
  const cache = new RecordCache(160_000);
  for (let count = 0; count < 2000; count++) await cache.share(`k${count}`, Promise.resolve(undefined));
  assert(cache.get('k1999') instanceof AbsentRecord);
  assert(cache.size < 600);
});

test('one huge record is not kept and pushes nothing out', async () => {
  const cache = new RecordCache(160_000);
  await put(cache, 'small', 'x');
  await put(cache, 'huge', 'x'.repeat(40_000));
  assert.equal(cache.get('huge'), undefined);
  assert(cache.get('small'));
});

test('a failed reading is not remembered', async () => {
  const cache = new RecordCache(40_000);
  await assert.rejects(cache.share('k', Promise.reject(new Error('away'))));
  assert.equal(cache.get('k'), undefined);
  assert.equal(cache.pending('k'), undefined);
});

test('a reading that began before a commit ended is neither kept nor shared any longer', async () => {
  const cache = new RecordCache(40_000);
  const { promise, resolve } = Promise.withResolvers<StoredRecord | undefined>();
  const reading = cache.share('k', promise);
  cache.beginWrite(['k']);
  cache.endWrite('k', record('new'));
  assert.equal(cache.pending('k'), undefined);
  resolve(record('old'));
  await reading;
  const entry = cache.get('k');
  assert(entry instanceof StoredRecord);
  assert.equal(entry.value, 'new');
});

test('of two commits that overlapped neither is kept, in whichever order they end', async () => {
  const cache = new RecordCache(40_000);
  cache.beginWrite(['k']);
  cache.beginWrite(['k']);
  cache.endWrite('k', record('a'));
  assert.equal(cache.get('k'), undefined);
  await put(cache, 'k', 'read between the two');
  cache.endWrite('k', record('b'));
  assert.equal(cache.get('k'), undefined);
  cache.beginWrite(['k']);
  cache.endWrite('k', record('c'));
  assert(cache.get('k'));
});
