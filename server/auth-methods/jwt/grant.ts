import { CofferError, invalidRequest } from '../../contracts/errors.ts';
import type { Logger } from '../../contracts/logger.ts';
import type { AuthGrant, JsonObject } from '../../contracts/request.ts';
import { grantedToken, renewedToken } from '../../contracts/token-fields.ts';
import type { NamedRecords } from '../named-records.ts';
import { OutboundError } from '../outbound-request.ts';
import { type Claims, JwtProblem } from '../signed-jwt.ts';
import { checkAgainstBound, groupsOf, mappedClaims, userOf } from './claims.ts';
import type { RoleRecord } from './role-record.ts';

/** What verified claims give in a role. Throws 'invalid-request' when they are not those that it binds. */
export function grantOf(role: RoleRecord, claims: Claims, remoteAddress: string, logger: Logger): AuthGrant {
  if (role.isVerbose)
    logger.debug('claims of a login', { role: role.name, names: Object.keys(claims).sort().join(' ') });
  if (role.boundSubject !== '' && claims['sub'] !== role.boundSubject)
    throw invalidRequest('error validating token: invalid subject (sub) claim');
  judged('error validating claims: ', () =>
    checkAgainstBound(claims, role.boundClaims ?? {}, role.boundClaimsType === 'glob'),
  );
  const { user, groups, mapped } = judged('', () => ({
    user: userOf(claims, role.userClaim, role.isUserClaimPointer),
    groups: role.groupsClaim === '' ? undefined : groupsOf(claims, role.groupsClaim),
    mapped: mappedClaims(claims, role.claimMappings ?? {}),
  }));
  const metadata = { ...mapped, role: role.name };
  return {
    ...grantedToken(role.token, remoteAddress),
    displayName: user,
    metadata,
    alias: { name: user, metadata },
    ...(groups ? { groupAliases: groups } : {}),
    renewable: true,
    internal: { role: role.name, uid: role.uid },
  };
}

/** Refuses when the role is gone; one made since under its name is another. */
export async function renewLogin(
  roles: NamedRecords<RoleRecord>,
  login: { readonly internal: JsonObject; readonly grant: AuthGrant },
): Promise<AuthGrant> {
  const { role: name, uid } = login.internal;
  const role = typeof name === 'string' ? (await roles.find(name))?.value : undefined;
  if (!role || role.uid !== uid)
    throw invalidRequest('the role of this token no longer exists, so it cannot be renewed');
  return renewedToken(role.token, login.grant);
}

/** A problem with a token as the caller is told it. */
export function judged<T>(prefix: string, judge: () => T): T {
  try {
    return judge();
  } catch (error) {
    if (error instanceof JwtProblem) throw invalidRequest(prefix + error.message);
    throw error;
  }
}

/** The same, of what takes time or asks the issuer: one that does not answer is no fault of the caller. */
export async function judgedLater<T>(prefix: string, judge: () => Promise<T>): Promise<T> {
  try {
    return await judge();
  } catch (error) {
    if (error instanceof JwtProblem) throw invalidRequest(prefix + error.message);
    if (error instanceof OutboundError)
      throw new CofferError('unavailable', `the issuer did not answer as it should: ${error.message}`);
    throw error;
  }
}
