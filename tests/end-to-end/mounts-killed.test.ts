import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { CallAnswer } from '../start-server.ts';
import { type Killable, startKillable as start } from './killable-server.ts';

const count = 150;

async function make(server: Killable): Promise<void> {
  await server.call('POST', 'sys/mounts/kv', { body: { type: 'kv' } });
  await server.call('POST', 'sys/namespaces/team', { body: {} });
  await server.call('POST', 'sys/mounts/kv', { namespace: 'team', body: { type: 'kv' } });
}

async function fill(server: Killable, kv: string, namespace: string): Promise<void> {
  const writes = Array.from({ length: count }, (_, index) =>
    server.call('POST', `${kv}/k${index}`, { namespace, body: { a: 'b' } }),
  );
  for (const { status, text } of await Promise.all(writes)) assert.equal(status, 204, text);
}

/**
 * How many of the keys are there; undefined when the mount or its namespace is gone. What a crash interrupted is
 * put in order beside the first requests, so this waits for an answer that is neither.
 */
async function held(server: Killable, kv: string, namespace: string): Promise<number | undefined> {
  let found = 0;
  for (let tries = 0; tries < 100 && found === 0; tries++) {
    const mount = await server.call('GET', `sys/mounts/${kv}`, { namespace });
    if (mount.status !== 200) return undefined;
    const keys = (await server.call('LIST', kv, { namespace })).body.data?.['keys'];
    found = Array.isArray(keys) ? keys.length : 0;
    if (found === 0) await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return found;
}

function isDone(outcome: PromiseSettledResult<CallAnswer> | undefined): boolean {
  return outcome?.status === 'fulfilled' && outcome.value.status === 204;
}

test('a mount or a namespace whose removal was killed is whole, or gone with all that it held', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'coffer-killed-'));
  let server = await start(folder);
  try {
    for (const delayMs of [0, 2, 4, 8, 16]) {
      await make(server);
      await fill(server, 'kv', '');
      await fill(server, 'kv', 'team');
      const removals = [server.call('DELETE', 'sys/mounts/kv'), server.call('DELETE', 'sys/namespaces/team')];
      const outcomes = Promise.allSettled(removals);
      await new Promise((resolve) => setTimeout(resolve, delayMs));
      await server.kill();
      const [mount, team] = await outcomes;
      server = await start(folder, server);

      const inMount = await held(server, 'kv', '');
      assert.ok(inMount === undefined || inMount === count, `${inMount} keys are left`);
      if (isDone(mount)) assert.equal(inMount, undefined);
      if (inMount !== undefined)
        assert.equal(
          (await server.call('POST', 'kv/k0', { body: { a: 'c' } })).status,
          204,
          'it serves again',
        );
      assert.equal((await server.call('DELETE', 'sys/mounts/kv')).status, 204);

      const inTeam = await held(server, 'kv', 'team');
      assert.ok(inTeam === undefined || inTeam === count, `${inTeam} keys are left in the namespace`);
      if (isDone(team)) assert.equal(inTeam, undefined);
      const again = await server.call('DELETE', 'sys/namespaces/team');
      assert.ok(again.status < 300, again.text);
      assert.equal((await server.call('GET', 'sys/namespaces/team')).status, 404);

      await server.call('POST', 'sys/mounts/kv', { body: { type: 'kv' } });
      assert.equal((await server.call('LIST', 'kv')).status, 404, 'a new one of that name begins empty');
      await server.call('POST', 'sys/namespaces/team', { body: {} });
      await server.call('POST', 'sys/mounts/kv', { namespace: 'team', body: { type: 'kv' } });
      assert.equal((await server.call('LIST', 'team/kv')).status, 404);
    }
  } finally {
    await server.kill();
    rmSync(folder, { recursive: true, force: true });
  }
});
