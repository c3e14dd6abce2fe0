import { closeSync, existsSync, fsyncSync, mkdirSync, openSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { type StorageContext, StorageError, type StoragePlugin } from '../../contracts/storage.ts';
import { SqliteBackend } from './backend.ts';
import { Committer } from './committer.ts';
import { storageErrorOf } from './errors.ts';
import { takeGuard } from './guard.ts';
import { connect, ensureSchema } from './schema.ts';

/**
 * The embedded storage: one SQLite database, `coffer.db`, in a folder of its own.
 *
 * Settings: `path`, the folder, created (0700) when it is missing; `exclusive`, true unless set, refuses a second
 * process on it ('in-use'), which also makes `revision()` free. With false several processes may share the
 * folder, on one machine.
 */
export const plugin: StoragePlugin = {
  type: 'sqlite',
  async open(settings, context) {
    const { path, exclusive } = parseSettings(settings);
    const file = join(path, 'coffer.db');
    try {
      createFolder(path);
      return await openIn(path, file, exclusive, context);
    } catch (error) {
      throw openingError(error, path, file);
    }
  },
};

interface Settings {
  readonly path: string;
  readonly exclusive: boolean;
}

function parseSettings(settings: Readonly<Record<string, unknown>>): Settings {
  const { path, exclusive = true, ...rest } = settings;
  const [unknown] = Object.keys(rest);
  if (unknown !== undefined) {
    throw invalid(`has no setting ${unknown}`, 'It takes `path` and `exclusive`.');
  }
  if (typeof path !== 'string' || path === '' || path.includes('\0')) {
    throw invalid('needs a `path`', 'Set `path` to the folder for the data, for example "/var/lib/coffer".');
  }
  if (typeof exclusive !== 'boolean' && exclusive !== 'true' && exclusive !== 'false') {
    throw invalid('does not understand `exclusive`', 'Set it to true or false.');
  }
  return { path: resolve(path), exclusive: exclusive === true || exclusive === 'true' };
}

function invalid(message: string, hint: string): StorageError {
  return new StorageError('invalid', `storage "sqlite" ${message}`, hint);
}

/** A new folder outlives a power cut only when its parent is synced. */
function createFolder(path: string): void {
  const first = mkdirSync(path, { recursive: true, mode: 0o700 });
  if (first === undefined) return;
  for (let folder = path; ; folder = dirname(folder)) {
    syncFolder(dirname(folder));
    if (folder === first) return;
  }
}

function syncFolder(path: string): void {
  if (process.platform === 'win32') return;
  const descriptor = openSync(path, 'r');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/** SQLite gives its log and its shared memory the mode of the database file, so that is made first. */
function createFile(file: string): void {
  if (existsSync(file)) return;
  closeSync(openSync(file, 'a', 0o600));
  syncFolder(dirname(file));
}

async function openIn(
  path: string,
  file: string,
  exclusive: boolean,
  context: StorageContext,
): Promise<SqliteBackend> {
  const lock = join(path, 'coffer.lock');
  createFile(lock);
  const letGo = takeGuard(lock, exclusive);
  let reader: ReturnType<typeof connect> | undefined;
  try {
    createFile(file);
    reader = connect(file);
    ensureSchema(reader, file);
    reader.exec('PRAGMA query_only = ON');
    const committer = await Committer.start(file, (error) => context.onFatal(error));
    return new SqliteBackend({ file, reader, committer, exclusive, letGo });
  } catch (error) {
    reader?.close();
    letGo();
    throw error;
  }
}

function openingError(error: unknown, path: string, file: string): StorageError {
  if (error instanceof Error && 'code' in error && typeof error.code === 'string' && 'syscall' in error) {
    return new StorageError(
      error.code === 'ENOSPC' ? 'full' : 'unavailable',
      `storage: the folder ${path} cannot be used (${error.code})`,
      'Check that it is a folder which this user may write to, on a disk with space.',
      { cause: error },
    );
  }
  return storageErrorOf(error, file, 'reading');
}
