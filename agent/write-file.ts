import { randomBytes } from 'node:crypto';
import fs from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

export interface FileOptions {
  /** That of the file there, or 0644, when undefined. */
  readonly mode: number | undefined;
  readonly uid?: number | undefined;
  readonly gid?: number | undefined;
  readonly createsFolders?: boolean;
  /** Keeps what was there as `PATH.bak`. */
  readonly keepsBackup?: boolean;
}

/**
 * Puts `text` at `path` whole or not at all: it is written beside under another name, synced, and renamed. A reader sees
 * the old text or the new. Returns false when the same text was there already; its permissions are then set as told.
 */
export async function writeWhole(path: string, text: string, options: FileOptions): Promise<boolean> {
  const before = await statOf(path);
  const mode = options.mode ?? (before ? before.mode & 0o7777 : 0o644);
  if (before && (await fs.readFile(path, 'utf8').catch(() => undefined)) === text) {
    if ((before.mode & 0o7777) !== mode) await fs.chmod(path, mode);
    await own(path, options, before);
    return false;
  }
  if (options.createsFolders !== false) await fs.mkdir(dirname(path), { recursive: true, mode: 0o755 });
  if (options.keepsBackup && before) await backUp(path, before.mode & 0o7777);
  const temporary = join(dirname(path), `.${basename(path)}.${randomBytes(6).toString('hex')}.tmp`);
  try {
    const file = await fs.open(temporary, 'wx', 0o600);
    try {
      await file.writeFile(text);
      await own(temporary, options, undefined);
      await file.chmod(mode);
      await file.sync();
    } finally {
      await file.close();
    }
    await fs.rename(temporary, path);
  } catch (error) {
    await fs.rm(temporary, { force: true });
    throw error;
  }
  return true;
}

interface Owned {
  readonly uid: number;
  readonly gid: number;
  readonly mode: number;
}

async function own(path: string, { uid, gid }: FileOptions, now: Owned | undefined): Promise<void> {
  if (uid === undefined && gid === undefined) return;
  if (now && (uid ?? now.uid) === now.uid && (gid ?? now.gid) === now.gid) return;
  await fs.chown(path, uid ?? -1, gid ?? -1);
}

async function statOf(path: string): Promise<Owned | undefined> {
  try {
    return await fs.stat(path);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}

async function backUp(path: string, mode: number): Promise<void> {
  const text = await fs.readFile(path, 'utf8');
  await writeWhole(`${path}.bak`, text, { mode });
}

/** The number of a user or group, which may be given by name. Throws when there is none of that name. */
export async function idOf(kind: 'user' | 'group', name: string | undefined): Promise<number | undefined> {
  if (name === undefined) return undefined;
  if (/^\d+$/.test(name)) return Number(name);
  const file = kind === 'user' ? '/etc/passwd' : '/etc/group';
  const line = (await fs.readFile(file, 'utf8')).split('\n').find((text) => text.startsWith(`${name}:`));
  const id = Number(line?.split(':')[2]);
  if (!Number.isInteger(id)) throw new Error(`there is no ${kind} ${JSON.stringify(name)}`);
  return id;
}
