import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compileAcl } from './compile-acl.ts';
import { parsePolicy } from './parse-policy.ts';

/** Whether a write of `data` passes the constraints of every one of `rules`, merged. */
function passes(
  rules: string | string[],
  data: Record<string, unknown> | undefined,
  operation: 'update' | 'delete' | 'list' | 'read' = 'update',
): boolean {
  const policies = [rules]
    .flat()
    .map((text, index) =>
      parsePolicy(`p${index}`, `path "x" { capabilities = ["update", "read", "delete", "list"] ${text} }`),
    );
  return compileAcl(policies, 0).decide({ operation, path: 'x', data }).allowed;
}

test('denied names and values refuse, whatever the case of the name', () => {
  const rules = 'denied_parameters = { "B" = [] "c" = ["x", "y*"] }';
  assert.ok(passes(rules, { a: 1 }));
  assert.ok(passes(rules, { c: 'z' }));
  for (const data of [{ b: 1 }, { B: null }, { c: 'x' }, { C: 'yy' }, { c: 'z,x' }, { c: ['z', 'x'] }])
    assert.ok(!passes(rules, data), JSON.stringify(data));
  assert.ok(!passes('denied_parameters = { "*" = [] }', { any: 1 }));
  assert.ok(passes('denied_parameters = { "*" = [] }', {}));
});

test('allowed names and values admit only what they name', () => {
  const rules = 'allowed_parameters = { "a" = ["1", "2*", "*3", "*4*"] "any" = [] }';
  for (const a of ['1', '2', '2zz', 'zz3', 'z4z', '1,2x', ['1', '23'], [], 1])
    assert.ok(passes(rules, { a }), JSON.stringify(a));
  for (const a of ['3x', '11', '', '1,5', ['1', '5'], null, {}, true])
    assert.ok(!passes(rules, { a }), JSON.stringify(a));
  assert.ok(passes(rules, { ANY: { deep: 1 }, A: '1' }));
  assert.ok(!passes(rules, { a: '1', z: 1 }));
  assert.ok(passes(rules, {}) && passes(rules, undefined));
  assert.ok(passes(rules, { z: 1 }, 'delete'), 'only reads and writes carry parameters');
});

test('a star as a name allows the names that are not there, and its own list means nothing', () => {
  assert.ok(passes('allowed_parameters = { "*" = [] }', { z: 1 }));
  assert.ok(passes('allowed_parameters = { "*" = ["1"] }', { z: 2 }));
  const mixed = 'allowed_parameters = { "a" = ["1"] "*" = [] }';
  assert.ok(passes(mixed, { a: '1', z: 9 }));
  assert.ok(!passes(mixed, { a: '2' }));
  assert.ok(!passes('allowed_parameters = { "a" = ["*"] }', { a: 'x' }), 'a lone star is a star');
});

test('denied beats allowed, and required names must be there in lower case', () => {
  assert.ok(!passes('allowed_parameters = { "a" = [] } denied_parameters = { "a" = ["x"] }', { a: 'x' }));
  assert.ok(passes('required_parameters = ["K"]', { k: null }));
  for (const data of [{}, undefined, { z: 1 }, { K: 1 }])
    assert.ok(!passes('required_parameters = ["k"]', data));
});

test('numbers, booleans and lists compare by what they say', () => {
  const rules = 'allowed_parameters = { "n" = [10, 1.5] "b" = [true] "l" = [["a", "b"]] }';
  for (const data of [
    { n: 10 },
    { n: '10' },
    { n: JSON.rawJSON('1e1') },
    { n: JSON.rawJSON('10.0') },
    { n: 1.5 },
    { b: true },
    { b: 'true' },
    { l: ['a', 'b'] },
  ]) {
    assert.ok(passes(rules, data), JSON.stringify(data));
  }
  for (const data of [{ n: 11 }, { b: false }, { l: ['b', 'a'] }, { l: ['a', 'b', 'c'] }, { l: 'a' }])
    assert.ok(!passes(rules, data), JSON.stringify(data));
  assert.ok(!passes('denied_parameters = { "n" = [10] }', { n: JSON.rawJSON('1.0e1') }));
});

test('constraints of one path add up across policies as in Vault', () => {
  assert.ok(
    passes(['allowed_parameters = { "a" = ["1"] }', 'allowed_parameters = { "a" = ["2"] "b" = [] }'], {
      a: '2',
      b: 0,
    }),
  );
  assert.ok(
    passes(['allowed_parameters = { "a" = ["1"] }', 'allowed_parameters = { "a" = [] }'], { a: '9' }),
  );
  assert.ok(
    !passes(['', 'allowed_parameters = { "a" = [] }'], { z: '9' }),
    'a rule without constraints does not lift them',
  );
  assert.ok(!passes(['denied_parameters = { "a" = ["1"] }', 'denied_parameters = { "b" = [] }'], { a: '1' }));
  assert.ok(!passes(['required_parameters = ["a"]', 'required_parameters = ["b"]'], { a: 1 }));
});

test('a field called __proto__ or constructor is only a field', () => {
  const data: Record<string, unknown> = JSON.parse('{"__proto__": "x"}');
  assert.ok(!passes('allowed_parameters = { "a" = [] }', data));
  assert.ok(!passes('denied_parameters = { "__proto__" = ["x"] }', data));
  assert.ok(!passes('required_parameters = ["constructor"]', { a: 1 }));
  assert.ok(!passes('allowed_parameters = { "a" = [] }', { constructor: 1 }));
});

test('a text list too long to go through is neither not denied nor allowed, and is not gone through', () => {
  const a = 'x,'.repeat(8_000_000);
  const startedMs = performance.now();
  assert.ok(!passes('denied_parameters = { "a" = ["secret"] }', { a }));
  assert.ok(!passes('allowed_parameters = { "a" = ["x", ""] }', { a }));
  assert.ok(performance.now() - startedMs < 500);
  assert.ok(passes('denied_parameters = { "a" = ["secret"] }', { a: 'x'.repeat(2_000_000) }));
  assert.ok(passes('allowed_parameters = { "a" = ["x*"] }', { a: 'x'.repeat(2_000_000) }));
});
