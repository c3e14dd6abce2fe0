import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { runInProcess } from '../../cli/testing/run-in-process.ts';
import { startTestServer, type TestServer } from '../start-server.ts';

let server: TestServer;
let folder: string;
before(async () => {
  server = await startTestServer();
  folder = mkdtempSync(join(tmpdir(), 'coffer-observe-'));
});
after(async () => {
  await server.stop();
  rmSync(folder, { recursive: true, force: true });
});

function coffer(argv: readonly string[], token: string = server.rootToken) {
  return runInProcess(argv, { environment: { COFFER_ADDR: server.address, COFFER_TOKEN: token } });
}

async function tokenWith(policy: string, more: object = {}): Promise<string> {
  const name = `p${randomBytes(4).toString('hex')}`;
  await server.call('PUT', `sys/policies/acl/${name}`, { body: { policy } });
  const made = await server.call('POST', 'auth/token/create', { body: { policies: [name], ...more } });
  return String(made.body.auth?.['client_token']);
}

/** The log as `sys/monitor` sends it, until it ends or `enough` of it has come. */
function monitor(
  query: string,
  token: string,
  enough: (text: string) => boolean,
  onHead = (): void => {},
): Promise<string> {
  return new Promise((resolve, reject) => {
    const headers = { 'X-Vault-Token': token };
    const sent = request({ port: server.port, path: `/v1/sys/monitor${query}`, headers }, (response) => {
      let text = `${response.statusCode} ${response.headers['content-type']}\n`;
      response.setEncoding('utf8');
      onHead();
      response.on('data', (part: string) => {
        text += part;
        if (enough(text)) response.destroy();
      });
      response.on('close', () => resolve(text));
    });
    sent.on('error', reject);
    sent.end();
  });
}

/** Something that the server logs, again and again until it is stopped. */
function logSomething(): () => void {
  let count = 0;
  const timer = setInterval(() => {
    const options = { file_path: 'discard' };
    void server.call('PUT', `sys/audit/d${++count}`, { body: { type: 'file', options } });
  }, 20);
  return () => clearInterval(timer);
}

describe('sys/monitor', () => {
  test('streams log lines in the format and from the level that were asked for', async () => {
    const stop = logSomething();
    const standard = await monitor('?log_level=debug', server.rootToken, (text) =>
      text.includes('enabled audit'),
    );
    const json = await monitor('?log_format=json', server.rootToken, (text) =>
      text.includes('enabled audit'),
    );
    stop();
    assert.match(standard, /^200 text\/plain/);
    assert.match(standard, /\[INFO\] {2}audit: enabled audit device: path=d\d+\//);
    assert.match(json, /\{"@level":"info","@message":"enabled audit device","@module":"audit"/);
  });

  test('takes sudo, a known level and a known format', async () => {
    const weak = await tokenWith('path "sys/monitor" { capabilities = ["read"] }');
    assert.equal((await server.call('GET', 'sys/monitor', { token: weak })).status, 403);
    assert.equal((await server.call('GET', 'sys/monitor', { token: null })).status, 403);
    assert.match((await server.call('GET', 'sys/monitor?log_level=loud')).text, /unknown log level/);
    assert.match((await server.call('GET', 'sys/monitor?log_format=xml')).text, /unknown log format/);
    const wrapped = await server.call('GET', 'sys/monitor', { headers: { 'X-Vault-Wrap-TTL': '60' } });
    assert.equal(wrapped.status, 400);
  });

  test('ends with its token', async () => {
    const token = await tokenWith('path "sys/monitor" { capabilities = ["read", "sudo"] }');
    const begun = Promise.withResolvers<void>();
    const ended = monitor('?log_level=error', token, () => false, begun.resolve);
    await begun.promise;
    await server.call('POST', 'auth/token/revoke', { body: { token } });
    assert.match(await ended, /^200/);
  });
});

describe('coffer monitor', () => {
  test('prints the log until the stream ends', async () => {
    const token = await tokenWith('path "sys/monitor" { capabilities = ["read", "sudo"] }', {
      ttl: '1s',
      explicit_max_ttl: '1s',
    });
    const stop = logSomething();
    const outcome = await coffer(['monitor', '-log-level=info'], token);
    stop();
    assert.equal(outcome.exitCode, 2);
    assert.match(outcome.out, /enabled audit device/);
    assert.match(outcome.err, /ended the stream/);
    const refused = await coffer(['monitor'], 'hvs.wrong');
    assert.equal(refused.exitCode, 2);
    assert.match(refused.err, /Error monitoring the server: Error making API request[\s\S]*Code: 403/);
    assert.match((await coffer(['monitor', '-log-level=loud'])).err, /unknown log level/);
    assert.match(
      (await coffer(['monitor', '-output-curl-string'])).out,
      /^curl .*sys\/monitor\?log_level=info/,
    );
  });
});

describe('coffer events subscribe', () => {
  test('prints one JSON object a line, with filter and namespaces, and says why it ends', async () => {
    await server.call('POST', 'sys/namespaces/team');
    const writing = setInterval(() => {
      void server.call('POST', 'secret/data/one', { body: { data: { a: 'b' } } });
      void server.call('POST', 'secret/data/two', { body: { data: { a: 'b' } } });
    }, 50);
    const outcome = await coffer([
      'events',
      'subscribe',
      '-timeout=1s',
      '-namespaces=*',
      '-filter=path contains "two"',
      'kv-v2/*',
    ]);
    clearInterval(writing);
    assert.equal(outcome.exitCode, 0, outcome.err);
    const lines = outcome.out.trim().split('\n');
    assert.ok(lines.length > 0 && lines[0] !== '');
    for (const line of lines) assert.equal(JSON.parse(line).data.event.metadata.path, 'secret/data/two');
    const refused = await coffer(['events', 'subscribe', '*'], 'hvs.wrong');
    assert.equal(refused.exitCode, 2);
    assert.match(refused.err, /Error subscribing to events: Error making API request[\s\S]*Code: 403/);
    assert.match((await coffer(['events', 'subscribe', '-filter=x', '*'])).err, /"filter"/);
    const short = await tokenWith('path "sys/events/*" { capabilities = ["read"] }', {
      ttl: '1s',
      explicit_max_ttl: '1s',
    });
    const ended = await coffer(['events', 'subscribe', '*'], short);
    assert.equal(ended.exitCode, 2);
    assert.match(ended.err, /The subscription has ended: the token is no longer valid for this \(1008\)/);
  });
});

describe('coffer debug', () => {
  const canary = `sk-Canary${randomBytes(12).toString('hex')}`;

  test('makes a bundle of what the server shows, without a secret in it', async () => {
    await server.call('POST', 'secret/data/canary', { body: { data: { key: canary } } });
    await server.call('POST', 'sys/policies/acl/x', { body: { policy: `# ${canary}` } });
    const output = join(folder, 'bundle');
    const stop = logSomething();
    const outcome = await coffer([
      'debug',
      '-duration=2s',
      '-interval=1s',
      '-metrics-interval=1s',
      '-compress=false',
      `-output=${output}`,
    ]);
    stop();
    assert.equal(outcome.exitCode, 0, outcome.err);
    assert.equal(outcome.err, '');
    const names = readdirSync(output).sort();
    assert.deepEqual(names, [
      'coffer.log',
      'config.json',
      'host_info.json',
      'index.json',
      'metrics.json',
      'requests.json',
      'server_status.json',
    ]);
    const text = (name: string) => readFileSync(join(output, name), 'utf8');
    assert.ok(JSON.parse(text('metrics.json')).length >= 2);
    assert.equal(JSON.parse(text('server_status.json'))[0].health.initialized, true);
    assert.deepEqual(JSON.parse(text('index.json')).errors, []);
    assert.match(text('coffer.log'), /enabled audit device/);
    for (const name of names) {
      assert.equal(statSync(join(output, name)).mode & 0o777, 0o600, name);
      for (const secret of [canary, server.rootToken, server.unsealKey, server.rootToken.slice(4)])
        assert.ok(!text(name).includes(secret), name);
    }
    const again = await coffer(['debug', '-duration=1s', '-compress=false', `-output=${output}`]);
    assert.match(again.err, /is there already/);
  });

  test('makes an archive that tar reads, and notes what the token may not see', async () => {
    const output = join(folder, 'archive.tar.gz');
    const outcome = await coffer(
      ['debug', '-duration=1s', '-target=host', '-target=server-status', '-target=log', `-output=${output}`],
      await tokenWith('path "sys/nothing" { capabilities = ["read"] }'),
    );
    assert.equal(outcome.exitCode, 0, outcome.err);
    assert.match(outcome.err, /host: .*permission denied/);
    assert.ok(existsSync(output));
    const listed = spawnSync('tar', ['-tzf', output], { encoding: 'utf8' });
    assert.equal(listed.error, undefined);
    assert.deepEqual(listed.stdout.trim().split('\n').sort(), [
      'archive/index.json',
      'archive/server_status.json',
    ]);
    const index = spawnSync('tar', ['-xzOf', output, 'archive/index.json'], { encoding: 'utf8' });
    const problems: { target: string; error: string }[] = JSON.parse(index.stdout).errors;
    assert.deepEqual([...new Set(problems.map(({ target }) => target))].sort(), [
      'host',
      'log',
      'server-status',
    ]);
    assert.match((await coffer(['debug', '-target=pprof'])).err, /There is no target pprof/);
    assert.match((await coffer(['debug', '-duration=0s'])).err, /too short/);
  });
});
