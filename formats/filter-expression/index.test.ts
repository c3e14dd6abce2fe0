import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { compileFilter, FilterError } from './index.ts';

const event: Readonly<Record<string, unknown>> = {
  operation: 'data-write',
  data_path: 'secret/data/app',
  namespace: 'ns1/',
  empty: '',
  tags: ['a', 'b'],
  count: 7,
  request: { path: 'x/y', data: { 'a/b': 'deep' }, open: true },
};

function decide(filter: string, options?: Parameters<typeof compileFilter>[1]): boolean {
  return compileFilter(
    filter,
    options,
  )((selector) => {
    let value: unknown = event;
    for (const name of selector) {
      if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined;
      value = Reflect.get(value, name);
    }
    return value;
  });
}

describe('a filter expression', () => {
  const cases: readonly [filter: string, matches: boolean][] = [
    ['operation == "data-write"', true],
    ['operation == data-write', true],
    ['operation != data-write', false],
    ['operation != "x"', true],
    ['missing != "x"', true],
    ['missing == ""', false],
    ['data_path == secret/data/app and operation != "data-patch"', true],
    ['operation == x or operation == data-write and data_path == y', false],
    ['(operation == x or operation == data-write) and not data_path == y', true],
    ['not operation == x', true],
    ['not not operation == x', false],
    ['data_path contains "data/"', true],
    ['data_path not contains "data/"', false],
    ['missing not contains x', true],
    ['"app" in data_path', true],
    ['app not in data_path', false],
    ['"a" in tags', true],
    ['c in tags', false],
    ['tags contains b', true],
    ['request contains path', true],
    ['data_path matches "^secret/data/(app|web)$"', true],
    ['data_path matches `^secret/\\w+/app$`', true],
    ['data_path not matches "app$"', false],
    ['missing matches ".*"', false],
    ['empty is empty', true],
    ['missing is empty', true],
    ['operation is not empty', true],
    ['request.path == "x/y"', true],
    ['"/request/path" == "x/y"', true],
    ['"/request/data/a~1b" == deep', true],
    ['request.data["a/b"] == deep', true],
    ['request.open == true', true],
    ['count == 7', true],
    ['"/count"==7', true],
  ];
  for (const [filter, matches] of cases)
    test(`${filter} is ${matches}`, () => {
      assert.equal(decide(filter), matches);
    });

  test('is refused with the place when it cannot be read', () => {
    for (const filter of [
      '',
      'operation',
      'operation ==',
      '== x',
      'operation = x',
      'a == "x',
      '(a == b',
      'a == b)',
      'a == b c',
      'a is full',
      'a not is empty',
      'a < 3',
      'a == b and',
      'not',
      '"" == x',
      'a..b == x',
      'a matches "("',
      'a == "\\q"',
      'a["b" == x',
    ])
      assert.throws(() => compileFilter(filter), FilterError, filter);
    assert.throws(() => compileFilter(`${'('.repeat(100)}a == b${')'.repeat(100)}`), /too deeply/);
    assert.throws(() => compileFilter(`${'not '.repeat(300)}a == b`), /too deeply/);
    assert.throws(() => compileFilter(Array(201).fill('a == b').join(' or ')), /more than 200/);
    assert.throws(() => compileFilter(`a == ${'x'.repeat(5000)}`), /more than 4000/);
  });

  test('knows the selectors that there are, and repeats no value', () => {
    const selectors = ['operation'];
    assert.throws(
      () => compileFilter('secret_thing == x', { selectors }),
      (error: Error) => {
        assert.match(error.message, /there are: operation/);
        assert.doesNotMatch(error.message, /secret_thing/);
        return true;
      },
    );
    assert.equal(decide('"/operation" == data-write', { selectors }), true);
  });

  test('compares in the form that the values have', () => {
    const canonical = { namespace: (value: string) => `${value.replace(/\/$/, '')}/` };
    assert.equal(decide('namespace == ns1', { canonical }), true);
    assert.equal(decide('namespace == ns1/', { canonical }), true);
    assert.equal(decide('namespace != ns1', { canonical }), false);
    assert.equal(decide('empty == root', { canonical: { empty: () => '' } }), true);
  });

  test('obeys the laws of logic', () => {
    const atom = fc.constantFrom(
      'operation == data-write',
      'operation == x',
      'tags contains a',
      'missing is empty',
      'count == 8',
    );
    fc.assert(
      fc.property(atom, atom, (a, b) => {
        assert.equal(decide(`not (${a} and ${b})`), decide(`not ${a} or not ${b}`));
        assert.equal(decide(`not (${a} or ${b})`), decide(`not ${a} and not ${b}`));
        assert.equal(decide(`${a} or ${b} and ${a}`), decide(`${a} or (${b} and ${a})`));
      }),
    );
  });

  test('of any characters is read or refused, never worse', () => {
    const pieces = fc.constantFrom(
      'a',
      'and',
      'or',
      'not',
      'in',
      'is',
      'empty',
      'contains',
      'matches',
      '==',
      '!=',
      '(',
      ')',
      '[',
      ']',
      '"',
      '`',
      '\\',
      '.',
      '/',
      ' ',
      '"x"',
      '~',
      '*',
      '\u0000',
      '😀',
    );
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 25 }), fc.boolean(), (parts, spaced) => {
        try {
          assert.equal(typeof decide(parts.join(spaced ? ' ' : '')), 'boolean');
        } catch (error) {
          assert.ok(error instanceof FilterError, String(error));
        }
      }),
      { numRuns: 5000 },
    );
  });
});
