import { invalidRequest } from '../../../contracts/errors.ts';
import { definePath, type PathDeclaration } from '../../../contracts/paths.ts';
import type { Reply } from '../../../contracts/request.ts';
import { renderClaims } from './claim-template.ts';
import { plainReply } from './oauth-reply.ts';
import type { KeyRecord } from './oidc-records.ts';
import { identityIssuer, type OidcServices } from './oidc-services.ts';
import type { Where } from './oidc-store.ts';
import { publishedForRoles } from './published-keys.ts';

/** `identity/oidc/token/:role` and `identity/oidc/introspect`. */
export function identityTokenPaths(services: OidcServices): PathDeclaration[] {
  return [
    definePath({
      pattern: 'oidc/token/{name}',
      fields: { name: { type: 'string', description: 'Name of the role', required: true } },
      help: {
        synopsis: 'An identity token.',
        description: 'A JWT about the entity of the token that asks, signed by the key of the role.',
      },
      operations: {
        read: {
          summary: 'Make an identity token',
          handler: ({ fields, namespace, caller }) => issue(services, namespace, fields.name, caller),
        },
      },
    }),
    definePath({
      pattern: 'oidc/introspect',
      fields: {
        token: { type: 'string', description: 'The identity token', default: '', sensitive: true },
        client_id: { type: 'string', description: 'For whom it has to be, when given', default: '' },
      },
      help: {
        synopsis: 'Whether an identity token is valid.',
        description:
          'Signature, issuer, time and audience, and whether the entity is still there and not disabled.',
      },
      shape: 'bare',
      operations: {
        write: {
          summary: 'Verify an identity token',
          async handler({ fields, namespace }) {
            const error = await whyInactive(services, namespace, fields.token, fields.client_id);
            return plainReply(error === undefined ? { active: true } : { active: false, error });
          },
        },
      },
    }),
  ];
}

async function issue(
  services: OidcServices,
  namespace: Where,
  name: string,
  caller: Parameters<OidcServices['signedIn']>[0],
): Promise<Reply> {
  const { store, keys } = services;
  const role = await store.read(namespace, 'role', name);
  if (!role) throw invalidRequest(`role ${JSON.stringify(name)} not found`);
  const key = await store.read(namespace, 'key', role.key);
  if (!key) throw invalidRequest(`key ${JSON.stringify(role.key)} not found`);
  if (!allows(key, role.clientId))
    throw invalidRequest(
      `the key ${JSON.stringify(role.key)} does not list the client ID of the role ${JSON.stringify(name)} as an allowed client ID`,
    );
  const signedIn = await services.signedIn(caller);
  if (!signedIn?.view.isUsable) throw invalidRequest("no entity associated with the request's token");
  const { view } = signedIn;
  const issuer = await identityIssuer(services, namespace);
  const nowMs = store.clock.now();
  const nowSeconds = Math.floor(nowMs / 1000);
  const ttl = Math.min(role.ttlSeconds, key.verificationTtlSeconds);
  const token = await keys.sign(namespace, role.key, () => ({
    ...renderClaims(role.template, view.identity, nowMs),
    aud: role.clientId,
    exp: nowSeconds + ttl,
    iat: nowSeconds,
    iss: issuer,
    namespace: namespace.id,
    sub: view.entityId,
  }));
  if (token === undefined) throw invalidRequest(`key ${JSON.stringify(role.key)} not found`);
  return { data: { client_id: role.clientId, token, ttl } };
}

/** Whether `clientId` may have things signed with it. */
export function allows({ allowedClientIds }: Pick<KeyRecord, 'allowedClientIds'>, clientId: string): boolean {
  return allowedClientIds.includes('*') || allowedClientIds.includes(clientId);
}

async function whyInactive(
  services: OidcServices,
  namespace: Where,
  token: string,
  clientId: string,
): Promise<string | undefined> {
  const { createLocalJWKSet, errors, jwtVerify } = await import('jose');
  if (token.split('.').length !== 3)
    return 'error parsing token: a compact JWS has three parts separated by dots';
  const { jwks } = await publishedForRoles(services, namespace);
  let subject: unknown;
  try {
    const { payload } = await jwtVerify(token, createLocalJWKSet({ keys: [...jwks] }), {
      issuer: await identityIssuer(services, namespace),
      currentDate: new Date(services.store.clock.now()),
      requiredClaims: ['exp', 'sub'],
      ...(clientId === '' ? {} : { audience: clientId }),
    });
    subject = payload.sub;
  } catch (error) {
    if (error instanceof errors.JWTClaimValidationFailed || error instanceof errors.JWTExpired)
      return `error validating claims: ${error.message}`;
    if (error instanceof errors.JWSInvalid || error instanceof errors.JWTInvalid)
      return `error parsing token: ${error.message}`;
    if (error instanceof errors.JOSEError) return 'unable to validate the token signature';
    throw error;
  }
  const view = await services.entityAbove(namespace, String(subject));
  if (view.entityId === '') return 'entity was not found';
  return view.isUsable ? undefined : 'entity is disabled';
}
