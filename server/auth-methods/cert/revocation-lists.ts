import { invalidRequest } from '../../contracts/errors.ts';
import type { NamedRecords } from '../named-records.ts';
import { type CertificateFacts, certificateLibrary } from './certificate.ts';

/** A certificate revocation list as stored under `crl/<name>`. */
export interface CrlRecord {
  /** Hex of the DER of its issuer's name. */
  readonly issuer: string;
  /** Decimal. */
  readonly serials: readonly string[];
}

const mostLists = 1000;

/** PEM, or DER in base64. Throws 'invalid-request'. */
export async function parseCrl(text: string): Promise<CrlRecord> {
  const x509 = await certificateLibrary();
  try {
    const crl = new x509.X509Crl(text.trim());
    return {
      issuer: Buffer.from(crl.issuerName.toArrayBuffer()).toString('hex'),
      serials: crl.entries.map(({ serialNumber }) => BigInt(`0x${serialNumber}`).toString()),
    };
  } catch {
    throw invalidRequest('failed to parse CRL: it is neither PEM nor DER in base64');
  }
}

/** Whether a list of its issuer names one of the certificates. */
export async function isRevoked(
  lists: NamedRecords<CrlRecord>,
  chain: readonly CertificateFacts[],
): Promise<boolean> {
  for (const name of await lists.list({ limit: mostLists })) {
    const list = await lists.find(name);
    if (!list) continue;
    const known = list.memo instanceof Set ? list.memo : new Set(list.value.serials);
    list.memo = known;
    if (chain.some(({ issuer, serialNumber }) => issuer === list.value.issuer && known.has(serialNumber)))
      return true;
  }
  return false;
}
