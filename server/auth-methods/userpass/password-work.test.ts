import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nobodysHash } from './password-hash.ts';
import { PasswordWork } from './password-work.ts';
import type { StoredHash } from './stored-hash.ts';

test('a flood waits its turn up to a limit, is turned away beyond it, and never stops the event loop', async () => {
  const work = new PasswordWork({ atOnce: 2, mostWaiting: 4 });
  let turns = 0;
  const timer = setInterval(() => turns++, 1);
  const outcomes = await Promise.allSettled(
    Array.from({ length: 9 }, () => work.isRight('pw', { kind: 'argon2id', hash: nobodysHash })),
  );
  clearInterval(timer);
  assert.deepEqual(
    outcomes.map((outcome) => (outcome.status === 'fulfilled' ? outcome.value : outcome.reason.status)),
    [false, false, false, false, false, false, 429, 429, 429],
  );
  assert.ok(turns > 3, `${turns} turns`);
});

test('the places of checks that failed are free again', async () => {
  const work = new PasswordWork({ atOnce: 1, mostWaiting: 1 });
  const cost = { memoryKib: 1, passes: 1, parallelism: 1 };
  const broken: StoredHash = { kind: 'argon2id', hash: { ...nobodysHash, cost } };
  for (let count = 0; count < 3; count++) await assert.rejects(work.isRight('pw', broken));
  assert.match(await work.hash('pw'), /^\$argon2id\$/);
});
