import {
  chmodSync,
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { codeOf } from './start-problem.ts';

/**
 * Writes `text` to `path` so that only its owner can ever read it (0600, its folder 0700 when it is made), all or
 * nothing, and on disk when it returns.
 */
export function writeSecretFile(path: string, text: string): void {
  makeFolders(dirname(path));
  const unfinished = `${path}.${process.pid}.new`;
  rmSync(unfinished, { force: true });
  const descriptor = openSync(unfinished, 'wx', 0o600);
  try {
    const bytes = Buffer.from(text);
    for (let done = 0; done < bytes.length; ) done += writeSync(descriptor, bytes, done);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
  chmodSync(unfinished, 0o600);
  renameSync(unfinished, path);
  syncFolder(dirname(path));
}

/**
 * Makes `path` and what is missing above it, 0700, so that it outlives a power cut. (`mkdirSync` with `recursive` never
 * ends where the system says ENOENT for a folder that cannot be made, as below /proc.)
 */
export function makeFolders(path: string): void {
  const missing: string[] = [];
  for (let folder = path; !existsSync(folder); folder = dirname(folder)) missing.unshift(folder);
  for (const folder of missing) {
    mkdirSync(folder, { mode: 0o700 });
    syncFolder(dirname(folder));
  }
}

/** The text of a file without the white space around it; undefined when there is none. */
export function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch (error) {
    if (codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR') return undefined;
    throw error;
  }
}

/** Makes a new name in a folder survive a power cut. */
export function syncFolder(path: string): void {
  if (process.platform === 'win32') return;
  const descriptor = openSync(path, 'r');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
