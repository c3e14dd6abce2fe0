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
import { isServiceUrl } from '../outbound-request.ts';
import { checkBoundClaims } from './claims.ts';

/** A role as stored under `role/<name>`. */
export interface RoleRecord {
  /** Random, so that a new role of the same name renews no token of the former. */
  readonly uid: string;
  readonly name: string;
  readonly type: 'jwt' | 'oidc';
  readonly redirectUris: readonly string[] | null;
  readonly boundAudiences: readonly string[] | null;
  readonly boundSubject: string;
  readonly boundClaims: JsonObject | null;
  readonly boundClaimsType: 'string' | 'glob';
  readonly userClaim: string;
  readonly isUserClaimPointer: boolean;
  readonly groupsClaim: string;
  readonly claimMappings: Readonly<Record<string, string>> | null;
  readonly scopes: readonly string[] | null;
  readonly maxAgeSeconds: number;
  readonly expirationLeewaySeconds: number;
  readonly notBeforeLeewaySeconds: number;
  readonly clockSkewSeconds: number;
  readonly isVerbose: boolean;
  readonly isConfirmationOff: boolean;
  readonly token: TokenSettings;
}

/** Lower case before policies are asked, so that no spelling goes round a rule about one. */
export const roleNameField = {
  type: 'lower-string',
  description: 'Name of the role',
  required: true,
} as const;

export const roleFields = {
  role_type: { type: 'string', description: '`jwt`, or `oidc` (what a new role is) for logins in a browser' },
  allowed_redirect_uris: { type: 'strings', description: 'Where a login in a browser may return to' },
  bound_audiences: { type: 'strings', description: 'One of them has to be in `aud`' },
  bound_subject: { type: 'string', description: 'What `sub` has to be' },
  bound_claims: {
    type: 'map',
    description: 'Claims (names or JSON pointers) with the value or values of which each must have one',
  },
  bound_claims_type: {
    type: 'string',
    description: '`string`, or `glob` where `*` stands for any characters',
  },
  user_claim: { type: 'string', description: 'The claim that names the person or machine' },
  user_claim_json_pointer: { type: 'bool', description: 'user_claim is a JSON pointer' },
  groups_claim: {
    type: 'string',
    description: 'The claim that lists groups, for external groups of identity',
  },
  claim_mappings: { type: 'key-values', description: 'Claims to keys of metadata' },
  oidc_scopes: { type: 'strings', description: 'Scopes to ask for besides `openid`' },
  max_age: { type: 'duration', description: 'How long ago the person may have signed in at the provider' },
  expiration_leeway: {
    type: 'signed-duration',
    description: 'How long a token without `exp` is good; 0 for 150 seconds, -1 for none',
  },
  not_before_leeway: {
    type: 'signed-duration',
    description:
      'How long before its end a token without `nbf` and `iat` begins; 0 for 150 seconds, -1 for none',
  },
  clock_skew_leeway: {
    type: 'signed-duration',
    description: 'By how much clocks may differ; 0 for 60 seconds, -1 for not at all',
  },
  verbose_oidc_logging: { type: 'bool', description: 'Log the names (never the values) of claims at logins' },
  oidc_disable_confirmation: { type: 'bool', description: 'Kept and shown' },
  callback_mode: { type: 'string', description: '`client`' },
  oauth2_metadata: {
    type: 'strings',
    description: 'Not supported; tokens of a provider stay out of metadata',
  },
  token_policies_template_claims: { type: 'bool', description: 'Not supported' },
  ...tokenFields,
  policies: olderTokenFields.policies,
  ttl: olderTokenFields.ttl,
  max_ttl: olderTokenFields.max_ttl,
  period: olderTokenFields.period,
  num_uses: olderTokenFields.num_uses,
  bound_cidrs: olderTokenFields.bound_cidrs,
} as const satisfies FieldDeclarations;

export type RoleChange = Partial<FieldValues<typeof roleFields>>;

export function newRole(name: string): RoleRecord {
  return {
    uid: randomText(20),
    name,
    type: 'oidc',
    redirectUris: null,
    boundAudiences: null,
    boundSubject: '',
    boundClaims: null,
    boundClaimsType: 'string',
    userClaim: '',
    isUserClaimPointer: false,
    groupsClaim: '',
    claimMappings: null,
    scopes: null,
    maxAgeSeconds: 0,
    expirationLeewaySeconds: 0,
    notBeforeLeewaySeconds: 0,
    clockSkewSeconds: 0,
    isVerbose: false,
    isConfirmationOff: false,
    token: noTokenSettings,
  };
}

/** `before` with what `given` names replaced. Throws 'invalid-request'. */
export function changeRole(before: RoleRecord, given: RoleChange): RoleRecord {
  refuseUnsupported(given);
  const role: RoleRecord = {
    ...before,
    type: roleTypeOf(given.role_type) ?? before.type,
    redirectUris: given.allowed_redirect_uris ?? before.redirectUris,
    boundAudiences: given.bound_audiences ?? before.boundAudiences,
    boundSubject: given.bound_subject ?? before.boundSubject,
    boundClaims: given.bound_claims ?? before.boundClaims,
    boundClaimsType: claimsTypeOf(given.bound_claims_type) ?? before.boundClaimsType,
    userClaim: given.user_claim ?? before.userClaim,
    isUserClaimPointer: given.user_claim_json_pointer ?? before.isUserClaimPointer,
    groupsClaim: given.groups_claim ?? before.groupsClaim,
    claimMappings: given.claim_mappings ?? before.claimMappings,
    scopes: given.oidc_scopes ?? before.scopes,
    maxAgeSeconds: given.max_age ?? before.maxAgeSeconds,
    expirationLeewaySeconds: given.expiration_leeway ?? before.expirationLeewaySeconds,
    notBeforeLeewaySeconds: given.not_before_leeway ?? before.notBeforeLeewaySeconds,
    clockSkewSeconds: given.clock_skew_leeway ?? before.clockSkewSeconds,
    isVerbose: given.verbose_oidc_logging ?? before.isVerbose,
    isConfirmationOff: given.oidc_disable_confirmation ?? before.isConfirmationOff,
    token: changeTokenSettings(before.token, given),
  };
  checkRole(role);
  return role;
}

function checkRole(role: RoleRecord): void {
  checkBoundClaims(role.boundClaims ?? {}, role.boundClaimsType === 'glob');
  const uris = role.redirectUris ?? [];
  if (role.type === 'oidc' && uris.length === 0)
    throw invalidRequest("'allowed_redirect_uris' must be set if 'role_type' is 'oidc' or unspecified.");
  if (uris.some((uri) => !isServiceUrl(uri) || uri.includes('#')))
    throw invalidRequest('a redirect URI is no http or https URL without a fragment');
  if (role.userClaim === '') throw invalidRequest('a user claim must be defined on the role');
  const isBound =
    (role.boundAudiences?.length ?? 0) > 0 ||
    role.boundSubject !== '' ||
    Object.keys(role.boundClaims ?? {}).length > 0 ||
    role.token.boundCidrs.length > 0;
  if (role.type === 'jwt' && !isBound)
    throw invalidRequest('must have at least one bound constraint when creating/updating a role');
  const targets = Object.values(role.claimMappings ?? {});
  const twice = targets.find((target, index) => targets.indexOf(target) !== index);
  if (twice !== undefined)
    throw invalidRequest(`multiple keys are mapped to metadata key ${JSON.stringify(twice)}`);
  if (targets.includes('role'))
    throw invalidRequest('metadata key "role" is reserved and may not be a mapping destination');
}

function refuseUnsupported(given: RoleChange): void {
  if (given.oauth2_metadata && given.oauth2_metadata.length > 0)
    throw invalidRequest('oauth2_metadata is not supported: tokens of a provider are no metadata');
  if (given.token_policies_template_claims)
    throw invalidRequest('token_policies_template_claims is not supported', {
      hint: 'Map claims to metadata with claim_mappings, and use templates in the policy.',
    });
  if (given.callback_mode !== undefined && given.callback_mode !== '' && given.callback_mode !== 'client')
    throw invalidRequest(`invalid 'callback_mode': ${given.callback_mode}`);
}

function roleTypeOf(text: string | undefined): RoleRecord['type'] | undefined {
  if (text === undefined || text === '') return undefined;
  if (text === 'jwt' || text === 'oidc') return text;
  throw invalidRequest(`invalid 'role_type': ${text}`);
}

function claimsTypeOf(text: string | undefined): RoleRecord['boundClaimsType'] | undefined {
  if (text === undefined || text === '') return undefined;
  if (text === 'string' || text === 'glob') return text;
  throw invalidRequest(`invalid 'bound_claims_type': ${text}`);
}

export function shownRole(role: RoleRecord): JsonObject {
  return {
    allowed_redirect_uris: role.redirectUris,
    bound_audiences: role.boundAudiences,
    bound_claims: role.boundClaims,
    bound_claims_type: role.boundClaimsType,
    bound_subject: role.boundSubject,
    callback_mode: 'client',
    claim_mappings: role.claimMappings,
    clock_skew_leeway: role.clockSkewSeconds,
    expiration_leeway: role.expirationLeewaySeconds,
    groups_claim: role.groupsClaim,
    max_age: role.maxAgeSeconds,
    not_before_leeway: role.notBeforeLeewaySeconds,
    oauth2_metadata: null,
    oidc_disable_confirmation: role.isConfirmationOff,
    oidc_scopes: role.scopes,
    role_type: role.type,
    ...shownTokenSettings(role.token),
    token_policies_template_claims: false,
    user_claim: role.userClaim,
    user_claim_json_pointer: role.isUserClaimPointer,
    verbose_oidc_logging: role.isVerbose,
  };
}
