import 'reflect-metadata';
import * as x509 from '@peculiar/x509';

export { x509 };

export interface Identity {
  readonly certificate: x509.X509Certificate;
  readonly keys: CryptoKeyPair;
  /** PEM. */
  readonly pem: string;
  readonly key: string;
}

export interface Wish {
  readonly subject: string;
  readonly issuer?: Identity;
  readonly keys?: CryptoKeyPair;
  /** Whose key the certificate says has signed it, where that is a lie. */
  readonly claimedSigner?: Identity;
  readonly isAuthority?: boolean;
  readonly pathLength?: number;
  readonly names?: x509.JsonGeneralNames;
  readonly usages?: readonly x509.ExtendedKeyUsage[];
  readonly extensions?: readonly x509.Extension[];
  readonly days?: readonly [from: number, to: number];
}

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
const dayMs = 86_400_000;
let serial = 0x1000;

/** A certificate by any authority of the test, or by itself. */
export async function certify(wish: Wish): Promise<Identity> {
  const keys = wish.keys ?? (await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify']));
  const { issuer, days = [-1, 30] } = wish;
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: (++serial).toString(16),
    subject: wish.subject,
    issuer: issuer?.certificate.subject ?? wish.subject,
    publicKey: keys.publicKey,
    signingKey: (issuer?.keys ?? keys).privateKey,
    signingAlgorithm: algorithm,
    notBefore: new Date(Date.now() + days[0] * dayMs),
    notAfter: new Date(Date.now() + days[1] * dayMs),
    extensions: [
      new x509.BasicConstraintsExtension(wish.isAuthority ?? false, wish.pathLength, true),
      ...(wish.isAuthority
        ? [new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true)]
        : [new x509.ExtendedKeyUsageExtension([...(wish.usages ?? [x509.ExtendedKeyUsage.clientAuth])])]),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
      await x509.AuthorityKeyIdentifierExtension.create(
        (wish.claimedSigner ?? issuer)?.keys.publicKey ?? keys.publicKey,
      ),
      ...(wish.names ? [new x509.SubjectAlternativeNameExtension(wish.names)] : []),
      ...(wish.extensions ?? []),
    ],
  });
  const der = await crypto.subtle.exportKey('pkcs8', keys.privateKey);
  return {
    certificate,
    keys,
    pem: certificate.toString('pem'),
    key: x509.PemConverter.encode(der, 'PRIVATE KEY'),
  };
}

/** The authority's list of what it takes back. */
export async function revoke(authority: Identity, revoked: readonly Identity[]): Promise<string> {
  const crl = await x509.X509CrlGenerator.create({
    issuer: authority.certificate.subject,
    thisUpdate: new Date(),
    nextUpdate: new Date(Date.now() + dayMs),
    signingKey: authority.keys.privateKey,
    signingAlgorithm: algorithm,
    entries: revoked.map(({ certificate }) => ({
      serialNumber: certificate.serialNumber,
      revocationDate: new Date(),
    })),
  });
  return crl.toString('pem');
}
