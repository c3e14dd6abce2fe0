import 'reflect-metadata';
import assert from 'node:assert/strict';
import fs from 'node:fs';
import https from 'node:https';
import os from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { TLSSocket } from 'node:tls';
import {
  BasicConstraintsExtension,
  SubjectAlternativeNameExtension,
  type X509Certificate,
  X509CertificateGenerator,
} from '@peculiar/x509';
import { envelope } from '../testing/loopback-server.ts';
import { type Outcome, runInProcess } from '../testing/run-in-process.ts';

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
let folder: string;
let server: https.Server;
let address: string;

before(async () => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'coffer-tls-'));
  const authority = await makeAuthority();
  const [serverFiles, clientFiles] = [
    await issue(authority, 'server', 'coffer.test'),
    await issue(authority, 'client'),
  ];
  fs.writeFileSync(path.join(folder, 'ca.pem'), authority.certificate.toString('pem'));
  fs.mkdirSync(path.join(folder, 'authorities'));
  fs.writeFileSync(path.join(folder, 'authorities/one.pem'), authority.certificate.toString('pem'));
  for (const [name, files] of Object.entries({ server: serverFiles, client: clientFiles })) {
    fs.writeFileSync(path.join(folder, `${name}.pem`), files.certificate);
    fs.writeFileSync(path.join(folder, `${name}.key`), files.key);
  }
  server = https.createServer(
    {
      cert: serverFiles.certificate,
      key: serverFiles.key,
      ca: authority.certificate.toString('pem'),
      requestCert: true,
      rejectUnauthorized: false,
    },
    (request, response) => {
      const peer = request.socket instanceof TLSSocket ? request.socket.getPeerCertificate() : undefined;
      response.end(JSON.stringify(envelope({ data: { client: peer?.subject?.CN ?? 'none' } })));
    },
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const bound = server.address();
  address = `https://127.0.0.1:${typeof bound === 'object' ? bound?.port : 0}`;
});
after(() => {
  server.closeAllConnections();
  server.close();
  fs.rmSync(folder, { recursive: true });
});

interface Authority {
  readonly certificate: X509Certificate;
  readonly keys: CryptoKeyPair;
}

async function makeAuthority(): Promise<Authority> {
  const keys = await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const certificate = await X509CertificateGenerator.createSelfSigned({
    name: 'CN=authority',
    keys,
    signingAlgorithm: algorithm,
    extensions: [new BasicConstraintsExtension(true)],
  });
  return { certificate, keys };
}

async function issue(
  authority: Authority,
  name: string,
  host?: string,
): Promise<{ certificate: string; key: string }> {
  const keys = await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const certificate = await X509CertificateGenerator.create({
    subject: `CN=${name}`,
    issuer: authority.certificate.subject,
    publicKey: keys.publicKey,
    signingKey: authority.keys.privateKey,
    signingAlgorithm: algorithm,
    extensions:
      host === undefined ? [] : [new SubjectAlternativeNameExtension([{ type: 'dns', value: host }])],
  });
  const key = Buffer.from(await crypto.subtle.exportKey('pkcs8', keys.privateKey)).toString('base64');
  return {
    certificate: certificate.toString('pem'),
    key: `-----BEGIN PRIVATE KEY-----\n${key}\n-----END PRIVATE KEY-----\n`,
  };
}

function read(flags: readonly string[], environment: Record<string, string> = {}): Promise<Outcome> {
  return runInProcess(['read', '-field=client', ...flags, 'a'], {
    environment: { COFFER_ADDR: address, COFFER_MAX_RETRIES: '0', ...environment },
  });
}

test('a certificate of an unknown authority is refused', async () => {
  const { exitCode, err } = await read([]);
  assert.equal(exitCode, 2);
  assert.match(err, /failed to verify certificate: it was signed by an unknown authority/);
});

test('the authority is given as a file or a folder, by flag or environment, and the name must fit', async () => {
  const name = '-tls-server-name=coffer.test';
  const file = path.join(folder, 'ca.pem');
  for (const flags of [[`-ca-cert=${file}`], [`-ca-path=${path.join(folder, 'authorities')}`]])
    assert.deepEqual(await read([...flags, name]), { exitCode: 0, out: 'none', err: '' });
  assert.equal((await read([], { VAULT_CACERT: file, VAULT_TLS_SERVER_NAME: 'coffer.test' })).exitCode, 0);
  for (const flags of [[`-ca-cert=${file}`], [`-ca-cert=${file}`, '-tls-server-name=other.test']])
    assert.match((await read(flags)).err, /it was made for another name/);
});

test('checking is off only when the user says so', async () => {
  assert.equal((await read(['-tls-skip-verify'])).exitCode, 0);
  assert.equal((await read([], { BAO_SKIP_VERIFY: 'true' })).exitCode, 0);
  assert.equal((await read(['-tls-skip-verify=false'], { BAO_SKIP_VERIFY: 'true' })).exitCode, 2);
});

test('a client certificate is shown to the server', async () => {
  const pair = [
    `-client-cert=${path.join(folder, 'client.pem')}`,
    `-client-key=${path.join(folder, 'client.key')}`,
  ];
  assert.equal((await read([...pair, '-tls-skip-verify'])).out, 'client');
});

test('a file that cannot be read is named', async () => {
  const { exitCode, err } = await read(['-ca-cert=/nonexistent/ca.pem']);
  assert.equal(exitCode, 1);
  assert.match(err, /Error loading CA File: open \/nonexistent\/ca\.pem: no such file/);
});
