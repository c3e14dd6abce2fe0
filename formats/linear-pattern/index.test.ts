import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { compileLinearPattern, PatternError } from './index.ts';

const alphabet = fc.constantFrom('a', 'b', 'c', '/', '-', '1');
const texts = fc.string({ unit: alphabet, maxLength: 12 });

/** Patterns made of what both engines read alike. */
const patterns = fc.letrec<{ whole: string; part: string }>((tie) => ({
  part: fc.oneof(
    { maxDepth: 4 },
    alphabet,
    fc.constantFrom('.', '[a-c]', '[^b]', '\\d', '\\w', '^', '$', '[/-]'),
    tie('whole').map((inner) => `(${inner})`),
    tie('whole').map((inner) => `(?:${inner})`),
    fc
      .tuple(tie('whole'), fc.constantFrom('*', '+', '?', '{2}', '{1,2}', '{0,}'))
      .map(([inner, how]) => `(${inner})${how}`),
  ),
  whole: fc.oneof(
    { maxDepth: 4 },
    tie('part'),
    fc.tuple(tie('part'), tie('part')).map((parts) => parts.join('')),
    fc.tuple(tie('part'), tie('part')).map((parts) => parts.join('|')),
  ),
})).whole;

describe('a linear pattern', () => {
  test('matches what the language’s own engine matches', () => {
    fc.assert(
      fc.property(patterns, texts, (pattern, text) => {
        const expected = new RegExp(pattern).test(text);
        assert.equal(compileLinearPattern(pattern).test(text), expected, `${pattern} on ${text}`);
      }),
      { numRuns: 2000 },
    );
  });

  test('knows escapes, classes, anchors and case', () => {
    const cases: readonly [pattern: string, text: string, matches: boolean][] = [
      ['^secret/data/.*', 'secret/data/app', true],
      ['^secret/data/.*$', 'other/secret/data/app', false],
      ['prod|dev', 'in dev', true],
      ['a\\.b', 'axb', false],
      ['[\\]x]', ']', true],
      ['[a\\-z]', 'm', false],
      ['[]a]', ']', true],
      ['(?i)OpenAI', 'secret/openai', true],
      ['(?i)[a-c]x', 'BX', true],
      ['x{,2}', 'x{,2}', true],
      ['\\Aab\\z', 'ab', true],
      ['😀+', 'ab😀😀', true],
      ['^.$', '😀', true],
      ['', 'anything', true],
      ['a{2,3}$', 'xaaa', true],
    ];
    for (const [pattern, text, matches] of cases)
      assert.equal(compileLinearPattern(pattern).test(text), matches, `${pattern} on ${text}`);
  });

  test('refuses what it cannot read, and says where', () => {
    for (const pattern of [
      '(',
      ')',
      '[a',
      '*a',
      'a**',
      '\\',
      '\\q',
      '(?=a)',
      '(?P<n>a)',
      'a{3,2}',
      '[z-a]',
      '\\1',
      '[[:alpha:]]',
    ])
      assert.throws(() => compileLinearPattern(pattern), PatternError, pattern);
    assert.throws(() => compileLinearPattern('((a{1000}){1000}){1000}'), /too large/);
    assert.throws(() => compileLinearPattern('('.repeat(200)), PatternError);
    assert.throws(() => compileLinearPattern('a'.repeat(1001)), PatternError);
  });

  test('is not slowed down by patterns that make others hang', { timeout: 60_000 }, () => {
    const text = `${'a'.repeat(20_000)}!`;
    for (const pattern of ['^(a+)+$', '^(a|aa)+$', '^(a*)*$', '(.*)*x', '^(a?){100}a{100}$'])
      assert.equal(compileLinearPattern(pattern).test(text), false, pattern);
  });

  test('never throws anything but its own error', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom(...'ab()[]{}|*+?^$\\.,-:i1 '), maxLength: 30 }),
        texts,
        (pattern, text) => {
          try {
            compileLinearPattern(pattern).test(text);
          } catch (error) {
            assert.ok(error instanceof PatternError, String(error));
          }
        },
      ),
      { numRuns: 3000 },
    );
  });
});
