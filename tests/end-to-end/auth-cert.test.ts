import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { runInProcess } from '../../cli/testing/run-in-process.ts';
import { makeDevelopmentCertificate } from '../../server/start-up/development/development-certificate.ts';
import { type Body, startTestServer, type TestServer } from '../start-server.ts';
import { certify, type Identity, revoke, x509 } from './certificate-world.ts';

interface Answer {
  readonly status: number;
  readonly body: Body;
}

/** A UTF8String in DER. */
const utf8 = (text: string) => new Uint8Array([0x0c, Buffer.byteLength(text), ...Buffer.from(text)]);
const unmet = 'no chain matching all constraints could be found for this login certificate';
const untrusted = 'invalid certificate or no client certificate supplied';

describe('logins with a TLS client certificate', () => {
  let server: TestServer;
  let folder: string;
  let serverAuthority: string;
  let authority: Identity;
  let web: Identity;

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'coffer-cert-'));
    const made = await makeDevelopmentCertificate(['127.0.0.1'], Date.now());
    serverAuthority = made.authority;
    writeFileSync(join(folder, 'cert.pem'), made.certificate);
    writeFileSync(join(folder, 'key.pem'), made.privateKey, { mode: 0o600 });
    writeFileSync(join(folder, 'ca.pem'), made.authority);
    server = await startTestServer({
      listener: {
        tls_disable: false,
        tls_cert_file: join(folder, 'cert.pem'),
        tls_key_file: join(folder, 'key.pem'),
      },
    });
    authority = await certify({ subject: 'CN=Client CA', isAuthority: true });
    web = await certify({
      subject: 'CN=web.example.com, OU=eng',
      issuer: authority,
      names: [
        { type: 'dns', value: 'web.example.com' },
        { type: 'email', value: 'web@example.com' },
        { type: 'url', value: 'spiffe://example.com/web' },
      ],
      extensions: [new x509.Extension('1.2.3.45', false, utf8('prod-eu'))],
    });
    await write('sys/auth/cert', { type: 'cert' });
    await role('web', {});
  });
  after(async () => {
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  /** One connection with the certificate, and intermediates after it, of `who`. */
  function send(
    method: string,
    path: string,
    options: {
      body?: object;
      who?: Identity | undefined;
      between?: readonly Identity[];
      token?: string;
      port?: number;
      headers?: Record<string, string>;
    } = {},
  ): Promise<Answer> {
    const { who, between = [] } = options;
    return new Promise((resolve, reject) => {
      const sent = request(
        {
          host: '127.0.0.1',
          port: options.port ?? server.port,
          method,
          path: `/v1/${path}`,
          ca: serverAuthority,
          agent: false,
          ...(who ? { cert: [who, ...between].map(({ pem }) => pem).join('\n'), key: who.key } : {}),
          headers: {
            ...options.headers,
            ...(options.token === undefined ? {} : { 'x-vault-token': options.token }),
          },
        },
        (response) => {
          let text = '';
          response.on('data', (part) => {
            text += String(part);
          });
          response.on('end', () =>
            resolve({
              status: response.statusCode ?? 0,
              body: text === '' ? {} : (JSON.parse(text) as Body),
            }),
          );
        },
      );
      sent.on('error', reject);
      sent.end(options.body ? JSON.stringify(options.body) : undefined);
    });
  }

  async function write(path: string, body: object): Promise<void> {
    const answer = await send('POST', path, { body, token: server.rootToken });
    assert.ok(answer.status < 300, `${path}: ${JSON.stringify(answer.body)}`);
  }

  const role = (name: string, settings: object) =>
    write(`auth/cert/certs/${name}`, { certificate: authority.pem, token_policies: ['web'], ...settings });
  const logIn = (who: Identity | undefined, name?: string, between: readonly Identity[] = []) =>
    send('POST', 'auth/cert/login', { who, between, body: name === undefined ? {} : { name } });

  async function refuses(what: Promise<Answer>, message: string, status = 400): Promise<void> {
    const answer = await what;
    assert.deepEqual([answer.status, answer.body.errors], [status, [message]]);
  }

  test('gives a token with what is known of the certificate', async () => {
    const answer = await logIn(web);
    assert.equal(answer.status, 200, JSON.stringify(answer.body));
    const metadata = answer.body.auth?.['metadata'] as Record<string, string>;
    assert.equal(metadata['cert_name'], 'web');
    assert.equal(metadata['common_name'], 'web.example.com');
    assert.equal(metadata['serial_number'], String(Number.parseInt(web.certificate.serialNumber, 16)));
    assert.match(metadata['authority_key_id'] ?? '', /^(?:[0-9a-f]{2}:){19}[0-9a-f]{2}$/);
    const entity = await send('GET', `identity/entity/id/${String(answer.body.auth?.['entity_id'])}`, {
      token: server.rootToken,
    });
    assert.match(JSON.stringify(entity.body), /"name":"web.example.com"/);
    assert.equal((await logIn(web, 'WEB')).status, 200);
  });

  test('without a certificate, with one of a stranger, or for an unknown role, is refused', async () => {
    const stranger = await certify({ subject: 'CN=Client CA', isAuthority: true });
    const forged = await certify({ subject: 'CN=web.example.com', issuer: stranger });
    const itself = await certify({ subject: 'CN=web.example.com' });
    await refuses(logIn(undefined), 'no client certificate found');
    for (const who of [forged, itself]) await refuses(logIn(who), untrusted);
    // The stranger sends its own authority along, which has the trusted one's name.
    await refuses(logIn(forged, 'web', [stranger]), untrusted);
    await refuses(logIn(web, 'nope'), untrusted);
  });

  test('over, not yet, for servers only, or issued by who may not issue, is refused', async () => {
    const over = await certify({ subject: 'CN=a', issuer: authority, days: [-10, -1] });
    const early = await certify({ subject: 'CN=a', issuer: authority, days: [1, 10] });
    const forServers = await certify({
      subject: 'CN=a',
      issuer: authority,
      usages: [x509.ExtendedKeyUsage.serverAuth],
    });
    const byLeaf = await certify({ subject: 'CN=a', issuer: web });
    const critical = await certify({
      subject: 'CN=a',
      issuer: authority,
      extensions: [new x509.Extension('1.2.3.99', true, utf8('x'))],
    });
    for (const who of [over, early, forServers, critical]) await refuses(logIn(who), untrusted);
    await refuses(logIn(byLeaf, undefined, [web]), untrusted);
  });

  test('intermediates of the client lead to the authority, as far as it allows', async () => {
    const narrow = await certify({ subject: 'CN=Narrow CA', isAuthority: true, pathLength: 0 });
    for (const [root, isAllowed] of [
      [authority, true],
      [narrow, false],
    ] as const) {
      const middle = await certify({ subject: 'CN=Middle', issuer: root, isAuthority: true });
      const leaf = await certify({ subject: 'CN=leaf', issuer: middle });
      await role('middle', { certificate: root.pem });
      assert.equal((await logIn(leaf, 'middle', [middle])).status === 200, isAllowed);
      await refuses(logIn(leaf, 'middle'), untrusted);
    }
  });

  const fitting: Record<string, unknown> = {
    allowed_names: '*.example.com',
    allowed_common_names: 'web.example.com',
    allowed_dns_sans: ['db.example.com', 'web.example.com'],
    allowed_email_sans: 'web@*',
    allowed_uri_sans: 'spiffe://example.com/*',
    allowed_organizational_units: ['eng'],
    required_extensions: ['1.2.3.45:prod-*', 'hex:1.2.3.45:0c07*'],
  };
  const unfitting: Record<string, unknown> = {
    allowed_names: 'example.com',
    allowed_common_names: 'db.example.com',
    allowed_dns_sans: '*.example.org',
    allowed_email_sans: 'db@*',
    allowed_uri_sans: 'spiffe://example.com/web/*',
    allowed_organizational_units: ['ops'],
    required_extensions: ['1.2.3.45:prod-*', '1.2.3.46:*'],
  };
  for (const name of Object.keys(fitting))
    test(`${name} lets in what fits and nothing else`, async () => {
      await role('limited', { [name]: fitting[name] });
      assert.equal((await logIn(web, 'limited')).status, 200);
      await role('limited', { [name]: unfitting[name] });
      await refuses(logIn(web, 'limited'), unmet);
      await send('DELETE', 'auth/cert/certs/limited', { token: server.rootToken });
    });

  test('a name with line breaks and commas is one name', async () => {
    const tricky = await certify({ subject: 'CN="x\\0AOU=eng, OU=eng"', issuer: authority });
    await role('units', { allowed_organizational_units: ['eng'] });
    await refuses(logIn(tricky, 'units'), unmet);
    await send('DELETE', 'auth/cert/certs/units', { token: server.rootToken });
  });

  test('a certificate may be trusted by itself; another of the same key and name is not', async () => {
    const own = await certify({ subject: 'CN=own' });
    await role('own', { certificate: own.pem });
    assert.equal((await logIn(own, 'own')).status, 200);
    await refuses(logIn(await certify({ subject: 'CN=own', keys: own.keys }), 'own'), untrusted);
  });

  test('a SPIFFE SVID without a common name goes by its URI', async () => {
    const svid = await certify({
      subject: 'O=SPIRE',
      issuer: authority,
      names: [{ type: 'url', value: 'spiffe://example.com/model' }],
    });
    await role('spiffe', {
      allowed_uri_sans: 'spiffe://example.com/*',
      allowed_metadata_extensions: ['1.2.3.45'],
    });
    const answer = await logIn(svid, 'spiffe');
    const entity = await send('GET', `identity/entity/id/${String(answer.body.auth?.['entity_id'])}`, {
      token: server.rootToken,
    });
    assert.match(JSON.stringify(entity.body), /"name":"spiffe:\/\/example.com\/model"/);
    const withText = await logIn(web, 'spiffe');
    assert.match(JSON.stringify(withText.body.auth), /"1-2-3-45":"prod-eu"/);
  });

  test('is refused from outside the bound addresses', async () => {
    await role('far', { token_bound_cidrs: ['10.0.0.0/8'] });
    await refuses(logIn(web, 'far'), 'permission denied', 403);
  });

  test('is renewed over a connection with the same certificate, or one reissued for its key, and no other', async () => {
    const token = String((await logIn(web, 'web')).body.auth?.['client_token']);
    const renew = (who: Identity | undefined) =>
      send('POST', 'auth/token/renew-self', { who, token, body: {} });
    await refuses(renew(undefined), 'no client certificate found');
    assert.equal((await renew(web)).status, 200);
    const reissued = await certify({ subject: 'CN=web.example.com', issuer: authority, keys: web.keys });
    assert.equal((await renew(reissued)).status, 200);
    const changed = 'client identity during renewal not matching client identity used during login';
    for (const wish of [
      { subject: 'CN=web.example.com', issuer: authority },
      { subject: 'CN=db.example.com', issuer: authority, keys: web.keys },
    ])
      await refuses(renew(await certify(wish)), changed);
    await refuses(renew(await certify({ subject: 'CN=web.example.com', keys: web.keys })), untrusted);
    const other = await certify({ subject: 'CN=Other CA', isAuthority: true });
    await role('web', { certificate: `${authority.pem}\n${other.pem}` });
    await refuses(
      renew(await certify({ subject: 'CN=web.example.com', issuer: other, keys: web.keys })),
      changed,
    );
    await write('auth/cert/config', { disable_binding: true });
    assert.equal((await renew(undefined)).status, 200);
    await write('auth/cert/config', { disable_binding: false });
    await send('DELETE', 'auth/cert/certs/web', { token: server.rootToken });
    await role('web', {});
    await refuses(renew(web), 'the role of this token no longer exists, so it cannot be renewed');
  });

  test('revocation lists of the issuer end logins and renewals, of it and of an intermediate', async () => {
    const token = String((await logIn(web, 'web')).body.auth?.['client_token']);
    const stranger = await certify({ subject: 'CN=Stranger', isAuthority: true });
    await write('auth/cert/crls/one', { crl: await revoke(stranger, [web]) });
    assert.equal((await logIn(web, 'web')).status, 200, 'a list of another issuer says nothing');
    await write('auth/cert/crls/one', { crl: await revoke(authority, [web]) });
    await refuses(logIn(web, 'web'), unmet);
    await refuses(send('POST', 'auth/token/renew-self', { who: web, token, body: {} }), unmet);
    const number = String(Number.parseInt(web.certificate.serialNumber, 16));
    const list = await send('GET', 'auth/cert/crls/one', { token: server.rootToken });
    assert.deepEqual(list.body.data, { serials: { [number]: {} } });
    assert.equal((await send('DELETE', 'auth/cert/crls/one', { token: server.rootToken })).status, 204);
    assert.equal((await logIn(web, 'web')).status, 200);
    for (const [body, message] of [
      [{ crl: 'garbage' }, 'failed to parse CRL: it is neither PEM nor DER in base64'],
      [{}, "one of 'crl' or 'url' must be provided"],
    ] as const)
      await refuses(send('POST', 'auth/cert/crls/two', { body, token: server.rootToken }), message);
    await refuses(send('GET', 'auth/cert/crls/nope', { token: server.rootToken }), 'no such CRL nope');
  });

  test('roles read back as Vault shows them', async () => {
    await role('shown', { display_name: 'front', token_ttl: '10m' });
    const { body } = await send('GET', 'auth/cert/certs/shown', { token: server.rootToken });
    assert.equal(body.data?.['display_name'], 'front');
    assert.equal(body.data?.['allowed_names'], null);
    assert.equal(body.data?.['token_ttl'], 600);
    for (const certificate of ['', 'garbage'])
      await refuses(
        send('POST', 'auth/cert/certs/x', { body: { certificate }, token: server.rootToken }),
        'failed to parse certificate',
      );
  });

  test('the certificate of a proxy stands for none of the clients behind it', async () => {
    const proxied = await startTestServer({
      listener: {
        tls_disable: false,
        tls_cert_file: join(folder, 'cert.pem'),
        tls_key_file: join(folder, 'key.pem'),
        x_forwarded_for_authorized_addrs: '127.0.0.1',
        x_forwarded_for_reject_not_present: false,
      },
    });
    try {
      const at = { port: proxied.port, token: proxied.rootToken };
      await send('POST', 'sys/auth/cert', { ...at, body: { type: 'cert' } });
      await send('POST', 'auth/cert/certs/web', { ...at, body: { certificate: authority.pem } });
      const login = { port: proxied.port, who: web, body: {} };
      assert.equal((await send('POST', 'auth/cert/login', login)).status, 200);
      await refuses(
        send('POST', 'auth/cert/login', { ...login, headers: { 'x-forwarded-for': '10.1.2.3' } }),
        'no client certificate found',
      );
    } finally {
      await proxied.stop();
    }
  });

  test('coffer login -method=cert logs in with -client-cert and -client-key', async () => {
    writeFileSync(join(folder, 'web.pem'), web.pem);
    writeFileSync(join(folder, 'web.key'), web.key, { mode: 0o600 });
    const environment = {
      HOME: folder,
      COFFER_ADDR: server.address.replace('http:', 'https:'),
      COFFER_CACERT: join(folder, 'ca.pem'),
    };
    const flags = [`-client-cert=${join(folder, 'web.pem')}`, `-client-key=${join(folder, 'web.key')}`];
    const done = await runInProcess(['login', '-method=cert', ...flags, 'name=web'], { environment });
    assert.equal(done.exitCode, 0, done.err);
    assert.match(readFileSync(join(folder, '.coffer-token'), 'utf8'), /^hvs\./);
    const without = await runInProcess(['login', '-method=cert', 'name=web'], { environment });
    assert.equal(without.exitCode, 2);
    assert.match(without.err, /a client certificate must be specified/);
  });
});
