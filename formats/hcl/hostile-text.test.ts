import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { HclError, parseHcl, readHcl } from './index.ts';

const hclLike = fc
  .array(
    fc.constantFrom(
      'a',
      'path',
      '"x"',
      '"',
      '{',
      '}',
      '[',
      ']',
      '=',
      ':',
      ',',
      '\n',
      ' ',
      '#',
      '//',
      '/*',
      '*/',
      '<<E',
      'E',
      '\n',
      '${',
      '\\',
      '-',
      '0x',
      '1',
      '.',
      'true',
      'é',
      '\r',
    ),
    { maxLength: 40 },
  )
  .map((parts) => parts.join(''));

test('any text is read or refused with an HclError', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        hclLike,
        hclLike.map((text) => `{${text}`),
        fc.string({ unit: 'binary' }),
        fc.json(),
      ),
      (text) => {
        try {
          const block = readHcl(text);
          block.plain();
          for (const { text: key } of block.keys()) block.blocks(key, 1, true);
        } catch (error) {
          assert.ok(error instanceof HclError, String(error));
        }
      },
    ),
    { numRuns: 5000 },
  );
});

test('JSON objects come out as the runtime reads them', () => {
  const clean = fc.jsonValue({ maxDepth: 4, noUnicodeString: false });
  fc.assert(
    fc.property(fc.dictionary(fc.string(), clean), (value) => {
      const text = JSON.stringify(value);
      assert.deepEqual(JSON.stringify(readHcl(text).plain()), JSON.stringify(JSON.parse(text)));
    }),
  );
});

test('hostile text of megabytes takes linear time', () => {
  const size = 4_000_000;
  const units = [
    '"',
    '\\"',
    '"\\',
    '<<A\n',
    '/*',
    '#\n',
    'a ',
    '{',
    'a=1 ',
    '"${',
    '-',
    '1',
    ' ',
    '\n',
    'a',
    '"a"',
    '/',
    '${',
    ',',
    'a=<<A\nA\n',
  ];
  const started = performance.now();
  for (const unit of units) {
    for (const before of ['', 'a = "', '{"', '{"a":', 'a = <<A\n']) {
      try {
        parseHcl(before + unit.repeat(size / 10 / unit.length));
      } catch (error) {
        assert.ok(error instanceof HclError, `${before}${unit}: ${error}`);
      }
    }
  }
  assert.ok(readHcl(`{"a":"${'x'.repeat(size)}"}`));
  assert.ok(readHcl(`a = "${'x'.repeat(size)}"`));
  assert.ok(readHcl(`a${'x'.repeat(size)} = 1 #${'x'.repeat(size)}`));
  assert.ok(performance.now() - started < 20_000, `${performance.now() - started} ms`);
});
