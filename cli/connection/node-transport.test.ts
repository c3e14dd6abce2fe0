import assert from 'node:assert/strict';
import fs from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { Flags } from '../arguments/parse-flags.ts';
import { connectionFlags } from '../global-flags.ts';
import { type Connection, readConnection } from '../settings.ts';
import { startLoopbackServer } from '../testing/loopback-server.ts';
import { nodeTransport } from './node-transport.ts';

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'coffer-transport-'));
after(() => fs.rmSync(folder, { recursive: true }));

function connection(environment: Record<string, string> = {}): Connection {
  return readConnection(new Flags(connectionFlags, new Map()), environment);
}

function get(url: string, timeoutMilliseconds = 2_000) {
  const transport = nodeTransport(connection());
  return transport
    .send({ method: 'GET', url, headers: {}, timeoutMilliseconds })
    .finally(() => transport.close());
}

test('the path goes out byte for byte as it was composed', async () => {
  const server = await startLoopbackServer(() => ({ body: '{}' }));
  await get(`${server.address}/v1/a//b/%2e%2e/..?x=%20`);
  assert.equal(server.seen[0]?.url, '/v1/a//b/%2e%2e/..?x=%20');
  await server.close();
});

test('a Unix socket is reached by its path', async () => {
  const socket = path.join(folder, 's');
  const server = http.createServer((request, response) => response.end(request.url));
  await new Promise<void>((resolve) => server.listen(socket, resolve));
  assert.equal((await get(`unix://${socket}/v1/a`)).body, '/v1/a');
  await new Promise((resolve) => server.close(resolve));
  await assert.rejects(get(`unix://${folder}/none/v1/a`), /there is no socket/);
});

test('an answer that does not come in time ends the request and is not tried again', async () => {
  const server = http.createServer(() => undefined);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : 0;
  await assert.rejects(get(`http://127.0.0.1:${port}/v1/a`, 50), {
    message: /no answer within 0.05 s/,
    mayRetry: false,
  });
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

test('what answers without HTTP, or hangs up, is told apart', async () => {
  const garbage = await listen((socket) => socket.end('220 mail.example ESMTP\r\n'));
  await assert.rejects(get(`http://127.0.0.1:${garbage.port}/v1/a`), {
    message: /not HTTP/,
    mayRetry: false,
  });
  await garbage.close();
  const rude = await listen((socket) => socket.destroy());
  await assert.rejects(get(`http://127.0.0.1:${rude.port}/v1/a`), {
    message: /closed the connection/,
    mayRetry: true,
  });
  await rude.close();
});

test('an address that is no http or https URL is refused', async () => {
  for (const url of [
    'not-a-url/v1/a',
    'ftp://127.0.0.1/v1/a',
    'http://user:pw@host/v1/a',
    'file:///etc/passwd',
  ])
    await assert.rejects(get(url), /not a URL/, url);
});

async function listen(
  onConnection: (socket: net.Socket) => void,
): Promise<{ port: number; close: () => Promise<unknown> }> {
  const server = net.createServer((socket) => {
    socket.resume();
    socket.on('error', () => undefined);
    onConnection(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return { port: address.port, close: () => new Promise((resolve) => server.close(resolve)) };
}
