import assert from 'node:assert/strict';
import http from 'node:http';
import { after, before, test } from 'node:test';
import { CofferClient, TransportError } from './index.ts';

let server: http.Server;
let address: string;
before(async () => {
  server = http.createServer((request, response) => {
    if (request.url === '/v1/slow') return;
    if (request.url === '/v1/moved') response.writeHead(307, { Location: '/v1/a' }).end();
    else
      response.end(
        JSON.stringify({ data: { method: request.method, token: request.headers['x-vault-token'] } }),
      );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const bound = server.address();
  address = `http://127.0.0.1:${typeof bound === 'object' ? bound?.port : 0}`;
});
after(() => {
  server.closeAllConnections();
  server.close();
});

test('without a transport of its own the client speaks through fetch', async () => {
  const client = new CofferClient({ address, token: 't' });
  assert.deepEqual((await client.read('a'))?.data, { method: 'GET', token: 't' });
  assert.deepEqual((await client.write('a', { k: 'v' }))?.data, { method: 'PUT', token: 't' });
  assert.deepEqual((await client.read('moved'))?.data, { method: 'GET', token: 't' });
});

test('a server that is away or too slow is a TransportError without the token in it', async () => {
  const away = new CofferClient({ address: 'http://127.0.0.1:1', token: 'canary', maxRetries: 0 });
  const slow = new CofferClient({ address, token: 'canary', maxRetries: 0, timeoutMilliseconds: 50 });
  for (const [client, path, reason] of [
    [away, 'a', /no connection/],
    [slow, 'slow', /no answer within 0.05 s/],
  ] as const)
    await assert.rejects(client.read(path), (error) => {
      assert.ok(error instanceof TransportError);
      assert.match(error.message, reason);
      assert.doesNotMatch(`${error.message}${error.stack}`, /canary/);
      return true;
    });
});
