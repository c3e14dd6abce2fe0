import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { patchCustomMetadata, readCustomMetadata } from './custom-metadata.ts';

const many = (count: number, from = 0) =>
  Object.fromEntries(Array.from({ length: count }, (_, n) => [`key-${from + n}`, 'v']));

describe('custom metadata', () => {
  test('scalars become text as in Vault, numbers as they were written', () => {
    const given = { s: 'x', n: 5, f: 1.5, t: true, o: false, big: JSON.rawJSON('12345678901234567890') };
    assert.deepEqual(readCustomMetadata(given), {
      s: 'x',
      n: '5',
      f: '1.5',
      t: '1',
      o: '0',
      big: '12345678901234567890',
    });
  });

  test('an object or a list is refused in Vault’s words', () => {
    assert.throws(() => readCustomMetadata({ n: { x: 1 } }), {
      status: 400,
      message:
        "custom_metadata validation failed: '' expected type 'string', got unconvertible type 'map[string]interface {}'",
    });
    assert.throws(() => readCustomMetadata({ n: [] }), { status: 400 });
  });

  test('the limits are 64 keys of 128 bytes and values of 512 bytes, none of them empty', () => {
    readCustomMetadata(many(64));
    readCustomMetadata({ ['k'.repeat(128)]: 'ü'.repeat(256) });
    const message = (given: { readonly [key: string]: unknown }) => {
      try {
        readCustomMetadata(given);
      } catch (error) {
        return (error as Error).message;
      }
      return undefined;
    };
    assert.equal(
      message({ n: 'v'.repeat(600) }),
      '1 error occurred:\n\t* custom_metadata validation failed: length of value for key "n" is 600 but must be 0 < len(value) <= 512\n\n',
    );
    assert.match(message({ n: 'ü'.repeat(257) }) ?? '', /is 514 but must be/);
    assert.match(
      message({ ['k'.repeat(129)]: 'v' }) ?? '',
      /length of key "k+" is 129 but must be 0 < len\(key\) <= 128/,
    );
    assert.match(message({ n: '' }) ?? '', /is 0 but must be 0 < len\(value\) <= 512/);
    assert.match(message({ n: null }) ?? '', /is 0 but must be/);
    assert.match(message({ '': 'v' }) ?? '', /length of key "" is 0/);
    assert.match(message(many(65)) ?? '', /payload must contain at most 64 keys, provided 65/);
    assert.match(message({ a: '', b: '' }) ?? '', /^2 errors occurred:\n\t\* .*\n\t\* .*\n\n$/);
  });

  test('unprintable characters are refused, and the message shows none of them nor any value', () => {
    assert.throws(
      () => readCustomMetadata({ 'a\u0007': 'v' }),
      /key "a\\u0007" contains unprintable characters/,
    );
    assert.throws(
      () => readCustomMetadata({ a: 'canary\n' }),
      (error: Error) =>
        /value for key "a" contains unprintable/.test(error.message) && !/canary/.test(error.message),
    );
    readCustomMetadata({ 'zażółć 漢字': '✓ 👍' });
  });

  test('a patch adds, replaces and removes, and cannot grow beyond the limits step by step', () => {
    assert.deepEqual(patchCustomMetadata({ a: '1', b: '2' }, { a: null, b: '3', c: 4 }), { b: '3', c: '4' });
    assert.deepEqual(patchCustomMetadata(null, { a: null }), {});
    assert.throws(() => patchCustomMetadata(many(64), many(1, 64)), /at most 64 keys, provided 65/);
    patchCustomMetadata(many(64), { ...many(1, 64), 'key-0': null });
  });
});
