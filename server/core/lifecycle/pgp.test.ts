import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as openpgp from 'openpgp';
import { hex, openWorld, shares, unsealWith } from './lifecycle-harness.ts';

async function person(name: string) {
  const { privateKey, publicKey } = await openpgp.generateKey({
    type: 'ecc',
    userIDs: [{ name }],
    format: 'object',
  });
  const read = async (message: Uint8Array) => {
    const decrypted = await openpgp.decrypt({
      message: await openpgp.readMessage({ binaryMessage: Uint8Array.from(message) }),
      decryptionKeys: privateKey,
    });
    return String(decrypted.data);
  };
  const base64 = Buffer.from(publicKey.write()).toString('base64');
  return { base64, read, fingerprint: publicKey.getFingerprint(), privateKey };
}

const people = [await person('a'), await person('b')];
const pgpKeys = people.map(({ base64 }) => base64);

test('shares and root token that were encrypted for people work once they have decrypted them', async () => {
  const world = await openWorld();
  const { keys, rootToken } = await world.lifecycle.init({
    unseal: shares(2, 2, pgpKeys),
    rootTokenPgpKey: pgpKeys[0]!,
  });
  assert.deepEqual(
    keys.fingerprints,
    people.map(({ fingerprint }) => fingerprint),
  );
  assert.equal(await people[0]!.read(Buffer.from(rootToken, 'base64')), world.rootTokens[0]);
  for (const [index, { read }] of people.entries()) {
    const share = await read(keys.bytes[index]!);
    assert.match(share, /^[0-9a-f]{66}$/);
    await world.lifecycle.submitShare(share, { migrate: false });
  }
  assert.equal(world.lifecycle.unsealed, true);
});

test('a rekey keeps the encrypted shares as a backup when asked, and the next one without removes it', async () => {
  const world = await openWorld();
  const { keys } = await world.lifecycle.init({ unseal: shares(1, 1) });
  await unsealWith(world, keys.bytes);
  const rekey = world.lifecycle.rekeyUnseal;
  const request = { ...shares(2, 2, pgpKeys), backup: true, requireVerification: false };
  await rekey.start(request, false);
  const { nonce, fingerprints } = await rekey.status();
  assert.deepEqual(
    fingerprints,
    people.map(({ fingerprint }) => fingerprint),
  );
  const done = await rekey.provide(hex(keys.bytes[0]), nonce);
  assert(done.complete);
  const backup = await rekey.backup();
  assert.equal(backup.nonce, nonce);
  const fresh: string[] = [];
  for (const { fingerprint, read } of people) {
    fresh.push(await read(Buffer.from(backup.keys[fingerprint]![0]!, 'hex')));
  }
  const restarted = await openWorld({ storage: world.storage });
  for (const share of fresh) await restarted.lifecycle.submitShare(share, { migrate: false });
  assert.equal(restarted.lifecycle.unsealed, true);
  await rekey.start({ ...shares(1, 1), backup: false, requireVerification: false }, false);
  const next = await rekey.status();
  for (const share of fresh) await rekey.provide(share, next.nonce);
  await assert.rejects(rekey.backup(), /no backed-up keys found/);
});

test('a generated root token can be encrypted for one person', async () => {
  const world = await openWorld();
  const { keys } = await world.lifecycle.init({ unseal: shares(1, 1) });
  await unsealWith(world, keys.bytes);
  const { nonce, fingerprint } = await world.lifecycle.generateRoot.start({ otp: '', pgpKey: pgpKeys[1]! });
  assert.equal(fingerprint, people[1]!.fingerprint);
  const done = await world.lifecycle.generateRoot.provide(hex(keys.bytes[0]), nonce);
  assert.equal(await people[1]!.read(Buffer.from(done.encodedToken, 'base64')), world.rootTokens.at(-1));
});

test('what is no public key, or not one for each share, is refused before anything is written', async () => {
  const world = await openWorld();
  const armored = Buffer.from('-----BEGIN PGP PUBLIC KEY BLOCK-----').toString('base64');
  const cases: [string[], RegExp][] = [
    [[pgpKeys[0]!], /count mismatch between number of provided PGP keys and number of shares/],
    [['%%%', pgpKeys[0]!], /error decoding given PGP key/],
    [[armored, pgpKeys[0]!], /error parsing given PGP key/],
    [[pgpKeys[0]!, ''], /error decoding given PGP key/],
  ];
  for (const [given, message] of cases) {
    const tried = world.lifecycle.init({ unseal: shares(2, 2, given) });
    await assert.rejects(tried, { code: 'invalid-request', message });
  }
  assert.deepEqual(await world.storage.scan(' ', '~', 10), []);
});
