import { equal, ok, rejects } from 'node:assert/strict';
import { createHash } from 'node:crypto';
import {
  closeSync,
  copyFileSync,
  mkdtempSync,
  openSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { silentLogger } from '../../server/contracts/logger.ts';
import { StorageError } from '../../server/contracts/storage.ts';
import { plugin } from '../../server/storage/sqlite/index.ts';

const pageBytes = 4096;
const names = Array.from({ length: 3000 }, (_, i) => `folder/${i % 7}/${i}`);

/** As the barrier's record: a body that its last bytes authenticate together with its key. */
function record(key: string): Buffer {
  const body = Buffer.alloc(key.endsWith('99') ? 9000 : 250, key);
  return Buffer.concat([body, createHash('sha256').update(key).update(body).digest()]);
}

const isCorrupt = (error: unknown) => error instanceof StorageError && error.kind === 'corrupt';

describe('SQLite storage on a damaged file', () => {
  let path: string;
  let sound: string;
  let file: string;
  const context = { logger: silentLogger, onFatal: (error: StorageError) => Promise.reject(error) };
  before(async () => {
    path = mkdtempSync(join(tmpdir(), 'coffer-corrupt-'));
    file = join(path, 'coffer.db');
    sound = join(path, 'sound.db');
    const storage = await plugin.open({ path }, context);
    await storage.commit({ put: names.map((key) => [key, record(key)] as const) });
    await storage.close();
    copyFileSync(file, sound);
  });
  after(() => rmSync(path, { recursive: true }));

  function damage(at: number, bytes: Uint8Array): void {
    copyFileSync(sound, file);
    const descriptor = openSync(file, 'r+');
    writeSync(descriptor, bytes, 0, bytes.length, at);
    closeSync(descriptor);
  }

  /** Reads everything; what is wrong must be an error here, or fail its authentication there. */
  async function readAll() {
    const seen = { right: 0, error: 0, unauthentic: 0, missing: 0 };
    try {
      const storage = await plugin.open({ path }, context);
      for (const key of names) {
        try {
          const [value] = await storage.read([key]);
          if (value === undefined) seen.missing += 1;
          else if (record(key).equals(value)) seen.right += 1;
          else {
            const [body, tag] = [value.subarray(0, -32), value.subarray(-32)];
            ok(
              !createHash('sha256').update(key).update(body).digest().equals(tag),
              `${key}: wrong and authentic`,
            );
            seen.unauthentic += 1;
          }
        } catch (error) {
          ok(isCorrupt(error), String(error));
          ok(String(error).includes(file), 'the error names the file');
          seen.error += 1;
        }
      }
      await storage.close();
    } catch (error) {
      ok(isCorrupt(error), String(error));
      seen.error += 1;
    }
    return seen;
  }

  // A few bytes damaged inside a page can also hide a key: SQLite has no checksums. See server/storage/sqlite/README.md.
  for (const [what, bytes] of [
    ['zeros', Buffer.alloc(pageBytes)],
    ['noise', createHash('shake256', { outputLength: pageBytes }).update('noise').digest()],
    ['text', Buffer.alloc(pageBytes, 'not a database page. ')],
  ] as const) {
    it(`gives right data, an error, or what does not authenticate, but no gap: a page of ${what}`, async (t) => {
      const pages = statSync(sound).size / pageBytes;
      const total = { right: 0, error: 0, unauthentic: 0, missing: 0 };
      for (let page = 0; page < pages; page += Math.ceil(pages / 12)) {
        damage(page * pageBytes, bytes);
        const seen = await readAll();
        total.right += seen.right;
        total.error += seen.error;
        total.unauthentic += seen.unauthentic;
        total.missing += seen.missing;
      }
      t.diagnostic(JSON.stringify(total));
      ok(total.error > 0);
      equal(total.missing, 0);
    });
  }

  it('keeps the last good state when the log is cut short or overwritten in the middle', async () => {
    copyFileSync(sound, file);
    const storage = await plugin.open({ path }, context);
    await storage.commit({ put: [[names[0]!, Buffer.from('first')]] });
    await storage.commit({ put: [[names[0]!, Buffer.from('second')]] });
    const log = join(path, 'copy');
    copyFileSync(`${file}-wal`, log);
    await storage.close();
    const { size } = statSync(log);
    for (const end of [size - 1, size - 5000, 40]) {
      copyFileSync(sound, file);
      copyFileSync(log, `${file}-wal`);
      const descriptor = openSync(`${file}-wal`, 'r+');
      writeSync(descriptor, Buffer.alloc(size - end, 0x5a), 0, size - end, end);
      closeSync(descriptor);
      const again = await plugin.open({ path }, context);
      const [value] = await again.read([names[0]!]);
      ok(['first', record(names[0]!).toString()].includes(Buffer.from(value!).toString()));
      await again.close();
    }
  });

  it('refuses a file that is no database, and leaves it as it is', async () => {
    writeFileSync(file, 'precious notes, not a database'.repeat(1000));
    await rejects(plugin.open({ path }, context), isCorrupt);
    equal(statSync(file).size, 30_000);
  });
});
