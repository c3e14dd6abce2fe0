import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  DurationError,
  formatGoDuration,
  formatShortDuration,
  longestDurationSeconds,
  parseDurationSeconds,
  parseWholeSeconds,
} from './index.ts';

test('every spelling that clients send is read as the same seconds', () => {
  const cases: [unknown, number][] = [
    [0, 0],
    [3600, 3600],
    [1.5, 1.5],
    ['3600', 3600],
    ['+5', 5],
    ['1h', 3600],
    ['1.5h', 5400],
    ['.5h', 1800],
    ['50d', 4_320_000],
    ['1d12h', 129_600],
    ['0s0ns', 0],
    ['23430s0ns', 23_430],
    ['1h30m', 5400],
    ['250ms', 0.25],
    ['10us', 0.00001],
    ['10µs', 0.00001],
    ['', 0],
    [null, 0],
    [undefined, 0],
    [90n, 90],
    [JSON.rawJSON('60.0'), 60],
    ['9223372036s', longestDurationSeconds],
    ['0.1h', 360],
  ];
  for (const [input, seconds] of cases)
    assert.equal(parseDurationSeconds(input), seconds, `input ${typeof input} for ${seconds}`);
});

test('a negative duration is accepted only where it has a meaning', () => {
  for (const input of [-1, '-1', '-1h', -1n]) assert.throws(() => parseDurationSeconds(input), DurationError);
  assert.equal(parseDurationSeconds('-1', { allowNegative: true }), -1);
  assert.equal(parseDurationSeconds('-1h30m', { allowNegative: true }), -5400);
  assert.ok(Object.is(parseDurationSeconds('-0'), 0));
});

test('what is not a duration is refused without repeating it', () => {
  const bad = [
    '1w',
    '1y',
    'h',
    '1hh',
    '1 h',
    ' 1h',
    '1h ',
    '1e3',
    '--1',
    '-',
    '+',
    '.',
    '.s',
    '1.s.',
    'sk-live-canary',
  ];
  for (const input of [
    ...bad,
    NaN,
    Infinity,
    {},
    [],
    true,
    '99999999999h',
    1e300,
    'NaN',
    'Infinity',
    '1'.repeat(500),
  ]) {
    assert.throws(
      () => parseDurationSeconds(input),
      (error) => error instanceof DurationError && !error.message.includes('canary'),
      String(input),
    );
  }
});

test('whole seconds cut a fraction off', () => {
  assert.equal(parseWholeSeconds('1.9s'), 1);
  assert.equal(parseWholeSeconds('500ms'), 0);
  assert.equal(parseWholeSeconds('-1.9s', { allowNegative: true }), -1);
});

test('durations print as Go prints them', () => {
  const cases: [number, string, string][] = [
    [0, '0s', '0s'],
    [1, '1s', '1s'],
    [1.5, '1.5s', '1.5s'],
    [60, '1m0s', '1m'],
    [1800, '30m0s', '30m'],
    [3600, '1h0m0s', '1h'],
    [3605, '1h0m5s', '1h5s'],
    [5400, '1h30m0s', '1h30m'],
    [2_764_800, '768h0m0s', '768h'],
    [36_000, '10h0m0s', '10h'],
    [600, '10m0s', '10m'],
    [0.25, '250ms', '250ms'],
    [0.0000015, '1.5µs', '1.5µs'],
    [0.000000007, '7ns', '7ns'],
    [-90, '-1m30s', '-1m30s'],
    [Number.NaN, '0s', '0s'],
  ];
  for (const [seconds, long, short] of cases) {
    assert.equal(formatGoDuration(seconds), long);
    assert.equal(formatShortDuration(seconds), short);
  }
});

test('what is printed is read back as the same duration', () => {
  const nanoseconds = fc.bigInt({ min: 0n, max: 9_007_199_254_740_991n });
  fc.assert(
    fc.property(nanoseconds, (ns) => {
      const seconds = Number(ns / 1_000_000_000n) + Number(ns % 1_000_000_000n) / 1e9;
      assert.equal(parseDurationSeconds(formatGoDuration(seconds)), seconds);
      assert.equal(parseDurationSeconds(formatShortDuration(seconds)), seconds);
    }),
  );
});

test('any input gives a finite, bounded number or a DurationError', () => {
  const durationLike = fc.string({ unit: fc.constantFrom(...'0159.-+hmsdnuµ eE'), maxLength: 140 });
  fc.assert(
    fc.property(fc.oneof(fc.anything(), durationLike, fc.string()), (input) => {
      try {
        const seconds = parseDurationSeconds(input, { allowNegative: true });
        assert.ok(Number.isFinite(seconds) && Math.abs(seconds) <= longestDurationSeconds);
      } catch (error) {
        assert.ok(error instanceof DurationError, String(error));
      }
    }),
    { numRuns: 2000 },
  );
});
