import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { editDistance, suggest } from './index.ts';

test('a slip of a letter or two finds the word that was meant', () => {
  assert.equal(suggest('sercets', ['secrets', 'status', 'server']), 'secrets');
  assert.equal(suggest('pach', ['patch', 'path-help']), 'patch');
  assert.equal(suggest('gte', ['get', 'put']), 'get');
});

test('the beginning of one word means that word, however near another is', () => {
  assert.equal(suggest('stat', ['start', 'status']), 'status');
  assert.equal(suggest('meta', ['get', 'metadata']), 'metadata');
  assert.equal(suggest('sta', ['start', 'status', 'stay']), 'stay');
  assert.equal(suggest('k', ['kubernetes']), undefined);
});

test('a word that is like none finds nothing', () => {
  assert.equal(suggest('kubernetes', ['kv', 'token', 'lease']), undefined);
  assert.equal(suggest('x', []), undefined);
});

test('the distance is symmetric, zero only for equal words, and never more than the longer word', () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 8 }), fc.string({ maxLength: 8 }), (a, b) => {
      assert.equal(editDistance(a, b), editDistance(b, a));
      assert.equal(editDistance(a, b) === 0, a === b);
      assert.ok(editDistance(a, b) <= Math.max(a.length, b.length));
    }),
  );
});
