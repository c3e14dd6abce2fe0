import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import { type MethodHarness, methodHarness } from '../../contracts/conformance/method-harness.ts';
import { plugin } from './index.ts';
import { Issuer, newSigner, type Signer } from './jwt-world-harness.ts';

// A provider that lies. What an honest one does is in tests/end-to-end/auth-oidc.test.ts.

const redirectUri = 'http://127.0.0.1:8250/oidc/callback';

describe('the answer of a provider', () => {
  let issuer: Issuer;
  let signer: Signer;
  let stranger: Signer;
  let method: MethodHarness;

  before(async () => {
    issuer = await new Issuer().start();
    [signer, stranger] = await Promise.all([newSigner('one'), newSigner('one')]);
    issuer.keys = [signer.jwk];
    method = await methodHarness(plugin, { clock: issuer.clock });
    await method.call('write', 'config', {
      oidc_discovery_url: issuer.url,
      oidc_client_id: 'coffer',
      oidc_client_secret: 's',
      namespace_in_state: true,
    });
    await method.call('write', 'role/r', {
      user_claim: 'sub',
      allowed_redirect_uris: [redirectUri],
      max_age: 3600,
      claim_mappings: { team: 'team' },
    });
  });
  after(() => issuer.stop());
  beforeEach(() => {
    issuer.userinfo = { sub: 'alice', team: 'of userinfo' };
  });

  /** Begins a login and finishes it with an ID token of `claims`, changed from those that are right. */
  async function signIn(claims: Record<string, unknown> = {}, by: Signer = signer, uri = redirectUri) {
    const begun = await method.call('write', 'oidc/auth_url', { role: 'r', redirect_uri: uri });
    const url = new URL(String(begun?.data?.['auth_url']));
    const right = {
      aud: 'coffer',
      nonce: url.searchParams.get('nonce'),
      auth_time: Math.floor(issuer.clock.now() / 1000),
    };
    const idToken = await issuer.token(by, { ...right, ...claims });
    issuer.answerToken = async () => ({ id_token: idToken, access_token: 'a', token_type: 'Bearer' });
    const state = url.searchParams.get('state') ?? '';
    return method.call('read', 'oidc/callback', { state, code: 'c' });
  }

  test('that is right logs in; userinfo adds claims and replaces none; a loopback port is free', async () => {
    assert.equal((await signIn())?.auth?.metadata['team'], 'of userinfo');
    const own = await signIn({ team: 'of the token' }, signer, redirectUri.replace('8250', '9999'));
    assert.equal(own?.auth?.metadata['team'], 'of the token');
  });

  const wrong: [Record<string, unknown>, RegExp][] = [
    [{ nonce: 'other' }, /invalid nonce/],
    [{ nonce: undefined }, /invalid nonce/],
    [{ aud: 'other' }, /invalid audience/],
    [{ aud: ['coffer'], azp: 'other' }, /authorized party/],
    [{ iss: 'https://other' }, /invalid issuer/],
    [{ exp: 1_000_000 }, /expired/],
    [{ exp: undefined }, /no exp claim/],
    [{ auth_time: 1_000_000 }, /older than max_age/],
    [{ auth_time: undefined }, /older than max_age/],
    [{ sub: 'bob' }, /userinfo is about another subject/],
  ];
  for (const [claims, message] of wrong)
    test(`is refused with ${JSON.stringify(claims)} ${Object.keys(claims)[0]}`, async () => {
      await assert.rejects(signIn(claims), message);
    });

  test('is refused when another key signed it, or when it is no ID token', async () => {
    await assert.rejects(signIn({}, stranger), /no known key/);
    const begun = await method.call('write', 'oidc/auth_url', { role: 'r', redirect_uri: redirectUri });
    const state = new URL(String(begun?.data?.['auth_url'])).searchParams.get('state') ?? '';
    issuer.answerToken = async () => ({ access_token: 'a' });
    await assert.rejects(method.call('read', 'oidc/callback', { state, code: 'c' }), /gave no id_token/);
  });

  test('is refused ten minutes after the login began, and at another mount', async () => {
    const begun = await method.call('write', 'oidc/auth_url', { role: 'r', redirect_uri: redirectUri });
    const state = new URL(String(begun?.data?.['auth_url'])).searchParams.get('state') ?? '';
    const other = await methodHarness(plugin, { clock: issuer.clock });
    const missing = /Expired or missing OAuth state/;
    await assert.rejects(other.call('read', 'oidc/callback', { state, code: 'c' }), missing);
    issuer.clock.advance(10 * 60_000);
    await assert.rejects(method.call('read', 'oidc/callback', { state, code: 'c' }), missing);
  });

  test('roles of type jwt begin no login in a browser, and those of type oidc take no JWT', async () => {
    await method.call('write', 'role/j', { role_type: 'jwt', user_claim: 'sub', bound_audiences: ['a'] });
    await assert.rejects(
      method.call('write', 'oidc/auth_url', { role: 'j', redirect_uri: redirectUri }),
      /role with jwt role_type is not allowed/,
    );
    await assert.rejects(
      method.login('login', { role: 'r', jwt: await issuer.token(signer, { aud: 'coffer' }) }),
      /role with oidc role_type is not allowed/,
    );
  });
});
