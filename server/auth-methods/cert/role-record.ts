import { invalidRequest } from '../../contracts/errors.ts';
import type { FieldDeclarations, FieldValues } from '../../contracts/paths.ts';
import type { JsonObject } from '../../contracts/request.ts';
import {
  changeTokenSettings,
  noTokenSettings,
  olderTokenFields,
  shownTokenSettings,
  type TokenSettings,
  tokenFields,
} from '../../contracts/token-fields.ts';
import { randomText } from '../../crypto/random.ts';
import { certificatesIn } from './certificate.ts';
import { parseExtension } from './constraints.ts';

type List = readonly string[] | null;

/** A role as stored under `cert/<name>`. Null lists were never given, and limit nothing, as empty ones. */
export interface RoleRecord {
  /** Random, so that a new role of the same name renews no token of the former. */
  readonly uid: string;
  readonly name: string;
  readonly displayName: string;
  /** PEM: authorities, or certificates that log in themselves. */
  readonly certificate: string;
  readonly names: List;
  readonly commonNames: List;
  readonly dnsNames: List;
  readonly emails: List;
  readonly uris: List;
  readonly units: List;
  readonly requiredExtensions: List;
  readonly metadataExtensions: List;
  readonly token: TokenSettings;
}

/** Lower case before policies are asked, so that no spelling goes round a rule about one. */
export const roleNameField = {
  type: 'lower-string',
  description: 'Name of the role',
  required: true,
} as const;

const oneFits = 'of which one has to fit; `*` stands for any characters';

export const roleFields = {
  certificate: {
    type: 'string',
    description: 'In PEM: authorities whose certificates log in, or certificates that log in themselves',
  },
  display_name: { type: 'string', description: 'What its tokens are called; the role’s name unless given' },
  allowed_names: { type: 'strings', description: `Common, DNS and e-mail names ${oneFits}` },
  allowed_common_names: { type: 'strings', description: `Common names ${oneFits}` },
  allowed_dns_sans: { type: 'strings', description: `DNS names ${oneFits}` },
  allowed_email_sans: { type: 'strings', description: `E-mail addresses ${oneFits}` },
  allowed_uri_sans: { type: 'strings', description: `URIs, such as SPIFFE ids, ${oneFits}` },
  allowed_organizational_units: { type: 'strings', description: `Organizational units ${oneFits}` },
  required_extensions: {
    type: 'strings',
    description:
      'Extensions that all have to be there: OID:TEXT or hex:OID:DIGITS; `*` stands for any characters',
  },
  allowed_metadata_extensions: {
    type: 'strings',
    description: 'OIDs of extensions whose texts are put into the metadata',
  },
  ocsp_enabled: { type: 'bool', description: 'Not supported; use certificate revocation lists' },
  ocsp_ca_certificates: { type: 'string', description: 'Not supported' },
  ocsp_servers_override: { type: 'strings', description: 'Not supported' },
  ocsp_fail_open: { type: 'bool', description: 'Not supported' },
  ocsp_query_all_servers: { type: 'bool', description: 'Not supported' },
  ...tokenFields,
  policies: olderTokenFields.policies,
  ttl: olderTokenFields.ttl,
  max_ttl: olderTokenFields.max_ttl,
  period: olderTokenFields.period,
  bound_cidrs: olderTokenFields.bound_cidrs,
} as const satisfies FieldDeclarations;

export function newRole(name: string): RoleRecord {
  return {
    uid: randomText(20),
    name,
    displayName: name,
    certificate: '',
    names: null,
    commonNames: null,
    dnsNames: null,
    emails: null,
    uris: null,
    units: null,
    requiredExtensions: null,
    metadataExtensions: null,
    token: noTokenSettings,
  };
}

/** `before` with what `given` names replaced. Throws 'invalid-request'. */
export async function changeRole(
  before: RoleRecord,
  given: Partial<FieldValues<typeof roleFields>>,
): Promise<RoleRecord> {
  if (given.ocsp_enabled)
    throw invalidRequest('ocsp_enabled is not supported', {
      hint: 'Revoked certificates can be listed under crls/NAME.',
    });
  const role: RoleRecord = {
    ...before,
    displayName: given.display_name || before.displayName,
    certificate: given.certificate ?? before.certificate,
    names: given.allowed_names ?? before.names,
    commonNames: given.allowed_common_names ?? before.commonNames,
    dnsNames: given.allowed_dns_sans ?? before.dnsNames,
    emails: given.allowed_email_sans ?? before.emails,
    uris: given.allowed_uri_sans ?? before.uris,
    units: given.allowed_organizational_units ?? before.units,
    requiredExtensions: given.required_extensions ?? before.requiredExtensions,
    metadataExtensions: given.allowed_metadata_extensions ?? before.metadataExtensions,
    token: changeTokenSettings(before.token, given),
  };
  const trusted = await certificatesIn(role.certificate);
  if (!trusted) throw invalidRequest('failed to parse certificate');
  if (trusted.some(({ certificate, extendedUsages }) => !certificate.ca && isForServersOnly(extendedUsages)))
    throw invalidRequest(
      'nonCA certificates should have TLS client authentication set as an extended key usage',
    );
  if ((role.requiredExtensions ?? []).some((text) => !parseExtension(text)))
    throw invalidRequest('a required extension has the form OID:TEXT or hex:OID:DIGITS');
  return role;
}

function isForServersOnly(usages: readonly string[] | undefined): boolean {
  return (
    usages !== undefined && !usages.some((usage) => ['1.3.6.1.5.5.7.3.2', '2.5.29.37.0'].includes(usage))
  );
}

export function shownRole(role: RoleRecord): JsonObject {
  return {
    allowed_common_names: role.commonNames,
    allowed_dns_sans: role.dnsNames,
    allowed_email_sans: role.emails,
    allowed_metadata_extensions: role.metadataExtensions,
    allowed_names: role.names,
    allowed_organizational_units: role.units,
    allowed_uri_sans: role.uris,
    certificate: role.certificate,
    display_name: role.displayName,
    ocsp_ca_certificates: '',
    ocsp_enabled: false,
    ocsp_fail_open: false,
    ocsp_query_all_servers: false,
    ocsp_servers_override: null,
    required_extensions: role.requiredExtensions,
    ...shownTokenSettings(role.token),
  };
}
