import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { parseBody, parseQuery } from './body.ts';

const limits = { maxRequestBytes: 1000, maxRequestJsonDepth: 5 };
const json = (text: string) => parseBody(Buffer.from(text), 'application/json', limits);

describe('a body', () => {
  test('is an object, whatever its content type says, and nothing when it is empty or null', () => {
    for (const type of ['application/json', 'text/plain', undefined])
      assert.deepEqual({ ...parseBody(Buffer.from('{"a":1}'), type, limits) }, { a: 1 });
    assert.deepEqual(json(''), {});
    assert.deepEqual(json('null'), {});
    for (const text of [
      '[]',
      '1',
      '"x"',
      'true',
      '1e400',
      '{',
      '{"a":1}}',
      '[[[[[[[',
      '{"a":{"b":[[[[1]]]]}}',
    ])
      assert.throws(() => json(text), { code: 'invalid-request' }, text);
  });

  test('that is a form is read as one, unless it is JSON after all', () => {
    const form = 'application/x-www-form-urlencoded; charset=utf-8';
    assert.deepEqual(parseBody(Buffer.from('a=1&b=x+y'), form, limits), { a: '1', b: 'x y' });
    assert.deepEqual({ ...parseBody(Buffer.from('{"a":1}'), form, limits) }, { a: 1 });
  });

  test('of very many small parts is refused before they are taken apart, so that it holds up nobody', () => {
    const form = 'application/x-www-form-urlencoded';
    const startedMs = performance.now();
    for (const text of ['a&'.repeat(8_000_000), '&'.repeat(16_000_000)])
      assert.throws(() => parseBody(Buffer.from(text), form, limits), { code: 'invalid-request' });
    const many = 4_000_000;
    for (const text of [
      `{"a":[${'[],'.repeat(many)}1]}`,
      `{"a":[${'{},'.repeat(many)}1]}`,
      `{"a":[${'[[[]]],'.repeat(many)}1]}`,
      `{"a":[${'1.0,'.repeat(many)}1]}`,
      `{${'"k":1,'.repeat(many)}"k":1}`,
    ])
      assert.throws(() => json(text), { code: 'invalid-request', message: /too many values/ });
    const elapsedMs = performance.now() - startedMs;
    assert.ok(elapsedMs < 5000, `${Math.round(elapsedMs)} ms`);
    assert.ok(json(`{"a":[${'1,'.repeat(90_000)}1]}`));
  });

  test('that is refused is not repeated in the reason', () => {
    const secret = 'sk-very-secret';
    for (const text of [`{"a":"${secret}`, `{"a":${secret}}`, secret, `["${secret}"]`, `{"${secret}":}`])
      assert.throws(
        () => json(text),
        (error: Error) => !error.message.includes(secret),
      );
    const broken = Buffer.concat([Buffer.from(`{"a":"${secret}`), Buffer.from([0xff])]);
    assert.throws(() => parseBody(broken, undefined, limits), /not valid UTF-8/);
  });

  test('changes no prototype', () => {
    const parsed = json('{"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}}}');
    assert.equal(Reflect.get({}, 'polluted'), undefined);
    assert.equal(Reflect.get({ ...parsed }, 'polluted'), undefined);
    parseQuery('__proto__=x&__proto__=y&constructor=z');
    assert.equal(Reflect.get({}, 'x'), undefined);
  });
});

describe('a query', () => {
  test('has strings, and lists where a name comes again', () => {
    assert.deepEqual(parseQuery('a=1&b=&c&a=2&a=3'), { a: ['1', '2', '3'], b: '', c: '' });
  });

  test('reads back what was written, whatever the names and values are', () => {
    const pairs = fc.uniqueArray(fc.tuple(fc.string({ unit: 'grapheme' }), fc.string({ unit: 'grapheme' })), {
      selector: ([name]) => name,
      maxLength: 20,
    });
    fc.assert(
      fc.property(pairs, (given) => {
        const wanted = given.filter(([name]) => name !== '__proto__');
        assert.deepEqual(
          Object.entries(parseQuery(String(new URLSearchParams(given)))).sort(),
          wanted.sort(),
        );
      }),
    );
  });

  test('of too many parameters is refused', () => {
    assert.throws(() => parseQuery('a=1&'.repeat(1001)), { code: 'invalid-request' });
  });
});
