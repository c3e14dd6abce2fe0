import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { parseBcryptHash } from './bcrypt.ts';
import { BcryptChecks } from './bcrypt-checks.ts';

/** The vectors that come with Openwall's crypt_blowfish. */
const vectors: readonly (readonly [password: string, hash: string])[] = [
  ['U*U', '$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW'],
  ['U*U*', '$2a$05$CCCCCCCCCCCCCCCCCCCCC.VGOzA784oUp/Z0DY336zx7pLYAy0lwK'],
  ['U*U*U', '$2a$05$XXXXXXXXXXXXXXXXXXXXXOAcXxm9kjPGEMsLznoKqmqw7tc8WCx4a'],
  ['', '$2a$05$CCCCCCCCCCCCCCCCCCCCC.7uG0VCzI2bS7j6ymqJi9CdcdxiRTWNy'],
  [
    '0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789chars after 72 are ignored',
    '$2a$05$abcdefghijklmnopqrstuu5s2v8.iXieOjg/.AySBTTZIIVFJeBui',
  ],
];

describe('bcrypt', () => {
  const checks = new BcryptChecks();
  after(() => checks.close());

  for (const [password, text] of vectors) {
    test(`the hash of ${JSON.stringify(password.slice(0, 12))} is right for it and for nothing else`, async () => {
      for (const variant of ['$2a', '$2b', '$2y']) {
        const hash = parseBcryptHash(text.replace('$2a', variant));
        assert.ok(hash);
        assert.ok(await checks.isRight(password, hash), variant);
        assert.ok(!(await checks.isRight(`x${password}`, hash)), variant);
      }
    });
  }

  test('the variants 2b and 2y count the same; others and broken ones are not read', () => {
    const rest = '$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW';
    for (const variant of ['$2a', '$2b', '$2y']) assert.ok(parseBcryptHash(variant + rest));
    for (const wrong of [
      `$2${rest}`,
      `$2x${rest}`,
      `$1${rest}`,
      rest,
      '',
      `$2a${rest}x`,
      `$2a${rest.slice(0, -1)}`,
      `$2a${rest.replace('05', '03')}`,
      `$2a${rest.replace('05', '32')}`,
      `$2a${rest}\n`,
    ])
      assert.equal(parseBcryptHash(wrong), undefined, wrong);
  });

  test('checks go on in their thread while the event loop turns, and can be taken up again after a close', async () => {
    const [password, text] = vectors[0]!;
    const hash = parseBcryptHash(text);
    assert.ok(hash);
    const both = Promise.all([checks.isRight(password, hash), checks.isRight('no', hash)]);
    const first = await Promise.race([both, new Promise((resolve) => setImmediate(resolve, 'the loop'))]);
    assert.equal(first, 'the loop');
    assert.deepEqual(await both, [true, false]);
    await checks.close();
    assert.ok(await checks.isRight(password, hash));
    const waiting = checks.isRight(password, { cost: 14, text: text.replace('$05', '$14') });
    await Promise.all([checks.close(), assert.rejects(waiting, /has ended/)]);
  });
});
