import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { createRemoteJWKSet, decodeProtectedHeader, jwtVerify } from 'jose';
import { openOidcWorld, type User } from './oidc-world.ts';

let world: Awaited<ReturnType<typeof openOidcWorld>>;
let ada: User;

before(async () => {
  world = await openOidcWorld();
  ada = await world.user('ada');
});
after(() => world.server.stop());

const issuer = () => `${world.server.address}/v1/identity/oidc`;
const jwks = () => createRemoteJWKSet(new URL(`${issuer()}/.well-known/keys`));

async function tokenOf(role: string, user = ada): Promise<string> {
  return String((await world.read(`identity/oidc/token/${role}`, { token: user.token }))['token']);
}

async function isActive(token: string, more: object = {}): Promise<unknown> {
  const answer = await world.server.call('POST', 'identity/oidc/introspect', { body: { token, ...more } });
  return answer.body['active'];
}

for (const algorithm of ['RS256', 'RS384', 'RS512', 'ES256', 'ES384', 'ES512', 'EdDSA']) {
  test(`a token signed with ${algorithm} verifies with the published keys`, async () => {
    const name = algorithm.toLowerCase();
    await world.write(`identity/oidc/key/${name}`, { algorithm, allowed_client_ids: '*' });
    const template = '{"name":{{identity.entity.name}},"groups":{{identity.entity.groups.names}}}';
    await world.write(`identity/oidc/role/${name}`, { key: name, client_id: 'app', ttl: '10m', template });
    const token = await tokenOf(name);
    const { payload, protectedHeader } = await jwtVerify(token, jwks(), {
      issuer: issuer(),
      audience: 'app',
    });
    assert.equal(protectedHeader.alg, algorithm);
    assert.equal(payload.sub, ada.entityId);
    assert.equal(payload['namespace'], 'root');
    assert.deepEqual(payload['groups'], []);
    assert.equal(Number(payload.exp) - Number(payload.iat), 600);
    assert.equal(await isActive(token), true);
    assert.equal(await isActive(token, { client_id: 'another' }), false);
    assert.equal(await isActive(`${token.slice(0, -8)}AAAAAAAA`), false);
  });
}

test('the key that will sign next is published before, and rotations at the same moment all count', async () => {
  await world.write('identity/oidc/key/turning', { algorithm: 'ES256', allowed_client_ids: '*' });
  await world.write('identity/oidc/role/turning', { key: 'turning', client_id: 'app' });
  const first = await tokenOf('turning');
  const announced = await published();
  await world.write('identity/oidc/key/turning/rotate', {});
  const second = await tokenOf('turning');
  assert.ok(announced.includes(String(decodeProtectedHeader(second).kid)));
  await Promise.all(Array.from({ length: 6 }, () => world.write('identity/oidc/key/turning/rotate', {})));
  const third = await tokenOf('turning');
  const kids = [first, second, third].map((token) => decodeProtectedHeader(token).kid);
  assert.equal(new Set(kids).size, 3);
  const after = new Set(await published());
  // The signing key, the next, and the seven before.
  assert.equal((await published()).length - announced.length, 7);
  for (const token of [first, second, third]) {
    assert.ok(after.has(String(decodeProtectedHeader(token).kid)));
    assert.equal(await isActive(token), true);
  }
  await world.write('identity/oidc/key/turning/rotate', { verification_ttl: 0 });
  assert.equal(await isActive(third), false);
  assert.equal(await isActive(first), true);
});

async function published(): Promise<string[]> {
  const answer = await world.server.call('GET', 'identity/oidc/.well-known/keys', { token: null });
  const keys = answer.body['keys'];
  assert.ok(Array.isArray(keys));
  for (const key of keys) assert.equal(key.d ?? key.p, undefined, 'a private part');
  return keys.map((key) => String(key.kid));
}

test('while a key is rotated over and over, tokens are made and verify', async () => {
  await world.write('identity/oidc/key/busy', { algorithm: 'EdDSA', allowed_client_ids: '*' });
  await world.write('identity/oidc/role/busy', { key: 'busy', client_id: 'app' });
  const turns = Array.from({ length: 8 }, () => world.write('identity/oidc/key/busy/rotate', {}));
  const tokens = await Promise.all(Array.from({ length: 24 }, () => tokenOf('busy')));
  await Promise.all(turns);
  for (const token of tokens) assert.equal(await isActive(token), true);
});

test('a deleted key verifies nothing, and one that a role or client needs is not deleted', async () => {
  await world.write('identity/oidc/key/short', { algorithm: 'ES256', allowed_client_ids: '*' });
  await world.write('identity/oidc/role/short', { key: 'short' });
  await world.write('identity/oidc/client/short', { key: 'short' });
  const token = await tokenOf('short');
  const refused = await world.server.call('DELETE', 'identity/oidc/key/short');
  assert.equal(refused.status, 400);
  assert.match(refused.text, /referenced by these roles: short/);
  await world.server.call('DELETE', 'identity/oidc/role/short');
  assert.match((await world.server.call('DELETE', 'identity/oidc/key/short')).text, /these clients: short/);
  await world.server.call('DELETE', 'identity/oidc/client/short');
  assert.equal((await world.server.call('DELETE', 'identity/oidc/key/short')).status, 204);
  assert.equal(await isActive(token), false);
});

test('a role and the deletion of its key at the same moment leave no role without a key', async () => {
  for (let round = 0; round < 8; round++) {
    await world.write('identity/oidc/key/race', { algorithm: 'EdDSA' });
    const [made, gone] = await Promise.all([
      world.server.call('POST', 'identity/oidc/role/race', { body: { key: 'race' } }),
      world.server.call('DELETE', 'identity/oidc/key/race'),
    ]);
    assert.notEqual(made.status === 204, gone.status === 204, `${made.text} ${gone.text}`);
    await world.server.call('DELETE', 'identity/oidc/role/race');
    await world.server.call('DELETE', 'identity/oidc/key/race');
  }
});

test('an entity that is disabled gets no token, and its tokens are no longer active', async () => {
  const eve = await world.user('eve');
  await world.write('identity/oidc/role/eve', { key: 'default', client_id: 'app' });
  const token = await tokenOf('eve', eve);
  await world.write(`identity/entity/id/${eve.entityId}`, { disabled: true });
  const answer = await world.server.call('POST', 'identity/oidc/introspect', { body: { token } });
  assert.deepEqual({ ...answer.body }, { active: false, error: 'entity is disabled' });
  assert.equal((await world.server.call('GET', 'identity/oidc/token/eve', { token: eve.token })).status, 403);
});

test('namespaces have issuers and keys of their own', async () => {
  await world.write('sys/namespaces/team', {});
  const inside = await world.user('ada', 'team');
  await world.write('identity/oidc/role/r', { key: 'default', client_id: 'app' }, { namespace: 'team' });
  await world.write('identity/oidc/role/r', { key: 'default', client_id: 'app' });
  const path = 'team/identity/oidc/token/r';
  const token = String((await world.read(path, { token: inside.token }))['token']);
  const own = `${world.server.address}/v1/team/identity/oidc`;
  const keys = createRemoteJWKSet(new URL(`${own}/.well-known/keys`));
  const { payload } = await jwtVerify(token, keys, { issuer: own, audience: 'app' });
  assert.notEqual(payload['namespace'], 'root');
  await assert.rejects(jwtVerify(token, jwks()), /no applicable key/);
  assert.equal(await isActive(token), false);
  const answer = await world.server.call('GET', 'identity/oidc/token/r', { token: inside.token });
  assert.equal(answer.status, 403);
});

test('discovery is for anybody and may be kept; keys no longer than the shortest period', async () => {
  const discovery = await world.server.call('GET', 'identity/oidc/.well-known/openid-configuration', {
    token: null,
  });
  assert.equal(discovery.headers['cache-control'], 'max-age=3600');
  assert.equal(discovery.body['jwks_uri'], `${issuer()}/.well-known/keys`);
  const keys = await world.server.call('GET', 'identity/oidc/.well-known/keys', { token: null });
  assert.ok(Number(/^max-age=(\d+)$/.exec(String(keys.headers['cache-control']))?.[1]) <= 86_400);
});
