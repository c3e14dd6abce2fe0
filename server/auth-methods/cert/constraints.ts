import { matchesGlob } from '../matches-glob.ts';
import type { CertificateFacts } from './certificate.ts';
import type { RoleRecord } from './role-record.ts';

/** Whether a certificate is what the role asks for: each kind of name that it limits has one that fits, and every extension is there. */
export function meetsRole(role: RoleRecord, facts: CertificateFacts): boolean {
  const { commonName, dnsNames, emails, uris, units } = facts;
  return (
    fits(role.names, [commonName, ...dnsNames, ...emails]) &&
    fits(role.commonNames, [commonName]) &&
    fits(role.dnsNames, dnsNames) &&
    fits(role.emails, emails) &&
    fits(role.uris, uris) &&
    fits(role.units, units) &&
    (role.requiredExtensions ?? []).every((wanted) => hasExtension(facts, wanted))
  );
}

function fits(patterns: readonly string[] | null, values: readonly string[]): boolean {
  if (!patterns || patterns.length === 0) return true;
  return values.some((value) => value !== '' && patterns.some((pattern) => matchesGlob(pattern, value)));
}

/** `OID:text` for a value that is an ASN.1 text, `hex:OID:digits` for the bytes of any; `*` in either. */
export function parseExtension(
  text: string,
): { readonly oid: string; readonly pattern: string; readonly isHex: boolean } | undefined {
  const isHex = text.startsWith('hex:');
  const [, oid, pattern] = /^(\d+(?:\.\d+)+):(.*)$/s.exec(isHex ? text.slice(4) : text) ?? [];
  return oid === undefined || pattern === undefined ? undefined : { oid, pattern, isHex };
}

function hasExtension({ extensions }: CertificateFacts, wanted: string): boolean {
  const parsed = parseExtension(wanted);
  const extension = parsed && extensions.get(parsed.oid);
  if (!extension) return false;
  const value = parsed.isHex ? Buffer.from(extension.value).toString('hex') : asn1Text(extension.value);
  return (
    value !== undefined && matchesGlob(parsed.isHex ? parsed.pattern.toLowerCase() : parsed.pattern, value)
  );
}

/** UTF8String, PrintableString or IA5String in DER. Undefined for anything else. */
export function asn1Text(der: Uint8Array): string | undefined {
  const [tag, first] = der;
  if (tag === undefined || first === undefined || ![0x0c, 0x13, 0x16].includes(tag)) return undefined;
  const lengthBytes = first < 0x80 ? 0 : first & 0x7f;
  if (lengthBytes > 2 || first === 0x80) return undefined;
  const length =
    lengthBytes === 0
      ? first
      : Number(`0x${Buffer.from(der.subarray(2, 2 + lengthBytes)).toString('hex') || '0'}`);
  const content = der.subarray(2 + lengthBytes);
  return content.length === length ? Buffer.from(content).toString('utf8') : undefined;
}

/** Texts of the extensions that the role wants in the metadata, under their OIDs with `-` for `.`. */
export function extensionMetadata(
  role: RoleRecord,
  { extensions }: CertificateFacts,
): Record<string, string> {
  const metadata: Record<string, string> = {};
  for (const oid of role.metadataExtensions ?? []) {
    const extension = extensions.get(oid);
    const text = extension && asn1Text(extension.value);
    if (text !== undefined) metadata[oid.replaceAll('.', '-')] = text;
  }
  return metadata;
}
