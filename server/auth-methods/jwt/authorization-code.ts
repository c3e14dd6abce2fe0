import { hash } from 'node:crypto';
import { fetchObject, OutboundError, objectOf, sendOutbound } from '../outbound-request.ts';
import { type Claims, checkAudience, checkTimes, JwtProblem } from '../signed-jwt.ts';
import type { LiveConfig } from './config-store.ts';
import type { ProviderFacts } from './key-source.ts';
import type { LoginState } from './login-state.ts';
import type { RoleRecord } from './role-record.ts';

/** Where to send the browser (OpenID Connect Core section 3.1.2.1, with PKCE by S256). */
export function authorizationUrl(
  facts: ProviderFacts,
  clientId: string,
  role: RoleRecord,
  begun: LoginState & { readonly state: string },
): string {
  const url = new URL(facts.authorizationUrl);
  const scopes = ['openid', ...(role.scopes ?? []).filter((scope) => scope !== 'openid')];
  const parameters = {
    response_type: 'code',
    client_id: clientId,
    redirect_uri: begun.redirectUri,
    scope: scopes.join(' '),
    state: begun.state,
    nonce: begun.nonce,
    code_challenge: hash('sha256', begun.verifier, 'base64url'),
    code_challenge_method: 'S256',
    ...(role.maxAgeSeconds > 0 ? { max_age: String(role.maxAgeSeconds) } : {}),
  };
  for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value);
  return url.href;
}

/**
 * Gives the code to the provider and checks the ID token it answers with (OpenID Connect Core section 3.1.3.7); claims of
 * userinfo are added where the ID token has none. Throws `JwtProblem` or `OutboundError`, without anything secret.
 */
export async function claimsForCode(
  live: LiveConfig,
  facts: ProviderFacts,
  role: RoleRecord,
  login: { readonly code: string; readonly begun: LoginState; readonly nowMs: number },
): Promise<Claims> {
  const tokens = await exchange(live, facts, login.code, login.begun);
  const idToken = tokens['id_token'];
  if (typeof idToken !== 'string') throw new JwtProblem('the provider gave no id_token');
  const { algorithms } = live.config;
  const offered = facts.algorithms.filter((name) => name !== 'none');
  const claims = await live.keys.verify(
    idToken,
    algorithms.length > 0 ? algorithms : offered.length > 0 ? offered : ['RS256'],
  );
  checkIdToken(claims, live, facts, role, login);
  const accessToken = tokens['access_token'];
  if (typeof accessToken !== 'string' || facts.userinfoUrl === '') return claims;
  const more = await fetchObject({
    url: facts.userinfoUrl,
    ca: live.config.discovery.caPem,
    serverNames: live.config.serverNames,
    headers: { authorization: `Bearer ${accessToken}` },
  });
  // Core section 5.3.2: what is about somebody else is not used.
  if (more['sub'] !== claims['sub'])
    throw new JwtProblem('userinfo is about another subject than the ID token');
  return { ...more, ...claims };
}

function checkIdToken(
  claims: Claims,
  { config }: LiveConfig,
  facts: ProviderFacts,
  role: RoleRecord,
  { begun, nowMs }: { readonly begun: LoginState; readonly nowMs: number },
): void {
  if (claims['iss'] !== facts.issuer) throw new JwtProblem('invalid issuer (iss) claim');
  checkAudience(claims, [config.clientId]);
  if (role.boundAudiences && role.boundAudiences.length > 0) checkAudience(claims, role.boundAudiences);
  if (claims['azp'] !== undefined && claims['azp'] !== config.clientId)
    throw new JwtProblem('invalid authorized party (azp) claim');
  if (typeof claims['exp'] !== 'number') throw new JwtProblem('the ID token has no exp claim');
  checkTimes(
    claims,
    {
      expirationSeconds: role.expirationLeewaySeconds,
      notBeforeSeconds: role.notBeforeLeewaySeconds,
      clockSkewSeconds: role.clockSkewSeconds,
    },
    nowMs,
  );
  if (claims['nonce'] !== begun.nonce) throw new JwtProblem('invalid nonce claim');
  if (role.maxAgeSeconds === 0) return;
  const signedIn = claims['auth_time'];
  if (typeof signedIn !== 'number' || nowMs / 1000 > signedIn + role.maxAgeSeconds + 60)
    throw new JwtProblem('the sign-in at the provider is older than max_age');
}

async function exchange(
  { config }: LiveConfig,
  facts: ProviderFacts,
  code: string,
  begun: LoginState,
): Promise<Readonly<Record<string, unknown>>> {
  const body = new URLSearchParams({
    grant_type: 'authorization_code',
    code,
    redirect_uri: begun.redirectUri,
    code_verifier: begun.verifier,
    ...(facts.isSecretInBody ? { client_id: config.clientId, client_secret: config.clientSecret } : {}),
  });
  // RFC 6749 section 2.3.1: both are form-encoded first.
  const basic = [config.clientId, config.clientSecret]
    .map((text) => new URLSearchParams([['', text]]).toString().slice(1))
    .join(':');
  const answer = await sendOutbound({
    url: facts.tokenUrl,
    method: 'POST',
    ca: config.discovery.caPem,
    serverNames: config.serverNames,
    headers: {
      'content-type': 'application/x-www-form-urlencoded',
      ...(facts.isSecretInBody ? {} : { authorization: `Basic ${Buffer.from(basic).toString('base64')}` }),
    },
    body: body.toString(),
  });
  const found = objectOf(answer.text);
  if (answer.status === 200 && found) return found;
  const reason = found?.['error'];
  // One of the codes of RFC 6749 section 5.2, and no other text of the provider.
  if (typeof reason === 'string' && /^[a-z_]{1,40}$/.test(reason))
    throw new JwtProblem(`the provider did not accept the code: ${reason}`);
  throw new OutboundError(`the token endpoint answered with status ${answer.status}`);
}
