import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { formatTimestamp } from './timestamp.ts';

test('a time prints as Go prints it: UTC, no zeros at the end of the fraction', () => {
  const start = Date.UTC(2026, 10, 22, 4, 5, 52);
  assert.equal(formatTimestamp(start), '2026-11-22T04:05:52Z');
  assert.equal(formatTimestamp(start + 748), '2026-11-22T04:05:52.748Z');
  assert.equal(formatTimestamp(start + 740), '2026-11-22T04:05:52.74Z');
  assert.equal(formatTimestamp(start + 5), '2026-11-22T04:05:52.005Z');
  assert.equal(formatTimestamp(start + 0.25), '2026-11-22T04:05:52.00025Z');
  assert.equal(formatTimestamp(start + 999.9999999), '2026-11-22T04:05:53Z');
});

test('every whole millisecond survives', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: Date.UTC(9999, 0, 1) }), (ms) => {
      assert.equal(Date.parse(formatTimestamp(ms)), ms);
    }),
  );
});
