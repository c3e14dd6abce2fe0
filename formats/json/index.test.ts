import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { isRawNumber, JsonError, numberOf, parseJson, stringifyJson, stringifyJsonForHtml } from './index.ts';
import { locateProblem } from './locate-problem.ts';

test('numbers come back exactly as they were written', () => {
  for (const number of [
    '12345678901234567890',
    '1.0',
    '1e400',
    '-0',
    '1E5',
    '0.10',
    '1e21',
    '-1.50e-7',
    '9007199254740993',
  ]) {
    for (const text of [number, `[${number}]`, `{"a":{"b":[${number},1]},"c":"1.0"}`]) {
      assert.equal(stringifyJson(parseJson(text)), text);
    }
    assert.ok(isRawNumber(parseJson(number)), number);
  }
});

test('ordinary numbers stay plain numbers, also beside a raw one', () => {
  assert.deepEqual(parseJson('[0,-1,1.5,1e-7,9007199254740991]'), [0, -1, 1.5, 1e-7, 9007199254740991]);
  const mixed = parseJson('[7,1.0]');
  assert.ok(Array.isArray(mixed));
  assert.equal(mixed[0], 7);
  assert.ok(isRawNumber(mixed[1]));
  assert.equal(numberOf(mixed[1]), 1);
  assert.equal(numberOf(parseJson('1e400')), undefined);
});

test('an object that merely looks like a raw number is not one', () => {
  const value = parseJson('{"rawJSON":"1}, {"}');
  assert.equal(isRawNumber(value), false);
  assert.equal(stringifyJson(value), '{"rawJSON":"1}, {"}');
});

test('digits inside strings and after escaped quotes are left alone', () => {
  for (const text of ['{"a":"1.0 \\" 1.0 \\\\"}', '["\\\\",1]', '["\\"1.0",2]']) {
    assert.equal(stringifyJson(parseJson(text)), text);
    assert.deepEqual(parseJson(text), JSON.parse(text));
  }
});

test('a key __proto__ is an own property and pollutes nothing', () => {
  for (const text of ['{"__proto__":{"admin":true}}', '{"__proto__":{"admin":true},"n":1.0}']) {
    const value = parseJson(text);
    assert.ok(value !== null && typeof value === 'object');
    assert.ok(Object.hasOwn(value, '__proto__'));
    assert.equal(Object.getPrototypeOf(value), Object.prototype);
    assert.equal(Reflect.get({}, 'admin'), undefined);
    assert.equal(Reflect.get(value, 'admin'), undefined);
    assert.equal(stringifyJson(value), text);
  }
});

test('deep nesting is refused before it is parsed, at any depth', () => {
  for (const depth of [11, 100_000, 5_000_000]) {
    assert.throws(
      () => parseJson('['.repeat(depth), { maxDepth: 10 }),
      (error) => error instanceof JsonError && error.kind === 'too-deep' && error.column === 11,
    );
  }
  assert.ok(parseJson('['.repeat(10) + ']'.repeat(10), { maxDepth: 10 }));
  assert.deepEqual(parseJson('["[[[[[[[[[[[[[["]', { maxDepth: 1 }), ['[[[[[[[[[[[[[[']);
});

test('brackets in strings do not count as depth, and no string hides those outside', () => {
  for (const text of ['["\\"[[[["]', '["\\\\\\"[[[["]', '{"\\"{{[[":1}'])
    assert.ok(parseJson(text, { maxDepth: 1 }), text);
  for (const text of ['["\\\\",[[1]]]', '["\\"",[[1]]]', '{"a":"\\\\","b":[[1]]}']) {
    assert.throws(() => parseJson(text, { maxDepth: 2 }), { kind: 'too-deep' }, text);
  }
});

test('limits on strings and on the number of values hold', () => {
  assert.throws(() => parseJson('{"a":"12345"}', { maxDepth: 9, maxStringLength: 4 }), { kind: 'too-large' });
  assert.throws(() => parseJson('[1,2,3,4]', { maxDepth: 9, maxValues: 3 }), { kind: 'too-large' });
  assert.ok(parseJson('{"a":"1234"}', { maxDepth: 9, maxStringLength: 4, maxValues: 3 }));
});

test('errors name line and column and never quote the text', () => {
  const cases: [string, number, number][] = [
    ['{"canary": canary}', 1, 12],
    ['{\n  "a": 1,\n  canary: 2}', 3, 3],
    ['{"a":"canary', 1, 6],
    ['', 1, 1],
    ['[1,]', 1, 4],
    ['{"a":1} canary', 1, 9],
    ['{"a" 1}', 1, 6],
    ['["\\q"]', 1, 3],
    ['["a\nb"]', 1, 4],
    ['01', 1, 2],
    ['[1 2]', 1, 4],
    ['\ufeff{}', 1, 1],
  ];
  for (const [text, line, column] of cases) {
    assert.throws(
      () => parseJson(text),
      (error) => {
        assert.ok(error instanceof JsonError && error.kind === 'syntax', text);
        assert.deepEqual([error.line, error.column], [line, column], text);
        return !`${error.message}${error.stack}`.includes('canary');
      },
    );
  }
});

test('any text is parsed as the runtime does or refused with a JsonError', () => {
  const jsonLike = fc.string({ unit: fc.constantFrom(...'{}[]",:\\0123.eE-+ \nabu/tfn'), maxLength: 60 });
  fc.assert(
    fc.property(fc.oneof(fc.json(), jsonLike, fc.string()), (text) => {
      let expected: unknown;
      try {
        expected = JSON.parse(text);
      } catch {
        assert.throws(() => parseJson(text), JsonError);
        assert.notEqual(locateProblem(text).reason, 'it cannot be read', JSON.stringify(text));
        return;
      }
      assert.deepEqual(JSON.parse(stringifyJson(parseJson(text))), expected);
    }),
    { numRuns: 3000 },
  );
});

test('hostile text of megabytes takes linear time', () => {
  const size = 2_000_000;
  const started = performance.now();
  for (const unit of ['\\', '"', '\\"', '"\\', '-', '1', '1.', ' ', ',', '{"a":', '\n']) {
    try {
      parseJson(unit.repeat(size / unit.length));
    } catch (error) {
      assert.ok(error instanceof JsonError);
    }
  }
  assert.ok(performance.now() - started < 5000);
});

test('printing for HTML escapes what Go escapes', () => {
  assert.equal(stringifyJsonForHtml({ a: '<b>&\u2028' }), '{"a":"\\u003cb\\u003e\\u0026\\u2028"}');
  assert.throws(() => stringifyJson(undefined), TypeError);
});
