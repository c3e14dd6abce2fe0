import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach, describe, it } from 'node:test';
import { type Outcome, runInProcess } from '../../cli/testing/run-in-process.ts';
import { makeDevelopmentCertificate } from '../../server/start-up/development/development-certificate.ts';
import { startTestServer, type TestServer } from '../start-server.ts';
import { startProxy } from './import-proxy.ts';
import { contentsOf, fillSource } from './import-source.ts';
import { Program } from './program.ts';

let source: TestServer;
let target: TestServer;
let folder: string;
/** What an uninterrupted import makes of a new server. */
let whole: Awaited<ReturnType<typeof contentsOf>>;

before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'coffer-import-'));
  source = await startTestServer();
  await fillSource(source);
  writeFileSync(join(folder, 'token'), `${source.rootToken}\n`);
});

beforeEach(async () => {
  await target?.stop();
  target = await startTestServer();
});

after(async () => {
  await source.stop();
  await target.stop();
  rmSync(folder, { recursive: true, force: true });
});

function flags(...more: string[]): string[] {
  return [
    'import',
    'vault',
    `-address=${source.address}`,
    `-token-file=${join(folder, 'token')}`,
    `-passwords=${join(folder, 'passwords')}`,
    ...more,
  ];
}

function importing(more: readonly string[] = [], environment: Record<string, string> = {}): Promise<Outcome> {
  const own = { COFFER_ADDR: target.address, COFFER_TOKEN: target.rootToken };
  return runInProcess(flags(...more), { environment: { ...own, ...environment } });
}

describe('coffer import vault', () => {
  it('copies everything that the API gives out, and says what it cannot', async () => {
    const file = join(folder, 'report.json');
    const { exitCode, out, err } = await importing([`-report=${file}`]);
    assert.equal(exitCode, 0, out + err);
    whole = await contentsOf(target);
    assert.deepEqual(whole, await contentsOf(source));
    const report = JSON.parse(readFileSync(file, 'utf8'));
    const notes: Record<string, string> = Object.fromEntries(
      report.exceptions.map((one: { path: string; notes?: string[] }) => [one.path, one.notes?.join() ?? '']),
    );
    assert.match(notes['auth/approle/role/server'] ?? '', /1 secret ids cannot be read/);
    assert.match(notes['secret/ai/openai'] ?? '', /deleted versions 2 come without their values/);
    assert.equal(statSync(file).mode & 0o077, 0);
    for (const secret of ['sk-4', 'correct-horse', source.rootToken, target.rootToken])
      assert.ok(!(out + err + readFileSync(file, 'utf8')).includes(secret), secret);
    assert.match(err, /Copying: 0 of \d+\n/);
  });

  it('gives each user a new password in a token that opens once', async () => {
    const file = join(folder, 'passwords');
    rmSync(file, { force: true });
    assert.equal((await importing()).exitCode, 0);
    assert.equal(statSync(file).mode & 0o077, 0);
    const { username, wrapping_token: token } = JSON.parse(readFileSync(file, 'utf8').trim());
    const opened = await target.call('POST', 'sys/wrapping/unwrap', { token });
    const password = opened.body.data?.['password'];
    const login = await target.call('POST', `auth/people/login/${username}`, {
      token: null,
      body: { password },
    });
    assert.deepEqual(login.body.auth?.['token_policies'], ['default', 'reader']);
    assert.equal((await target.call('POST', 'sys/wrapping/unwrap', { token })).status, 400);
  });

  it('lets a machine log in with the role id it had, and a new secret id', async () => {
    assert.equal((await importing()).exitCode, 0);
    const before = await source.call('GET', 'auth/approle/role/server/role-id');
    const made = await target.call('POST', 'auth/approle/role/server/secret-id');
    const body = { role_id: before.body.data?.['role_id'], secret_id: made.body.data?.['secret_id'] };
    const login = await target.call('POST', 'auth/approle/login', { token: null, body });
    assert.deepEqual(login.body.auth?.['token_policies'], ['default', 'reader']);
  });

  it('changes nothing when everything is there, and nothing at all in a dry run', async () => {
    const empty = await contentsOf(target);
    const dry = await importing(['-dry-run']);
    assert.equal(dry.exitCode, 0, dry.out);
    assert.match(dry.out, /^copy +secret +secret\/ai\/openai +deleted versions/m);
    assert.match(dry.out, /^copy +userpass user +auth\/people\/users\/ann/m);
    assert.deepEqual(await contentsOf(target), empty);
    assert.equal((await importing()).exitCode, 0);
    const again = await importing(['-format=json']);
    const { counts } = JSON.parse(again.out);
    assert.deepEqual([counts.secret.carried, counts.secret.unchanged], [0, 7]);
    assert.deepEqual([counts.entity.carried, counts['AppRole role'].carried], [0, 0]);
    assert.deepEqual(await contentsOf(target), whole);
  });

  it('is killed in the middle, runs again, and ends the same', async () => {
    const program = new Program();
    const proxy = await startProxy(target.port);
    const environment = { COFFER_ADDR: proxy.address, COFFER_TOKEN: target.rootToken };
    try {
      // A kill at each of these writes, every one a run of its own that goes on where the last ended.
      for (const writes of [3, 6, 9, 14, 14, 14]) {
        const running = await program.start(flags(), /^/, environment);
        let seen = 0;
        proxy.before = (method) => {
          if (method !== 'GET' && ++seen > writes) running.child.kill('SIGKILL');
          return undefined;
        };
        await running.ended;
      }
      proxy.before = () => undefined;
      const last = await program.run(flags(), environment);
      assert.equal(last.code, 0, last.out + last.err);
      assert.doesNotMatch(last.out, /skipped/);
      assert.deepEqual(await contentsOf(target), whole);
    } finally {
      await proxy.close();
      await program.dispose();
    }
  });

  it('asks again when it is told to wait or the server fails', async () => {
    const proxies = [await startProxy(source.port), await startProxy(target.port)] as const;
    const seen = new Set<string>();
    for (const proxy of proxies)
      proxy.before = (method, path) => {
        if (seen.has(method + path)) return undefined;
        seen.add(method + path);
        return [429, 503, 500][seen.size % 12];
      };
    const { exitCode, out } = await importing([`-address=${proxies[0].address}`], {
      COFFER_ADDR: proxies[1].address,
    });
    await Promise.all(proxies.map((proxy) => proxy.close()));
    assert.equal(exitCode, 0, out);
    assert.deepEqual(await contentsOf(target), whole);
  });

  it('goes over TLS, and to nobody whose certificate is not trusted', async () => {
    const made = await makeDevelopmentCertificate(['127.0.0.1'], Date.now());
    const tls = { cert: made.certificate, key: made.privateKey };
    const proxies = [await startProxy(source.port, tls), await startProxy(target.port, tls)] as const;
    const ca = join(folder, 'ca.pem');
    writeFileSync(ca, made.authority);
    const address = `-address=${proxies[0].address}`;
    const environment = { COFFER_ADDR: proxies[1].address };
    const only = '-include=secret/ai/**';
    for (const trusted of [[], [`-ca-cert=${ca}`], [`-target-ca-cert=${ca}`]]) {
      const refused = await importing([address, only, '-max-retries=0', ...trusted], environment);
      assert.equal(refused.exitCode, 2);
      assert.match(refused.err, /failed to verify certificate/);
    }
    const trusted = await importing([address, only, `-ca-cert=${ca}`, `-target-ca-cert=${ca}`], environment);
    await Promise.all(proxies.map((proxy) => proxy.close()));
    assert.equal(trusted.exitCode, 0, trusted.err);
    assert.equal((await target.call('GET', 'secret/data/ai/openai?version=1')).status, 200);
  });
});

describe('coffer import vault, when the target has something else', () => {
  const occupy = async (): Promise<void> => {
    await target.call('POST', 'secret/data/ai/openai', { body: { data: { key: 'another' } } });
    await target.call('POST', 'sys/policies/acl/reader', {
      body: { policy: 'path "x" { capabilities = ["read"] }' },
    });
  };
  const current = async (): Promise<unknown> =>
    (await target.call('GET', 'secret/data/ai/openai')).body.data?.['data'];

  it('leaves it and says so', async () => {
    await occupy();
    const { exitCode, out } = await importing();
    assert.equal(exitCode, 0);
    assert.match(
      out,
      /^ {2}skipped +secret +secret\/ai\/openai +it differs at|^ {2}skipped +secret +secret\/ai\/openai +version 1 is another/m,
    );
    assert.match(out, /^ {2}skipped +policy +sys\/policies\/acl\/reader +it differs at "policy"/m);
    assert.deepEqual(await current(), { key: 'another' });
    assert.equal((await target.call('GET', 'secret/data/many')).status, 200);
  });

  it('replaces it when asked to', async () => {
    await occupy();
    assert.equal((await importing(['-on-conflict=overwrite'])).exitCode, 0);
    assert.deepEqual(await contentsOf(target), whole);
  });

  it('stops at it when asked to, with exit code 2', async () => {
    await occupy();
    const { exitCode, out } = await importing(['-on-conflict=fail']);
    assert.equal(exitCode, 2);
    assert.match(out, /stopped at a conflict/);
    assert.equal((await target.call('GET', 'secret/data/many')).status, 404);
  });

  it('never replaces a mount by one of another type, and reports what would have been below it', async () => {
    await target.call('POST', 'sys/mounts/plain', { body: { type: 'kv', options: { version: '2' } } });
    const { exitCode, out } = await importing(['-on-conflict=overwrite']);
    assert.equal(exitCode, 0, out);
    assert.match(out, /^ {2}skipped +secrets engine +plain\/ +the target has another version/m);
    assert.match(out, /^ {2}not carried +secret +plain\/a\/one +the target has another version/m);
  });
});

describe('coffer import vault, what it is asked for', () => {
  it('takes only what the globs name', async () => {
    const { exitCode } = await importing([
      '-include=secret/**',
      '-include=auth/approle/**',
      '-exclude=secret/ai',
    ]);
    assert.equal(exitCode, 0);
    const status = async (path: string): Promise<number> => (await target.call('GET', path)).status;
    assert.deepEqual(
      await Promise.all(
        [
          'secret/data/many',
          'auth/approle/role/server',
          'secret/data/ai/openai',
          'auth/people/users/ann',
        ].map(status),
      ),
      [200, 200, 404, 404],
    );
    assert.equal(await status('sys/policies/acl/reader'), 404);
    assert.equal(await status('sys/namespaces/team'), 404);
  });

  it('refuses wrong words, a token that is not there, and the same server twice', async () => {
    assert.equal((await importing(['-on-conflict=maybe'])).exitCode, 1);
    assert.equal((await importing(['-concurrency=0'])).exitCode, 1);
    const missing = await importing([`-token-file=${join(folder, 'none')}`]);
    assert.match(missing.err, /cannot read the token file .*no such file/);
    const same = await importing([], { COFFER_ADDR: source.address, COFFER_TOKEN: source.rootToken });
    assert.equal(same.exitCode, 1);
    assert.match(same.err, /same server/);
    const wrong = await importing([], { COFFER_TOKEN: 'hvs.wrong' });
    assert.equal(wrong.exitCode, 2);
    assert.match(wrong.err, /The target .* cannot be used/);
  });

  it('asks for the token of the source on a terminal, and draws a bar there', async () => {
    const { exitCode, err } = await runInProcess(
      ['import', 'vault', `-address=${source.address}`, '-include=secret/**'],
      {
        onTerminal: true,
        typed: source.rootToken,
        environment: { COFFER_ADDR: target.address, COFFER_TOKEN: target.rootToken },
      },
    );
    assert.equal(exitCode, 0, err);
    assert.match(err, /Token of the source \(will be hidden\): /);
    assert.match(err, /Copying {2}█{24} {2}100 %/);
    assert.ok(!err.includes(source.rootToken));
  });
});
