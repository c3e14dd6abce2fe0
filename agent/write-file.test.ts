import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { writeWhole } from './write-file.ts';

const folder = fs.mkdtempSync(join(os.tmpdir(), 'coffer-write-'));
after(() => fs.rmSync(folder, { recursive: true }));
const modeOf = (path: string) => fs.statSync(path).mode & 0o7777;

describe('writing a file whole', () => {
  it('makes folders, takes the mode told or there, and keeps a backup', async () => {
    const path = join(folder, 'a', 'b');
    assert.equal(await writeWhole(path, 'one', { mode: 0o600 }), true);
    assert.equal(modeOf(path), 0o600);
    assert.equal(await writeWhole(path, 'two', { mode: undefined, keepsBackup: true }), true);
    assert.equal(modeOf(path), 0o600, 'the mode that was there');
    assert.equal(fs.readFileSync(`${path}.bak`, 'utf8'), 'one');
    assert.equal(modeOf(`${path}.bak`), 0o600);
    assert.equal(await writeWhole(join(folder, 'c'), '', { mode: undefined }), true);
    assert.equal(modeOf(join(folder, 'c')), 0o644);
  });

  it('leaves a file alone that holds the same, but for its mode', async () => {
    const path = join(folder, 'same');
    await writeWhole(path, 'x', { mode: 0o600 });
    const { ino } = fs.statSync(path);
    assert.equal(await writeWhole(path, 'x', { mode: 0o640 }), false);
    assert.equal(fs.statSync(path).ino, ino);
    assert.equal(modeOf(path), 0o640);
  });

  it('leaves nothing behind when it fails', async () => {
    const path = join(folder, 'is-a-folder');
    fs.mkdirSync(join(path, 'full'), { recursive: true });
    await assert.rejects(writeWhole(path, 'x', { mode: 0o600 }));
    await assert.rejects(writeWhole(join(folder, 'no', 'x'), 'x', { mode: 0o600, createsFolders: false }));
    assert.deepEqual(
      fs.readdirSync(folder).filter((name) => name.endsWith('.tmp')),
      [],
    );
  });
});
