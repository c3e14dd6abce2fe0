import { randomUUID } from 'node:crypto';
import {
  type Call,
  definePath,
  type FieldDeclarations,
  type FieldValues,
  type PathDeclaration,
} from '../../../contracts/paths.ts';
import type { JsonObject, Reply } from '../../../contracts/request.ts';
import { equalText } from '../../../crypto/constant-time.ts';
import { hashClaim } from './algorithms.ts';
import { isAssigned } from './assignment-paths.ts';
import { readBasic } from './basic-credentials.ts';
import type { Codes } from './codes.ts';
import { allows } from './identity-token-paths.ts';
import { plainReply, TokenError, tokenErrorReply, tokenHeaders } from './oauth-reply.ts';
import type { ClientRecord, CodeRecord, KeyRecord, ProviderRecord } from './oidc-records.ts';
import { type OidcServices, providerIssuer } from './oidc-services.ts';
import { checkVerifier } from './proof-key.ts';
import { openidScope, scopeClaims, scopesOf } from './scope-paths.ts';

const text = (description: string) => ({ type: 'string', description, default: '' }) as const;
const fields = {
  name: { type: 'string', description: 'Name of the provider', required: true },
  grant_type: text('authorization_code or client_credentials'),
  code: { ...text('The code'), sensitive: true },
  redirect_uri: text('The one that the code was asked with'),
  code_verifier: { ...text('PKCE verifier (RFC 7636)'), sensitive: true },
  scope: text('Scopes, for client_credentials'),
  client_id: text('Of the client, unless it is in the Authorization header'),
  client_secret: {
    ...text('Of a confidential client, unless it is in the Authorization header'),
    sensitive: true,
  },
} as const satisfies FieldDeclarations;

type Fields = FieldValues<typeof fields>;

interface Exchange {
  readonly call: Call<Fields>;
  readonly client: ClientRecord;
  readonly provider: ProviderRecord;
  readonly key: KeyRecord;
  readonly issuer: string;
}

/** `identity/oidc/provider/:name/token`: the token endpoint, for clients, who have no token of ours. */
export function exchangePath(services: OidcServices, codes: Codes): PathDeclaration {
  return definePath({
    pattern: 'oidc/provider/{name}/token',
    fields,
    access: 'anyone',
    shape: 'bare',
    help: {
      synopsis: 'Exchange a code for tokens.',
      description:
        'A confidential client authenticates with its secret, in the Authorization header or the body; a public one proves with PKCE that the code is its own.',
    },
    operations: {
      write: {
        summary: 'Exchange a code, or a client’s own credentials',
        async handler(call) {
          try {
            return await exchange(services, codes, call);
          } catch (error) {
            if (error instanceof TokenError) return tokenErrorReply(error);
            throw error;
          }
        },
      },
    },
  });
}

async function exchange(services: OidcServices, codes: Codes, call: Call<Fields>): Promise<Reply> {
  const { store } = services;
  const { fields, namespace } = call;
  const provider = await store.read(namespace, 'provider', fields.name);
  if (!provider) throw new TokenError('invalid_request', 'provider not found');
  const client = await authenticate(services, call);
  if (!allows(provider, client.clientId))
    throw new TokenError('invalid_client', 'client is not authorized to use the provider');
  const key = await store.read(namespace, 'key', client.key);
  if (!key || !allows(key, client.clientId))
    throw new TokenError('invalid_client', 'client is not authorized to use the key');
  const issuer = providerIssuer(services, namespace, fields.name, provider.issuer);
  const parts = { call, client, provider, key, issuer };
  switch (fields.grant_type) {
    case 'authorization_code':
      if (!client.authorizationCode) throw wrongFlow();
      return exchangeCode(services, codes, parts);
    case 'client_credentials':
      if (!client.clientCredentials) throw wrongFlow();
      return ownToken(services, parts);
    default:
      throw new TokenError('unsupported_grant_type', 'unsupported grant_type or parameter is empty value');
  }
}

/** RFC 6749 section 2.3: by one method, not by two that differ. */
async function authenticate({ store }: OidcServices, call: Call<Fields>): Promise<ClientRecord> {
  const { fields, namespace, origin } = call;
  const basic = readBasic(origin.authorization);
  const clientId = basic?.id ?? fields.client_id;
  if (clientId === '') throw new TokenError('invalid_request', 'client_id parameter is required');
  if (basic && fields.client_id !== '' && fields.client_id !== basic.id)
    throw new TokenError('invalid_request', 'client_id is given twice');
  const client = await store.clientById(namespace, clientId);
  const secret = basic?.secret ?? fields.client_secret;
  if (!client) throw new TokenError('invalid_client', 'client failed to authenticate');
  if (client.clientType === 'public') return client;
  if (client.clientSecret === undefined || !equalText(client.clientSecret, secret))
    throw new TokenError('invalid_client', 'client failed to authenticate');
  return client;
}

async function exchangeCode(services: OidcServices, codes: Codes, parts: Exchange): Promise<Reply> {
  const { call, client, key, issuer } = parts;
  const { namespace, fields } = call;
  const grant = await takeGrant(codes, parts);
  const view = await services.entity(grant.entityNamespaceId, grant.entityId);
  checkVerifier(grant.challenge, fields.code_verifier, client.clientType === 'public');
  if (view.entityId === '')
    throw new TokenError('invalid_request', 'identity entity associated with the request not found');
  if (!(await isAssigned(services.store, namespace, view, client.assignments)))
    throw new TokenError('invalid_request', 'identity entity not authorized by client assignment');
  const claims = await scopeClaims(services.store, namespace, grant.scopes, view.identity);
  if (typeof claims === 'string') throw new TokenError('invalid_request', claims);
  const { accessTokenTtlSeconds, idTokenTtlSeconds, clientId } = client;
  const home = await services.namespaceById(namespace.id);
  if (!home) throw new TokenError('invalid_request', 'provider not found');
  const accessToken = await services.accessTokens.issue(home, {
    provider: fields.name,
    clientId,
    scopes: grant.scopes,
    entityId: view.entityId,
    entityNamespaceId: view.namespace.id,
    ttlSeconds: accessTokenTtlSeconds,
  });
  const nowSeconds = secondsNow(services);
  const idToken = await services.keys.sign(namespace, client.key, ({ algorithm }) => ({
    ...claims,
    at_hash: hashClaim(algorithm, accessToken),
    aud: clientId,
    c_hash: hashClaim(algorithm, fields.code),
    exp: nowSeconds + Math.min(idTokenTtlSeconds, key.verificationTtlSeconds),
    iat: nowSeconds,
    iss: issuer,
    namespace: namespace.id,
    sub: view.entityId,
    ...(grant.nonce === '' ? {} : { nonce: grant.nonce }),
    ...(grant.authTimeSeconds === undefined ? {} : { auth_time: grant.authTimeSeconds }),
  }));
  return granted({
    access_token: accessToken,
    expires_in: accessTokenTtlSeconds,
    id_token: requireSigned(idToken),
    token_type: 'Bearer',
  });
}

/** Whatever is wrong with the rest of the request, the code is used up by it. */
async function takeGrant(codes: Codes, { call, client }: Exchange): Promise<CodeRecord> {
  const { fields, namespace } = call;
  if (fields.code === '') throw new TokenError('invalid_request', 'code parameter is required');
  const grant = await codes.take(namespace, fields.code);
  if (!grant) throw new TokenError('invalid_grant', 'authorization grant is invalid or expired');
  if (grant.clientId !== client.clientId)
    throw new TokenError('invalid_grant', 'authorization code was not issued to the client');
  if (grant.provider !== fields.name)
    throw new TokenError('invalid_grant', 'authorization code was not issued by the provider');
  if (fields.redirect_uri === '')
    throw new TokenError('invalid_request', 'redirect_uri parameter is required');
  if (grant.redirectUri !== fields.redirect_uri)
    throw new TokenError(
      'invalid_grant',
      'redirect_uri does not match the redirect_uri used in the authorization request',
    );
  return grant;
}

/** RFC 6749 section 4.4: a JWT about the client itself, so no scope can say anything of a user. */
async function ownToken(services: OidcServices, parts: Exchange): Promise<Reply> {
  const { call, client, provider, key, issuer } = parts;
  const { namespace, fields } = call;
  const scopes = scopesOf(fields.scope, provider.scopesSupported);
  if (!scopes)
    throw new TokenError('invalid_request', `scope parameter must contain the "${openidScope}" value`);
  const nobody = { entity: undefined, groups: [] };
  const claims = await scopeClaims(services.store, namespace, scopes, nobody);
  if (typeof claims === 'string') throw new TokenError('invalid_request', claims);
  const nowSeconds = secondsNow(services);
  const ttl = Math.min(client.accessTokenTtlSeconds, key.verificationTtlSeconds);
  const token = await services.keys.sign(namespace, client.key, () => ({
    ...claims,
    aud: client.clientId,
    exp: nowSeconds + ttl,
    iat: nowSeconds,
    iss: issuer,
    jti: randomUUID(),
    namespace: namespace.id,
    sub: client.clientId,
  }));
  return granted({ access_token: requireSigned(token), expires_in: ttl, token_type: 'Bearer' });
}

function granted(body: JsonObject): Reply {
  return plainReply(body, 200, tokenHeaders);
}

function requireSigned(token: string | undefined): string {
  if (token === undefined) throw new TokenError('invalid_client', 'client is not authorized to use the key');
  return token;
}

function secondsNow({ store }: OidcServices): number {
  return Math.floor(store.clock.now() / 1000);
}

function wrongFlow(): TokenError {
  return new TokenError('invalid_grant', 'client is not authorized to use given credentials flow');
}
