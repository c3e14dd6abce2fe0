import assert from 'node:assert/strict';
import { existsSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import https from 'node:https';
import { connect } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { makeDevelopmentCertificate } from '../../server/start-up/development/development-certificate.ts';
import { freePort, Program } from './program.ts';

const devReady = /should NOT be used in production/;
const started = /server started!/;

let program: Program;
beforeEach(() => {
  program = new Program();
});
afterEach(() => program.dispose());

const at = (name: string): string => join(program.home, name);
const dev = ['server', '-dev', '-dev-listen-address=127.0.0.1:0'];

async function status(address: string): Promise<number> {
  return (await fetch(`${address}/v1/sys/health`)).status;
}

async function read(address: string, path: string, token: string): Promise<unknown> {
  const answer = await fetch(`${address}/v1/${path}`, { headers: { 'X-Vault-Token': token } });
  return answer.json();
}

describe('coffer server -dev', () => {
  it('prints the lines that scripts read, is unsealed, stores its token and has KV version 2 at secret/', async () => {
    const server = await program.start([...dev, '-dev-root-token-id=root'], devReady);
    assert.match(server.out, /^Root Token: root$/m);
    const [, key = ''] = /^Unseal Key: (\S+)$/m.exec(server.out) ?? [];
    assert.equal(Buffer.from(key, 'base64').length, 32);
    assert.match(server.out, /^ +Api Address: http:\/\/127\.0\.0\.1:\d+$/m);
    assert.match(server.out, /^ +Listener 1: tcp \(addr: "127\.0\.0\.1:\d+",.* tls: "disabled"\)$/m);
    assert.equal(await status(server.address), 200);
    assert.equal(readFileSync(at('.coffer-token'), 'utf8'), 'root');
    assert.equal(statSync(at('.coffer-token')).mode & 0o777, 0o600);
    const reach = { COFFER_ADDR: server.address };
    assert.equal((await program.run(['kv', 'put', 'secret/x', 'a=1'], reach)).code, 0);
    assert.match((await program.run(['kv', 'get', 'secret/x'], reach)).out, /secret\/data\/x/);
    assert.equal((await program.run(['operator', 'seal'], reach)).code, 0);
    assert.equal((await program.run(['operator', 'unseal', key], reach)).code, 0);
    assert.equal((await server.stop()).code, 0);
  });

  it('takes two dashes, makes a random token, stores none when told so, and mounts what was asked for', async () => {
    const server = await program.start(
      ['server', '--dev', '--dev-listen-address', '127.0.0.1:0', '--dev-no-store-token', '--dev-no-kv'],
      devReady,
    );
    const [, token = ''] = /^Root Token: (hvs\.\S{24,})$/m.exec(server.out) ?? [];
    assert.notEqual(token, '');
    assert.equal(existsSync(at('.coffer-token')), false);
    assert.doesNotMatch(JSON.stringify(await read(server.address, 'sys/mounts', token)), /"secret\/"/);
    await server.stop();
    const one = await program.start([...dev, '-dev-root-token-id=root', '-dev-kv-v1'], devReady);
    assert.match(JSON.stringify(await read(one.address, 'sys/mounts/secret', 'root')), /"version":"1"/);
    await one.stop();
  });

  it('reads the variables of Vault’s image', async () => {
    const more = { VAULT_DEV_ROOT_TOKEN_ID: 'from-environment', VAULT_DEV_LISTEN_ADDRESS: '127.0.0.1:0' };
    const server = await program.start(['server', '-dev'], devReady, more);
    assert.match(server.out, /^Root Token: from-environment$/m);
    await server.stop();
  });

  it('serves TLS that its authority verifies', async () => {
    const server = await program.start(
      [...dev, '-dev-tls', '-dev-tls-cert-dir=tls', '-dev-tls-san=coffer.test'],
      devReady,
    );
    assert.match(server.address, /^https:/);
    const ca = readFileSync(at('tls/vault-ca.pem'));
    assert.equal(statSync(at('tls/vault-key.pem')).mode & 0o777, 0o600);
    const port = Number(new URL(server.address).port);
    for (const servername of ['localhost', 'coffer.test']) {
      const answer = await get({ port, ca, host: '127.0.0.1', servername, path: '/v1/sys/health' });
      assert.equal(answer, 200);
    }
    await server.stop();
  });
});

function get(options: https.RequestOptions): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    https
      .get({ ...options, agent: false }, (answer) => {
        answer.resume();
        answer.on('end', () => resolve(answer.statusCode));
      })
      .on('error', reject);
  });
}

describe('coffer server -config', () => {
  const plain = (port: number, more = ''): string =>
    `storage "sqlite" { path = "data" }\nlistener "tcp" {\n  address = "127.0.0.1:${port}"\n  tls_disable = true\n}\n${more}`;

  it('starts sealed and empty, keeps what is written over a restart, and writes its pid', async () => {
    const port = await freePort();
    writeFileSync(at('c.hcl'), plain(port, `pid_file = "${at('pid')}"\n`));
    const server = await program.start(['server', '-config=c.hcl'], started);
    assert.equal(readFileSync(at('pid'), 'utf8').trim(), String(server.child.pid));
    assert.equal(await status(server.address), 501);
    const reach = { COFFER_ADDR: server.address };
    const init = await program.run(
      ['operator', 'init', '-key-shares=1', '-key-threshold=1', '-format=json'],
      reach,
    );
    const [, key = ''] = /"unseal_keys_b64":\s*\[\s*"([^"]+)"/.exec(init.out) ?? [];
    assert.equal((await program.run(['operator', 'unseal', key], reach)).code, 0, init.err);
    assert.equal(await status(server.address), 200);
    assert.equal((await server.stop()).code, 0);
    assert.equal(existsSync(at('pid')), false);
    const again = await program.start(['server', '-config=c.hcl'], started);
    assert.equal(await status(again.address), 503);
    await again.stop();
  });

  it('names everything that is wrong with its files, and exits with 1', async () => {
    writeFileSync(
      at('bad.hcl'),
      'storage "sqlite" { pth = "data" }\nlistener "tcp" { tls_disable = "perhaps" }\n',
    );
    const { code, out, err } = await program.run(['server', '-config=bad.hcl']);
    assert.equal(code, 1);
    assert.equal(out, '');
    assert.match(err, /^The configuration cannot be used:\n {2}bad\.hcl:1: "pth" .*Did you mean "path"\?\n/);
    assert.match(err, /bad\.hcl:2: "tls_disable"/);
    assert.match((await program.run(['server'])).err, /Must specify at least one config path using -config/);
    assert.match((await program.run(['server', '-bogus'])).err, /flag provided but not defined: -bogus/);
  });

  it('takes a new certificate, log level and log file at SIGHUP, and keeps what it has when they are bad', async () => {
    const port = await freePort();
    const install = async () => {
      const made = await makeDevelopmentCertificate(['localhost'], Date.now());
      writeFileSync(at('cert.pem'), made.certificate);
      writeFileSync(at('key.pem'), made.privateKey);
      return made.authority;
    };
    const write = (level: string) =>
      writeFileSync(
        at('c.hcl'),
        `storage "inmem" {}\nlog_level = "${level}"\nlog_file = "${at('server.log')}"\nlistener "tcp" {\n  address = "127.0.0.1:${port}"\n  tls_cert_file = "cert.pem"\n  tls_key_file = "key.pem"\n}\n`,
      );
    const first = await install();
    write('info');
    const server = await program.start(['server', '-config=c.hcl'], started);
    const health = (ca: string) =>
      get({ port, ca, host: '127.0.0.1', servername: 'localhost', path: '/v1/sys/health' });
    assert.equal(await health(first), 501);
    const second = await install();
    write('debug');
    renameSync(at('server.log'), at('server.log.old'));
    server.child.kill('SIGHUP');
    await server.sees(/reloaded: level=debug/, 'err');
    assert.equal(await health(second), 501);
    await assert.rejects(health(first));
    assert.match(readFileSync(at('server.log'), 'utf8'), /reloaded: level=debug/);
    writeFileSync(
      at('c.hcl'),
      readFileSync(at('c.hcl'), 'utf8')
        .replace('storage "inmem" {}', 'storage "sqlite" { path = "data" }')
        .replace('  tls_cert_file', '  max_request_size = 1000\n  tls_cert_file'),
    );
    server.child.kill('SIGHUP');
    await server.sees(
      /\[WARN\] .*changed settings take effect at the next restart: settings="?listener, storage/,
      'err',
    );
    writeFileSync(at('key.pem'), 'nonsense');
    write('shout');
    server.child.kill('SIGHUP');
    await server.sees(
      /\[ERROR\] .*reload: certificates[\s\S]*\[ERROR\] .*reload: configuration[\s\S]*\[WARN\] .*reloaded in part: what failed stays as it was: failures=2/,
      'err',
    );
    assert.equal(await health(second), 501);
    assert.equal((await server.stop()).code, 0);
  });

  it('lets a request finish at SIGTERM, and stops at once at the second', async () => {
    const port = await freePort();
    writeFileSync(at('c.hcl'), plain(port));
    const server = await program.start(['server', '-config=c.hcl'], started);
    const socket = connect(port, '127.0.0.1');
    socket.on('error', () => {});
    socket.write('PUT /v1/sys/init HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n{');
    await new Promise((resolve) => setTimeout(resolve, 200));
    server.child.kill('SIGTERM');
    await server.sees(/shutting down/, 'err');
    await assert.rejects(fetch(server.address));
    await new Promise((resolve) => setTimeout(resolve, 500));
    assert.equal(server.child.exitCode, null, 'still waits for the body');
    const before = Date.now();
    const { code } = await server.stop();
    assert.equal(code, 1);
    assert.ok(Date.now() - before < 2000);
    socket.destroy();
  });
});
