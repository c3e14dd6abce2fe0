import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { encodeBase32 } from './base32.ts';
import { otpauthUrl, parseOtpauthUrl } from './otpauth-url.ts';

const key = Buffer.from('12345678901234567890');

describe('otpauth URLs', () => {
  test('are as Vault writes them', () => {
    assert.equal(
      otpauthUrl({
        issuer: 'Acme',
        accountName: 'me@example.com',
        key,
        algorithm: 'SHA1',
        digits: 6,
        periodSeconds: 30,
      }),
      'otpauth://totp/Acme:me@example.com?algorithm=SHA1&digits=6&issuer=Acme&period=30&secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ',
    );
  });

  test('any names come back from what was written', () => {
    const name = fc
      .string({ minLength: 1, unit: 'grapheme' })
      .filter((text) => text.isWellFormed() && !text.startsWith(' ') && text.trim() !== '');
    fc.assert(
      fc.property(name, name, (issuer, accountName) => {
        // A colon ends the label's issuer, wherever it stands.
        const plain = issuer.replaceAll(':', '-');
        const account = accountName.replaceAll(':', '-').trimStart() || 'x';
        const url = otpauthUrl({
          issuer: plain,
          accountName: account,
          key,
          algorithm: 'SHA256',
          digits: 8,
          periodSeconds: 60,
        });
        assert.deepEqual(parseOtpauthUrl(url), {
          issuer: plain,
          accountName: account,
          secret: encodeBase32(key),
          algorithm: 'SHA256',
          digits: '8',
          period: '60',
        });
      }),
    );
  });

  test('of others: the issuer may stand in the label, and everything but the label may be missing', () => {
    const missing = { algorithm: undefined, digits: undefined, period: undefined };
    assert.deepEqual(parseOtpauthUrl('otpauth://totp/Big%20Co:%20a%40b?secret=ABC'), {
      issuer: 'Big Co',
      accountName: 'a@b',
      secret: 'ABC',
      ...missing,
    });
    assert.deepEqual(parseOtpauthUrl('otpauth://totp/x'), {
      issuer: '',
      accountName: 'x',
      secret: '',
      ...missing,
    });
  });

  test('other URLs are none', () => {
    for (const text of [
      '::',
      '',
      'otpauth://hotp/x?secret=ABC',
      'https://totp/x?secret=ABC',
      'otpauth://totp/%E0%A4%A?secret=A',
    ])
      assert.equal(parseOtpauthUrl(text), undefined, text);
  });
});
