import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { startTestServer, type TestServer } from '../start-server.ts';

let server: TestServer;
before(async () => {
  server = await startTestServer();
});
after(() => server.stop());

test('audit devices record again after the server was sealed and unsealed', async () => {
  const file = join(server.folder, 'audit.log');
  const enabled = await server.call('PUT', 'sys/audit/file', {
    body: { type: 'file', options: { file_path: file } },
  });
  assert.equal(enabled.status, 204, enabled.text);
  assert.equal((await server.call('PUT', 'sys/seal')).status, 204);
  assert.equal((await server.call('GET', 'secret/data/a')).status, 503);
  const opened = await server.call('PUT', 'sys/unseal', { body: { key: server.unsealKey }, token: null });
  assert.equal(opened.body['sealed'], false, opened.text);

  const before = readFileSync(file, 'utf8').length;
  assert.equal((await server.call('GET', 'secret/data/seen-again')).status, 404);
  assert.match(readFileSync(file, 'utf8').slice(before), /"path":"secret\/data\/seen-again"/);
});
