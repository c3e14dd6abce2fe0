import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { decodeBase32, encodeBase32 } from './base32.ts';

/** RFC 4648, section 10, without the padding. */
const vectors = [
  ['', ''],
  ['f', 'MY'],
  ['fo', 'MZXQ'],
  ['foo', 'MZXW6'],
  ['foob', 'MZXW6YQ'],
  ['fooba', 'MZXW6YTB'],
  ['foobar', 'MZXW6YTBOI'],
] as const;

describe('base32', () => {
  test('is that of RFC 4648, read with padding, without, and in lower case', () => {
    for (const [plain, text] of vectors) {
      const bytes = new Uint8Array(Buffer.from(plain));
      assert.equal(encodeBase32(bytes), text);
      const padded = text.padEnd(Math.ceil(text.length / 8) * 8, '=');
      for (const form of [text, padded, text.toLowerCase()]) assert.deepEqual(decodeBase32(form), bytes);
    }
  });

  test('any bytes come back', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => {
        assert.deepEqual(decodeBase32(encodeBase32(bytes)), bytes);
      }),
    );
  });

  test('says where the first character stands that does not belong', () => {
    for (const [text, at] of [
      ['!!!', 0],
      ['MZ1W', 2],
      ['MZXW 6YQ', 4],
      ['MZX', 3],
      ['M', 1],
      ['MZXW6==', 5],
      ['MZ=W6YTB', 2],
      ['МZXW6YTB', 0],
    ] as const)
      assert.equal(decodeBase32(text), at, text);
  });
});
