import { deepEqual, equal, ok } from 'node:assert/strict';
import { maxKeyBytes, maxValueBytes, tagOf } from '../storage.ts';
import { bytes, oddKeys, other, refused, type StorageTest, some, text, texts } from './storage-fixture.ts';

export function readingAndCommitting(it: StorageTest): void {
  it('reads in the order asked, with undefined where there is nothing', async (storage) => {
    await storage.commit({
      put: [
        ['a', bytes('1')],
        ['b', bytes('2')],
      ],
    });
    deepEqual(await texts(storage, ['b', 'missing', 'a', 'b']), ['2', undefined, '1', '2']);
    deepEqual(await storage.read([]), []);
  });

  it('replaces and removes values', async (storage) => {
    await storage.commit({
      put: [
        ['a', bytes('1')],
        ['b', bytes('2')],
      ],
    });
    await storage.commit({ put: [['a', bytes('3')]], remove: ['b', 'never there'] });
    deepEqual(await texts(storage, ['a', 'b']), ['3', undefined]);
    deepEqual(await storage.list('', { limit: 10 }), ['a']);
  });

  it('refuses a change that names a key twice, since its outcome would depend on an order', async (storage) => {
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
  });

  it('never shows a reader half of a commit', async (storage, { openAnother }) => {
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
  });
}

export function values(it: StorageTest): void {
  it('keeps an empty value apart from none', async (storage) => {
    await storage.commit({ put: [['a', new Uint8Array(0)]] });
    const [value] = await storage.read(['a']);
    ok(value instanceof Uint8Array);
    equal(value.length, 0);
    deepEqual(
      (await storage.scan('', 'b', 5)).map(([key, found]) => [key, found.length]),
      [['a', 0]],
    );
  });

  it('keeps every byte', async (storage) => {
    const all = Uint8Array.from({ length: 256 }, (_, i) => i);
    await storage.commit({ put: [['a', all]] });
    const [value] = await storage.read(['a']);
    deepEqual([...value!], [...all]);
  });

  it('keeps values of 32 MiB, beside small ones, and compares their tag', async (storage) => {
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
  });

  it('refuses a value that is too long', async (storage) => {
    await refused(
      storage.commit({
        put: [
          ['b', some],
          ['a', new Uint8Array(maxValueBytes + 1)],
        ],
      }),
    );
    deepEqual(await storage.read(['a', 'b']), [undefined, undefined]);
  });

  it('is done with the caller’s buffers when commit returns its promise', async (storage) => {
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
  });

  it('gives values away: writing into one changes nothing stored', async (storage) => {
    await storage.commit({ put: [['a', some]] });
    for (const value of await storage.read(['a', 'a'])) value?.fill(0);
    for (const [, value] of await storage.scan('a', 'b', 1)) value.fill(0);
    deepEqual(await texts(storage, ['a']), [text(some)]);
  });

  it('keeps a value that was given as part of a larger buffer', async (storage) => {
    await storage.commit({ put: [['a', Buffer.from('<<inner>>').subarray(2, 7)]] });
    deepEqual(await texts(storage, ['a']), ['inner']);
  });
}

export function keys(it: StorageTest): void {
  it('keeps odd keys apart and in the order of their UTF-8 bytes', async (storage) => {
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
  });

  it('takes keys of up to 4096 UTF-8 bytes', async (storage) => {
    const longest = [
      'k'.repeat(maxKeyBytes),
      'é'.repeat(maxKeyBytes / 2),
      '\u{1f511}'.repeat(maxKeyBytes / 4),
    ];
    await storage.commit({ put: longest.map((key) => [key, some] as const) });
    deepEqual(await storage.list('', { limit: 10 }), longest);
    await refused(storage.commit({ put: [['k'.repeat(maxKeyBytes + 1), some]] }));
    await refused(storage.read([`${'é'.repeat(maxKeyBytes / 2)}e`]));
  });

  for (const [what, key] of [
    ['an empty key', ''],
    ['a key with a NUL', 'a\0b'],
    ['a key that is not Unicode', 'a\ud800'],
  ] as const) {
    it(`refuses ${what}`, async (storage) => {
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
    });
  }
}
