import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { lifetimeFrom } from './lifetime.ts';

const mount = { defaultLeaseTtlSeconds: 100, maxLeaseTtlSeconds: 1000 };
const base = { ttlSeconds: 0, periodSeconds: 0, explicitMaxTtlSeconds: 0, mount, createdMs: 0, nowMs: 0 };

test('a lifetime is what was asked or the default, and ends by every maximum', () => {
  const given = (more: Partial<typeof base> & { maxTtlSeconds?: number; defaultTtlSeconds?: number }) =>
    lifetimeFrom({ ...base, ...more }).ttlSeconds;
  assert.equal(given({}), 100);
  assert.equal(given({ defaultTtlSeconds: 7 }), 7);
  assert.equal(given({ ttlSeconds: 50, defaultTtlSeconds: 7 }), 50);
  assert.equal(given({ ttlSeconds: 5000 }), 1000);
  assert.equal(given({ ttlSeconds: 5000, maxTtlSeconds: 300 }), 300);
  assert.equal(given({ ttlSeconds: 5000, explicitMaxTtlSeconds: 200 }), 200);
  assert.equal(given({ ttlSeconds: 500, nowMs: 900_000 }), 100);
  assert.equal(given({ periodSeconds: 60, nowMs: 9_000_000 }), 60);
  assert.equal(given({ periodSeconds: 5000 }), 1000);
  assert.equal(given({ periodSeconds: 60, explicitMaxTtlSeconds: 100, nowMs: 70_000 }), 30);
  assert.throws(() => given({ nowMs: 1_000_000 }), { message: 'past the max TTL, cannot renew' });
});

test('no renewal, however often and with whatever, outlives the maximum since creation', () => {
  const steps = fc.array(fc.record({ waitMs: fc.nat(400_000), asked: fc.nat(3000) }), { maxLength: 30 });
  fc.assert(
    fc.property(steps, fc.nat(2000), (renewals, explicitMaxTtlSeconds) => {
      const longest = explicitMaxTtlSeconds > 0 ? Math.min(1000, explicitMaxTtlSeconds) : 1000;
      let nowMs = 0;
      for (const { waitMs, asked } of renewals) {
        nowMs += waitMs;
        if (nowMs >= longest * 1000) return;
        try {
          const { ttlSeconds } = lifetimeFrom({ ...base, ttlSeconds: asked, explicitMaxTtlSeconds, nowMs });
          assert.ok(ttlSeconds > 0 && nowMs + ttlSeconds * 1000 <= longest * 1000);
        } catch (error) {
          assert.match(String(error), /past the max/);
        }
      }
    }),
  );
});
