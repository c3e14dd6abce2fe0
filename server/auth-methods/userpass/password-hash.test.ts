import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  hashPassword,
  isCheap,
  isRightPassword,
  nobodysHash,
  parsePasswordHash,
  recommendedCost,
} from './password-hash.ts';

const cheap = { memoryKib: 64, passes: 1, parallelism: 2 };

describe('password hashes', () => {
  test('a hash says its algorithm and cost, and differs each time', async () => {
    const [first, second] = [await hashPassword('pw', cheap), await hashPassword('pw', cheap)];
    assert.match(first, /^\$argon2id\$v=19\$m=64,t=1,p=2\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$/);
    assert.notEqual(first, second);
  });

  test('the right password is right, another is not', async () => {
    for (const password of ['pw', '', 'pä\u0000ss', 'x'.repeat(4096)]) {
      const hash = parsePasswordHash(await hashPassword(password, cheap));
      assert.ok(hash);
      assert.ok(await isRightPassword(password, hash));
      assert.ok(!(await isRightPassword(`${password}x`, hash)));
    }
  });

  test('hashes of the reference implementation are read', async () => {
    // Vector of the reference implementation's own tests (phc-winner-argon2, src/test.c, version 0x13, Argon2id).
    const hash = parsePasswordHash(
      '$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4',
    );
    assert.ok(hash);
    assert.ok(await isRightPassword('password', hash));
  });

  test('what is no Argon2id hash, or would stall the server, is not read', () => {
    const salt = 'c29tZXNhbHQ';
    const tag = 'nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4';
    const wrong = [
      '',
      'zzz',
      `$argon2i$v=19$m=256,t=2,p=1$${salt}$${tag}`,
      `$argon2id$v=16$m=256,t=2,p=1$${salt}$${tag}`,
      `$argon2id$v=19$m=0,t=2,p=1$${salt}$${tag}`,
      `$argon2id$v=19$m=4,t=2,p=1$${salt}$${tag}`,
      `$argon2id$v=19$m=4194304,t=2,p=1$${salt}$${tag}`,
      `$argon2id$v=19$m=256,t=999,p=1$${salt}$${tag}`,
      `$argon2id$v=19$m=256,t=2,p=99$${salt}$${tag}`,
      `$argon2id$v=19$m=256,t=2,p=1$${salt}$short`,
      `$argon2id$v=19$m=256,t=2,p=1$${salt}$${tag}\n`,
      ` $argon2id$v=19$m=256,t=2,p=1$${salt}$${tag}`,
    ];
    for (const text of wrong) assert.equal(parsePasswordHash(text), undefined, text);
  });

  test('only a hash below the recommended cost is cheap', async () => {
    assert.ok(!isCheap(nobodysHash));
    assert.ok(isCheap({ ...nobodysHash, cost: { ...recommendedCost, passes: 1 } }));
    assert.ok(!isCheap({ ...nobodysHash, cost: { ...recommendedCost, memoryKib: 65_536 } }));
  });
});
