import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { certify, type Identity, x509 } from '../../../tests/end-to-end/certificate-world.ts';
import { type CertificateFacts, factsOf } from './certificate.ts';
import { trustedChain } from './chain.ts';
import { asn1Text, parseExtension } from './constraints.ts';

async function facts({ pem }: Identity): Promise<CertificateFacts> {
  const found = await factsOf(pem);
  assert.ok(found);
  return found;
}

async function chain(
  leaf: Identity,
  offered: readonly Identity[],
  trusted: readonly Identity[],
  nowMs = Date.now(),
) {
  const all = (identities: readonly Identity[]) => Promise.all(identities.map(facts));
  return trustedChain(await facts(leaf), await all(offered), await all(trusted), nowMs);
}

describe('a chain of certificates', () => {
  let authority: Identity;
  before(async () => {
    authority = await certify({ subject: 'CN=CA', isAuthority: true });
  });

  test('that only claims to be signed by the authority is none', async () => {
    const stranger = await certify({ subject: 'CN=CA', isAuthority: true });
    const forged = await certify({ subject: 'CN=a', issuer: stranger, claimedSigner: authority });
    assert.equal(await chain(forged, [], [authority]), undefined);
    assert.equal(await chain(forged, [stranger], [authority]), undefined);
    assert.equal((await chain(forged, [], [stranger]))?.length, undefined, 'nor by whom it does not name');
    const honest = await certify({ subject: 'CN=a', issuer: authority });
    assert.equal((await chain(honest, [], [authority]))?.length, 2);
  });

  test('ends at an authority that is valid now', async () => {
    const old = await certify({ subject: 'CN=Old', isAuthority: true, days: [-20, -10] });
    const leaf = await certify({ subject: 'CN=a', issuer: old });
    assert.equal(await chain(leaf, [], [old]), undefined);
    assert.equal((await chain(leaf, [], [old], Date.now() - 12 * 86_400_000))?.length, undefined);
  });

  test('is refused under name constraints, critical or not, as they are not evaluated', async () => {
    const constrained = await certify({
      subject: 'CN=Constrained',
      isAuthority: true,
      extensions: [new x509.Extension('2.5.29.30', false, new Uint8Array([0x30, 0x00]))],
    });
    const leaf = await certify({ subject: 'CN=a', issuer: constrained });
    assert.equal(await chain(leaf, [], [constrained]), undefined);
  });

  test('goes round no circle, and is no longer than eight', async () => {
    let above = authority;
    const between: Identity[] = [];
    for (let depth = 0; depth < 9; depth++) {
      above = await certify({ subject: `CN=level ${depth}`, issuer: above, isAuthority: true });
      between.push(above);
    }
    const leaf = await certify({ subject: 'CN=a', issuer: above });
    assert.equal(await chain(leaf, between, [authority]), undefined);
    const [first, second] = between;
    assert.ok(first && second);
    assert.equal(
      (await chain(await certify({ subject: 'CN=b', issuer: second }), [second, first], [authority]))?.length,
      4,
    );
  });

  test('garbage is no certificate', async () => {
    for (const text of ['', 'garbage', '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----'])
      assert.equal(await factsOf(text), undefined);
  });
});

describe('extensions', () => {
  test('texts are read from DER, and nothing else', () => {
    const of = (...bytes: number[]) => asn1Text(new Uint8Array(bytes));
    assert.equal(of(0x0c, 2, 0x61, 0x62), 'ab');
    assert.equal(of(0x0c, 0x81, 1, 0x61), 'a');
    assert.equal(of(0x0c, 0), '');
    for (const wrong of [
      [],
      [0x0c],
      [0x0c, 3, 0x61],
      [0x0c, 1, 0x61, 0x62],
      [0x04, 1, 0x61],
      [0x0c, 0x80],
      [0x0c, 0x85, 1],
    ])
      assert.equal(of(...wrong), undefined);
  });

  test('what a role asks for is an OID and a pattern', () => {
    assert.deepEqual(parseExtension('1.2.3:a:b*'), { oid: '1.2.3', pattern: 'a:b*', isHex: false });
    assert.deepEqual(parseExtension('hex:1.2:0c*'), { oid: '1.2', pattern: '0c*', isHex: true });
    for (const wrong of ['', 'x:y', '1.2', '1:2', ':a']) assert.equal(parseExtension(wrong), undefined);
  });
});
