import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { createRemoteJWKSet, jwtVerify } from 'jose';
import * as openid from 'openid-client';
import { openOidcWorld, type User } from './oidc-world.ts';

let world: Awaited<ReturnType<typeof openOidcWorld>>;
let ada: User;
let eve: User;
const redirectUri = 'https://app.example.com/cb';

before(async () => {
  world = await openOidcWorld();
  [ada, eve] = [await world.user('ada'), await world.user('eve')];
  await world.write(`identity/entity/id/${ada.entityId}`, { name: 'ada', metadata: { team: 'blue' } });
  await world.write('identity/group', { name: 'eng', member_entity_ids: [ada.entityId] });
  await world.write('identity/oidc/scope/profile', { template: '{"username":{{identity.entity.name}}}' });
  await world.write('identity/oidc/scope/groups', {
    template: '{"groups":{{identity.entity.groups.names}}}',
  });
  await world.write('identity/oidc/assignment/ada', { entity_ids: ada.entityId });
  await world.write('identity/oidc/provider/p', {
    allowed_client_ids: '*',
    scopes_supported: 'profile,groups',
  });
});
after(() => world.server.stop());

beforeEach(async () => {
  const client = { redirect_uris: redirectUri, assignments: 'ada', id_token_ttl: '30m' };
  await world.write('identity/oidc/client/app', { ...client, access_token_ttl: '1h' });
  await world.write('identity/oidc/client/spa', { ...client, client_type: 'public' });
});

async function credentials(name: string): Promise<{ id: string; secret: string }> {
  const client = await world.read(`identity/oidc/client/${name}`);
  return { id: String(client['client_id']), secret: String(client['client_secret']) };
}

async function discover(
  { id, secret }: { id: string; secret: string },
  authentication: openid.ClientAuth = openid.ClientSecretBasic(secret),
): Promise<openid.Configuration> {
  const issuer = new URL(`${world.server.address}/v1/identity/oidc/provider/p`);
  return openid.discovery(issuer, id, undefined, authentication, { execute: [openid.allowInsecureRequests] });
}

/** What the console does: it has the user's token, and sends the browser back with what it is told. */
async function authorize(parameters: Readonly<Record<string, string>>, user = ada, provider = 'p') {
  const query = new URLSearchParams(parameters).toString();
  return world.server.call('GET', `identity/oidc/provider/${provider}/authorize?${query}`, {
    token: user.token,
  });
}

async function signIn(configuration: openid.Configuration, more: Readonly<Record<string, string>> = {}) {
  const verifier = openid.randomPKCECodeVerifier();
  const [state, nonce] = [openid.randomState(), openid.randomNonce()];
  const url = openid.buildAuthorizationUrl(configuration, {
    redirect_uri: redirectUri,
    scope: 'openid profile groups',
    code_challenge: await openid.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
    state,
    nonce,
    ...more,
  });
  const answer = await authorize(Object.fromEntries(url.searchParams));
  assert.equal(answer.status, 200, answer.text);
  assert.equal(answer.body['state'], state);
  const callback = new URL(
    `${redirectUri}?${new URLSearchParams({ code: String(answer.body['code']), state })}`,
  );
  const checks = { pkceCodeVerifier: verifier, expectedState: state, expectedNonce: nonce };
  return { callback, checks };
}

for (const method of ['client_secret_basic', 'client_secret_post', 'none'] as const) {
  test(`openid-client signs a user in with ${method}, PKCE, ID token and userinfo`, async () => {
    const client = await credentials(method === 'none' ? 'spa' : 'app');
    const authentication = {
      client_secret_basic: openid.ClientSecretBasic(client.secret),
      client_secret_post: openid.ClientSecretPost(client.secret),
      none: openid.None(),
    }[method];
    const configuration = await discover(client, authentication);
    openid.enableNonRepudiationChecks(configuration);
    assert.ok(configuration.serverMetadata().supportsPKCE());
    const { callback, checks } = await signIn(configuration, { max_age: '3600' });
    const tokens = await openid.authorizationCodeGrant(configuration, callback, { ...checks, maxAge: 3600 });
    const claims = tokens.claims();
    assert.equal(claims?.sub, ada.entityId);
    assert.deepEqual([claims['username'], claims['groups']], ['ada', ['eng']]);
    assert.equal(Number(claims.exp) - Number(claims.iat), 1800);
    const info = await openid.fetchUserInfo(configuration, tokens.access_token, ada.entityId);
    assert.deepEqual({ ...info }, { sub: ada.entityId, username: 'ada', groups: ['eng'] });
    const keys = createRemoteJWKSet(new URL(String(configuration.serverMetadata().jwks_uri)));
    await jwtVerify(String(tokens.id_token), keys, { audience: client.id });
  });
}

test('a code is good once, also of many that present it at the same moment', async () => {
  const configuration = await discover(await credentials('app'));
  const { callback, checks } = await signIn(configuration);
  const outcomes = await Promise.allSettled(
    Array.from({ length: 8 }, () => openid.authorizationCodeGrant(configuration, callback, checks)),
  );
  assert.equal(outcomes.filter(({ status }) => status === 'fulfilled').length, 1);
  await assert.rejects(openid.authorizationCodeGrant(configuration, callback, checks), {
    error: 'invalid_grant',
  });
});

test('a wrong verifier is refused and uses the code up', async () => {
  const configuration = await discover(await credentials('spa'), openid.None());
  const { callback, checks } = await signIn(configuration);
  const wrong = { ...checks, pkceCodeVerifier: openid.randomPKCECodeVerifier() };
  await assert.rejects(openid.authorizationCodeGrant(configuration, callback, wrong), {
    error: 'invalid_grant',
  });
  await assert.rejects(openid.authorizationCodeGrant(configuration, callback, checks), {
    error: 'invalid_grant',
  });
});

test('the code of one client is worth nothing to another, and neither is a wrong secret', async () => {
  await world.write('identity/oidc/client/thief', { redirect_uris: redirectUri, assignments: 'allow_all' });
  const configuration = await discover(await credentials('app'));
  const { callback, checks } = await signIn(configuration);
  const thief = await discover(await credentials('thief'));
  await assert.rejects(openid.authorizationCodeGrant(thief, callback, checks), { error: 'invalid_grant' });
  const { id } = await credentials('app');
  const liar = await discover({ id, secret: 'wrong' });
  await assert.rejects(openid.authorizationCodeGrant(liar, callback, checks), {
    status: 401,
    message: /challenge|unexpected|WWW-Authenticate/i,
  });
});

test('redirect URIs that are not the registered one are refused before anything else is said', async () => {
  const { id } = await credentials('app');
  for (const redirect of [
    `${redirectUri}/`,
    'https://app.example.com@evil.example/cb',
    'javascript:alert(1)',
  ]) {
    const answer = await authorize({
      client_id: id,
      redirect_uri: redirect,
      scope: 'openid',
      response_type: 'code',
    });
    assert.equal(answer.body['error'], 'invalid_redirect_uri', redirect);
  }
});

test('who is not assigned, disabled or too long signed in gets no code', async () => {
  const { id } = await credentials('app');
  const asked = { client_id: id, redirect_uri: redirectUri, scope: 'openid', response_type: 'code' };
  assert.equal((await authorize(asked, eve)).body['error'], 'access_denied');
  const mallory = await world.user('mallory');
  await world.write('identity/oidc/client/app', { assignments: 'allow_all' });
  assert.equal((await authorize(asked, mallory)).status, 200);
  await world.write(`identity/entity/id/${mallory.entityId}`, { disabled: true });
  assert.equal((await authorize(asked, mallory)).status, 403);
  assert.equal((await authorize({ ...asked, max_age: '0' })).body['error'], 'invalid_request');
  await new Promise((resolve) => setTimeout(resolve, 1100));
  assert.equal((await authorize({ ...asked, max_age: '1' })).body['error'], 'max_age_violation');
});

test('a code of a user who was disabled meanwhile is worth nothing', async () => {
  const user = await world.user('brief');
  await world.write('identity/oidc/client/app', { assignments: 'allow_all' });
  const { id, secret } = await credentials('app');
  const asked = { client_id: id, redirect_uri: redirectUri, scope: 'openid', response_type: 'code' };
  const code = String((await authorize(asked, user)).body['code']);
  await world.write(`identity/entity/id/${user.entityId}`, { disabled: true });
  const answer = await world.server.call('POST', 'identity/oidc/provider/p/token', {
    token: null,
    headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams({
      grant_type: 'authorization_code',
      code,
      redirect_uri: redirectUri,
      client_id: id,
      client_secret: secret,
    }).toString(),
  });
  assert.equal(answer.body['error_description'], 'identity entity not authorized by client assignment');
});

test('an access token opens userinfo of its provider and nothing else, and ends with the user', async () => {
  const user = await world.user('temp');
  await world.write('identity/oidc/client/app', { assignments: 'allow_all' });
  const configuration = await discover(await credentials('app'));
  const verifier = openid.randomPKCECodeVerifier();
  const { id } = await credentials('app');
  const challenge = { code_challenge: verifier, code_challenge_method: 'plain' };
  const asked = {
    client_id: id,
    redirect_uri: redirectUri,
    scope: 'openid',
    response_type: 'code',
    ...challenge,
  };
  const code = String((await authorize(asked, user)).body['code']);
  const callback = new URL(`${redirectUri}?code=${code}`);
  const tokens = await openid.authorizationCodeGrant(configuration, callback, { pkceCodeVerifier: verifier });
  const token = tokens.access_token;
  const call = (path: string, headers = {}) => world.server.call('GET', path, { token, headers });
  assert.equal((await call('auth/token/lookup-self')).status, 403);
  assert.equal((await call('identity/oidc/token/any')).status, 403);
  const info = 'identity/oidc/provider/p/userinfo';
  assert.match(String((await call(info)).headers['www-authenticate']), /must be sent as a Bearer token/);
  const bearer = { token: null, headers: { Authorization: `Bearer ${token}` } };
  const other = await world.server.call('GET', 'identity/oidc/provider/default/userinfo', bearer);
  assert.equal(other.status, 401);
  assert.equal((await world.server.call('GET', info, bearer)).status, 200);
  const login = { token: null, headers: { Authorization: `Bearer ${world.server.rootToken}` } };
  assert.equal((await world.server.call('GET', info, login)).body['error'], 'invalid_token');
  await world.write(`identity/entity/id/${user.entityId}`, { disabled: true });
  assert.equal((await world.server.call('GET', info, bearer)).status, 401);
});

test('a client of another namespace does not exist here', async () => {
  await world.write('sys/namespaces/beside', {});
  const there = { namespace: 'beside' };
  await world.write(
    'identity/oidc/client/far',
    { redirect_uris: redirectUri, assignments: 'allow_all' },
    there,
  );
  const id = String((await world.read('identity/oidc/client/far', there))['client_id']);
  const asked = { client_id: id, redirect_uri: redirectUri, scope: 'openid', response_type: 'code' };
  assert.equal((await authorize(asked)).body['error'], 'invalid_client_id');
  const { id: own } = await credentials('app');
  const inside = await world.server.call(
    'GET',
    `beside/identity/oidc/provider/default/authorize?${new URLSearchParams({ ...asked, client_id: own })}`,
  );
  assert.equal(inside.body['error'], 'invalid_client_id');
});

test('what clients and providers need is not deleted', async () => {
  assert.match((await world.server.call('DELETE', 'identity/oidc/scope/groups')).text, /these providers: p/);
  assert.match(
    (await world.server.call('DELETE', 'identity/oidc/assignment/ada')).text,
    /these clients: app, spa/,
  );
});

test('a confidential client may ask for a token of its own when it is set so, a public one never', async () => {
  await world.write('identity/oidc/client/machine', { client_credentials: true });
  const machine = await credentials('machine');
  const configuration = await discover(machine);
  const tokens = await openid.clientCredentialsGrant(configuration, { scope: 'openid profile' });
  const keys = createRemoteJWKSet(new URL(String(configuration.serverMetadata().jwks_uri)));
  const { payload } = await jwtVerify(tokens.access_token, keys, { audience: machine.id });
  assert.equal(payload.sub, machine.id);
  const app = await discover(await credentials('app'));
  await assert.rejects(openid.clientCredentialsGrant(app, { scope: 'openid' }), { error: 'invalid_grant' });
  const body = { client_type: 'public', client_credentials: true };
  assert.equal((await world.server.call('POST', 'identity/oidc/client/x', { body })).status, 400);
});

test('no secret, code, token or private key reaches the log', async () => {
  const configuration = await discover(await credentials('app'));
  const { callback, checks } = await signIn(configuration);
  const tokens = await openid.authorizationCodeGrant(configuration, callback, checks);
  const log = world.server.logText();
  for (const canary of [
    (await credentials('app')).secret,
    String(callback.searchParams.get('code')),
    tokens.access_token,
    String(tokens.id_token),
    checks.pkceCodeVerifier,
  ])
    assert.ok(!log.includes(canary));
});
