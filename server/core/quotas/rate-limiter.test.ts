import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { RateLimiter } from './rate-limiter.ts';

const limits = { rate: 3, intervalSeconds: 10, blockIntervalSeconds: 0 };

describe('a rate limiter', () => {
  it('lets through as many as the rate in an interval, and says what is left and when to come back', () => {
    const limiter = new RateLimiter(limits);
    assert.deepEqual(limiter.take('a', 1000), {
      isAllowed: true,
      limit: 3,
      remaining: 2,
      resetSeconds: 10,
      retryAfterSeconds: 0,
    });
    limiter.take('a', 2000);
    assert.equal(limiter.take('a', 3000).remaining, 0);
    assert.deepEqual(limiter.take('a', 4500), {
      isAllowed: false,
      limit: 3,
      remaining: 0,
      resetSeconds: 7,
      retryAfterSeconds: 7,
    });
    assert.equal(limiter.take('a', 10_999).isAllowed, false);
    assert.equal(limiter.take('a', 11_000).isAllowed, true);
  });

  it('counts every address by itself', () => {
    const limiter = new RateLimiter({ ...limits, rate: 1 });
    assert.equal(limiter.take('a', 0).isAllowed, true);
    assert.equal(limiter.take('b', 0).isAllowed, true);
    assert.equal(limiter.take('a', 0).isAllowed, false);
  });

  it('keeps a client out for the whole block interval, beyond the interval, and not for longer by its trying', () => {
    const limiter = new RateLimiter({ rate: 1, intervalSeconds: 1, blockIntervalSeconds: 30 });
    limiter.take('a', 0);
    assert.equal(limiter.take('a', 500).retryAfterSeconds, 30);
    assert.equal(limiter.take('a', 20_500).retryAfterSeconds, 10);
    assert.equal(limiter.take('a', 30_499).isAllowed, false);
    assert.equal(limiter.take('a', 30_500).isAllowed, true);
  });

  it('takes less than one in an interval as one in a longer interval', () => {
    const limiter = new RateLimiter({ rate: 0.5, intervalSeconds: 1, blockIntervalSeconds: 0 });
    assert.equal(limiter.take('a', 0).isAllowed, true);
    assert.equal(limiter.take('a', 1999).isAllowed, false);
    assert.equal(limiter.take('a', 2000).isAllowed, true);
  });

  it('keeps nobody out because the clock was set back', () => {
    const limiter = new RateLimiter({ rate: 1, intervalSeconds: 10, blockIntervalSeconds: 10 });
    limiter.take('a', 1_000_000);
    assert.equal(limiter.take('a', 1_000_001).isAllowed, false);
    assert.equal(limiter.take('a', 1000).isAllowed, true);
  });

  it('remembers a bounded number of clients, forgetting the oldest first', () => {
    const limiter = new RateLimiter({ ...limits, rate: 1 }, 100);
    for (let client = 0; client < 1000; client++) limiter.take(`client ${client}`, client);
    assert.equal(limiter.clients, 100);
    assert.equal(limiter.take('client 999', 1000).isAllowed, false);
    assert.equal(limiter.take('client 0', 1000).isAllowed, true);
  });

  it('never lets more than the rate through in any interval that begins with a request that it let through anew', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 4 }),
        fc.array(fc.integer({ min: 0, max: 4000 }), { maxLength: 60 }),
        (rate, steps) => {
          const limiter = new RateLimiter({ rate, intervalSeconds: 5, blockIntervalSeconds: 0 });
          let nowMs = 0;
          let windowMs: number | undefined;
          let used = 0;
          for (const step of steps) {
            nowMs += step;
            if (windowMs === undefined || nowMs >= windowMs + 5000) {
              windowMs = nowMs;
              used = 0;
            }
            const expected = used < rate;
            if (expected) used++;
            assert.equal(limiter.take('a', nowMs).isAllowed, expected);
          }
        },
      ),
    );
  });
});
