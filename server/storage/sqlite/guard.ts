import { DatabaseSync } from 'node:sqlite';
import { StorageError } from '../../contracts/storage.ts';
import { storageErrorOf } from './errors.ts';

/**
 * Keeps processes apart by a lock of the operating system, which ends with its process, kill -9 included.
 * It is SQLite's lock on an empty database of its own: taken exclusively, or shared by all who don't insist.
 * Returns how to let go.
 */
export function takeGuard(file: string, exclusive: boolean): () => void {
  const db = new DatabaseSync(file, { timeout: 0, allowExtension: false });
  try {
    db.exec('PRAGMA journal_mode = MEMORY');
    if (exclusive) db.exec('BEGIN EXCLUSIVE');
    else db.exec('BEGIN; SELECT count(*) FROM sqlite_schema');
  } catch (error) {
    db.close();
    if (!isBusy(error)) throw storageErrorOf(error, file, 'reading');
    throw new StorageError(
      'in-use',
      `storage: ${file} is held: another process uses this data folder`,
      'Stop the other server, or give this one a data folder of its own.',
      { cause: error },
    );
  }
  return () => db.close();
}

function isBusy(error: unknown): boolean {
  return error instanceof Error && 'errcode' in error && error.errcode === 5;
}
