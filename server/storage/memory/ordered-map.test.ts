import { deepEqual, equal, ok } from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { OrderedMap } from './ordered-map.ts';

describe('an ordered map', () => {
  it('keeps its order through any inserts and deletes', () => {
    const step = fc.tuple(
      fc.boolean(),
      fc.nat(3000).map((n) => `k/${n}`),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 3000, size: 'max' }), fc.nat(3000), (steps, start) => {
        const map = new OrderedMap<string>();
        const model = new Map<string, string>();
        for (const [add, key] of steps) {
          if (add) {
            map.set(key, key);
            model.set(key, key);
          } else {
            map.delete(key);
            model.delete(key);
          }
        }
        const from = `k/${start}`;
        deepEqual([...map.keysFrom(from)], [...model.keys()].filter((key) => key >= from).sort());
        for (const [, key] of steps.slice(0, 50)) equal(map.get(key), model.get(key));
      }),
      { numRuns: 50 },
    );
  });

  it('takes two hundred thousand keys in any order in well under the time that moving them all would take', () => {
    const map = new OrderedMap<number>();
    const count = 200_000;
    const started = performance.now();
    for (let i = 0; i < count; i++) map.set(`folder/${(i * 7919) % count}`, i);
    ok(performance.now() - started < 5000);
    equal([...map.keysFrom('')].length, count);
  });
});
