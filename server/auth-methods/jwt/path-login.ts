import type { Clock } from '../../contracts/clock.ts';
import { invalidRequest } from '../../contracts/errors.ts';
import type { Logger } from '../../contracts/logger.ts';
import { definePath, type PathDeclaration } from '../../contracts/paths.ts';
import type { NamedRecords } from '../named-records.ts';
import { type Claims, checkAudience, checkTimes, JwtProblem } from '../signed-jwt.ts';
import type { ConfigStore, LiveConfig } from './config-store.ts';
import { grantOf, judged, judgedLater } from './grant.ts';
import type { RoleRecord } from './role-record.ts';

export interface LoginServices {
  readonly configs: ConfigStore;
  readonly roles: NamedRecords<RoleRecord>;
  readonly clock: Clock;
  readonly logger: Logger;
}

export const defaultAlgorithms: readonly string[] = ['RS256', 'ES256'];

export function loginPath(services: LoginServices): PathDeclaration {
  const { configs, clock, logger } = services;
  return definePath({
    pattern: 'login',
    access: 'anyone',
    fields: {
      role: { type: 'lower-string', description: 'Role to log in with; the default role unless given' },
      jwt: { type: 'string', description: 'A signed JWT of the issuer', sensitive: true },
    },
    help: {
      synopsis: 'Log in with a JWT.',
      description:
        'Signature, issuer, times, audience, subject and claims have to be as the configuration and the role say.',
    },
    operations: {
      write: {
        summary: 'Log in',
        async handler({ fields, origin }) {
          const live = await configs.find();
          if (!live) throw invalidRequest('could not load configuration');
          const role = await roleFor(services, live, fields.role);
          if (role.type === 'oidc') throw invalidRequest('role with oidc role_type is not allowed');
          const jwt = fields.jwt?.trim();
          if (!jwt) throw invalidRequest('missing token');
          const claims = await judgedLater('error validating token: ', async () => {
            const { config, keys } = live;
            const algorithms = config.algorithms.length > 0 ? config.algorithms : defaultAlgorithms;
            const found = await keys.verify(jwt, algorithms);
            checkIssuer(found, config.boundIssuer || ((await keys.facts())?.issuer ?? ''));
            checkTimes(found, leewaysOf(role), clock.now());
            return found;
          });
          checkBoundAudience(claims, role);
          return { auth: grantOf(role, claims, origin.remoteAddress, logger) };
        },
        examples: [{ description: 'Log in', data: { role: 'deploy', jwt: 'eyJhbGciOiJSUzI1NiJ9...' } }],
      },
    },
  });
}

/** Throws 'invalid-request'. */
export async function roleFor(
  { roles }: LoginServices,
  { config }: LiveConfig,
  given: string | undefined,
): Promise<RoleRecord> {
  const name = given || config.defaultRole;
  if (!name) throw invalidRequest('missing role');
  const role = (await roles.find(name))?.value;
  if (!role) throw invalidRequest(`role ${JSON.stringify(name.slice(0, 256))} could not be found`);
  return role;
}

export function leewaysOf(role: RoleRecord) {
  return {
    expirationSeconds: role.expirationLeewaySeconds,
    notBeforeSeconds: role.notBeforeLeewaySeconds,
    clockSkewSeconds: role.clockSkewSeconds,
  };
}

function checkIssuer(claims: Claims, issuer: string): void {
  if (issuer !== '' && claims['iss'] !== issuer) throw new JwtProblem('invalid issuer (iss) claim');
}

/** A token meant for somebody is accepted only by a role that says it is meant for us. */
function checkBoundAudience(claims: Claims, role: RoleRecord): void {
  const bound = role.boundAudiences ?? [];
  if (bound.length > 0) judged('error validating token: ', () => checkAudience(claims, bound));
  else if (Object.hasOwn(claims, 'aud'))
    throw invalidRequest('audience claim found in JWT but no audiences bound to the role');
}
