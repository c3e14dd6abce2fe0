import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { checkShareNumbers, combineShares, parseShare, ShareError, splitSecret } from './shamir.ts';

test('any threshold of the shares gives the secret back, in any order', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.uint8Array({ minLength: 1, maxLength: 64 }),
      fc.integer({ min: 2, max: 12 }),
      fc.nat(),
      fc.infiniteStream(fc.nat()),
      async (secret, shares, pick, order) => {
        const threshold = 2 + (pick % (shares - 1));
        const split = await splitSecret(secret, shares, threshold);
        assert.equal(split.length, shares);
        for (const share of split) assert.equal(share.length, secret.length + 1);
        const keys = new Map(split.map((share) => [share, order.next().value]));
        const some = split.toSorted((a, b) => (keys.get(a) ?? 0) - (keys.get(b) ?? 0)).slice(0, threshold);
        assert.deepEqual(await combineShares(some), secret);
      },
    ),
    { numRuns: 100 },
  );
});

test('one share fewer than the threshold gives something else', async () => {
  const secret = Uint8Array.from({ length: 32 }, (_, index) => index);
  const split = await splitSecret(secret, 5, 3);
  assert.notDeepEqual(await combineShares(split.slice(0, 2)), secret);
});

test('shares made by Vault combine: y bytes, then the x coordinate', async () => {
  // 2 of 3 over the field of AES: each y is secret + a·x, here with secret 42 and a = 1, so that y = 42 xor x.
  const share = (x: number) => Uint8Array.of(42 ^ x, x);
  assert.deepEqual(await combineShares([share(1), share(200)]), Uint8Array.of(42));
  assert.deepEqual(await combineShares([share(255), share(7)]), Uint8Array.of(42));
});

test('one of one is the secret itself, as in Vault', async () => {
  const secret = Uint8Array.of(9, 8, 7);
  const split = await splitSecret(secret, 1, 1);
  assert.deepEqual(split, [secret]);
  assert.notEqual(split[0], secret);
  assert.deepEqual(await combineShares(split), secret);
});

test('numbers of shares that Vault refuses are refused', () => {
  for (const [shares, threshold] of [
    [0, 0],
    [256, 3],
    [3, 0],
    [3, 1],
    [3, 4],
    [2.5, 2],
    [5, Number.NaN],
  ] as const) {
    assert.throws(() => checkShareNumbers(shares, threshold), ShareError, `${shares} ${threshold}`);
  }
  checkShareNumbers(1, 1);
  checkShareNumbers(255, 255);
});

test('shares that cannot belong together are refused', async () => {
  await assert.rejects(combineShares([]), ShareError);
  await assert.rejects(combineShares([Uint8Array.of(1, 2), Uint8Array.of(1, 2, 3)]), ShareError);
  await assert.rejects(combineShares([Uint8Array.of(1, 2), Uint8Array.of(5, 2)]), /twice/);
  await assert.rejects(combineShares([Uint8Array.of(1, 0), Uint8Array.of(5, 2)]), ShareError);
});

test('a share is read from hex or base64, and hex wins where both would do', () => {
  const share = Uint8Array.from({ length: 33 }, (_, index) => 255 - index);
  const buffer = Buffer.from(share);
  for (const text of [
    buffer.toString('hex'),
    buffer.toString('hex').toUpperCase(),
    buffer.toString('base64'),
    buffer.toString('base64url'),
    ` ${buffer.toString('base64')}\n`,
  ]) {
    assert.deepEqual(parseShare(text), share);
  }
  assert.deepEqual(parseShare('abcd'), Uint8Array.of(0xab, 0xcd));
});

test('what is no share is refused without repeating it', () => {
  for (const text of ['', '  ', 'not a share!', 'abcde', 'é', '===', '12 34']) {
    assert.throws(
      () => parseShare(text),
      (error: unknown) =>
        error instanceof ShareError && (text.trim() === '' || !error.message.includes(text)),
    );
  }
});
