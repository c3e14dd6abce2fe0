import { deepEqual, equal, notEqual, ok, rejects } from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  type Change,
  maxKeyBytes,
  maxValueBytes,
  type StorageBackend,
  StorageConflict,
  StorageError,
  tagOf,
} from '../storage.ts';

/** A fresh, empty storage, and ways to look at the same data again. */
export interface OpenedStorage {
  readonly backend: StorageBackend;
  /** The same data after the handles before were closed; left out by a storage that forgets. */
  reopen?(): Promise<StorageBackend>;
  /** One more handle on the same data, as another process has it; left out where only one is possible. */
  openAnother?(): Promise<StorageBackend>;
  /** Closes every handle and removes the data. */
  dispose(): Promise<void>;
}

export type OpenStorage = () => Promise<OpenedStorage>;

const some = bytes('some value, longer than a tag: 1');
const other = bytes('another value, longer than a tag: 2');

/** Registers the tests that every implementation of `StorageBackend` passes. */
export function storageConformance(name: string, open: OpenStorage): void {
  const using = (test: (storage: StorageBackend, opened: OpenedStorage) => Promise<void>) => async () => {
    const opened = await open();
    try {
      await test(opened.backend, opened);
    } finally {
      await opened.dispose();
    }
  };
  describe(`storage ${name}`, { timeout: 60_000 }, () => {
    describe('reading and committing', () => readingAndCommitting(using));
    describe('expectations', () => expectations(using));
    describe('values', () => values(using));
    describe('keys', () => keys(using));
    describe('list', () => listing(using));
    describe('scan', () => scanning(using));
    describe('revisions', () => revisions(using));
    describe('concurrent commits', () => concurrency(using));
    describe('handles', () => handles(open));
  });
}

type Using = (test: (storage: StorageBackend, opened: OpenedStorage) => Promise<void>) => () => Promise<void>;

function readingAndCommitting(using: Using): void {
  it(
    'reads in the order asked, with undefined where there is nothing',
    using(async (storage) => {
      await storage.commit({
        put: [
          ['a', bytes('1')],
          ['b', bytes('2')],
        ],
      });
      deepEqual(await texts(storage, ['b', 'missing', 'a', 'b']), ['2', undefined, '1', '2']);
      deepEqual(await storage.read([]), []);
    }),
  );

  it(
    'replaces and removes values',
    using(async (storage) => {
      await storage.commit({
        put: [
          ['a', bytes('1')],
          ['b', bytes('2')],
        ],
      });
      await storage.commit({ put: [['a', bytes('3')]], remove: ['b', 'never there'] });
      deepEqual(await texts(storage, ['a', 'b']), ['3', undefined]);
      deepEqual(await storage.list('', { limit: 10 }), ['a']);
    }),
  );

  it(
    'refuses a change that names a key twice, since its outcome would depend on an order',
    using(async (storage) => {
      await refused(
        storage.commit({
          put: [
            ['a', some],
            ['a', other],
          ],
        }),
      );
      await refused(storage.commit({ put: [['a', some]], remove: ['a'] }));
      deepEqual(await storage.read(['a']), [undefined]);
    }),
  );

  it(
    'never shows a reader half of a commit',
    using(async (storage, { openAnother }) => {
      const reader = (await openAnother?.()) ?? storage;
      const pair = ['left', 'right'];
      await storage.commit({ put: pair.map((key) => [key, bytes('0')] as const) });
      let writing = true;
      const writer = (async () => {
        for (let i = 1; i <= 100; i++)
          await storage.commit({ put: pair.map((key) => [key, bytes(`${i}`)] as const) });
        writing = false;
      })();
      while (writing) {
        const [left, right] = await texts(reader, pair);
        equal(left, right);
        const scanned = await reader.scan('', 'z', 10);
        equal(text(scanned[0]?.[1]), text(scanned[1]?.[1]));
        await new Promise((resolve) => setImmediate(resolve));
      }
      await writer;
    }),
  );
}

function expectations(using: Using): void {
  const conflict = async (storage: StorageBackend, change: Change, key: string) => {
    const before = await storage.revision();
    await rejects(storage.commit(change), (error) => error instanceof StorageConflict && error.key === key);
    equal(await storage.revision(), before);
  };

  it(
    'applies a change whose expectations hold',
    using(async (storage) => {
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
    }),
  );

  it(
    'writes nothing when a key is there that should not be',
    using(async (storage) => {
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
    }),
  );

  it(
    'writes nothing when a key is gone',
    using(async (storage) => {
      await conflict(storage, { expect: [{ key: 'a', tag: tagOf(some) }], put: [['b', other]] }, 'a');
      deepEqual(await storage.read(['b']), [undefined]);
    }),
  );

  it(
    'writes nothing when any one expectation fails',
    using(async (storage) => {
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
    }),
  );

  it(
    'compares all of a value shorter than a tag, and an empty one',
    using(async (storage) => {
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
    }),
  );

  it(
    'takes a change of expectations only',
    using(async (storage) => {
      await storage.commit({ put: [['a', some]] });
      await storage.commit({ expect: [{ key: 'a', tag: tagOf(some) }] });
      await conflict(storage, { expect: [{ key: 'a', tag: tagOf(other) }] }, 'a');
    }),
  );
}

function values(using: Using): void {
  it(
    'keeps an empty value apart from none',
    using(async (storage) => {
      await storage.commit({ put: [['a', new Uint8Array(0)]] });
      const [value] = await storage.read(['a']);
      ok(value instanceof Uint8Array);
      equal(value.length, 0);
      deepEqual(
        (await storage.scan('', 'b', 5)).map(([key, found]) => [key, found.length]),
        [['a', 0]],
      );
    }),
  );

  it(
    'keeps every byte',
    using(async (storage) => {
      const all = Uint8Array.from({ length: 256 }, (_, i) => i);
      await storage.commit({ put: [['a', all]] });
      const [value] = await storage.read(['a']);
      deepEqual([...value!], [...all]);
    }),
  );

  it(
    'keeps values of 32 MiB, beside small ones, and compares their tag',
    using(async (storage) => {
      const large = Buffer.alloc(32 * 1024 * 1024, 'large value');
      large[large.length - 1] = 1;
      await Promise.all([
        storage.commit({ put: [['large', large]] }),
        storage.commit({ put: [['small', some]] }),
      ]);
      const [readLarge, readSmall] = await storage.read(['large', 'small']);
      equal(Buffer.compare(readLarge!, large), 0);
      equal(text(readSmall), text(some));
      await storage.commit({ expect: [{ key: 'large', tag: tagOf(large) }], put: [['large', some]] });
      deepEqual(await texts(storage, ['large']), [text(some)]);
    }),
  );

  it(
    'refuses a value that is too long',
    using(async (storage) => {
      await refused(
        storage.commit({
          put: [
            ['b', some],
            ['a', new Uint8Array(maxValueBytes + 1)],
          ],
        }),
      );
      deepEqual(await storage.read(['a', 'b']), [undefined, undefined]);
    }),
  );

  it(
    'is done with the caller’s buffers when commit returns its promise',
    using(async (storage) => {
      const value = Buffer.from('as it was');
      const tag = Buffer.from('expected');
      await storage.commit({ put: [['a', bytes('expected')]] });
      const done = storage.commit({
        expect: [{ key: 'a', tag }],
        put: [
          ['a', value],
          ['b', value],
        ],
      });
      value.fill('!');
      tag.fill('!');
      await done;
      deepEqual(await texts(storage, ['a', 'b']), ['as it was', 'as it was']);
    }),
  );

  it(
    'gives values away: writing into one changes nothing stored',
    using(async (storage) => {
      await storage.commit({ put: [['a', some]] });
      for (const value of await storage.read(['a', 'a'])) value?.fill(0);
      for (const [, value] of await storage.scan('a', 'b', 1)) value.fill(0);
      deepEqual(await texts(storage, ['a']), [text(some)]);
    }),
  );

  it(
    'keeps a value that was given as part of a larger buffer',
    using(async (storage) => {
      await storage.commit({ put: [['a', Buffer.from('<<inner>>').subarray(2, 7)]] });
      deepEqual(await texts(storage, ['a']), ['inner']);
    }),
  );
}

/** In the order of their UTF-8 bytes. The last two stand the other way round by UTF-16 units. */
const oddKeys = [
  ' ', ' a', '!', '"quoted"', '%', '%2F', '%_', "'", "';DROP TABLE entry;--", '*', '..', '/', '//', '/a', '0', '?', 'A', '[a-z]',
  '\\', '_', 'a', 'a ', 'a!', 'a.', 'a/', 'a/\t', 'a//', 'a//b', 'a/b', 'a0', 'aa', 'e\u0301', 'z\u007f', '\u00a0', '\u00e9',
  '\u212b', '\uac00', '\ue000', '\uffff', '\u{10000}', '\u{1f511}/\u{1f512}', '\u{10ffff}',
]; // biome-ignore format: a table

function keys(using: Using): void {
  it(
    'keeps odd keys apart and in the order of their UTF-8 bytes',
    using(async (storage) => {
      const shuffled = oddKeys.map((key, i) => [key, (i * 7919) % 101] as const).sort((a, b) => a[1] - b[1]);
      await Promise.all(shuffled.map(([key]) => storage.commit({ put: [[key, bytes(key)]] })));
      deepEqual(await texts(storage, oddKeys), oddKeys);
      const scanned = await storage.scan('', '\u{10ffff}\u{10ffff}', 1000);
      deepEqual(
        scanned.map(([key, value]) => [key, text(value)]),
        oddKeys.map((key) => [key, key]),
      );
      await storage.commit({ remove: oddKeys.filter((_, i) => i % 2 === 0) });
      deepEqual(
        await texts(storage, oddKeys),
        oddKeys.map((key, i) => (i % 2 === 0 ? undefined : key)),
      );
    }),
  );

  it(
    'takes keys of up to 4096 UTF-8 bytes',
    using(async (storage) => {
      const longest = [
        'k'.repeat(maxKeyBytes),
        'é'.repeat(maxKeyBytes / 2),
        '\u{1f511}'.repeat(maxKeyBytes / 4),
      ];
      await storage.commit({ put: longest.map((key) => [key, some] as const) });
      deepEqual(await storage.list('', { limit: 10 }), longest);
      await refused(storage.commit({ put: [['k'.repeat(maxKeyBytes + 1), some]] }));
      await refused(storage.read([`${'é'.repeat(maxKeyBytes / 2)}e`]));
    }),
  );

  for (const [what, key] of [
    ['an empty key', ''],
    ['a key with a NUL', 'a\0b'],
    ['a key that is not Unicode', 'a\ud800'],
  ] as const) {
    it(
      `refuses ${what}`,
      using(async (storage) => {
        await refused(storage.read(['a', key]));
        await refused(
          storage.commit({
            put: [
              ['b', some],
              [key, some],
            ],
          }),
        );
        await refused(storage.commit({ put: [['b', some]], remove: [key] }));
        await refused(storage.commit({ put: [['b', some]], expect: [{ key, tag: undefined }] }));
        deepEqual(await storage.scan('', '\u{10ffff}', 5), []);
      }),
    );
  }
}

function listing(using: Using): void {
  const fill = (storage: StorageBackend, names: readonly string[]) =>
    storage.commit({ put: names.map((key) => [key, some] as const) });

  it(
    'names one level, a folder once, ending in /',
    using(async (storage) => {
      await fill(storage, ['b/x', 'a', 'b/y/z', 'b', 'c/d/e', 'bb', 'b/y']);
      deepEqual(await storage.list('', { limit: 10 }), ['a', 'b', 'b/', 'bb', 'c/']);
      deepEqual(await storage.list('b/', { limit: 10 }), ['x', 'y', 'y/']);
      deepEqual(await storage.list('c/', { limit: 10 }), ['d/']);
      deepEqual(await storage.list('nothing/', { limit: 10 }), []);
    }),
  );

  it(
    'orders names by bytes, so that a folder stands where its / does',
    using(async (storage) => {
      await fill(storage, ['a', 'a-b', 'a/b', 'a0', '\uffff', '\u{10000}/x']);
      deepEqual(await storage.list('', { limit: 10 }), ['a', 'a-b', 'a/', 'a0', '\uffff', '\u{10000}/']);
    }),
  );

  it(
    'leaves out a key that equals the prefix, which has no name there',
    using(async (storage) => {
      await fill(storage, ['a/', 'a/b', 'a//c']);
      deepEqual(await storage.list('', { limit: 10 }), ['a/']);
      deepEqual(await storage.list('a/', { limit: 10 }), ['/', 'b']);
      deepEqual(await storage.list('a//', { limit: 10 }), ['c']);
    }),
  );

  it(
    'goes on after a file or a folder, there or not',
    using(async (storage) => {
      await fill(storage, ['p/a', 'p/b', 'p/b/1', 'p/b/2', 'p/b!', 'p/c', 'q']);
      const after = async (name: string) => await storage.list('p/', { after: name, limit: 10 });
      deepEqual(await after('a'), ['b', 'b!', 'b/', 'c']);
      deepEqual(await after('b'), ['b!', 'b/', 'c']);
      deepEqual(await after('b/'), ['c']);
      deepEqual(await after('aa'), ['b', 'b!', 'b/', 'c']);
      deepEqual(await after('a/'), ['b', 'b!', 'b/', 'c']);
      deepEqual(await after('b/1'), ['c']);
      deepEqual(await after('c'), []);
      deepEqual(await after(''), ['a', 'b', 'b!', 'b/', 'c']);
    }),
  );

  it(
    'pages through files and folders without gap or repetition, whatever the limit',
    using(async (storage) => {
      const put: string[] = [];
      for (let i = 0; i < 300; i++) {
        const name = `${(i * 7919) % 300}`.padStart(3, '0');
        put.push(
          ...(i % 3 === 0 ? [`p/${name}`] : Array.from({ length: i % 40 }, (_, j) => `p/${name}/${j}`)),
        );
      }
      await fill(storage, put);
      const expected = [...new Set(put.map((key) => key.slice(2).replace(/\/.*/, '/')))].sort();
      for (const limit of [1, 2, 7, 100, 1000]) {
        const found: string[] = [];
        for (let after: string | undefined; ; after = found.at(-1)) {
          const page = await storage.list('p/', { limit, ...(after === undefined ? {} : { after }) });
          ok(page.length <= limit);
          if (page.length === 0) break;
          found.push(...page);
        }
        deepEqual(found, expected);
      }
    }),
  );

  it(
    'passes by what is in a folder instead of reading it',
    using(async (storage) => {
      const inside = Array.from({ length: 20_000 }, (_, i) => `p/m/${i}`);
      await fill(storage, ['p/a', ...inside, 'p/z']);
      const started = performance.now();
      for (let i = 0; i < 200; i++) deepEqual(await storage.list('p/', { limit: 10 }), ['a', 'm/', 'z']);
      // Reading every key of the folder takes milliseconds; a seek takes microseconds.
      ok((performance.now() - started) / 200 < 2.5, 'a listing takes as long as its folder is full');
    }),
  );

  it(
    'refuses a prefix that is no folder, and a limit that is no count',
    using(async (storage) => {
      await fill(storage, ['a/b']);
      await refused(storage.list('a', { limit: 1 }));
      for (const limit of [-1, 0.5, Number.NaN]) await refused(storage.list('', { limit }));
      deepEqual(await storage.list('', { limit: 0 }), []);
    }),
  );
}

function scanning(using: Using): void {
  it(
    'gives entries at any depth, from the first bound up to but without the second',
    using(async (storage) => {
      const names = ['a', 'a/b', 'a/b/c', 'b', 'c'];
      await storage.commit({ put: names.map((key) => [key, bytes(key)] as const) });
      const scan = async (from: string, to: string, limit = 10) =>
        (await storage.scan(from, to, limit)).map(([key, value]) => {
          equal(text(value), key);
          return key;
        });
      deepEqual(await scan('', 'z'), names);
      deepEqual(await scan('a/b', 'b'), ['a/b', 'a/b/c']);
      deepEqual(await scan('a/b\0', 'b\0'), ['a/b/c', 'b']);
      deepEqual(await scan('a0', 'a1'), []);
      deepEqual(await scan('c', 'a'), []);
      deepEqual(await scan('', ''), []);
      deepEqual(await scan('', 'z', 2), ['a', 'a/b']);
      deepEqual(await scan('', 'z', 0), []);
      await refused(storage.scan('', 'z', -1));
    }),
  );
}

function revisions(using: Using): void {
  it(
    'grow with every commit, and revision() says the newest',
    using(async (storage) => {
      let last = await storage.revision();
      for (let i = 0; i < 5; i++) {
        const revision = await storage.commit({ put: [[`${i}`, some]] });
        ok(revision > last);
        equal(await storage.revision(), revision);
        last = revision;
      }
      const together = await Promise.all(oddKeys.map((key) => storage.commit({ put: [[key, some]] })));
      equal(new Set(together).size, together.length);
      ok(Math.min(...together) > last);
    }),
  );

  it(
    'name what changed since, each key once',
    using(async (storage) => {
      const start = await storage.revision();
      const first = await storage.commit({
        put: [
          ['a', some],
          ['b', some],
        ],
      });
      const second = await storage.commit({ put: [['a', other]], remove: ['c', 'never/there'] });
      const since = async (revision: number) => {
        const changed = await storage.changesSince(revision);
        notEqual(changed, 'too old');
        return [...changed].sort();
      };
      deepEqual(await since(start), ['a', 'b', 'c', 'never/there']);
      deepEqual(await since(first), ['a', 'c', 'never/there']);
      deepEqual(await since(second), []);
    }),
  );

  it(
    'say too old when the log no longer reaches back, or never did reach forward',
    using(async (storage) => {
      const start = await storage.commit({ put: [['first', some]] });
      for (let i = 0; i < 250; i++) {
        await Promise.all(Array.from({ length: 100 }, (_, j) => storage.commit({ put: [[`k/${j}`, some]] })));
      }
      equal(await storage.changesSince(start), 'too old');
      const newest = await storage.revision();
      equal(await storage.changesSince(newest + 1), 'too old');
      equal((await storage.changesSince(newest - 50)).length, 50);
    }),
  );

  it(
    'either name every key of a large commit or say too old',
    using(async (storage) => {
      const names = Array.from({ length: 5000 }, (_, i) => `large/${i}`);
      const start = await storage.revision();
      const done = await storage.commit({ put: names.map((key) => [key, bytes('')] as const) });
      const changed = await storage.changesSince(start);
      if (changed !== 'too old') deepEqual([...changed].sort(), names.sort());
      deepEqual(await storage.changesSince(done), []);
    }),
  );
}

function concurrency(using: Using): void {
  it(
    'applies 64 commits of one turn',
    using(async (storage) => {
      const names = Array.from({ length: 64 }, (_, i) => `k/${i}`);
      await Promise.all(names.map((key) => storage.commit({ put: [[key, bytes(key)]] })));
      deepEqual(await texts(storage, names), names);
    }),
  );

  it(
    'lets exactly one of 64 conflicting commits win',
    using(async (storage) => {
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
    }),
  );

  it(
    'does not let a conflict touch its neighbours',
    using(async (storage) => {
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
    }),
  );

  it(
    'loses no increment of a counter that many handles count up',
    using(async (storage, { openAnother }) => {
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
    }),
  );
}

function handles(open: OpenStorage): void {
  it('shows another handle every acknowledged commit after revision()', async (t) => {
    const { backend, openAnother, dispose } = await open();
    try {
      if (openAnother === undefined) return t.skip('there is one handle only');
      const other = await openAnother();
      const start = await other.revision();
      for (let i = 0; i < 50; i++) {
        const revision = await backend.commit({ put: [['shared', bytes(`${i}`)]] });
        ok((await other.revision()) >= revision);
        deepEqual(await texts(other, ['shared']), [`${i}`]);
        deepEqual(await other.changesSince(revision - 1), ['shared']);
      }
      deepEqual(await other.changesSince(start), ['shared']);
      ok((await other.commit({ remove: ['shared'] })) > (await backend.revision()) - 1);
      deepEqual(await backend.read(['shared']), [undefined]);
    } finally {
      await dispose();
    }
  });

  it('keeps data, order, revision and change log when it is opened again', async (t) => {
    const { backend, reopen, dispose } = await open();
    try {
      if (reopen === undefined) return t.skip('it forgets');
      const before = await backend.commit({
        put: [
          ['a/b', some],
          ['c', new Uint8Array(0)],
        ],
      });
      await backend.close();
      const again = await reopen();
      deepEqual(await texts(again, ['a/b', 'c']), [text(some), '']);
      deepEqual(await again.list('', { limit: 5 }), ['a/', 'c']);
      equal(await again.revision(), before);
      deepEqual(await again.changesSince(before), []);
      ok((await again.commit({ remove: ['c'] })) > before);
      deepEqual(await again.changesSince(before), ['c']);
    } finally {
      await dispose();
    }
  });

  it('finishes what is in flight before it closes, closes twice, and answers nothing afterwards', async () => {
    const { backend, reopen, dispose } = await open();
    try {
      const inFlight = Array.from({ length: 30 }, (_, i) => backend.commit({ put: [[`k/${i}`, some]] }));
      const closed = backend.close();
      const late = backend.commit({ put: [['late', some]] });
      await rejects(late, isUnavailable);
      equal((await Promise.all(inFlight)).length, 30);
      await closed;
      await backend.close();
      for (const call of [
        () => backend.read(['k/1']),
        () => backend.list('', { limit: 1 }),
        () => backend.scan('', 'z', 1),
        () => backend.commit({}),
        () => backend.revision(),
        () => backend.changesSince(0),
      ]) {
        await rejects(call, isUnavailable);
      }
      const again = await reopen?.();
      if (again) equal((await again.list('k/', { limit: 100 })).length, 30);
    } finally {
      await dispose();
    }
  });
}

function isUnavailable(error: unknown): boolean {
  return error instanceof StorageError && error.kind === 'unavailable' && error.hint !== '';
}

async function refused(call: Promise<unknown>): Promise<void> {
  await rejects(call, (error) => error instanceof StorageError && error.kind === 'invalid');
}

async function texts(storage: StorageBackend, keys: readonly string[]): Promise<(string | undefined)[]> {
  return (await storage.read(keys)).map(text);
}

function text(value: Uint8Array | undefined): string | undefined {
  return value && Buffer.from(value).toString();
}

function bytes(value: string): Uint8Array {
  return new TextEncoder().encode(value);
}
