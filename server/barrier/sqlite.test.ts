import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { silentLogger } from '../contracts/logger.ts';
import { plugin } from '../storage/sqlite/index.ts';
import { openBarrier, openSecond } from './barrier-harness.ts';

async function withFolder(action: (path: string) => Promise<void>): Promise<void> {
  const path = await mkdtemp(join(tmpdir(), 'coffer-barrier-'));
  try {
    await action(path);
  } finally {
    await rm(path, { recursive: true });
  }
}

function open(path: string) {
  return plugin.open(
    { path, exclusive: false },
    { logger: silentLogger, onFatal: (error) => assert.fail(error) },
  );
}

test('two barriers on one SQLite file see each other after freshen, and rotation and destruction too', async () => {
  await withFolder(async (path) => {
    const first = await open(path);
    const other = await open(path);
    try {
      const { barrier, rootKey } = await openBarrier({ storage: first });
      const second = await openSecond(other, rootKey);
      await barrier.createNamespace('team');
      const mine = barrier.records('team', 'x/');
      const theirs = second.records('team', 'x/');
      await second.freshen();
      assert.equal(await theirs.get('k'), undefined);
      for (let count = 0; count < 20; count++) {
        const [writer, reader] = count % 2 ? [second, barrier] : [barrier, second];
        if (count % 5 === 0) await writer.rotate();
        await writer.records('team', 'x/').commit({ put: [['k', count]] });
        await reader.freshen();
        assert.equal((await reader.records('team', 'x/').get('k'))?.value, count);
      }
      await second.destroyNamespace('team');
      await barrier.freshen();
      assert.equal(mine.peek('k'), undefined);
      await assert.rejects(mine.get('k'), { code: 'not-found' });
      await barrier.purgeNamespace('team');
    } finally {
      await Promise.all([first.close(), other.close()]);
    }
  });
});

test('on disk, after a restart, records open and their text is nowhere in the files', async () => {
  await withFolder(async (path) => {
    const storage = await open(path);
    const { barrier, rootKey } = await openBarrier({ storage });
    const put = Array.from(
      { length: 200 },
      (_, index) => [`k${index}`, { value: `canary-${index}` }] as const,
    );
    await barrier.records('root', 'x/').commit({ put });
    await barrier.rotate();
    assert.equal((await barrier.reencrypt()).reencrypted, 200);
    await storage.close();
    const again = await open(path);
    try {
      const second = await openSecond(again, rootKey);
      assert.deepEqual((await second.records('root', 'x/').get('k7'))?.value, { value: 'canary-7' });
      for (const name of ['coffer.db', 'coffer.db-wal']) {
        const bytes = await readFile(join(path, name)).catch(() => Buffer.alloc(0));
        assert(!bytes.includes('canary'), name);
      }
    } finally {
      await again.close();
    }
  });
});
