import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, test } from 'node:test';
import { CofferError } from '../contracts/errors.ts';
import { readBody } from './body.ts';
import { BodyRoom } from './body-room.ts';

const mebibyte = 1024 * 1024;
const limits = { maxRequestBytes: 4 * mebibyte, maxRequestJsonDepth: 5 };
const room = new BodyRoom(5 * mebibyte);

const server = createServer((message: IncomingMessage, response: ServerResponse) => {
  readBody(message, limits, room).then(
    (body) => response.end(String(body.length)),
    (error: unknown) => response.end(error instanceof CofferError ? error.code : 'other'),
  );
});
before(() => once(server.listen(0, '127.0.0.1'), 'listening'));
after(() => server.close());

function open(): ReturnType<typeof request> {
  const { port } = server.address() as AddressInfo;
  return request({ port, host: '127.0.0.1', method: 'POST', agent: false }).on('error', () => {});
}

async function send(bytes: number): Promise<string> {
  const asked = open();
  asked.end(Buffer.alloc(bytes));
  return answerOf(asked);
}

async function answerOf(asked: ReturnType<typeof request>): Promise<string> {
  const [response]: IncomingMessage[] = await once(asked, 'response');
  let text = '';
  response?.on('data', (part) => (text += part));
  if (response) await once(response, 'end');
  return text;
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
}

test('large bodies share a room; small ones need none, and what is done or cut off gives its part back', async () => {
  const first = open();
  first.setHeader('Content-Length', 3 * mebibyte);
  first.write(Buffer.alloc(3 * mebibyte - 1));
  await until(() => room.takenBytes > 2.9 * mebibyte);
  assert.equal(await send(3 * mebibyte), 'too-busy');
  assert.equal(await send(64 * 1024), String(64 * 1024));
  assert.equal(await send(mebibyte), String(mebibyte));
  first.end(Buffer.alloc(1));
  assert.equal(await answerOf(first), String(3 * mebibyte));
  await until(() => room.takenBytes === 0);

  const cut = open();
  cut.setHeader('Content-Length', 3 * mebibyte);
  cut.write(Buffer.alloc(2 * mebibyte));
  await until(() => room.takenBytes > 1.5 * mebibyte);
  cut.destroy();
  await until(() => room.takenBytes === 0);
  assert.equal(await send(4 * mebibyte), String(4 * mebibyte));
  assert.equal(await send(5 * mebibyte), 'too-large');
  await until(() => room.takenBytes === 0);
});
