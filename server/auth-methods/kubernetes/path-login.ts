import type { Clock } from '../../contracts/clock.ts';
import { CofferError, invalidRequest } from '../../contracts/errors.ts';
import type { Logger } from '../../contracts/logger.ts';
import { definePath, type PathDeclaration } from '../../contracts/paths.ts';
import type { Records } from '../../contracts/records.ts';
import type { AuthGrant } from '../../contracts/request.ts';
import { grantedToken } from '../../contracts/token-fields.ts';
import { matchesGlob } from '../matches-glob.ts';
import type { NamedRecords } from '../named-records.ts';
import { OutboundError, objectOf } from '../outbound-request.ts';
import {
  type Claims,
  checkAudience,
  checkTimes,
  defaultLeeways,
  JwtProblem,
  publicKeyOf,
  signatureAlgorithms,
  verifiedClaims,
} from '../signed-jwt.ts';
import { ApiServer } from './api-server.ts';
import type { ConfigRecord } from './config-record.ts';
import { parseSelector } from './label-selector.ts';
import { readConfig } from './path-config.ts';
import type { RoleRecord } from './role-record.ts';
import { type ServiceAccount, serviceAccountOf } from './service-account.ts';

export interface LoginServices {
  readonly records: Records;
  readonly roles: NamedRecords<RoleRecord>;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Of the pod that the server runs in. */
  readonly folder: string;
}

const defaultIssuer = 'kubernetes/serviceaccount';
const longestJwt = 64 * 1024;

export function loginPath(services: LoginServices): PathDeclaration {
  return definePath({
    pattern: 'login',
    access: 'anyone',
    fields: {
      role: { type: 'lower-string', description: 'Role to log in with' },
      jwt: { type: 'string', description: 'The token of a service account', sensitive: true },
    },
    help: {
      synopsis: 'Log in with the token of a Kubernetes service account.',
      description:
        'The role must bind the service account, and the cluster must say that the token is good now.',
    },
    operations: {
      write: {
        summary: 'Log in',
        async handler({ fields, origin }) {
          const name = fields.role;
          if (!name) throw invalidRequest('missing role');
          const jwt = fields.jwt?.trim();
          if (!jwt) throw invalidRequest('missing jwt');
          const role = (await services.roles.find(name))?.value;
          if (!role) throw invalidRequest(`invalid role name ${JSON.stringify(name.slice(0, 256))}`);
          const config = await readConfig(services.records);
          if (!config) throw invalidRequest('could not load backend configuration');
          const account = await authenticated(services, config, role, jwt);
          return { auth: grantOf(role, account, origin.remoteAddress) };
        },
        examples: [
          { description: 'Log in', data: { role: 'inference-role', jwt: 'eyJhbGciOiJSUzI1NiJ9...' } },
        ],
      },
    },
  });
}

/** Cheap checks first: only tokens that the role would accept are sent to the cluster. Throws 'permission-denied'. */
async function authenticated(
  services: LoginServices,
  config: ConfigRecord,
  role: RoleRecord,
  jwt: string,
): Promise<ServiceAccount> {
  const refuse = (detail: string) => {
    services.logger.debug('login refused', { role: role.name, reason: detail });
    return new CofferError('permission-denied', undefined, { detail });
  };
  const claims = await claimsOf(config, jwt, refuse);
  const account = serviceAccountOf(claims);
  if (!account) throw refuse('the token is of no service account');
  if (!role.accounts.some((pattern) => matchesGlob(pattern, account.name)))
    throw new CofferError('permission-denied', 'service account name not authorized');
  const api = new ApiServer(config, services.folder);
  const isNamed = (role.namespaces ?? []).some((pattern) => matchesGlob(pattern, account.namespace));
  if (!isNamed && role.namespaceSelector === '')
    throw new CofferError('permission-denied', 'namespace not authorized');
  try {
    checkClaims(claims, config, role, services.clock.now());
    const problem = await api.review(jwt, account, role.audience);
    if (problem !== undefined) throw refuse(problem);
    // After the review: the name of the namespace is then not only the caller's word.
    const isSelected =
      isNamed || parseSelector(role.namespaceSelector)?.(await api.labelsOf(jwt, account.namespace));
    if (!isSelected) throw new CofferError('permission-denied', 'namespace not authorized');
  } catch (error) {
    if (error instanceof JwtProblem) throw new CofferError('permission-denied', error.message);
    if (!(error instanceof OutboundError)) throw error;
    services.logger.warn('the Kubernetes API did not answer as it should', { reason: error.message });
    throw new CofferError('permission-denied', undefined, { detail: error.message });
  }
  return account;
}

/** Verified by the configured keys; without any, the review does that. */
async function claimsOf(
  config: ConfigRecord,
  jwt: string,
  refuse: (detail: string) => CofferError,
): Promise<Claims> {
  if (jwt.length > longestJwt) throw refuse('the token is too long');
  const parts = jwt.split('.');
  if (parts.length !== 3) throw refuse('the token is no JWT');
  if (config.publicKeys.length > 0) {
    const keys = config.publicKeys.map(publicKeyOf).filter((key) => key !== undefined);
    try {
      return await verifiedClaims(jwt, keys, signatureAlgorithms);
    } catch (error) {
      throw error instanceof JwtProblem ? refuse('no configured key has signed the token') : error;
    }
  }
  const claims = objectOf(Buffer.from(parts[1] ?? '', 'base64url').toString('utf8'));
  if (!claims) throw refuse('the token has no claims');
  return claims;
}

/** Throws `JwtProblem`. */
function checkClaims(claims: Claims, config: ConfigRecord, role: RoleRecord, nowMs: number): void {
  const hasTimes = ['exp', 'nbf', 'iat'].some((name) => Object.hasOwn(claims, name));
  // A token that is kept in a Secret has none; it is good as long as the Secret is there, which the review knows.
  if (hasTimes) checkTimes(claims, defaultLeeways, nowMs);
  if (!config.isIssuerUnchecked && claims['iss'] !== (config.issuer || defaultIssuer))
    throw new JwtProblem('invalid issuer (iss) claim');
  if (role.audience !== '') checkAudience(claims, [role.audience]);
}

function grantOf(role: RoleRecord, account: ServiceAccount, remoteAddress: string): AuthGrant {
  const about = {
    service_account_name: account.name,
    service_account_namespace: account.namespace,
    service_account_secret_name: account.secretName,
    service_account_uid: account.uid,
  };
  const isByUid = role.aliasSource === 'serviceaccount_uid';
  return {
    ...grantedToken(role.token, remoteAddress),
    displayName: `${account.namespace}-${account.name}`,
    metadata: { ...about, role: role.name },
    alias: { name: isByUid ? account.uid : `${account.namespace}/${account.name}`, metadata: about },
    renewable: true,
    internal: { role: role.name, uid: role.uid },
  };
}
