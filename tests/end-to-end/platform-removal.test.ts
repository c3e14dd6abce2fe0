import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { it } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { callPlatform } from '../platform-client.ts';
import { newWorkspace, peopleOf, signIn } from '../platform-people.ts';
import { startTestServer, type TestServer } from '../start-server.ts';

it('a workspace whose grace ended while the server was down is gone once it is up, and another is left alone', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'coffer-test-'));
  let second: TestServer | undefined;
  try {
    const first = await startTestServer({ storage: 'sqlite', folder });
    for (const name of ['ending', 'closed']) await newWorkspace(first, name);
    await callPlatform(first, 'DELETE', 'workspaces/ending?grace=1s');
    await callPlatform(first, 'DELETE', 'workspaces/closed?grace=1h');
    await first.stop();
    await wait(1100);
    const { rootToken, unsealKey } = first;
    const server = await startTestServer({ storage: 'sqlite', folder, reopen: { rootToken, unsealKey } });
    second = server;
    const names = async (): Promise<string[]> => {
      const { body } = await callPlatform(server, 'GET', 'workspaces');
      return (body['workspaces'] as { name: string }[]).map(({ name }) => name);
    };
    for (let attempt = 0; attempt < 100 && (await names()).includes('ending'); attempt++) await wait(50);
    assert.deepEqual(await names(), ['closed']);
    assert.equal((await callPlatform(server, 'POST', 'workspaces/closed:restore')).status, 200);
  } finally {
    await second?.stop();
    rmSync(folder, { recursive: true, force: true });
  }
});

it('who had a role in a workspace that was removed as a namespace has none in a new one of that name', async () => {
  const server = await startTestServer();
  try {
    await newWorkspace(server, 'reused');
    const { admin } = await peopleOf(server, 'reused');
    const body = { data: { value: 'of the new one' } };
    await server.call('DELETE', 'sys/namespaces/reused');
    for (let attempt = 0; attempt < 100; attempt++) {
      if ((await server.call('POST', 'sys/namespaces/reused', { body: {} })).status === 200) break;
      await wait(50);
    }
    await server.call('POST', 'sys/mounts/secret', { namespace: 'reused', body: { type: 'kv-v2' } });
    for (let attempt = 0; attempt < 100; attempt++) {
      const written = await server.call('POST', 'secret/data/key', { namespace: 'reused', body });
      if (written.status === 200) break;
      await wait(20);
    }
    const again = await signIn(server, 'admin-of-reused');
    for (const token of [admin, again]) {
      const read = await server.call('GET', 'secret/data/key', { namespace: 'reused', token });
      assert.equal(read.status, 403, read.text);
    }
    assert.equal((await server.call('GET', 'secret/data/key', { namespace: 'reused' })).status, 200);
  } finally {
    await server.stop();
  }
});
