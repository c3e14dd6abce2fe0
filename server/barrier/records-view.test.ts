import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseJson } from '../../formats/json/index.ts';
import { StorageConflict } from '../contracts/storage.ts';
import { openBarrier, openSecond } from './barrier-harness.ts';

test('what was committed is read back, from memory and by another process from storage', async () => {
  const { barrier, storage, rootKey } = await openBarrier();
  const second = await openSecond(storage, rootKey);
  const records = barrier.records('root', 'x/');
  await fc.assert(
    fc.asyncProperty(fc.jsonValue({ maxDepth: 4 }), fc.uuid(), async (value, key) => {
      await records.commit({ put: [[key, value]] });
      const expected: unknown = JSON.parse(JSON.stringify(value));
      assert.deepEqual((await records.get(key))?.value, expected);
      assert.deepEqual((await second.records('root', 'x/').get(key))?.value, expected);
    }),
    { numRuns: 100 },
  );
});

test('numbers come back as they were written', async () => {
  const { barrier, storage, rootKey } = await openBarrier();
  const text = '{"a":1.0,"b":12345678901234567890,"c":1e400,"d":0.1,"e":-0}';
  await barrier.records('root', 'x/').commit({ put: [['k', parseJson(text)]] });
  assert.equal(JSON.stringify((await barrier.records('root', 'x/').get('k'))?.value), text);
  const second = await openSecond(storage, rootKey);
  assert.equal(JSON.stringify((await second.records('root', 'x/').get('k'))?.value), text);
});

test('a value of 32 MiB is kept whole', async () => {
  const { barrier, storage, rootKey } = await openBarrier();
  const value = { data: 'x'.repeat(32 * 1024 * 1024) };
  await barrier.records('root', 'x/').commit({ put: [['k', value]] });
  const second = await openSecond(storage, rootKey);
  assert.equal(
    (await second.records('root', 'x/').get<typeof value>('k'))?.value.data.length,
    value.data.length,
  );
});

test('list, scan and scanKeys page through the same keys in the same order', async () => {
  const { barrier } = await openBarrier();
  const name = fc
    .stringMatching(/^[a-c.0\-/é😀]{1,6}$/u)
    .filter((key) => !key.includes('//') && !/^\/|\/$/.test(key));
  let run = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.uniqueArray(name, { maxLength: 30 }),
      fc.integer({ min: 1, max: 5 }),
      async (keys, limit) => {
        const records = barrier.records('root', `run${run++}/`);
        const aside = barrier.records(
          'root',
          `run${run}`.replace(/\d+$/, (n) => `${n}-/`),
        );
        await records.commit({ put: keys.map((key) => [key, key]) });
        await aside.commit({ put: [['not mine', 1]] });
        const ordered = keys.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
        const byKeys: string[] = [];
        const byScan: string[] = [];
        for (;;) {
          const after = byKeys.at(-1);
          const page = await records.scanKeys('', after === undefined ? { limit } : { after, limit });
          byKeys.push(...page);
          if (page.length < limit) break;
        }
        for (;;) {
          const after = byScan.at(-1);
          const page = await records.scan<string>('', after === undefined ? { limit } : { after, limit });
          for (const [key, { value }] of page) {
            assert.equal(value, key);
            byScan.push(key);
          }
          if (page.length < limit) break;
        }
        assert.deepEqual(byKeys, ordered);
        assert.deepEqual(byScan, ordered);
        const top = [...new Set(ordered.map((key) => key.replace(/\/.*$/, '/')))];
        assert.deepEqual(await records.list(''), top);
        assert.deepEqual(await records.list('', { limit: 2 }), top.slice(0, 2));
      },
    ),
    { numRuns: 100 },
  );
});

test('scan and scanKeys take any beginning of a key and any place to go on from', async () => {
  const { barrier } = await openBarrier();
  const name = fc
    .stringMatching(/^[ab0.\-/]{1,6}$/)
    .filter((key) => !key.includes('//') && !/^\/|\/$/.test(key));
  const part = fc
    .stringMatching(/^[ab0.\-/]{0,4}$/)
    .filter((text) => !text.includes('//') && !text.startsWith('/'));
  let run = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.uniqueArray(name, { maxLength: 30 }),
      part,
      fc.option(part, { nil: undefined }),
      fc.integer({ min: 1, max: 9 }),
      async (keys, prefix, after, limit) => {
        const records = barrier.records('root', `run${run++}/`);
        await records.commit({ put: keys.map((key) => [key, key]) });
        const bytes = (text: string) => Buffer.from(text);
        const expected = keys
          .filter((key) => key.startsWith(prefix))
          .filter((key) => after === undefined || Buffer.compare(bytes(key), bytes(after)) > 0)
          .toSorted((a, b) => Buffer.compare(bytes(a), bytes(b)))
          .slice(0, limit);
        const page = after === undefined ? { limit } : { after, limit };
        assert.deepEqual(await records.scanKeys(prefix, page), expected, 'scanKeys');
        assert.deepEqual(
          (await records.scan(prefix, page)).map(([key]) => key),
          expected,
          'scan',
        );
      },
    ),
    { numRuns: 500 },
  );
});

test('a listing longer than one page of storage is whole', async () => {
  const { barrier } = await openBarrier();
  const records = barrier.records('root', 'x/');
  const mark = Array.from({ length: 2500 }, (_, index) => `f/${String(index).padStart(5, '0')}`);
  await records.commit({ mark });
  assert.equal((await records.list('f/')).length, 2500);
  assert.deepEqual(await records.scanKeys('f/', { limit: 5000 }), mark);
  assert.deepEqual(await records.list('f/', { after: '00998', limit: 3 }), ['00999', '01000', '01001']);
});

test('a scan keeps to its prefix and takes its keys as get does', async () => {
  const { barrier } = await openBarrier();
  const records = barrier.records('root', 'x/');
  await records.commit({
    put: [
      ['a/1', 1],
      ['a/2', 2],
      ['a0', 3],
      ['ab/1', 4],
    ],
    mark: ['a/15'],
  });
  const keys = async (prefix: string, after?: string) =>
    (await records.scan(prefix, after === undefined ? { limit: 9 } : { after, limit: 9 })).map(
      ([key]) => key,
    );
  assert.deepEqual(await keys('a/'), ['a/1', 'a/2']);
  assert.deepEqual(await keys('a/', 'a/1'), ['a/2']);
  assert.deepEqual(await keys('a'), ['a/1', 'a/2', 'a0', 'ab/1']);
  assert.deepEqual(await keys(''), ['a/1', 'a/2', 'a0', 'ab/1']);
  assert.deepEqual(await records.scan('', { limit: 0 }), []);
});

test('a scan gives the record that memory has, with what was derived from it', async () => {
  const { barrier } = await openBarrier();
  const records = barrier.records('root', 'x/');
  await records.commit({ put: [['k', 1]] });
  const stored = await records.get('k');
  assert(stored);
  stored.memo = 'derived';
  assert.equal((await records.scan('', { limit: 1 }))[0]?.[1].memo, 'derived');
});

test('views reach their own prefix only, and commit together', async () => {
  const { barrier } = await openBarrier();
  await barrier.createNamespace('team');
  const outer = barrier.records('root', 'x/');
  const inner = outer.within('y/');
  const other = barrier.records('team', 'z/');
  await inner.commitWith({ put: [['k', 1]] }, [
    { records: outer, change: { put: [['k', 2]] } },
    { records: other, change: { put: [['k', 3]] } },
  ]);
  assert.equal((await outer.get('y/k'))?.value, 1);
  assert.equal((await outer.get('k'))?.value, 2);
  assert.equal((await other.get('k'))?.value, 3);
  assert.equal(await inner.get('../k'), undefined);
  assert.throws(() => outer.within('y'), TypeError);
  await assert.rejects(inner.commit({ put: [['', 1]] }), TypeError);
  const { barrier: foreign } = await openBarrier();
  await assert.rejects(
    inner.commitWith({}, [{ records: foreign.records('root', 'x/'), change: {} }]),
    TypeError,
  );
});

test('a commit with one failed expectation writes nothing of any view', async () => {
  const { barrier } = await openBarrier();
  const a = barrier.records('root', 'a/');
  const b = barrier.records('root', 'b/');
  await a.commit({ put: [['k', 1]] });
  const stored = await a.get('k');
  await a.commit({ put: [['k', 1]] });
  await assert.rejects(
    a.commitWith({ expect: [{ key: 'k', stored }], put: [['k', 2]] }, [
      { records: b, change: { put: [['k', 2]] } },
    ]),
    StorageConflict,
  );
  await assert.rejects(
    a.commit({ expect: [{ key: 'k', stored: undefined }], remove: ['k'] }),
    StorageConflict,
  );
  assert.equal((await a.get('k'))?.value, 1);
  assert.equal(await b.get('k'), undefined);
});

test('what get returned is not what the caller of commit may still change', async () => {
  const { barrier } = await openBarrier();
  const records = barrier.records('root', 'x/');
  const value = { list: [1] };
  await records.commit({ put: [['k', value]] });
  value.list.push(2);
  assert.deepEqual((await records.get('k'))?.value, { list: [1] });
});

test('an index mark has no value, and asking for one is an error rather than an absence', async () => {
  const { barrier } = await openBarrier();
  const records = barrier.records('root', 'x/');
  await records.commit({ mark: ['m'] });
  await assert.rejects(records.get('m'), { code: 'storage-corrupt' });
});
