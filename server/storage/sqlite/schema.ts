import { DatabaseSync } from 'node:sqlite';
import { StorageError } from '../../contracts/storage.ts';

/** 'Cofr', so that a database of something else is not taken for ours. */
const applicationId = 0x436f6672;
export const schemaVersion = 1;

const busyTimeoutMilliseconds = 5000;
const cacheKibibytes = 8192;
/** What a burst of large values leaves of the log's file. */
const keptLogBytes = 64 * 1024 * 1024;

/**
 * A table with a rowid and an index over its keys, not WITHOUT ROWID: measured with records of 1 KB, the latter
 * takes three times the space and four times the time (a row of more than a quarter of a page moves to pages
 * of its own), and a listing reads keys only, which the index holds densely.
 */
const schema = `
  CREATE TABLE entry (id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, value BLOB NOT NULL) STRICT;
  -- One row per commit: the changed keys, joined by NUL, or NULL where there were too many to name.
  CREATE TABLE change (revision INTEGER PRIMARY KEY, keys TEXT) STRICT;
  PRAGMA application_id = ${applicationId};
  PRAGMA user_version = ${schemaVersion};
`;

/**
 * A connection with everything set that durability, bounded memory and deletion depend on: what is deleted is
 * overwritten with zeros (`secure_delete`), and a page that can't be right is noticed (`cell_size_check`).
 */
export function connect(file: string): DatabaseSync {
  const db = new DatabaseSync(file, { timeout: busyTimeoutMilliseconds, allowExtension: false });
  try {
    requireLog(db, file);
    db.exec(`
      PRAGMA synchronous = FULL;
      PRAGMA fullfsync = ON;
      PRAGMA checkpoint_fullfsync = ON;
      PRAGMA wal_autocheckpoint = 0;
      PRAGMA journal_size_limit = ${keptLogBytes};
      PRAGMA cache_size = -${cacheKibibytes};
      PRAGMA mmap_size = 0;
      PRAGMA secure_delete = ON;
      PRAGMA cell_size_check = ON;
      PRAGMA trusted_schema = OFF;
    `);
  } catch (error) {
    db.close();
    throw error;
  }
  return db;
}

/** SQLite falls back without a word where shared memory is missing, as on network file systems. */
function requireLog(db: DatabaseSync, file: string): void {
  const mode = db.prepare('PRAGMA journal_mode = WAL').get()?.['journal_mode'];
  if (mode === 'wal') return;
  throw new StorageError(
    'unavailable',
    `storage: ${file} cannot have a write-ahead log where it is`,
    'Put the data folder on a local disk, not on a network file system.',
  );
}

/** Creates the tables in an empty file; refuses another program's file and a newer Coffer's. */
export function ensureSchema(db: DatabaseSync, file: string): void {
  db.exec('BEGIN IMMEDIATE');
  try {
    const id = numberOf(db, 'PRAGMA application_id');
    const version = numberOf(db, 'PRAGMA user_version');
    if (id === 0 && version === 0 && numberOf(db, 'SELECT count(*) FROM sqlite_schema') === 0)
      db.exec(schema);
    else checkSchema(id, version, file);
    db.exec('COMMIT');
  } finally {
    if (db.isTransaction) db.exec('ROLLBACK');
  }
}

function checkSchema(id: number, version: number, file: string): void {
  if (id !== applicationId) {
    throw new StorageError(
      'invalid',
      `storage: ${file} is the database of another program`,
      'Set `path` to a folder of its own.',
    );
  }
  if (version > schemaVersion) {
    throw new StorageError(
      'invalid',
      `storage: ${file} was written by a newer Coffer (schema ${version}; this one reads up to ${schemaVersion})`,
      'Start the newer version, or restore a backup made before the upgrade.',
    );
  }
}

function numberOf(db: DatabaseSync, sql: string): number {
  const row = db.prepare(sql).get() ?? {};
  const [value] = Object.values(row);
  if (typeof value !== 'number') throw new TypeError(`${sql} gave no number`);
  return value;
}
