import { deepEqual, equal, match, ok, rejects } from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, beforeEach, describe, it } from 'node:test';
import { silentLogger } from '../../contracts/logger.ts';
import { StorageError } from '../../contracts/storage.ts';
import { plugin } from './index.ts';

const root = mkdtempSync(join(tmpdir(), 'coffer-sqlite-'));
after(() => rmSync(root, { recursive: true }));

function open(settings: Record<string, unknown>) {
  return plugin.open(settings, { logger: silentLogger, onFatal() {} });
}

function failure(kind: StorageError['kind'], message: RegExp) {
  return (error: unknown) => {
    ok(error instanceof StorageError, String(error));
    equal(error.kind, kind);
    match(error.message, message);
    ok(error.hint.length > 0);
    return true;
  };
}

describe('SQLite storage', () => {
  let path: string;
  beforeEach(() => {
    path = mkdtempSync(join(root, 'data-'));
  });

  it('refuses settings it does not know or understand', async () => {
    await rejects(open({}), failure('invalid', /needs a `path`/));
    await rejects(open({ path: '' }), failure('invalid', /needs a `path`/));
    await rejects(open({ path, patth: 'x' }), failure('invalid', /no setting patth/));
    await rejects(open({ path, exclusive: 'maybe' }), failure('invalid', /exclusive/));
    deepEqual(readdirSync(path), []);
  });

  it('makes its folder and files for this user alone, whatever the umask', async () => {
    const folder = join(path, 'new', 'folder');
    const before = process.umask(0);
    try {
      const storage = await open({ path: folder });
      await storage.commit({ put: [['a', Buffer.from('1')]] });
      const modes = (names: string[]) => names.map((name) => (statSync(name).mode & 0o777).toString(8));
      deepEqual(modes([join(path, 'new'), folder]), ['700', '700']);
      const files = readdirSync(folder);
      deepEqual(files.sort(), ['coffer.db', 'coffer.db-shm', 'coffer.db-wal', 'coffer.lock']);
      deepEqual(new Set(modes(files.map((file) => join(folder, file)))), new Set(['600']));
      await storage.close();
    } finally {
      process.umask(before);
    }
  });

  it('says which folder it cannot use', async () => {
    const file = join(path, 'file');
    writeFileSync(file, '');
    await rejects(open({ path: file }), failure('unavailable', /file cannot be used/));
    await rejects(open({ path: join(file, 'below') }), failure('unavailable', /cannot be used \(ENOTDIR\)/));
  });

  it('keeps a second one out when either wants the folder to itself', async () => {
    const inUse = failure('in-use', /another process uses this data folder/);
    const alone = await open({ path, exclusive: true });
    await rejects(open({ path, exclusive: true }), inUse);
    await rejects(open({ path }), inUse);
    await alone.commit({ put: [['a', Buffer.from('1')]] });
    await alone.close();
    const [one, two] = [await open({ path, exclusive: false }), await open({ path, exclusive: false })];
    await rejects(open({ path, exclusive: 'true' }), inUse);
    await one.close();
    await two.close();
    await (await open({ path, exclusive: true })).close();
  });

  it('says the newest revision also when it has the folder to itself', async () => {
    let storage = await open({ path, exclusive: true });
    const last = await storage.commit({ put: [['a', Buffer.from('1')]] });
    equal(await storage.revision(), last);
    await storage.close();
    storage = await open({ path, exclusive: true });
    equal(await storage.revision(), last);
    equal(await storage.commit({ remove: ['a'] }), await storage.revision());
    await storage.close();
  });

  it('refuses the database of a newer version and of another program, and leaves them as they are', async () => {
    await (await open({ path })).close();
    const file = join(path, 'coffer.db');
    const change = (sql: string) => {
      const db = new DatabaseSync(file);
      db.exec(sql);
      db.close();
    };
    change('PRAGMA user_version = 2');
    await rejects(open({ path }), failure('invalid', /newer Coffer \(schema 2; this one reads up to 1\)/));
    rmSync(file);
    change('CREATE TABLE notes (text)');
    await rejects(open({ path }), failure('invalid', /another program/));
    const db = new DatabaseSync(file);
    deepEqual(
      db
        .prepare('SELECT name FROM sqlite_schema')
        .all()
        .map((row) => row['name']),
      ['notes'],
    );
    db.close();
  });

  it('lets two open a new folder at the same moment', async () => {
    const shared = { path, exclusive: false };
    const all = await Promise.all([open(shared), open(shared), open(shared)]);
    await Promise.all(all.map((storage, i) => storage.commit({ put: [[`${i}`, Buffer.from('x')]] })));
    equal((await all[0]!.list('', { limit: 9 })).length, 3);
    for (const storage of all) await storage.close();
  });

  it('keeps its log short under load, and commits while another process reads for long', async () => {
    const storage = await open({ path });
    const logBytes = () => statSync(join(path, 'coffer.db-wal')).size;
    const commit = async (count: number) => {
      for (let i = 0; i < count; i++)
        await storage.commit({ put: [[`k/${i % 5}`, randomBytes(1024 * 1024)]] });
    };
    await commit(60);
    ok(logBytes() < 25 * 1024 * 1024, `the log has ${logBytes()} bytes`);

    const reader = new DatabaseSync(join(path, 'coffer.db'));
    reader.exec('BEGIN; SELECT count(*) FROM entry');
    await commit(40);
    const long = logBytes();
    ok(long > 30 * 1024 * 1024, 'the reader should have kept the log from starting over');
    reader.exec('COMMIT');
    await commit(40);
    ok(logBytes() <= long + 20 * 1024 * 1024, `the log went on growing: ${long}, then ${logBytes()}`);
    reader.close();
    await storage.close();
    deepEqual(readdirSync(path).sort(), ['coffer.db', 'coffer.lock']);
  });

  it('overwrites what is deleted', async () => {
    const storage = await open({ path });
    const secret = (name: string) => Buffer.alloc(300, `${name}-to-be-found `);
    await storage.commit({
      put: [
        ['kept', secret('kept')],
        ['gone', secret('gone')],
        ['replaced', secret('replaced')],
      ],
    });
    await storage.commit({ remove: ['gone'], put: [['replaced', Buffer.from('short')]] });
    await storage.close();
    const content = readFileSync(join(path, 'coffer.db'));
    deepEqual(
      ['kept', 'gone', 'replaced'].map((name) => content.includes(`${name}-to-be-found`)),
      [true, false, false],
    );
  });

  it('runs as compiled JavaScript, its thread included', () => {
    const server = join(import.meta.dirname, '..', '..');
    for (const folder of ['contracts', 'storage']) {
      cpSync(join(server, folder), join(path, folder), { recursive: true });
    }
    writeFileSync(join(path, 'package.json'), '{ "type": "module" }');
    for (const file of readdirSync(path, { recursive: true, encoding: 'utf8' })) {
      if (!file.endsWith('.ts')) continue;
      const source = stripTypeScriptTypes(readFileSync(join(path, file), 'utf8'));
      writeFileSync(join(path, file.replace(/ts$/, 'js')), source.replace(/(from '\.[^']*\.)ts'/g, "$1js'"));
      rmSync(join(path, file));
    }
    mkdirSync(join(path, 'data'));
    const script = `
      import { plugin } from './storage/sqlite/index.js';
      const storage = await plugin.open({ path: 'data' }, { onFatal() {} });
      console.log(await storage.commit({ put: [['a', Buffer.from('1')]] }));
      await storage.close();`;
    writeFileSync(join(path, 'script.js'), script);
    equal(execFileSync(process.execPath, ['script.js'], { cwd: path, encoding: 'utf8' }).trim(), '1');
  });

  it('does not keep a process alive that forgot to close it, and finishes its commits first', () => {
    const script = `
      import { plugin } from ${JSON.stringify(join(import.meta.dirname, 'index.ts'))};
      const storage = await plugin.open({ path: ${JSON.stringify(path)} }, { onFatal() {} });
      storage.commit({ put: [['a', Buffer.from('1')]] }).then((revision) => console.log(revision));`;
    const file = join(path, 'script.mjs');
    writeFileSync(file, script);
    equal(execFileSync(process.execPath, [file], { encoding: 'utf8', timeout: 10_000 }).trim(), '1');
  });
});
