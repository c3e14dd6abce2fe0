import assert from 'node:assert/strict';
import { createHmac, createPublicKey } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { type MethodHarness, methodHarness } from '../../contracts/conformance/method-harness.ts';
import type { JsonObject } from '../../contracts/request.ts';
import { plugin } from './index.ts';
import { Issuer, newSigner, type Signer } from './jwt-world-harness.ts';

let issuer: Issuer;
let signer: Signer;
let stranger: Signer;

before(async () => {
  issuer = await new Issuer().start();
  [signer, stranger] = await Promise.all([newSigner('one'), newSigner('one')]);
  issuer.keys = [signer.jwk];
});
after(() => issuer.stop());

async function mount(config: JsonObject = {}, role: JsonObject = {}): Promise<MethodHarness> {
  const method = await methodHarness(plugin, { clock: issuer.clock });
  const source = Object.keys(config).some((name) => /url|pairs|pubkeys/.test(name))
    ? {}
    : { jwks_url: `${issuer.url}/jwks`, bound_issuer: issuer.url };
  await method.call('write', 'config', { namespace_in_state: true, ...source, ...config });
  await method.call('write', 'role/r', {
    role_type: 'jwt',
    user_claim: 'sub',
    bound_audiences: ['coffer'],
    token_policies: ['app'],
    ...role,
  });
  return method;
}

function refused(message: RegExp, status = 400) {
  return (error: unknown) => {
    assert.ok(error instanceof Error && 'status' in error);
    assert.match(error.message, message);
    assert.equal(error.status, status);
    assert.doesNotMatch(error.message, /eyJ|127\.0\.0\.1/, 'neither the token nor an address is repeated');
    return true;
  };
}

const pemOf = ({ jwk }: Signer) =>
  String(createPublicKey({ key: jwk, format: 'jwk' }).export({ type: 'spki', format: 'pem' }));

describe('a login with a JWT', () => {
  test('gives a token of the role, with metadata, alias and groups from claims', async () => {
    const method = await mount(
      {},
      { claim_mappings: { email: 'mail', '/nested/team': 'team', absent: 'x' }, groups_claim: 'groups' },
    );
    const jwt = await issuer.token(signer, {
      email: 'a@example.com',
      nested: { team: 'blue' },
      groups: ['dev', 'ops', 'dev'],
    });
    const grant = await method.login('login', { role: 'r', jwt });
    const metadata = { mail: 'a@example.com', team: 'blue', role: 'r' };
    assert.deepEqual(grant.metadata, metadata);
    assert.deepEqual(grant.alias, { name: 'alice', metadata });
    assert.deepEqual(grant.groupAliases, ['dev', 'ops']);
    assert.deepEqual(grant.policies, ['app']);
  });

  test('needs a configuration, a role and a token, and says which is missing', async () => {
    const method = await methodHarness(plugin, { clock: issuer.clock });
    await assert.rejects(
      method.login('login', { role: 'r', jwt: 'x' }),
      refused(/^could not load configuration$/),
    );
    const configured = await mount();
    await assert.rejects(configured.login('login', { jwt: 'x' }), refused(/^missing role$/));
    await assert.rejects(configured.login('login', { role: 'r' }), refused(/^missing token$/));
    await assert.rejects(
      configured.login('login', { role: 'no', jwt: 'x' }),
      refused(/^role "no" could not be found$/),
    );
  });

  test('uses the default role when none is named', async () => {
    const method = await mount({ default_role: 'r' });
    assert.equal((await method.login('login', { jwt: await issuer.token(signer) })).metadata['role'], 'r');
  });

  const wrong: [string, Record<string, unknown>, RegExp][] = [
    ['another audience', { aud: 'other' }, /invalid audience \(aud\)/],
    ['no audience', { aud: undefined }, /invalid audience \(aud\)/],
    ['another issuer', { iss: 'https://evil.example' }, /invalid issuer \(iss\)/],
    ['no issuer', { iss: undefined }, /invalid issuer \(iss\)/],
    ['a time that is over', { exp: 1_000_000 }, /token is expired/],
    ['a time to come', { nbf: 1_900_000_000 }, /token not yet valid/],
    ['an issue in the future', { iat: 1_900_000_000, exp: 1_900_000_100, nbf: 1 }, /issued in the future/],
    ['no times', { exp: undefined, iat: undefined }, /no issued at/],
    ['a time that is no number', { exp: 'never' }, /exp is no time/],
    ['no subject', { sub: undefined }, /claim "sub" not found/],
    ['a subject that is no text', { sub: 7 }, /could not be converted/],
  ];
  for (const [name, claims, message] of wrong)
    test(`is refused with ${name}`, async () => {
      const method = await mount();
      const jwt = await issuer.token(signer, claims);
      await assert.rejects(method.login('login', { role: 'r', jwt }), refused(message));
    });

  test('accepts one fitting audience of several, and none by a role that binds none', async () => {
    const method = await mount({}, {});
    await method.login('login', { role: 'r', jwt: await issuer.token(signer, { aud: ['x', 'coffer'] }) });
    await method.call('write', 'role/s', { role_type: 'jwt', user_claim: 'sub', bound_subject: 'alice' });
    for (const aud of ['coffer', ['coffer'], { a: 1 }, []])
      await assert.rejects(
        method.login('login', { role: 's', jwt: await issuer.token(signer, { aud }) }),
        refused(/audience claim found in JWT but no audiences bound to the role/),
      );
    await method.login('login', { role: 's', jwt: await issuer.token(signer, { aud: undefined }) });
    await assert.rejects(
      method.login('login', { role: 's', jwt: await issuer.token(signer, { aud: undefined, sub: 'bob' }) }),
      refused(/invalid subject/),
    );
  });

  test('leeways: 0 is the default, -1 is none', async () => {
    const method = await mount();
    const now = Math.floor(issuer.clock.now() / 1000);
    const late = await issuer.token(signer, { exp: now - 30, iat: now - 100 });
    await method.login('login', { role: 'r', jwt: late });
    await method.call('write', 'role/r', { clock_skew_leeway: -1 });
    await assert.rejects(method.login('login', { role: 'r', jwt: late }), refused(/expired/));
  });

  test('bound claims: texts, lists, pointers, booleans, numbers and globs', async () => {
    const method = await mount(
      {},
      { bound_claims: { email: ['a@x', 'b@x'], '/n/team': 'blue', ok: true, n: 7 } },
    );
    const right = { email: 'b@x', n: 7, ok: true, '/n/team': 'blue' };
    const jwt = (claims: object) => issuer.token(signer, { ...claims });
    await assert.rejects(
      method.login('login', { role: 'r', jwt: await jwt(right) }),
      refused(/claim "\/n\/team" is missing/),
    );
    await method.call('write', 'role/r', { bound_claims: { email: ['a@x', 'b@x'], ok: true, n: 7 } });
    await method.login('login', { role: 'r', jwt: await jwt(right) });
    for (const claims of [{ email: 'c@x' }, { ok: 'true' }, { n: '7' }, { n: 8 }])
      await assert.rejects(
        method.login('login', { role: 'r', jwt: await jwt({ ...right, ...claims }) }),
        refused(/does not match any associated bound claim values/),
      );
    await method.call('write', 'role/r', { bound_claims: { email: '*@x' }, bound_claims_type: 'glob' });
    await method.login('login', { role: 'r', jwt: await jwt({ email: 'any@x' }) });
    await assert.rejects(
      method.login('login', { role: 'r', jwt: await jwt({ email: 'any@xy' }) }),
      refused(/does not match/),
    );
  });

  test('is refused from outside the bound addresses', async () => {
    const method = await mount({}, { token_bound_cidrs: ['10.0.0.0/8'] });
    const jwt = await issuer.token(signer);
    await assert.rejects(method.login('login', { role: 'r', jwt }), refused(/permission denied/, 403));
    await method.login('login', { role: 'r', jwt }, '10.1.2.3');
  });

  test('groups that are no texts are refused, and so is a missing claim of groups', async () => {
    const method = await mount({}, { groups_claim: 'groups' });
    for (const [groups, message] of [
      [7, /value 7 in groups claim/],
      [undefined, /"groups" claim not found/],
    ] as const)
      await assert.rejects(
        method.login('login', { role: 'r', jwt: await issuer.token(signer, { groups }) }),
        refused(message),
      );
  });
});

describe('signatures', () => {
  const noKey = /no known key successfully validated/;

  test('of another key are refused, whatever kid it claims', async () => {
    const method = await mount();
    await assert.rejects(
      method.login('login', { role: 'r', jwt: await issuer.token(stranger) }),
      refused(noKey),
    );
  });

  test('none, and HS256 with the public key as its secret, are refused', async () => {
    const [method, fixed] = [await mount(), await mount({ jwt_validation_pubkeys: [pemOf(signer)] })];
    const claims = (await issuer.token(signer)).split('.')[1];
    const header = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
    const none = `${header({ alg: 'none' })}.${claims}.`;
    const input = `${header({ alg: 'HS256', kid: 'one' })}.${claims}`;
    const forged = [pemOf(signer), pemOf(signer).trim(), JSON.stringify(signer.jwk)].map(
      (secret) => `${input}.${createHmac('sha256', secret).update(input).digest('base64url')}`,
    );
    for (const each of [method, fixed])
      for (const jwt of [none, ...forged])
        await assert.rejects(each.login('login', { role: 'r', jwt }), refused(noKey));
  });

  test('algorithms that the configuration does not name are refused', async () => {
    const p = await newSigner('p', 'PS256');
    const method = await mount({ jwt_validation_pubkeys: [pemOf(p)] });
    const jwt = await issuer.token(p);
    await assert.rejects(method.login('login', { role: 'r', jwt }), refused(noKey));
    const open = await mount({ jwt_validation_pubkeys: [pemOf(p)], jwt_supported_algs: ['PS256'] });
    await open.login('login', { role: 'r', jwt });
  });

  test('keys in a token’s own header are not used', async () => {
    const { SignJWT } = await import('jose');
    const method = await mount();
    const now = Math.floor(issuer.clock.now() / 1000);
    const jwt = await new SignJWT({ iss: issuer.url, sub: 'a', aud: 'coffer', exp: now + 60 })
      .setProtectedHeader({ alg: 'RS256', jwk: stranger.jwk, jku: `${issuer.url}/jwks`, kid: 'two' })
      .sign(stranger.privateKey);
    await assert.rejects(method.login('login', { role: 'r', jwt }), refused(noKey));
  });

  test('garbage is refused as garbage', async () => {
    const method = await mount();
    for (const jwt of ['garbage', 'a.b', 'a.b.c.d'])
      await assert.rejects(method.login('login', { role: 'r', jwt }), refused(/must have three parts/));
    for (const jwt of ['a.b.c', '..', `${'e'.repeat(70_000)}.a.b`])
      await assert.rejects(
        method.login('login', { role: 'r', jwt }),
        refused(/error verifying token signature/),
      );
  });

  test('fixed keys of two kinds verify, and no other', async () => {
    const curve = await newSigner('', 'ES256');
    const method = await mount({ jwt_validation_pubkeys: [pemOf(signer), pemOf(curve)] });
    for (const each of [signer, curve])
      await method.login('login', { role: 'r', jwt: await issuer.token(each) });
    await assert.rejects(
      method.login('login', { role: 'r', jwt: await issuer.token(stranger) }),
      refused(noKey),
    );
  });
});

describe('published keys', () => {
  test('a rotated key works at once; unknown ones are looked for once in ten seconds', async () => {
    const method = await mount();
    const jwt = await issuer.token(signer);
    await method.login('login', { role: 'r', jwt });
    const next = await newSigner('two');
    issuer.clock.advance(20_000);
    issuer.keys = [signer.jwk, next.jwk];
    await method.login('login', { role: 'r', jwt: await issuer.token(next) });
    const asked = issuer.asked;
    const unknown = await newSigner('three');
    for (let round = 0; round < 5; round++)
      await assert.rejects(method.login('login', { role: 'r', jwt: await issuer.token(unknown) }));
    assert.equal(issuer.asked, asked, 'hostile tokens cause no load');
    issuer.keys = [next.jwk];
    issuer.clock.advance(6 * 60_000);
    await assert.rejects(
      method.login('login', { role: 'r', jwt: await issuer.token(signer) }),
      'a withdrawn key',
    );
    issuer.keys = [signer.jwk];
  });

  test('known keys count for an hour while their server is away, and no longer', async () => {
    const method = await mount();
    await method.login('login', { role: 'r', jwt: await issuer.token(signer) });
    issuer.broken = 500;
    issuer.clock.advance(10 * 60_000);
    await method.login('login', { role: 'r', jwt: await issuer.token(signer) });
    issuer.clock.advance(60 * 60_000);
    await assert.rejects(
      method.login('login', { role: 'r', jwt: await issuer.token(signer) }),
      refused(/the issuer did not answer as it should: the answer has status 500$/, 503),
    );
    issuer.broken = undefined;
  });

  test('redirects are not followed, and too much is not read', async () => {
    issuer.broken = 302;
    await assert.rejects(mount(), refused(/^error checking jwks URL: the answer has status 302$/));
    issuer.broken = undefined;
    issuer.keys = Array.from({ length: 3000 }, () => signer.jwk);
    await assert.rejects(mount(), refused(/the answer is too large/));
    issuer.keys = [signer.jwk];
  });

  test('discovery: the provider must name the very issuer that was asked, and tokens must be its own', async () => {
    const method = await mount({ oidc_discovery_url: issuer.url });
    await method.login('login', { role: 'r', jwt: await issuer.token(signer) });
    await assert.rejects(
      method.login('login', { role: 'r', jwt: await issuer.token(signer, { iss: 'https://other' }) }),
      refused(/invalid issuer/),
    );
    issuer.issuer = 'https://other';
    await assert.rejects(
      mount({ oidc_discovery_url: issuer.url }),
      refused(/^error checking oidc discovery URL: the provider names another issuer/),
    );
    issuer.issuer = '';
  });

  test('several places of keys are asked together', async () => {
    const method = await mount({ jwks_pairs: [{ jwks_url: `${issuer.url}/jwks` }] });
    await method.login('login', { role: 'r', jwt: await issuer.token(signer) });
    const data = (await method.call('read', 'config'))?.data;
    assert.deepEqual(data?.['jwks_pairs'], [{ jwks_url: `${issuer.url}/jwks`, jwks_ca_pem: '' }]);
  });
});

describe('configuration and roles', () => {
  test('a configuration reads back without the client’s secret, and a write replaces all of it', async () => {
    const method = await mount({
      oidc_discovery_url: issuer.url,
      oidc_client_id: 'id',
      oidc_client_secret: 'canary',
      default_role: 'r',
    });
    const data = (await method.call('read', 'config'))?.data;
    assert.ok(!JSON.stringify(data).includes('canary'));
    assert.deepEqual(
      [data?.['oidc_client_id'], data?.['default_role'], data?.['status']],
      ['id', 'r', 'valid'],
    );
    await method.call('write', 'config', {
      jwt_validation_pubkeys: [pemOf(signer)],
      namespace_in_state: true,
    });
    assert.equal((await method.call('read', 'config'))?.data?.['default_role'], '');
  });

  const sources = /^exactly one of 'jwt_validation_pubkeys'/;
  const badConfigs: [JsonObject, RegExp][] = [
    [{}, sources],
    [{ jwt_validation_pubkeys: ['x'], jwks_url: 'http://127.0.0.1:1' }, sources],
    [{ jwt_validation_pubkeys: ['garbage'] }, /^error parsing public key: data does not contain any valid/],
    [{ jwks_url: 'file:///etc/passwd' }, /not http or https/],
    [{ jwks_url: 'http://user:pw@127.0.0.1/' }, /not http or https/],
    [{ jwks_url: 'http://127.0.0.1:1/jwks' }, /^error checking jwks URL/],
    [{ oidc_discovery_url: 'http://127.0.0.1:1' }, /^error checking oidc discovery URL/],
    [{ oidc_discovery_url: 'http://127.0.0.1:1', oidc_client_id: 'x' }, /both 'oidc_client_id' and/],
    [{ jwks_url: 'http://127.0.0.1:1', oidc_response_mode: 'zz' }, /invalid response_mode: "zz"/],
    [
      { jwks_url: 'http://127.0.0.1:1', jwt_supported_algs: ['HS256'] },
      /unsupported signing algorithm "HS256"/,
    ],
  ];
  for (const [config, message] of badConfigs)
    test(`a configuration of ${JSON.stringify(config)} is refused`, async () => {
      const method = await methodHarness(plugin);
      await assert.rejects(method.call('write', 'config', config), refused(message));
    });

  test('a source that does not answer can be kept on request, with a warning', async () => {
    const method = await methodHarness(plugin);
    const reply = await method.call('write', 'config', {
      oidc_discovery_url: 'http://127.0.0.1:1',
      skip_jwks_validation: true,
    });
    assert.match(reply?.warnings?.[0] ?? '', /^error checking oidc discovery URL/);
  });

  const base = { role_type: 'jwt', user_claim: 'sub', bound_audiences: ['a'] };
  const badRoles: [JsonObject, RegExp][] = [
    [{ role_type: 'jwt', user_claim: 'sub' }, /must have at least one bound constraint/],
    [{ role_type: 'jwt', bound_audiences: ['a'] }, /a user claim must be defined on the role/],
    [{ ...base, role_type: 'zz' }, /^invalid 'role_type': zz$/],
    [{ user_claim: 'sub', bound_audiences: ['a'] }, /'allowed_redirect_uris' must be set/],
    [{ ...base, bound_claims_type: 'regex' }, /invalid 'bound_claims_type': regex/],
    [{ ...base, claim_mappings: { a: 't', b: 't' } }, /multiple keys are mapped to metadata key "t"/],
    [{ ...base, claim_mappings: { a: 'role' } }, /metadata key "role" is reserved/],
    [{ ...base, bound_claims_type: 'glob', bound_claims: { a: true } }, /^claim is not a string: true$/],
    [{ ...base, token_ttl: 2, token_max_ttl: 1 }, /'token_ttl' cannot be greater/],
  ];
  for (const [role, message] of badRoles)
    test(`a role of ${JSON.stringify(role)} is refused`, async () => {
      const method = await methodHarness(plugin);
      await assert.rejects(method.call('write', 'role/x', role), refused(message));
    });

  test('a role reads back as Vault shows it, and a change keeps what it does not name', async () => {
    const method = await methodHarness(plugin);
    await method.call('write', 'role/Min', base);
    await method.call('write', 'role/min', { token_ttl: 420 });
    const data = (await method.call('read', 'role/min'))?.data;
    assert.deepEqual(
      ['bound_audiences', 'bound_claims', 'callback_mode', 'role_type', 'token_ttl'].map(
        (name) => data?.[name],
      ),
      [['a'], null, 'client', 'jwt', 420],
    );
    assert.deepEqual((await method.call('list', 'role'))?.data, { keys: ['min'] });
  });

  test('a token cannot be renewed once its role is gone, nor by a new role of that name', async () => {
    const method = await mount();
    const grant = await method.login('login', { role: 'r', jwt: await issuer.token(signer) });
    const login = { internal: grant.internal ?? {}, grant };
    await method.call('write', 'role/r', { token_ttl: 77 });
    assert.equal((await method.method.renew?.(login))?.ttlSeconds, 77);
    await method.call('delete', 'role/r');
    await method.call('write', 'role/r', base);
    await assert.rejects(async () => method.method.renew?.(login), refused(/no longer exists/));
  });
});
