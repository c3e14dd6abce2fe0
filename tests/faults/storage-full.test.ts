import { equal, match, ok, rejects } from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, beforeEach, describe, it } from 'node:test';
import { silentLogger } from '../../server/contracts/logger.ts';
import { StorageError } from '../../server/contracts/storage.ts';
import { plugin } from '../../server/storage/sqlite/index.ts';

const disk = mkdtempSync(join(tmpdir(), 'coffer-full-'));
const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=2m', 'tmpfs', disk]).status === 0;

function open() {
  const context = { logger: silentLogger, onFatal: (error: StorageError) => Promise.reject(error) };
  return plugin.open({ path: join(disk, 'data') }, context);
}

const isFull = (error: unknown) => error instanceof StorageError && error.kind === 'full';

describe('SQLite storage on a full disk', {
  skip: mounted ? false : 'mounting a small disk needs root',
}, () => {
  const ballast = join(disk, 'ballast');
  beforeEach(() => writeFileSync(ballast, Buffer.alloc(500_000)));
  afterEach(() => rmSync(join(disk, 'data'), { recursive: true, force: true }));
  after(() => {
    spawnSync('umount', [disk]);
    rmdirSync(disk);
  });

  it('refuses with a clear error, keeps what was acknowledged whole, and goes on when there is space', async () => {
    let storage = await open();
    const acknowledged: string[] = [];
    let failure: unknown;
    for (let i = 0; failure === undefined; i++) {
      ok(i < 1000, 'the disk never got full');
      const put = ['left', 'right'].map((side) => [`${i}/${side}`, Buffer.alloc(10_000, `${i}`)] as const);
      const outcome = storage.commit({ put });
      await outcome
        .then(() => acknowledged.push(`${i}/`))
        .catch((error: unknown) => {
          failure = error;
        });
    }
    ok(failure instanceof StorageError);
    equal(failure.kind, 'full');
    match(failure.message, /no space left for .*coffer\.db$/);
    const check = async () => {
      equal((await storage.list('', { limit: 1000 })).length, acknowledged.length);
      for (const folder of acknowledged) {
        for (const value of await storage.read([`${folder}left`, `${folder}right`])) {
          ok(value && Buffer.alloc(10_000, folder.slice(0, -1)).equals(value));
        }
      }
    };
    await check();
    await rejects(storage.commit({ put: [['more', Buffer.alloc(400_000)]] }), isFull);

    rmSync(ballast);
    await storage.commit({ put: [['more', Buffer.alloc(100_000)]] });
    await storage.commit({ remove: ['more'] });
    await check();
    await storage.close();
    storage = await open();
    await check();
    await storage.close();
  });

  it('refuses only the large change of a group, when the small ones fit', async () => {
    const storage = await open();
    try {
      const outcomes = await Promise.allSettled([
        storage.commit({ put: [['small/1', Buffer.alloc(100)]] }),
        storage.commit({ put: [['large', Buffer.alloc(10_000_000)]] }),
        storage.commit({ put: [['small/2', Buffer.alloc(100)]] }),
      ]);
      equal(outcomes.map(({ status }) => status).join(), 'fulfilled,rejected,fulfilled');
      equal(
        (await storage.read(['large', 'small/1', 'small/2'])).map((value) => value?.length).join(),
        ',100,100',
      );
    } finally {
      await storage.close();
    }
  });

  it('says so when there is no room even to open', async () => {
    const { stderr } = spawnSync('dd', ['if=/dev/zero', `of=${ballast}`, 'bs=4k'], { encoding: 'utf8' });
    match(stderr, /No space left/);
    await rejects(open(), isFull);
    rmSync(ballast);
    await (await open()).close();
  });
});
