import assert from 'node:assert/strict';
import { test } from 'node:test';
import { canonicalPolicyName, whyNotDeletable, whyNotWritable } from './policy-names.ts';

test('names have one spelling, and the built-in ones are protected in every spelling', () => {
  assert.equal(canonicalPolicyName('Reader'), 'reader');
  assert.equal(whyNotWritable(canonicalPolicyName(' ROOT ')), 'cannot update "root" policy');
  assert.equal(whyNotWritable('default'), undefined);
  assert.equal(whyNotDeletable(canonicalPolicyName('Default')), 'cannot delete default policy');
  assert.equal(whyNotDeletable('root'), 'cannot delete "root" policy');
  assert.equal(whyNotDeletable('response-wrapping'), 'cannot delete "response-wrapping" policy');
  assert.equal(whyNotDeletable('reader'), undefined);
});
