import { randomBytes } from 'node:crypto';
import { isIP } from 'node:net';

export interface DevelopmentCertificate {
  /** PEM. */
  readonly authority: string;
  readonly certificate: string;
  readonly privateKey: string;
}

const dayMs = 86_400_000;
const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };

/**
 * A certificate for `names` (host names and addresses) under an authority of its own, as Vault's `-dev-tls`
 * makes: ECDSA P-256, a month long. The authority's key is not kept, so it can sign nothing else.
 */
export async function makeDevelopmentCertificate(
  names: readonly string[],
  nowMs: number,
): Promise<DevelopmentCertificate> {
  // The library's container asks for it before anything else.
  await import('reflect-metadata');
  const x509 = await import('@peculiar/x509');
  const [authorityKeys, keys] = await Promise.all([generateKeys(), generateKeys()]);
  const notBefore = new Date(nowMs - dayMs);
  const notAfter = new Date(nowMs + 30 * dayMs);
  const authority = await x509.X509CertificateGenerator.createSelfSigned({
    // Two authorities of one name would be taken for each other when a chain is built.
    name: `CN=Coffer development authority ${randomBytes(4).toString('hex')}`,
    keys: authorityKeys,
    signingAlgorithm: algorithm,
    notBefore,
    notAfter,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
    ],
  });
  const certificate = await x509.X509CertificateGenerator.create({
    subject: 'CN=Coffer development server',
    issuer: authority.subject,
    publicKey: keys.publicKey,
    signingKey: authorityKeys.privateKey,
    signingAlgorithm: algorithm,
    notBefore,
    notAfter,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
      new x509.SubjectAlternativeNameExtension(
        names.map((value) => ({ type: isIP(value) === 0 ? ('dns' as const) : ('ip' as const), value })),
      ),
    ],
  });
  const der = await crypto.subtle.exportKey('pkcs8', keys.privateKey);
  return {
    authority: authority.toString('pem'),
    certificate: certificate.toString('pem'),
    privateKey: x509.PemConverter.encode(der, 'PRIVATE KEY'),
  };
}

async function generateKeys(): Promise<CryptoKeyPair> {
  return crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, ['sign', 'verify']);
}
