import type { LoginToRenew } from '../../contracts/auth-method.ts';
import { invalidRequest } from '../../contracts/errors.ts';
import { definePath, type PathDeclaration } from '../../contracts/paths.ts';
import type { AuthGrant } from '../../contracts/request.ts';
import { grantedToken, normalizePolicyNames, renewedToken } from '../../contracts/token-fields.ts';
import type { CertificateFacts } from './certificate.ts';
import { extensionMetadata } from './constraints.ts';
import { type ConfigRecord, readConfig } from './path-config.ts';
import { type CertServices, type VerifiedLogin, verifyLogin } from './verify-login.ts';

export function loginPath(services: CertServices): PathDeclaration {
  return definePath({
    pattern: 'login',
    access: 'anyone',
    fields: {
      name: { type: 'lower-string', description: 'Role to log in with; the first that fits unless given' },
    },
    help: {
      synopsis: 'Log in with a TLS client certificate.',
      description:
        'The certificate is the one of the connection. A role must trust it or its authority, and its names and extensions have to be as the role says.',
    },
    operations: {
      write: {
        summary: 'Log in',
        async handler({ fields, origin }) {
          if (origin.clientCertificates.length === 0) throw invalidRequest('no client certificate found');
          const login = await verifyLogin(services, origin.clientCertificates, fields.name ?? '');
          return { auth: grantOf(login, await readConfig(services.records), origin.remoteAddress) };
        },
        examples: [{ description: 'Log in', data: { name: 'web' } }],
      },
    },
  });
}

function grantOf({ role, leaf }: VerifiedLogin, config: ConfigRecord, remoteAddress: string): AuthGrant {
  const metadata = {
    ...extensionMetadata(role, leaf),
    authority_key_id: leaf.authorityKeyId,
    cert_name: role.name,
    common_name: leaf.commonName,
    serial_number: leaf.serialNumber,
    subject_key_id: leaf.subjectKeyId,
  };
  return {
    ...grantedToken(role.token, remoteAddress),
    displayName: role.displayName,
    metadata,
    alias: { name: nameOf(leaf), ...(config.hasAliasMetadata ? { metadata } : {}) },
    renewable: true,
    internal: { role: role.name, uid: role.uid, ...identityOf(leaf) },
  };
}

/** The common name as with Vault; a certificate without one (a SPIFFE SVID) goes by its first URI, DNS name or address. */
function nameOf({ commonName, uris, dnsNames, emails }: CertificateFacts): string {
  const name = [commonName, ...uris, ...dnsNames, ...emails].find((each) => each !== '');
  if (name === undefined) throw invalidRequest('the client certificate names nobody');
  return name;
}

/** What a renewal must show again: key, issuer and name. A certificate that was reissued for the same key may. */
function identityOf(leaf: CertificateFacts) {
  return { key: leaf.keyDigest, issuer: leaf.issuer, authority: leaf.authorityKeyId, subject: nameOf(leaf) };
}

/** Refuses when the role is gone or its policies changed, and, unless the binding is off, without the certificate of the login. */
export async function renewLogin(services: CertServices, login: LoginToRenew): Promise<AuthGrant> {
  const { role: name, uid } = login.internal;
  const role = typeof name === 'string' ? (await services.roles.find(name))?.value : undefined;
  if (!role || role.uid !== uid)
    throw invalidRequest('the role of this token no longer exists, so it cannot be renewed');
  const config = await readConfig(services.records);
  if (!config.isBindingOff) {
    const certificates = login.clientCertificates ?? [];
    if (certificates.length === 0) throw invalidRequest('no client certificate found');
    const { leaf } = await verifyLogin(services, certificates, role.name);
    const isSame = Object.entries(identityOf(leaf)).every(([key, value]) => login.internal[key] === value);
    if (!isSame)
      throw invalidRequest('client identity during renewal not matching client identity used during login');
  }
  if (normalizePolicyNames(login.grant.policies).join('\n') !== role.token.policies.join('\n'))
    throw invalidRequest('policies have changed, not renewing');
  return renewedToken(role.token, login.grant);
}
