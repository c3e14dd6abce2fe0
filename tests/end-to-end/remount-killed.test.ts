import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { type Killable, startKillable } from './killable-server.ts';

const count = 300;

async function statusOf(server: Killable, id: string): Promise<string> {
  for (let tries = 0; tries < 500; tries++) {
    const { body } = await server.call('GET', `sys/remount/status/${id}`);
    const info = body.data?.['migration_info'];
    const status = typeof info === 'object' && info && 'status' in info ? String(info.status) : 'none';
    if (status !== 'in-progress') return status;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return 'never';
}

/** Of the keys below `kv`, how many are there with their values; undefined when nothing is mounted. */
async function held(server: Killable, kv: string): Promise<number | undefined> {
  const { status, body } = await server.call('LIST', kv);
  if (status !== 200) return undefined;
  const keys = body.data?.['keys'];
  assert.ok(Array.isArray(keys));
  const reads = await Promise.all(keys.map((key) => server.call('GET', `${kv}/${key}`)));
  return reads.filter(({ body: { data } }) => data?.['a'] === 'b').length;
}

test('a move between namespaces that was killed, again and again, ends with all of the mount in the other one', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'coffer-moved-'));
  let server = await startKillable(folder);
  try {
    for (const name of ['one', 'two']) await server.call('POST', `sys/namespaces/${name}`, { body: {} });
    await server.call('POST', 'sys/mounts/kv', { namespace: 'one', body: { type: 'kv' } });
    const writes = Array.from({ length: count }, (_, at) =>
      server.call('POST', `one/kv/k${at}`, { body: { a: 'b' } }),
    );
    for (const { status, text } of await Promise.all(writes)) assert.equal(status, 204, text);
    let [from, to] = ['one/kv', 'two/kv'];
    for (const [delayMs, ...more] of [[0, 5], [4], [10]]) {
      const asked = await server.call('POST', 'sys/remount', { body: { from, to } });
      assert.equal(asked.status, 200, asked.text);
      const id = String(asked.body.data?.['migration_id']);
      await new Promise((resolve) => setTimeout(resolve, delayMs));
      for (const again of [0, ...more]) {
        await server.kill();
        server = await startKillable(folder, server);
        await new Promise((resolve) => setTimeout(resolve, again));
      }
      assert.equal(await statusOf(server, id), 'success');
      assert.equal(await held(server, to), count);
      assert.equal(await held(server, from), undefined);
      [from, to] = [to, from];
    }
    // Nothing of it is left where it was: that namespace can go, key and all.
    const [here, gone] = [from.slice(0, 3), to.slice(0, 3)];
    assert.equal((await server.call('DELETE', `sys/namespaces/${gone}`)).status < 300, true);
    assert.equal(await held(server, `${here}/kv`), count);
  } finally {
    await server.kill();
    rmSync(folder, { recursive: true, force: true });
  }
});
