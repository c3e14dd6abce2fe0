import { deepEqual, equal, throws } from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { ChangePacker, unpackChanges } from './packed-changes.ts';

const key = fc.string({ unit: 'grapheme', maxLength: 20 });
const value = fc.uint8Array({ maxLength: 50 });
const change = fc.record({
  expect: fc.array(fc.record({ key, tag: fc.option(value, { nil: undefined }) }), { maxLength: 3 }),
  put: fc.array(fc.tuple(key, value), { maxLength: 3 }),
  remove: fc.array(key, { maxLength: 3 }),
});
const plain = (changes: readonly unknown[]) =>
  JSON.parse(
    JSON.stringify(changes, (_, each) =>
      each instanceof Uint8Array ? Buffer.from(each).toString('hex') : each,
    ),
  );

describe('packed changes', () => {
  it('come out as they went in', () => {
    fc.assert(
      fc.property(fc.array(change, { maxLength: 20 }), (changes) => {
        const packer = new ChangePacker();
        for (const each of changes) packer.add(each);
        const withoutToJson = unpackChanges(packer.finish()).map(({ expect, put, remove }) => ({
          expect: expect.map(({ key: named, tag }) => ({ key: named, tag: tag && Uint8Array.from(tag) })),
          put: put.map(([named, bytes]) => [named, Uint8Array.from(bytes)]),
          remove,
        }));
        deepEqual(plain(withoutToJson), plain(changes));
      }),
      { numRuns: 300 },
    );
  });

  it('grow past the first block', () => {
    const packer = new ChangePacker();
    const large = Buffer.alloc(100_000, 'large');
    for (let i = 0; i < 5; i++) packer.add({ put: [[`${i}`, large]] });
    equal(
      unpackChanges(packer.finish()).every(({ put }) => large.equals(put[0]![1])),
      true,
    );
  });

  it('take all of a change or nothing', () => {
    const packer = new ChangePacker();
    packer.add({ remove: ['before'] });
    let looks = 0;
    const remove = ['a', 'b'];
    Object.defineProperty(remove, 1, {
      get() {
        looks += 1;
        if (looks === 2) throw new RangeError('when it is packed, after it was measured');
        return 'b';
      },
    });
    throws(() => packer.add({ put: [['a', new Uint8Array(3)]], remove }), RangeError);
    packer.add({ remove: ['after'] });
    deepEqual(
      unpackChanges(packer.finish()).map(({ remove }) => remove),
      [['before'], ['after']],
    );
  });
});
