import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hex, openWorld, shares, unsealWith } from './lifecycle-harness.ts';

const badRequest = (pattern: RegExp) => ({ code: 'invalid-request', message: pattern });

async function unsealedWorld() {
  const world = await openWorld();
  const { keys } = await world.lifecycle.init({ unseal: shares(3, 2) });
  await unsealWith(world, keys.bytes.slice(0, 2));
  return { world, keys: keys.bytes, generateRoot: world.lifecycle.generateRoot };
}

const decode = (encoded: string, otp: string): string =>
  Buffer.from(Buffer.from(encoded, 'base64').map((byte, at) => byte ^ otp.charCodeAt(at))).toString();

test('a quorum makes a root token that only the one-time password reveals', async () => {
  const { world, keys, generateRoot } = await unsealedWorld();
  for (const chosen of ['', 'A1b2C3d4E5f6G7h8I9j0K1l2M3n4']) {
    const started = await generateRoot.start({ otp: chosen, pgpKey: '' });
    const otp = chosen || started.otp;
    assert.equal(otp.length, 28);
    assert.equal(started.otp === '', chosen !== '');
    const halfway = await generateRoot.provide(hex(keys[2]), started.nonce);
    assert.deepEqual([halfway.progress, halfway.required, halfway.complete, halfway.otp], [1, 2, false, '']);
    const done = await generateRoot.provide(hex(keys[0]), started.nonce);
    assert.deepEqual([done.progress, done.complete, done.otp], [2, true, '']);
    assert.equal(decode(done.encodedToken, otp), world.rootTokens.at(-1));
    assert.equal(done.encodedToken.includes('='), false);
    assert.equal((await generateRoot.status()).started, false);
  }
  assert.equal(world.rootTokens.length, 3);
});

test('wrong shares, a wrong nonce or a missing attempt make no token', async () => {
  const { world, keys, generateRoot } = await unsealedWorld();
  await assert.rejects(generateRoot.provide(hex(keys[0]), ''), badRequest(/no root generation in progress/));
  const { nonce } = await generateRoot.start({ otp: '', pgpKey: '' });
  await assert.rejects(generateRoot.provide(hex(keys[0]), 'bad'), badRequest(/^incorrect nonce supplied/));
  await assert.rejects(generateRoot.provide('not-a-key', nonce), badRequest(/hex or base64/));
  await generateRoot.provide(hex(keys[0]), nonce);
  await assert.rejects(generateRoot.provide('ab'.repeat(33), nonce), badRequest(/do not make up/));
  assert.equal((await generateRoot.status()).progress, 0);
  assert.equal(world.rootTokens.length, 1);
});

test('a one-time password of another length, or beside a PGP key, is refused', async () => {
  const { generateRoot } = await unsealedWorld();
  await assert.rejects(generateRoot.start({ otp: 'short', pgpKey: '' }), badRequest(/incorrect length/));
  await assert.rejects(generateRoot.start({ otp: 'a', pgpKey: 'b' }), badRequest(/only one of/));
  await assert.rejects(generateRoot.start({ otp: '', pgpKey: 'AAAA' }), badRequest(/PGP key/));
  await generateRoot.start({ otp: '', pgpKey: '' });
  await assert.rejects(generateRoot.start({ otp: '', pgpKey: '' }), badRequest(/already in progress/));
});

test('a sealed server makes no token', async () => {
  const { world, keys, generateRoot } = await unsealedWorld();
  const { nonce } = await generateRoot.start({ otp: '', pgpKey: '' });
  await world.lifecycle.seal();
  await assert.rejects(generateRoot.status(), { code: 'sealed' });
  await assert.rejects(generateRoot.provide(hex(keys[0]), nonce), { code: 'sealed' });
});
