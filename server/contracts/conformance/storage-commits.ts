import { deepEqual, equal, ok, rejects } from 'node:assert/strict';
import { type Change, type StorageBackend, StorageConflict, tagOf } from '../storage.ts';
import { bytes, other, type StorageTest, some, text, texts } from './storage-fixture.ts';

export function expectations(it: StorageTest): void {
  const conflict = async (storage: StorageBackend, change: Change, key: string) => {
    const before = await storage.revision();
    await rejects(storage.commit(change), (error) => error instanceof StorageConflict && error.key === key);
    equal(await storage.revision(), before);
  };

  it('applies a change whose expectations hold', async (storage) => {
    await storage.commit({ expect: [{ key: 'a', tag: undefined }], put: [['a', some]] });
    await storage.commit({
      expect: [
        { key: 'a', tag: tagOf(some) },
        { key: 'b', tag: undefined },
      ],
      put: [['b', other]],
    });
    await storage.commit({ expect: [{ key: 'b', tag: tagOf(other) }], remove: ['b'] });
    deepEqual(await texts(storage, ['a', 'b']), [text(some), undefined]);
  });

  it('writes nothing when a key is there that should not be', async (storage) => {
    await storage.commit({ put: [['a', some]] });
    await conflict(
      storage,
      {
        expect: [{ key: 'a', tag: undefined }],
        put: [
          ['a', other],
          ['b', other],
        ],
      },
      'a',
    );
    deepEqual(await texts(storage, ['a', 'b']), [text(some), undefined]);
  });

  it('writes nothing when a key is gone', async (storage) => {
    await conflict(storage, { expect: [{ key: 'a', tag: tagOf(some) }], put: [['b', other]] }, 'a');
    deepEqual(await storage.read(['b']), [undefined]);
  });

  it('writes nothing when any one expectation fails', async (storage) => {
    await storage.commit({
      put: [
        ['a', some],
        ['b', other],
      ],
    });
    const expect = [
      { key: 'a', tag: tagOf(some) },
      { key: 'b', tag: tagOf(some) },
    ];
    await conflict(storage, { expect, put: [['c', some]], remove: ['a'] }, 'b');
    deepEqual(await texts(storage, ['a', 'c']), [text(some), undefined]);
  });

  it('compares all of a value shorter than a tag, and an empty one', async (storage) => {
    await storage.commit({
      put: [
        ['short', bytes('xy')],
        ['empty', bytes('')],
      ],
    });
    await conflict(storage, { expect: [{ key: 'short', tag: bytes('y') }], remove: ['short'] }, 'short');
    await conflict(storage, { expect: [{ key: 'short', tag: bytes('') }], remove: ['short'] }, 'short');
    await conflict(storage, { expect: [{ key: 'empty', tag: undefined }], remove: ['empty'] }, 'empty');
    const expect = [
      { key: 'short', tag: bytes('xy') },
      { key: 'empty', tag: bytes('') },
    ];
    await storage.commit({ expect, remove: ['short', 'empty'] });
    deepEqual(await storage.read(['short', 'empty']), [undefined, undefined]);
  });

  it('takes a change of expectations only', async (storage) => {
    await storage.commit({ put: [['a', some]] });
    await storage.commit({ expect: [{ key: 'a', tag: tagOf(some) }] });
    await conflict(storage, { expect: [{ key: 'a', tag: tagOf(other) }] }, 'a');
  });
}

export function concurrency(it: StorageTest): void {
  it('applies 64 commits of one turn', async (storage) => {
    const names = Array.from({ length: 64 }, (_, i) => `k/${i}`);
    await Promise.all(names.map((key) => storage.commit({ put: [[key, bytes(key)]] })));
    deepEqual(await texts(storage, names), names);
  });

  it('lets exactly one of 64 conflicting commits win', async (storage) => {
    const outcomes = await Promise.allSettled(
      Array.from({ length: 64 }, (_, i) =>
        storage.commit({
          expect: [{ key: 'a', tag: undefined }],
          put: [
            ['a', bytes(`${i}`)],
            [`by/${i}`, some],
          ],
        }),
      ),
    );
    const winners = outcomes.flatMap((outcome, i) => (outcome.status === 'fulfilled' ? [`${i}`] : []));
    equal(winners.length, 1);
    deepEqual(await texts(storage, ['a']), winners);
    deepEqual(await storage.list('by/', { limit: 100 }), winners);
    for (const outcome of outcomes)
      ok(outcome.status === 'fulfilled' || outcome.reason instanceof StorageConflict);
  });

  it('does not let a conflict touch its neighbours', async (storage) => {
    await storage.commit({ put: [['taken', some]] });
    const outcomes = await Promise.allSettled(
      Array.from({ length: 20 }, (_, i) =>
        storage.commit({
          expect: i % 2 ? [{ key: 'taken', tag: undefined }] : [],
          put: [[`k/${i}`, some]],
        }),
      ),
    );
    deepEqual(
      outcomes.map(({ status }) => status),
      outcomes.map((_, i) => (i % 2 ? 'rejected' : 'fulfilled')),
    );
    equal((await storage.list('k/', { limit: 100 })).length, 10);
  });

  it('loses no increment of a counter that many handles count up', async (storage, { openAnother }) => {
    const all = [storage, ...(openAnother ? [await openAnother(), await openAnother()] : [])];
    const countUp = async (handle: StorageBackend) => {
      for (let done = 0; done < 10; ) {
        const [value] = await handle.read(['counter']);
        const tag = value && tagOf(value);
        const next = bytes(`${Number(text(value) ?? 0) + 1}`);
        try {
          await handle.commit({ expect: [{ key: 'counter', tag }], put: [['counter', next]] });
          done += 1;
        } catch (error) {
          ok(error instanceof StorageConflict, String(error));
        }
      }
    };
    await Promise.all([...all, ...all].map(countUp));
    deepEqual(await texts(storage, ['counter']), [`${20 * all.length}`]);
  });
}
