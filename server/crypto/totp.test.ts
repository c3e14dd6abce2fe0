import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import {
  codeAlgorithms,
  counterCode,
  judgeCode,
  secondsToNextStep,
  type TimedCodeForm,
  timedCode,
  timeStep,
} from './totp.ts';

const digitsOfKey = '1234567890';
const asciiKey = (bytes: number) => Buffer.from(digitsOfKey.repeat(7).slice(0, bytes));
const form: TimedCodeForm = { algorithm: 'SHA1', digits: 6, periodSeconds: 30, skew: 1 };

describe('RFC 4226', () => {
  test('appendix D: the values of the first ten counters', () => {
    const expected = '755224 287082 359152 969429 338314 254676 287922 162583 399871 520489'.split(' ');
    for (const [counter, code] of expected.entries())
      assert.equal(counterCode(asciiKey(20), counter, { algorithm: 'SHA1', digits: 6 }), code);
  });
});

describe('RFC 6238', () => {
  /** Appendix B: seconds, then the code with SHA1, SHA256 and SHA512. Each digest has a key of its own length. */
  const table = [
    [59, '94287082', '46119246', '90693936'],
    [1111111109, '07081804', '68084774', '25091201'],
    [1111111111, '14050471', '67062674', '99943326'],
    [1234567890, '89005924', '91819424', '93441116'],
    [2000000000, '69279037', '90698825', '38618901'],
    [20000000000, '65353130', '77737706', '47863826'],
  ] as const;
  const keyBytes = { SHA1: 20, SHA256: 32, SHA512: 64 };

  test('appendix B: the codes of all digests', () => {
    for (const [seconds, ...codes] of table) {
      for (const [index, algorithm] of codeAlgorithms.entries()) {
        const key = asciiKey(keyBytes[algorithm]);
        const eight = { ...form, algorithm, digits: 8 } as const;
        assert.equal(timedCode(key, seconds * 1000, eight), codes[index]);
        assert.equal(timedCode(key, seconds * 1000, { ...eight, digits: 6 }), codes[index]?.slice(2));
      }
    }
  });
});

const anyKey = fc.uint8Array({ minLength: 10, maxLength: 64 });
const anyTime = fc.integer({ min: 1_000_000_000, max: 4_000_000_000 }).map((seconds) => seconds * 1000);
const anyForm: fc.Arbitrary<TimedCodeForm> = fc.record({
  algorithm: fc.constantFrom(...codeAlgorithms),
  digits: fc.constantFrom(6, 8),
  periodSeconds: fc.integer({ min: 1, max: 3600 }),
  skew: fc.constantFrom(0, 1),
});

describe('a code that is checked', () => {
  test('is taken in its own step and within the skew, on both sides, and nowhere else', () => {
    fc.assert(
      fc.property(anyKey, anyTime, anyForm, fc.integer({ min: -3, max: 3 }), (key, timeMs, each, away) => {
        const then = timeMs + away * each.periodSeconds * 1000;
        const near = Array.from(
          { length: 2 * each.skew + 1 },
          (_, n) => timeStep(timeMs, each.periodSeconds) + n - each.skew,
        );
        const code = timedCode(key, then, each);
        // Two steps can share a code: rarely, and then it is rightly taken.
        const expected = near.some((step) => counterCode(key, step, each) === code) ? 'accepted' : 'wrong';
        if (Math.abs(away) <= each.skew) assert.equal(expected, 'accepted');
        assert.equal(judgeCode(key, code, timeMs, each, []).outcome, expected);
      }),
    );
  });

  test('is taken once, while the codes of the steps beside it are still good', () => {
    fc.assert(
      fc.property(anyKey, anyTime, (key, timeMs) => {
        const first = judgeCode(key, timedCode(key, timeMs, form), timeMs, form, []);
        assert.ok(first.outcome === 'accepted');
        const again = judgeCode(key, timedCode(key, timeMs, form), timeMs + 29_000, form, first.usedSteps);
        assert.equal(again.outcome, 'used');
        const before = timedCode(key, timeMs - 30_000, form);
        if (before === timedCode(key, timeMs, form)) return;
        const other = judgeCode(key, before, timeMs, form, first.usedSteps);
        assert.ok(other.outcome === 'accepted');
        assert.equal(judgeCode(key, before, timeMs, form, other.usedSteps).outcome, 'used');
      }),
    );
  });

  test('stays used when the clock is set back, and what is remembered stays short', () => {
    const key = asciiKey(20);
    let used: readonly number[] = [];
    const start = 1_700_000_000_000;
    for (let step = 0; step < 100; step++) {
      const timeMs = start + step * 30_000;
      const verdict = judgeCode(key, timedCode(key, timeMs, form), timeMs, form, used);
      assert.ok(verdict.outcome === 'accepted');
      used = verdict.usedSteps;
    }
    assert.ok(used.length < 30);
    const back = start + 90 * 30_000;
    assert.equal(judgeCode(key, timedCode(key, back, form), back, form, used).outcome, 'used');
  });

  test('has no other spelling: spaces, signs and numerals of other scripts are wrong', () => {
    const key = asciiKey(20);
    const timeMs = 1_700_000_000_000;
    const code = timedCode(key, timeMs, form);
    const arabic = [...code].map((digit) => String.fromCodePoint(0x660 + Number(digit))).join('');
    for (const other of [
      ` ${code}`,
      `${code} `,
      `${code.slice(0, 3)} ${code.slice(3)}`,
      `+${code}`,
      arabic,
      '',
      code.slice(1),
    ])
      assert.equal(judgeCode(key, other, timeMs, form, []).outcome, 'wrong', JSON.stringify(other));
  });

  test('the first step has nothing before it', () => {
    const key = asciiKey(20);
    assert.equal(judgeCode(key, timedCode(key, 0, form), 0, form, []).outcome, 'accepted');
  });

  test('the next code is never further away than a period', () => {
    assert.equal(secondsToNextStep(0, 30), 30);
    assert.equal(secondsToNextStep(29_999, 30), 1);
    assert.equal(secondsToNextStep(30_000, 30), 30);
  });
});
