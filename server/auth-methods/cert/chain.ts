import type { CertificateFacts } from './certificate.ts';

/** What is understood here of an extension that has to be (RFC 5280 section 4.2): key usage, names, constraints, purposes, key ids. */
const understood = new Set(['2.5.29.14', '2.5.29.15', '2.5.29.17', '2.5.29.19', '2.5.29.35', '2.5.29.37']);
/** Limits names of what an authority issues; not evaluated here, so whatever stands under one is refused. */
const nameConstraints = '2.5.29.30';
const clientPurposes = ['1.3.6.1.5.5.7.3.2', '2.5.29.37.0'];
const longestChain = 8;

/**
 * From `leaf` up to one of `trusted`, by way of `offered` where needed: a trusted certificate itself, or signed under a trusted authority. Each is
 * valid at `nowMs`, each issuer may issue, and nothing stands in them that is not understood (RFC 5280 section 6, without
 * policies). Undefined when there is none.
 */
export function trustedChain(
  leaf: CertificateFacts,
  offered: readonly CertificateFacts[],
  trusted: readonly CertificateFacts[],
  nowMs: number,
): readonly CertificateFacts[] | undefined {
  if (!isValid(leaf, nowMs) || !isForClients(leaf)) return undefined;
  const isPinned = trusted.some(
    ({ certificate }) => !certificate.ca && certificate.raw.equals(leaf.certificate.raw),
  );
  if (isPinned) return [leaf];
  const authorities = trusted.filter(({ certificate }) => certificate.ca);
  const between = offered.slice(0, longestChain).filter(({ certificate }) => certificate.ca);
  return chainFrom([leaf], between, authorities, nowMs);
}

function chainFrom(
  chain: readonly CertificateFacts[],
  between: readonly CertificateFacts[],
  authorities: readonly CertificateFacts[],
  nowMs: number,
): readonly CertificateFacts[] | undefined {
  const last = chain.at(-1);
  if (!last || chain.length > longestChain) return undefined;
  const fits = (issuer: CertificateFacts) =>
    !chain.includes(issuer) &&
    hasIssued(issuer, last) &&
    isValid(issuer, nowMs) &&
    allowsBelow(issuer, chain);
  const anchor = authorities.find(fits);
  if (anchor) return [...chain, anchor];
  for (const issuer of between.filter(fits)) {
    const found = chainFrom([...chain, issuer], between, authorities, nowMs);
    if (found) return found;
  }
  return undefined;
}

function hasIssued({ certificate: issuer }: CertificateFacts, { certificate }: CertificateFacts): boolean {
  return issuer.ca && certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey);
}

/** pathLenConstraint counts the authorities between; those that issued themselves (a key change) are not left out here. */
function allowsBelow({ pathLength }: CertificateFacts, chain: readonly CertificateFacts[]): boolean {
  return pathLength === undefined || chain.length - 1 <= pathLength;
}

function isValid({ certificate, extensions }: CertificateFacts, nowMs: number): boolean {
  if (certificate.validFromDate.getTime() > nowMs || certificate.validToDate.getTime() < nowMs) return false;
  if (extensions.has(nameConstraints)) return false;
  return [...extensions].every(([type, { isCritical }]) => !isCritical || understood.has(type));
}

function isForClients({ extendedUsages }: CertificateFacts): boolean {
  return extendedUsages === undefined || extendedUsages.some((usage) => clientPurposes.includes(usage));
}
