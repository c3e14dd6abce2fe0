import { StorageError } from '../../contracts/storage.ts';

/** https://sqlite.org/rescode.html */
const code = {
  busy: 5,
  locked: 6,
  noMemory: 7,
  readOnly: 8,
  io: 10,
  corrupt: 11,
  full: 13,
  cannotOpen: 14,
  notADatabase: 26,
} as const;

const ioRead = 266;
const ioShortRead = 522;
const ioCorruptFilesystem = 8458;
const ioData = 8202;
/** The shared-memory file, which holds nothing that cannot be rebuilt, could not grow. */
const ioSharedMemorySize = 4874;

/**
 * What an operator has to know about a failure of SQLite on `file`. While writing, any failure of the medium
 * other than "no space" is fatal: after a failed sync nobody can say which pages the system has dropped
 * (https://wiki.postgresql.org/wiki/Fsync_Errors).
 */
export function storageErrorOf(error: unknown, file: string, during: 'reading' | 'writing'): StorageError {
  if (error instanceof StorageError) return error;
  const extended = errcodeOf(error);
  const options = { cause: error };
  const reason = error instanceof Error ? error.message : String(error);
  switch (extended === undefined ? undefined : extended & 0xff) {
    case code.full:
      return full(file, options);
    case code.corrupt:
    case code.notADatabase:
      return corrupt(file, options);
    case code.io:
      if (extended === ioSharedMemorySize) return full(file, options);
      if (extended === ioShortRead || extended === ioCorruptFilesystem || extended === ioData) {
        return corrupt(file, options);
      }
      if (during === 'reading' || extended === ioRead) break;
      return new StorageError(
        'fatal',
        `storage: writing ${file} failed (${reason}, ${extended})`,
        'Check the disk and the kernel log, then start again: everything acknowledged is recovered from the log.',
        options,
      );
    case code.busy:
    case code.locked:
      return new StorageError(
        'unavailable',
        `storage: ${file} is locked by another process`,
        'Find the process that holds it (a backup, another server), or try again.',
        options,
      );
    case code.readOnly:
    case code.cannotOpen:
      return new StorageError(
        'unavailable',
        `storage: ${file} cannot be opened for writing`,
        'Check that the folder exists, belongs to this user and is not mounted read-only.',
        options,
      );
  }
  return new StorageError(
    'unavailable',
    `storage: ${file}: ${reason}`,
    'Check the disk and the log.',
    options,
  );
}

function full(file: string, options: ErrorOptions): StorageError {
  return new StorageError(
    'full',
    `storage: no space left for ${file}`,
    'Free some space; nothing of the change was written, and writing goes on as soon as there is room.',
    options,
  );
}

function corrupt(file: string, options: ErrorOptions): StorageError {
  return new StorageError(
    'corrupt',
    `storage: ${file} is damaged or not a database`,
    'Stop the server, keep a copy of the file, and restore the last backup.',
    options,
  );
}

function errcodeOf(error: unknown): number | undefined {
  if (!(error instanceof Error) || !('errcode' in error)) return undefined;
  return typeof error.errcode === 'number' ? error.errcode : undefined;
}
