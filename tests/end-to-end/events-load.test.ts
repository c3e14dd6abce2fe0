import assert from 'node:assert/strict';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import WebSocketClient from 'ws';
import { runInProcess } from '../../cli/testing/run-in-process.ts';
import { makeDevelopmentCertificate } from '../../server/start-up/development/development-certificate.ts';
import { startTestServer } from '../start-server.ts';

test('a subscriber that does not read is cut off, and nobody who writes waits for it', {
  timeout: 120_000,
}, async () => {
  const server = await startTestServer();
  try {
    const socket = new WebSocketClient(
      `${server.address.replace('http', 'ws')}/v1/sys/events/subscribe/*?json=true`,
      {
        headers: { 'X-Vault-Token': server.rootToken },
      },
    );
    const closed = once(socket, 'close');
    await once(socket, 'open');
    socket.pause();
    let received = 0;
    socket.on('message', () => {
      received++;
    });
    const folder = `${'long-name/'.repeat(80)}`;
    const writes = 5000;
    for (let from = 0; from < writes; from += 100) {
      const answers = await Promise.all(
        Array.from({ length: 100 }, (_, index) =>
          server.call('POST', `secret/data/${folder}${from + index}`, { body: { data: { a: 'b' } } }),
        ),
      );
      assert.ok(answers.every(({ status }) => status === 200));
    }
    socket.resume();
    const [code, reason] = await closed;
    assert.equal(code, 1013);
    assert.equal(String(reason), 'the subscriber does not keep up');
    assert.ok(received < writes, `${received} were kept for it`);
  } finally {
    await server.stop();
  }
});

test('a subscription over TLS is as good as one without', async () => {
  const { authority, certificate, privateKey } = await makeDevelopmentCertificate(['127.0.0.1'], Date.now());
  const first = await startTestServer();
  const at = (name: string) => join(first.folder, name);
  writeFileSync(at('ca.pem'), authority);
  writeFileSync(at('cert.pem'), certificate);
  writeFileSync(at('key.pem'), privateKey);
  const server = await startTestServer({
    listener: { tls_disable: false, tls_cert_file: at('cert.pem'), tls_key_file: at('key.pem') },
  });
  try {
    const environment = {
      COFFER_ADDR: `https://127.0.0.1:${server.port}`,
      COFFER_TOKEN: server.rootToken,
      COFFER_CACERT: at('ca.pem'),
    };
    const listening = runInProcess(['events', 'subscribe', '-timeout=2s', 'kv-v2/*'], { environment });
    const socket = new WebSocketClient(`wss://127.0.0.1:${server.port}/v1/sys/events/subscribe/*?json=true`, {
      ca: authority,
      headers: { Authorization: `Bearer ${server.rootToken}` },
    });
    await once(socket, 'open');
    const message = once(socket, 'message');
    const written = await runInProcess(['kv', 'put', 'secret/app', 'a=b'], { environment });
    assert.equal(written.exitCode, 0, written.err);
    const [data] = await message;
    assert.match(String(data), /kv-v2\/data-write/);
    socket.terminate();
    for (let tries = 0; tries < 10; tries++)
      await runInProcess(['kv', 'put', 'secret/app', 'a=b'], { environment });
    const heard = await listening;
    assert.equal(heard.exitCode, 0, heard.err);
    assert.match(heard.out, /"data_path":"secret\/data\/app"/);
    const untrusted = await runInProcess(['events', 'subscribe', '*'], {
      environment: { ...environment, COFFER_CACERT: '' },
    });
    assert.equal(untrusted.exitCode, 2);
    assert.match(untrusted.err, /failed to verify certificate/);
  } finally {
    await server.stop();
    await first.stop();
  }
});
