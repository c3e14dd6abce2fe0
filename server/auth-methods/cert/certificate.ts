import { hash, X509Certificate } from 'node:crypto';
import type { X509Certificate as ParsedCertificate } from '@peculiar/x509';

/** A certificate with what roles ask of it. Texts are as the certificate has them, without any escapes of a printed form. */
export interface CertificateFacts {
  readonly certificate: X509Certificate;
  readonly commonName: string;
  readonly units: readonly string[];
  readonly dnsNames: readonly string[];
  readonly emails: readonly string[];
  readonly uris: readonly string[];
  /** Decimal. */
  readonly serialNumber: string;
  /** Hex pairs with colons between; empty without that extension. */
  readonly subjectKeyId: string;
  readonly authorityKeyId: string;
  /** Hex of the DER of the issuer's name. */
  readonly issuer: string;
  /** SHA-256 of the public key, hex. */
  readonly keyDigest: string;
  readonly extensions: ReadonlyMap<string, Extension>;
  readonly pathLength: number | undefined;
  /** Undefined without that extension. */
  readonly extendedUsages: readonly string[] | undefined;
}

interface Extension {
  readonly isCritical: boolean;
  readonly value: Uint8Array;
}

type Library = typeof import('@peculiar/x509');

export async function certificateLibrary(): Promise<Library> {
  // The library's container asks for it before anything else.
  await import('reflect-metadata');
  return import('@peculiar/x509');
}

/** Undefined for what is no certificate. */
export async function factsOf(source: Uint8Array | string): Promise<CertificateFacts | undefined> {
  const x509 = await certificateLibrary();
  try {
    const certificate = new X509Certificate(source);
    const parsed = new x509.X509Certificate(new Uint8Array(certificate.raw));
    return facts(x509, certificate, parsed);
  } catch {
    return undefined;
  }
}

/** Every certificate of a PEM text; undefined when there is none, or one that cannot be read. */
export async function certificatesIn(pem: string): Promise<readonly CertificateFacts[] | undefined> {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  const all = await Promise.all(blocks.map(factsOf));
  const known = all.filter((each) => each !== undefined);
  return known.length > 0 && known.length === blocks.length ? known : undefined;
}

function facts(x509: Library, certificate: X509Certificate, parsed: ParsedCertificate): CertificateFacts {
  const names = parsed.getExtension(x509.SubjectAlternativeNameExtension)?.names.toJSON() ?? [];
  const alternative = (type: string) => names.filter((name) => name.type === type).map(({ value }) => value);
  const usage = parsed.getExtension(x509.ExtendedKeyUsageExtension);
  return {
    certificate,
    commonName: parsed.subjectName.getField('CN')[0] ?? '',
    units: parsed.subjectName.getField('OU'),
    dnsNames: alternative('dns'),
    emails: alternative('email'),
    uris: alternative('url'),
    serialNumber: BigInt(`0x${certificate.serialNumber}`).toString(),
    subjectKeyId: colons(parsed.getExtension(x509.SubjectKeyIdentifierExtension)?.keyId),
    authorityKeyId: colons(parsed.getExtension(x509.AuthorityKeyIdentifierExtension)?.keyId),
    issuer: Buffer.from(parsed.issuerName.toArrayBuffer()).toString('hex'),
    keyDigest: hash('sha256', certificate.publicKey.export({ type: 'spki', format: 'der' })),
    extensions: new Map(
      parsed.extensions.map((each) => [
        each.type,
        { isCritical: each.critical, value: new Uint8Array(each.value) },
      ]),
    ),
    pathLength: parsed.getExtension(x509.BasicConstraintsExtension)?.pathLength,
    extendedUsages: usage?.usages.map(String),
  };
}

function colons(hex: string | undefined): string {
  return hex?.toLowerCase().match(/../g)?.join(':') ?? '';
}
