import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { parseJson, stringifyJson } from '../../../formats/json/index.ts';
import { isObject, mergePatch } from './merge-patch.ts';

/** RFC 7396, appendix A, as far as both sides are objects (a secret and its patch always are). */
const vectors: readonly (readonly [original: string, patch: string, result: string])[] = [
  ['{"a":"b"}', '{"a":"c"}', '{"a":"c"}'],
  ['{"a":"b"}', '{"b":"c"}', '{"a":"b","b":"c"}'],
  ['{"a":"b"}', '{"a":null}', '{}'],
  ['{"a":"b","b":"c"}', '{"a":null}', '{"b":"c"}'],
  ['{"a":["b"]}', '{"a":"c"}', '{"a":"c"}'],
  ['{"a":"c"}', '{"a":["b"]}', '{"a":["b"]}'],
  ['{"a":{"b":"c"}}', '{"a":{"b":"d","c":null}}', '{"a":{"b":"d"}}'],
  ['{"a":[{"b":"c"}]}', '{"a":[1]}', '{"a":[1]}'],
  ['{"e":null}', '{"a":1}', '{"e":null,"a":1}'],
  ['{}', '{"a":{"bb":{"ccc":null}}}', '{"a":{"bb":{}}}'],
];

function objectOf(text: string) {
  const value = parseJson(text);
  assert.ok(isObject(value));
  return value;
}

describe('merge patch', () => {
  test('gives what RFC 7396 lists', () => {
    for (const [original, patch, result] of vectors) {
      assert.deepEqual(
        mergePatch(objectOf(original), objectOf(patch)),
        objectOf(result),
        `${original} + ${patch}`,
      );
    }
  });

  test('numbers kept as written are scalars: they replace, and are replaced', () => {
    const merged = mergePatch(objectOf('{"n":1.0,"o":{"x":1}}'), objectOf('{"n":{"x":2.0},"o":1e2}'));
    assert.equal(stringifyJson(merged), '{"n":{"x":2.0},"o":1e2}');
  });

  test('changes neither side, and merging the same patch twice is merging it once', () => {
    const object = fc.dictionary(fc.constantFrom('a', 'b', '__proto__'), fc.jsonValue({ maxDepth: 3 }), {
      noNullPrototype: true,
    });
    fc.assert(
      fc.property(object, object, (target, patch) => {
        const before = [JSON.stringify(target), JSON.stringify(patch)];
        const once = mergePatch(target, patch);
        assert.equal(JSON.stringify(mergePatch(once, patch)), JSON.stringify(once));
        assert.deepEqual([JSON.stringify(target), JSON.stringify(patch)], before);
      }),
    );
  });
});
