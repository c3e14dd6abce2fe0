import assert from 'node:assert/strict';
import { createSecretKey } from 'node:crypto';
import { test } from 'node:test';
import { equalBytes, equalText } from './constant-time.ts';
import { auditHmac, hmacSha256, saltedDigest } from './digest.ts';
import { deriveBytes, deriveKey } from './hkdf.ts';
import { base62, randomKey, randomText } from './random.ts';
import { wipe } from './wipe.ts';

test('a salted digest depends on salt and text and is 43 characters that fit in a storage key', () => {
  assert.match(saltedDigest('salt', 'hvs.x'), /^[A-Za-z0-9_-]{43}$/);
  assert.notEqual(saltedDigest('salt', 'hvs.x'), saltedDigest('tlas', 'hvs.x'));
  assert.notEqual(saltedDigest('salt', 'hvs.x'), saltedDigest('salt', 'hvs.y'));
  // SHA-256 of "abc", FIPS 180-2 appendix B.1.
  assert.equal(
    Buffer.from(saltedDigest('a', 'bc'), 'base64url').toString('hex'),
    'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
  );
});

test('the audit form is the HMAC of RFC 4231 after its prefix', () => {
  const key = createSecretKey(Buffer.alloc(20, 0x0b));
  const expected = 'b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7';
  assert.equal(auditHmac(key, 'Hi There'), `hmac-sha256:${expected}`);
  assert.equal(hmacSha256(key, Buffer.from('Hi There')).toString('hex'), expected);
});

test('HKDF gives the first vector of RFC 5869, as bytes and as a key', () => {
  const input = createSecretKey(Buffer.alloc(22, 0x0b));
  const salt = Buffer.from('000102030405060708090a0b0c', 'hex');
  const info = Buffer.from('f0f1f2f3f4f5f6f7f8f9', 'hex');
  const expected = '3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865';
  assert.equal(Buffer.from(deriveBytes(input, salt, info, 42)).toString('hex'), expected);
  assert.equal(deriveKey(input, salt, info).export().toString('hex'), expected.slice(0, 64));
});

test('equality holds for equal secrets only, whatever their lengths', () => {
  assert(equalText('', ''));
  assert(equalText('hvs.abc', 'hvs.abc'));
  assert(!equalText('hvs.abc', 'hvs.abd'));
  assert(!equalText('hvs.abc', 'hvs.abcd'));
  assert(equalBytes(Uint8Array.of(1, 2), Uint8Array.of(1, 2)));
  assert(!equalBytes(Uint8Array.of(1, 2), Uint8Array.of(1, 3)));
  assert(!equalBytes(Uint8Array.of(1, 2), Uint8Array.of(1, 2, 3)));
});

test('random text uses every character of its alphabet about equally often', () => {
  const text = randomText(62_000);
  const counts = new Map<string, number>();
  for (const character of text) counts.set(character, (counts.get(character) ?? 0) + 1);
  assert.equal(text.length, 62_000);
  assert.equal(counts.size, base62.length);
  // 1000 expected each, standard deviation 31; a plain modulo would give the first eight 1211.
  for (const count of counts.values()) assert(Math.abs(count - 1000) < 190, `${count}`);
  assert.notEqual(randomText(24), randomText(24));
});

test('random keys differ, and wiping leaves zeros', () => {
  assert(!randomKey().equals(randomKey()));
  const secret = Uint8Array.of(1, 2, 3);
  wipe(secret, undefined);
  assert.deepEqual(secret, Uint8Array.of(0, 0, 0));
});
