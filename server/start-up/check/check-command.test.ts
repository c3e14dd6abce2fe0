import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  cpSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, before, describe, test } from 'node:test';
import { type Ended, Program } from '../../../tests/end-to-end/program.ts';

let program: Program;
let sound: string;

before(async () => {
  program = new Program();
  sound = join(program.home, '.local/share/coffer');
  const server = await program.start(['start', '-address=127.0.0.1:0'], /Stop with Ctrl-C/);
  const reach = { COFFER_ADDR: server.address };
  for (const name of ['one', 'two']) {
    const { code, err } = await program.run(['kv', 'put', `secret/${name}`, 'k=the-hidden-value'], reach);
    assert.equal(code, 0, err);
  }
  await server.stop();
});
after(() => program.dispose());

/** A copy of the store with something done to its database. */
function copyWith(change: (file: string) => void): string {
  const folder = mkdtempSync(join(program.home, 'copy-'));
  cpSync(sound, folder, { recursive: true });
  change(join(folder, 'coffer.db'));
  return folder;
}

function inDatabase(file: string, work: (db: DatabaseSync) => void): void {
  const db = new DatabaseSync(file);
  work(db);
  db.exec('PRAGMA wal_checkpoint(TRUNCATE)');
  db.close();
}

const check = (folder: string, ...more: string[]): Promise<Ended> =>
  program.run(['operator', 'check', `-data=${folder}`, ...more]);

/** The key of some record that holds a value. */
function someKey(db: DatabaseSync): string {
  const row = db
    .prepare("SELECT key FROM entry WHERE key LIKE 'n/%' AND length(value) > 40 LIMIT 1 OFFSET 5")
    .get();
  return String(row?.['key']);
}

describe('coffer operator check', () => {
  test('finds a sound store sound, and changes nothing of it', async () => {
    const folder = copyWith((file) => inDatabase(file, () => {}));
    const before = readFileSync(join(folder, 'coffer.db'));
    const { code, out, err } = await check(folder);
    assert.equal(code, 0, out + err);
    assert.match(out, /^Pages and indexes: sound\nRecords: \d{2,} checked, sound\n$/);
    assert.equal(err, '', 'progress is for a terminal');
    assert.deepEqual(readFileSync(join(folder, 'coffer.db')), before);
  });

  test('names each record that was altered or moved, and shows nothing of any', async () => {
    let altered = '';
    const folder = copyWith((file) =>
      inDatabase(file, (db) => {
        altered = someKey(db);
        const row = db.prepare('SELECT value FROM entry WHERE key = ?').get(altered);
        assert.ok(row?.['value'] instanceof Uint8Array);
        const value = Buffer.from(row['value']);
        value[value.length - 20] = (value.at(-20) ?? 0) ^ 1;
        db.prepare('UPDATE entry SET value = ? WHERE key = ?').run(value, altered);
        db.exec(
          "INSERT INTO entry (key, value) SELECT 'n/root/moved', value FROM entry WHERE key LIKE 'n/root/sys/%' AND length(value) > 40 LIMIT 1",
        );
      }),
    );
    const { code, out } = await check(folder);
    assert.equal(code, 2);
    assert.match(out, /Records: \d+ checked, 2 damaged/);
    for (const key of [altered, 'n/root/moved']) assert.ok(out.includes(JSON.stringify(key)), out);
    assert.ok(!out.includes('hidden-value'));
  });

  test('finds a page that was overwritten on the disk', async () => {
    const folder = copyWith((file) => {
      let page = 0;
      inDatabase(file, (db) => {
        const row = db
          .prepare("SELECT rootpage FROM sqlite_schema WHERE type = 'table' AND name = 'entry'")
          .get();
        page = Number(row?.['rootpage']);
      });
      writeSync(openSync(file, 'r+'), Buffer.alloc(2000, 0xa5), 0, 2000, (page - 1) * 4096);
    });
    const { code, out } = await check(folder);
    assert.equal(code, 2, out);
    assert.match(out, /^Pages and indexes: damaged\n {2}\S/);
    assert.equal((await check(folder, '-pages-only')).code, 2);
  });

  test('says why it cannot check, with another code than for damage', async () => {
    const empty = mkdtempSync(join(tmpdir(), 'coffer-check-'));
    try {
      const missing = await check(empty);
      assert.equal(missing.code, 1);
      assert.match(missing.err, /^The store cannot be checked: /);
      assert.deepEqual(readdirSync(empty), []);
      const keyFile = join(program.home, 'wrong.key');
      writeFileSync(keyFile, Buffer.alloc(32, 7).toString('base64'), { mode: 0o600 });
      const wrong = await check(sound, `-key-file=${keyFile}`);
      assert.equal(wrong.code, 1, wrong.out + wrong.err);
    } finally {
      rmSync(empty, { recursive: true });
    }
  });

  test('takes the shares of a store under shamir from standard input, and none are enough without', async () => {
    const configuration = join(program.home, 'shamir.hcl');
    writeFileSync(
      configuration,
      `storage "sqlite" { path = "${join(program.home, 'shamir')}" }\nlistener "tcp" {\n  address = "127.0.0.1:0"\n  tls_disable = true\n}\n`,
    );
    const server = await program.start(['server', `-config=${configuration}`], /https?:\/\/[\d.]+:[1-9]\d*/);
    const reach = { COFFER_ADDR: server.address };
    const made = await program.run(
      ['operator', 'init', '-key-shares=2', '-key-threshold=2', '-format=json'],
      reach,
    );
    const keys: string[] = JSON.parse(made.out).unseal_keys_b64;
    await server.stop();
    const none = await program.run(['operator', 'check', `-config=${configuration}`]);
    assert.equal(none.code, 1);
    assert.match(none.err, /not enough key shares/);
    const ran = spawnSync(
      process.execPath,
      [join(import.meta.dirname, '../../../bin/coffer.ts'), 'operator', 'check', `-config=${configuration}`],
      { input: `${keys.join('\n')}\n`, encoding: 'utf8', env: program.environment },
    );
    assert.equal(ran.status, 0, ran.stdout + ran.stderr);
    assert.match(ran.stdout, /Records: \d+ checked, sound/);
    for (const key of keys) assert.ok(!(ran.stdout + ran.stderr).includes(key));
  });
});
