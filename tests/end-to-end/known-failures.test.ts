import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { startTestServer, type TestServer, type TestServerOptions } from '../start-server.ts';

/**
 * The failures of other secrets managers that concern the server as a whole, each as a test of our own. Names
 * read in two ways are in policies.test.ts, tenant crossing in namespaces.test.ts, secrets in logs in
 * tests/fuzz/canary.test.ts, seals and rekeying also beside the lifecycle.
 */
async function withServer(
  options: TestServerOptions,
  action: (server: TestServer) => Promise<void>,
): Promise<void> {
  const server = await startTestServer(options);
  try {
    await action(server);
  } finally {
    await server.stop();
  }
}

async function boundToken(server: TestServer, cidr: string): Promise<string> {
  await server.call('POST', 'auth/token/roles/bound', {
    body: { token_bound_cidrs: cidr, allowed_policies: 'default' },
  });
  const made = await server.call('POST', 'auth/token/create/bound', { body: { policies: ['default'] } });
  assert.equal(made.status, 200, made.text);
  return String(made.body.auth?.['client_token']);
}

describe('a forwarded address', () => {
  const behindProxy = {
    x_forwarded_for_authorized_addrs: '127.0.0.1',
    x_forwarded_for_reject_not_present: false,
  };
  const spoofs: Record<string, string>[] = [
    { 'X-Forwarded-For': '10.1.1.1' },
    { 'X-Real-IP': '10.1.1.1' },
    { Forwarded: 'for=10.1.1.1' },
    { 'X-Client-IP': '10.1.1.1', 'True-Client-IP': '10.1.1.1', 'CF-Connecting-IP': '10.1.1.1' },
  ];

  test('is believed of nobody unless the peer is a configured proxy', async () => {
    await withServer({}, async (server) => {
      const token = await boundToken(server, '10.0.0.0/8');
      for (const headers of spoofs) {
        const { status } = await server.call('GET', 'auth/token/lookup-self', { token, headers });
        assert.equal(status, 403, JSON.stringify(headers));
      }
      const own = await boundToken(server, '127.0.0.1/32');
      const headers = { 'X-Forwarded-For': '10.1.1.1' };
      assert.equal((await server.call('GET', 'auth/token/lookup-self', { token: own, headers })).status, 200);
    });
  });

  test('that a configured proxy adds counts, and what the client put before it does not', async () => {
    await withServer({ listener: behindProxy }, async (server) => {
      const token = await boundToken(server, '10.0.0.0/8');
      const status = async (address: string) =>
        (
          await server.call('GET', 'auth/token/lookup-self', {
            token,
            headers: { 'X-Forwarded-For': address },
          })
        ).status;
      assert.equal(await status('10.1.1.1'), 200);
      assert.equal(await status('10.1.1.1, 192.0.2.1'), 403);
      assert.equal(await status('192.0.2.1'), 403);
    });
  });
});

describe('somebody without a token', () => {
  test('cannot stop a key ceremony once an operator has given a share', async () => {
    await withServer({ isSealed: true }, async (server) => {
      const made = await server.call('PUT', 'sys/init', { body: { secret_shares: 2, secret_threshold: 2 } });
      const { keys } = made.body;
      assert.ok(Array.isArray(keys));
      for (const key of keys) await server.call('PUT', 'sys/unseal', { body: { key } });
      for (const [start, update] of [
        ['sys/generate-root/attempt', 'sys/generate-root/update'],
        ['sys/rekey/init', 'sys/rekey/update'],
      ] as const) {
        const body = { secret_shares: 1, secret_threshold: 1 };
        const begun = await server.call('PUT', start, { body });
        const { nonce } = begun.body;
        const share = await server.call('PUT', update, { body: { nonce, key: keys[0] } });
        assert.equal(share.body['progress'], 1, share.text);
        await server.call('DELETE', start);
        await server.call('DELETE', start, { body: { nonce: 'guessed' } });
        await server.call('PUT', start, { body });
        const wrong = await server.call('PUT', update, { body: { nonce: 'guessed', key: keys[1] } });
        assert.equal(wrong.status, 400, wrong.text);
        const status = await server.call('GET', start);
        assert.deepEqual([status.body['started'], status.body['progress']], [true, 1], start);
        const done = await server.call('PUT', update, { body: { nonce, key: keys[1] } });
        assert.equal(done.body['complete'], true, done.text);
      }
    });
  });

  test('cannot seal, step down, mount, audit, read metrics of others, or learn what is mounted', async () => {
    await withServer({}, async (server) => {
      const attempts: [string, string][] = [
        ['PUT', 'sys/seal'],
        ['PUT', 'sys/step-down'],
        ['POST', 'sys/mounts/x'],
        ['GET', 'sys/mounts'],
        ['GET', 'sys/audit'],
        ['PUT', 'sys/audit/x'],
        ['PUT', 'sys/rotate'],
        ['GET', 'sys/key-status'],
        ['GET', 'sys/policies/acl'],
        ['LIST', 'sys/namespaces'],
        ['POST', 'sys/remount'],
        ['PUT', 'sys/leases/revoke-prefix/secret'],
        ['GET', 'sys/host-info'],
        ['GET', 'sys/metrics'],
        ['GET', 'sys/in-flight-req'],
        ['GET', 'secret/data/a?help=1'],
        ['GET', 'secret?help=1'],
      ];
      for (const [method, path] of attempts)
        assert.equal(
          (await server.call(method, path, { token: null, body: {} })).status,
          403,
          `${method} ${path}`,
        );
      const { body } = await server.call('GET', 'sys/internal/ui/mounts', { token: null });
      assert.deepEqual(body.data, { auth: {}, secret: {} });
      assert.equal((await server.call('GET', 'sys/health', { token: null })).status, 200);
    });
  });

  test('cannot make the server work hard: compressed, deep and endless bodies end early', async () => {
    await withServer({ listener: { max_request_size: 100_000 } }, async (server) => {
      const bomb = gzipSync(Buffer.from(`{"data":{"a":"${'x'.repeat(50_000_000)}"}}`));
      assert.ok(bomb.length < 100_000);
      const started = performance.now();
      for (const token of [null, server.rootToken]) {
        const headers = { 'Content-Encoding': 'gzip', 'Content-Type': 'application/json' };
        const answer = await server.call('POST', 'secret/data/a', { token, headers, body: bomb });
        assert.equal(answer.status, 400, answer.text);
      }
      const deep = '['.repeat(99_000);
      for (let round = 0; round < 20; round++)
        assert.equal((await server.call('POST', 'secret/data/a', { token: null, body: deep })).status, 400);
      assert.ok(performance.now() - started < 5000);
    });
  });
});

describe('an audit device that is stuck', () => {
  test('stops requests with a clear error after a bounded wait, says which it is, and lets them through again', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'coffer-stuck-'));
    const path = join(folder, 'pipe');
    execFileSync('mkfifo', [path]);
    const reader = await open(path, 'r+');
    try {
      await withServer({}, async (server) => {
        await server.call('POST', 'secret/data/a', { body: { data: { x: 'y' } } });
        const body = { type: 'file', options: { file_path: path } };
        assert.equal((await server.call('PUT', 'sys/audit/stuck', { body })).status, 204);
        assert.equal((await server.call('GET', 'secret/data/a')).status, 200);
        // Nobody reads the pipe: an entry of this size does not fit.
        const large = { data: { x: Array.from({ length: 3000 }, (_, index) => `v${index}`) } };
        const started = performance.now();
        const blocked = await server.call('POST', 'secret/data/b', { body: large });
        assert.equal(blocked.status, 500, blocked.text);
        assert.match(String(blocked.body.errors), /no audit device could record/);
        const read = await server.call('GET', 'secret/data/a');
        assert.equal(read.status, 500, 'nothing is served unrecorded');
        assert.ok(!read.text.includes('"y"'));
        assert.ok(performance.now() - started < 15_000, 'the wait is bounded');
        assert.match(server.logText(), /\[ERROR\].*stuck/, 'the log names the device');
        const health = await server.call('GET', 'sys/health', { token: null });
        assert.equal(health.status, 200);
        assert.deepEqual(health.body['failing_audit_devices'], ['stuck/']);
        const drain = drainer(reader);
        let again = await server.call('GET', 'secret/data/a');
        for (let tries = 0; tries < 100 && again.status !== 200; tries++) {
          await new Promise((resolve) => setTimeout(resolve, 50));
          again = await server.call('GET', 'secret/data/a');
        }
        assert.equal(again.status, 200, again.text);
        assert.equal(
          (await server.call('GET', 'secret/data/b')).status,
          404,
          'what was refused was not done',
        );
        drain.stop();
      });
    } finally {
      await reader.close().catch(() => undefined);
      rmSync(folder, { recursive: true, force: true });
    }
  });

  test('does not matter while another records', async () => {
    await withServer({}, async (server) => {
      const folder = join(server.folder, 'two');
      mkdirSync(folder);
      const path = join(folder, 'pipe');
      execFileSync('mkfifo', [path]);
      const reader = await open(path, 'r+');
      try {
        const good = join(folder, 'good.log');
        for (const [name, file_path] of [
          ['bad', path],
          ['good', good],
        ] as const)
          await server.call('PUT', `sys/audit/${name}`, { body: { type: 'file', options: { file_path } } });
        const large = { data: { x: Array.from({ length: 3000 }, (_, index) => `v${index}`) } };
        assert.equal((await server.call('POST', 'secret/data/b', { body: large })).status, 200);
        assert.equal((await server.call('GET', 'secret/data/b')).status, 200);
        assert.match(readFileSync(good, 'utf8'), /"path":"secret\/data\/b"/);
        const drain = drainer(reader);
        await server.call('DELETE', 'sys/audit/bad');
        drain.stop();
      } finally {
        await reader.close().catch(() => undefined);
      }
    });
  });
});

/** Reads a pipe and throws away what comes. */
function drainer(reader: Awaited<ReturnType<typeof open>>): { stop(): void } {
  let isStopped = false;
  const buffer = Buffer.alloc(65_536);
  const next = (): void => {
    if (isStopped) return;
    reader.read(buffer, 0, buffer.length, null).then(next, () => undefined);
  };
  next();
  return {
    stop() {
      isStopped = true;
      // A read that waits is let go by one more byte.
      reader.write('\n').catch(() => undefined);
    },
  };
}

test('an audit file is never made among the files of the program, where it would be run', async () => {
  await withServer({}, async (server) => {
    const program = join(import.meta.dirname, '../..');
    for (const file of ['server/engines/evil.ts', 'bin/x', 'node_modules/x.js', 'server/../evil.log']) {
      const options = { file_path: join(program, file) };
      const { status, text } = await server.call('PUT', 'sys/audit/evil', {
        body: { type: 'file', options },
      });
      assert.equal(status, 400, text);
    }
    const executable = { file_path: join(server.folder, 'x.log'), mode: '0777' };
    const made = await server.call('PUT', 'sys/audit/mode', { body: { type: 'file', options: executable } });
    assert.equal(made.status, 400, made.text);
  });
});

describe('leases', () => {
  test('are not made by reading a static secret, however often', async () => {
    await withServer({}, async (server) => {
      await server.call('POST', 'sys/mounts/kv1', { body: { type: 'kv' } });
      await server.call('POST', 'kv1/a', { body: { x: 'y', ttl: '1h' } });
      await server.call('POST', 'secret/data/a', { body: { data: { x: 'y' } } });
      for (let round = 0; round < 50; round++) {
        for (const path of ['kv1/a', 'secret/data/a', 'cubbyhole/a']) {
          const { body } = await server.call('GET', path);
          assert.ok(!body['lease_id'], path);
        }
      }
      for (const prefix of ['', 'kv1', 'secret', 'secret/data'])
        assert.equal((await server.call('LIST', `sys/leases/lookup/${prefix}`)).status, 404, prefix);
    });
  });

  test('and tokens by the thousand do not delay the start', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'coffer-many-'));
    const started = async (reopen: { rootToken: string; unsealKey: string }): Promise<number> => {
      const before = performance.now();
      const server = await startTestServer({ storage: 'sqlite', folder, reopen });
      assert.equal((await server.call('GET', 'secret/data/a')).status, 404);
      const took = performance.now() - before;
      await server.stop();
      return took;
    };
    try {
      const first = await startTestServer({ storage: 'sqlite', folder });
      const { rootToken, unsealKey } = first;
      await first.stop();
      const empty = await started({ rootToken, unsealKey });
      const filling = await startTestServer({ storage: 'sqlite', folder, reopen: { rootToken, unsealKey } });
      for (let round = 0; round < 20; round++) {
        const body = { policies: ['default'], ttl: '100h' };
        await Promise.all(
          Array.from({ length: 100 }, () => filling.call('POST', 'auth/token/create', { body })),
        );
      }
      await filling.stop();
      const full = await started({ rootToken, unsealKey });
      assert.ok(
        full < 3 * empty + 500,
        `${Math.round(full)} ms with 2000 tokens, ${Math.round(empty)} ms without`,
      );
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});

test('a policy cache is not shared between names that look alike when joined', async () => {
  await withServer({}, async (server) => {
    await server.call('PUT', 'sys/policies/acl/a', {
      body: { policy: 'path "secret/data/a" { capabilities = ["read"] }' },
    });
    await server.call('POST', 'secret/data/a', { body: { data: { x: 'y' } } });
    const tokenOf = async (policies: string[]) => {
      const body = { policies, no_default_policy: true };
      return String((await server.call('POST', 'auth/token/create', { body })).body.auth?.['client_token']);
    };
    const read = async (token: string) => (await server.call('GET', 'secret/data/a', { token })).status;
    assert.equal(await read(await tokenOf(['a', 'b'])), 200);
    for (const odd of ['a\nb', 'a,b', '"a","b"', 'a\\nb'])
      assert.equal(await read(await tokenOf([odd])), 403, odd);
  });
});
