import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { exportJWK, generateKeyPair } from 'jose';
import Provider from 'oidc-provider';
import { startTestServer, type TestServer } from '../start-server.ts';

const root = join(import.meta.dirname, '../..');
const redirectUri = 'http://localhost:8250/oidc/callback';
/** Signs in as `name` at the provider's own pages, as a browser would, and stops at the redirect away from it. */
const browserSource = `
export async function browse(start, name, away) {
  const jar = new Map();
  let url = start;
  let init = {};
  for (let step = 0; step < 20; step++) {
    const cookie = [...jar].map(([key, value]) => key + '=' + value).join('; ');
    const answer = await fetch(url, { ...init, redirect: 'manual', headers: { ...init.headers, cookie } });
    for (const line of answer.headers.getSetCookie()) {
      const [pair] = line.split(';');
      jar.set(pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1));
    }
    const location = answer.headers.get('location');
    init = {};
    if (location) {
      url = new URL(location, url).href;
      if (url.startsWith(away)) return url;
      continue;
    }
    const page = await answer.text();
    const action = /action="([^"]+)"/.exec(page)?.[1];
    if (!action) throw new Error('no form at ' + answer.status);
    const prompt = /name="prompt" value="([^"]+)"/.exec(page)?.[1] ?? 'login';
    url = new URL(action, url).href;
    const body = new URLSearchParams({ prompt, login: name, password: 'x' });
    init = { method: 'POST', body, headers: { 'content-type': 'application/x-www-form-urlencoded' } };
  }
  throw new Error('too many steps');
}
`;

interface Browser {
  browse(start: string, name: string, away: string): Promise<string>;
}

describe('people who sign in at a real OpenID Connect provider', () => {
  let server: TestServer;
  let provider: Server;
  let issuer: string;
  let folder: string;
  let browser: Browser;

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'coffer-oidc-'));
    writeFileSync(join(folder, 'browser.mjs'), browserSource);
    browser = (await import(join(folder, 'browser.mjs'))) as Browser;
    ({ provider, issuer } = await startProvider());
    server = await startTestServer();
    await write('sys/auth/oidc', { type: 'oidc' });
    await write('auth/oidc/config', {
      oidc_discovery_url: issuer,
      oidc_client_id: 'coffer',
      oidc_client_secret: 'the client secret',
      default_role: 'people',
    });
    await write('auth/oidc/role/people', {
      user_claim: 'sub',
      groups_claim: 'groups',
      oidc_scopes: ['profile'],
      claim_mappings: { name: 'name' },
      allowed_redirect_uris: [redirectUri],
      token_policies: ['default'],
    });
  });
  after(async () => {
    await server.stop();
    provider.closeAllConnections();
    await new Promise((resolve) => provider.close(resolve));
    rmSync(folder, { recursive: true, force: true });
  });

  async function write(path: string, body: object) {
    const answer = await server.call('POST', path, { body });
    assert.ok(answer.status < 300, `${path}: ${answer.status} ${answer.text}`);
    return answer.body;
  }

  async function begin(body: object = {}): Promise<string> {
    const answer = await server.call('POST', 'auth/oidc/oidc/auth_url', {
      token: null,
      body: { redirect_uri: redirectUri, client_nonce: 'mine', ...body },
    });
    assert.equal(answer.status, 200, answer.text);
    return String(answer.body.data?.['auth_url']);
  }

  const finish = (query: Record<string, string>) =>
    server.call('GET', `auth/oidc/oidc/callback?${new URLSearchParams(query)}`, { token: null });

  /** One letter in the middle is another. */
  const changed = (state: string) =>
    state.replace(/^(.{40})(.)/, (_all, first, one) => `${first}${one === 'A' ? 'B' : 'A'}`);

  async function signIn(name: string): Promise<{ state: string; code: string }> {
    const back = new URL(await browser.browse(await begin(), name, redirectUri));
    return { state: back.searchParams.get('state') ?? '', code: back.searchParams.get('code') ?? '' };
  }

  test('the address at the provider asks for a code with PKCE, state and nonce', async () => {
    const url = new URL(await begin());
    assert.equal(url.origin, issuer);
    const parameters = Object.fromEntries(url.searchParams);
    assert.equal(parameters['response_type'], 'code');
    assert.equal(parameters['code_challenge_method'], 'S256');
    assert.equal(parameters['scope'], 'openid profile');
    assert.equal(parameters['code_challenge']?.length, 43);
    const again = new URL(await begin()).searchParams;
    for (const name of ['state', 'nonce', 'code_challenge'])
      assert.notEqual(again.get(name), parameters[name], `${name} is new each time`);
    assert.ok(!url.href.includes('the client secret'));
  });

  test('a person gets a token with claims of the ID token and of userinfo, once', async () => {
    const came = await signIn('alice');
    const answer = await finish({ ...came, client_nonce: 'mine' });
    assert.equal(answer.status, 200, answer.text);
    assert.deepEqual(answer.body.auth?.['metadata'], { role: 'people', name: 'Alice of alice' });
    const entity = await server.call('GET', `identity/entity/id/${String(answer.body.auth?.['entity_id'])}`);
    assert.match(entity.text, /"name":"alice"/);
    const again = await finish({ ...came, client_nonce: 'mine' });
    assert.equal(again.status, 400);
    assert.match(again.text, /invalid_grant/);
  });

  test('groups of the provider are external groups here', async () => {
    await write('sys/policies/acl/ops', { policy: 'path "x" { capabilities = ["read"] }' });
    const group = await write('identity/group', { name: 'ops', type: 'external', policies: ['ops'] });
    const auths = await server.call('GET', 'sys/auth');
    const mount = auths.body.data?.['oidc/'] as Record<string, unknown>;
    assert.equal(mount['type'], 'oidc');
    await write('identity/group-alias', {
      name: 'group-of-bob',
      mount_accessor: mount['accessor'],
      canonical_id: group.data?.['id'],
    });
    const answer = await finish({ ...(await signIn('bob')), client_nonce: 'mine' });
    assert.deepEqual(answer.body.auth?.['identity_policies'], ['ops'], answer.text);
  });

  test('is refused without the nonce of the client that began, with another state, or with a code of another login', async () => {
    const came = await signIn('alice');
    for (const nonce of ['', 'other']) {
      const answer = await finish({ ...came, client_nonce: nonce });
      assert.equal(answer.status, 400);
      assert.match(answer.text, /invalid client_nonce/);
    }
    for (const state of ['', 'garbage', changed(came.state), came.state.slice(0, 30)]) {
      const answer = await finish({ ...came, state, client_nonce: 'mine' });
      assert.equal(answer.status, 400);
      assert.match(answer.text, /Expired or missing OAuth state/);
    }
    // An attacker's code with a state of the victim: PKCE and the nonce are of two logins.
    const other = await signIn('bob');
    const mixed = await finish({ state: came.state, code: other.code, client_nonce: 'mine' });
    assert.equal(mixed.status, 400);
    assert.match(mixed.text, /invalid_grant/);
  });

  test('a redirect_uri that the role does not allow gives no address', async () => {
    for (const uri of [
      'https://evil.example/oidc/callback',
      `${redirectUri}/x`,
      'http://localhost:8251/oidc/callback',
    ])
      assert.equal(await begin({ redirect_uri: uri }), '');
  });

  test('no secret of a login is in the log', async () => {
    const came = await signIn('alice');
    await finish({ ...came, client_nonce: 'mine' });
    for (const secret of [came.code, came.state, 'the client secret'])
      assert.ok(!server.logText().includes(secret));
  });

  /** The command line as its users run it, with a browser that signs in by itself. */
  async function logIn(
    words: string[],
    environment: Record<string, string>,
    onText: (text: string) => void = () => {},
  ) {
    const child = spawn(process.execPath, [join(root, 'bin/coffer.ts'), 'login', '-method=oidc', ...words], {
      env: { PATH: process.env['PATH'], HOME: folder, COFFER_ADDR: server.address, ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let out = '';
    let err = '';
    child.stdout.on('data', (part) => {
      out += String(part);
    });
    child.stderr.on('data', (part) => {
      err += String(part);
      onText(err);
    });
    const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
    return { code, out, err };
  }

  test('coffer login -method=oidc opens the browser, listens, and stores the token', async () => {
    const script = join(folder, 'browser');
    const source = `#!${process.execPath}\nimport(${JSON.stringify(join(folder, 'browser.mjs'))}).then(async ({ browse }) => {
      const back = await browse(process.argv[2], 'alice', ${JSON.stringify(redirectUri)});
      const answer = await fetch(back.replace('localhost', '127.0.0.1'));
      require('node:fs').writeFileSync(${JSON.stringify(join(folder, 'page'))}, await answer.text());
    });`;
    writeFileSync(script, source, { mode: 0o755 });
    const { code, out, err } = await logIn(['role=people'], { BROWSER: script });
    assert.equal(code, 0, err + out);
    assert.match(err, /Launching browser to:\n\n {4}http:\/\/127\.0\.0\.1:/);
    assert.match(out, /You are now authenticated/);
    assert.match(readFileSync(join(folder, '.coffer-token'), 'utf8'), /^hvs\./);
  });

  test('with -no-browser it prints the address; a refusal at the provider ends it', async () => {
    let isSent = false;
    const ended = await logIn(['-no-browser'], {}, (text) => {
      const state = /state=([\w-]+)/.exec(text)?.[1];
      if (!state || !text.includes('Waiting') || isSent) return;
      isSent = true;
      void fetch('http://127.0.0.1:8250/oidc/callback?state=other&code=x')
        .then((answer) => assert.equal(answer.status, 400))
        .then(() => fetch(`http://127.0.0.1:8250/oidc/callback?state=${state}&error=access_denied`));
    });
    assert.equal(ended.code, 2);
    assert.match(ended.err, /Open the following link in your browser/);
    assert.match(ended.err, /Error authenticating: the provider says access_denied/);
  });
});

async function startProvider(): Promise<{ provider: Server; issuer: string }> {
  const provider = createServer();
  await new Promise<void>((resolve) => provider.listen(0, '127.0.0.1', resolve));
  const address = provider.address();
  assert.ok(address && typeof address !== 'string');
  const issuer = `http://127.0.0.1:${address.port}`;
  const { privateKey } = await generateKeyPair('RS256', { extractable: true });
  const oidc = new Provider(issuer, {
    clients: [
      {
        client_id: 'coffer',
        client_secret: 'the client secret',
        redirect_uris: [redirectUri],
        response_types: ['code'],
        grant_types: ['authorization_code'],
        application_type: 'native',
      },
    ],
    claims: { openid: ['sub', 'groups'], profile: ['name'] },
    cookies: { keys: ['for the test'] },
    jwks: { keys: [{ ...(await exportJWK(privateKey)), kid: 'k', alg: 'RS256', use: 'sig' }] },
    pkce: { required: () => true },
    findAccount: (_context, id) => ({
      accountId: id,
      claims: () => ({ sub: id, name: `Alice of ${id}`, groups: [`group-of-${id}`] }),
    }),
  });
  provider.on('request', oidc.callback());
  return { provider, issuer };
}
