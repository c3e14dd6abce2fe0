import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { LeaseCounter } from './lease-counter.ts';

describe('a lease counter', () => {
  it('admits up to the limit, also when many ask at once', async () => {
    let counts = 0;
    const counter = new LeaseCounter(5, async () => {
      counts++;
      return 2;
    });
    const answers = await Promise.all(Array.from({ length: 10 }, () => counter.admit(0)));
    assert.equal(answers.filter(Boolean).length, 3);
    assert.equal(counts, 1, 'one count serves all');
  });

  it('counts anew when it seems full, at most once in a second', async () => {
    let there = 3;
    let counts = 0;
    const counter = new LeaseCounter(3, async () => {
      counts++;
      return there;
    });
    assert.equal(await counter.admit(0), false);
    there = 1;
    assert.equal(await counter.admit(999), false);
    assert.equal(counts, 1);
    assert.equal(await counter.admit(1500), true);
    assert.equal(await counter.admit(1500), true);
    assert.equal(await counter.admit(1500), false);
  });

  it('does not count twice what is stored before it is admitted', async () => {
    let stored = 0;
    const counter = new LeaseCounter(2, async () => stored);
    for (const isAdmitted of [true, true, false]) {
      stored++;
      assert.equal(await counter.admit(stored, true), isAdmitted);
      if (!isAdmitted) stored--;
    }
    stored = 1;
    assert.equal(await counter.admit(5000, true), true);
  });

  it('does not ask to count beyond the limit', async () => {
    let asked = 0;
    await new LeaseCounter(7, async (limit) => {
      asked = limit;
      return 0;
    }).admit(0);
    assert.equal(asked, 8);
  });

  it('refuses with the error of the count, and tries again', async () => {
    let fails = true;
    const counter = new LeaseCounter(1, async () => {
      if (fails) throw new Error('storage is away');
      return 0;
    });
    await assert.rejects(counter.admit(0), /storage is away/);
    fails = false;
    assert.equal(await counter.admit(1), true);
  });
});
