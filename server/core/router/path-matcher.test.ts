import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { canonicalPath } from './canonical-path.ts';
import { PathMatcher } from './path-matcher.ts';

function matcher(...patterns: string[]): PathMatcher<{ pattern: string }> {
  return new PathMatcher(patterns.map((pattern) => ({ pattern })));
}

describe('path matcher', () => {
  test('a literal segment wins over a parameter, and a parameter over the rest, in any order of declaration', () => {
    const paths = matcher('{path...}', 'roles/{name}', 'roles/all');
    assert.equal(paths.find('roles/all')?.target.pattern, 'roles/all');
    assert.deepEqual(paths.find('roles/x'), {
      target: { pattern: 'roles/{name}' },
      parameters: { name: 'x' },
    });
    assert.deepEqual(paths.find('roles/x/y')?.parameters, { path: 'roles/x/y' });
  });

  test('a rest followed by literals takes the longest rest, and gives way when the literals are missing', () => {
    const paths = matcher('mounts/{path...}/tune', 'mounts/{path...}', 'mounts');
    assert.deepEqual(paths.find('mounts/a/tune/tune'), {
      target: { pattern: 'mounts/{path...}/tune' },
      parameters: { path: 'a/tune' },
    });
    assert.equal(paths.find('mounts/tune')?.target.pattern, 'mounts/{path...}');
    assert.equal(paths.find('mounts')?.target.pattern, 'mounts');
  });

  test('an optional rest also matches nothing', () => {
    assert.deepEqual(matcher('metadata/{path?...}').find('metadata')?.parameters, { path: '' });
    assert.equal(matcher('metadata/{path...}').find('metadata'), undefined);
  });

  test('two patterns for the same paths are refused at start', () => {
    assert.throws(() => matcher('a/{b}', 'a/{b}'), /declared twice/);
    assert.throws(() => matcher('a/{b}', 'a/{c}/d'), /is \{b\} in another/);
  });
});

describe('canonical path', () => {
  test('keeps what is plain, decodes once, and keeps a trailing slash', () => {
    assert.equal(canonicalPath('secret/data/a-b_c.d'), 'secret/data/a-b_c.d');
    assert.equal(canonicalPath('secret/metadata/a/'), 'secret/metadata/a/');
    assert.equal(canonicalPath('secret/data/gr%C3%BC%C3%9Fe%20x'), 'secret/data/grüße x');
    assert.equal(canonicalPath('secret/data/100%25'), 'secret/data/100%');
  });

  test('refuses every path that could be read in two ways', () => {
    const hostile = [
      'secret//x',
      '../x',
      'secret/../x',
      'secret/./x',
      'secret/%2e%2e/x',
      'secret/a%2fb',
      'secret/a%2Fb',
      'secret/a%5cb',
      'secret/%00',
      'secret/%252e%252e/x',
      'secret/a%252fb',
      'secret/a\nb',
      'secret/%0a',
      'secret/%ff',
      'secret/%zz',
      'secret/u%CC%88',
      'secret/ x',
      'secret/x%20',
      'secret/%EF%BB%BFx',
      '//secret',
      `secret/${'x'.repeat(3000)}`,
      'secret/..',
      'secret/.',
      'a/%c2%85',
    ];
    for (const path of hostile) assert.throws(() => canonicalPath(path), { code: 'invalid-request' }, path);
  });

  test('any text either is refused or comes out in a form that comes out unchanged when sent again', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: 'binary' }), fc.webPath()), (raw) => {
        let path: string;
        try {
          path = canonicalPath(raw);
        } catch (error) {
          assert.equal((error as { code?: string }).code, 'invalid-request');
          return;
        }
        assert.equal(canonicalPath(path.split('/').map(encodeURIComponent).join('/')), path);
        assert.ok(!path.split('/').includes('..') && !path.includes('//'));
      }),
      { numRuns: 2000 },
    );
  });
});
