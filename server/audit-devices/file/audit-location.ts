import { existsSync } from 'node:fs';
import { mkdir, open, realpath } from 'node:fs/promises';
import { basename, dirname, isAbsolute, join, relative, resolve, sep } from 'node:path';

/** Where files may be made. */
export interface LocationRules {
  /** Empty: anywhere but the forbidden ones. */
  readonly allowedFolders: readonly string[];
  readonly forbiddenFolders: readonly string[];
}

/**
 * The real path, free of symbolic links, at which an audit file may be opened; makes missing folders (0700).
 * Throws an `Error` that says what is wrong.
 *
 * The path comes from whoever may enable audit devices, and what is written holds text that others chose, so a
 * file must never come to lie where programs, plug-ins or configuration are read from.
 */
export async function auditLocation(filePath: string, rules: LocationRules): Promise<string> {
  if (filePath.includes('\0')) throw new Error('file_path holds a NUL character');
  if (filePath.endsWith('/')) throw new Error('file_path names a folder');
  const wanted = resolve(filePath);
  const folder = await madeFolder(dirname(wanted), rules);
  const target = (await realOrUndefined(join(folder, basename(wanted)))) ?? join(folder, basename(wanted));
  await assertAllowed(target, rules);
  return target;
}

/** Throws unless `target`, a real path, lies in a place where audit files may be. */
async function assertAllowed(target: string, rules: LocationRules): Promise<void> {
  for (const folder of [...rules.forbiddenFolders, ...programFolders()]) {
    if (isWithin(target, (await realOrUndefined(folder)) ?? resolve(folder))) {
      throw new Error('file_path lies in a folder of the program or of its data; choose another');
    }
  }
  if (rules.allowedFolders.length === 0) {
    if (isOfTheSystem(target)) {
      throw new Error('file_path lies where programs or settings are read from; choose another folder');
    }
    return;
  }
  for (const folder of rules.allowedFolders) {
    if (isWithin(target, (await realOrUndefined(folder)) ?? resolve(folder))) return;
  }
  throw new Error('file_path is not below a folder that the configuration allows for audit files');
}

/**
 * Where a mere file name can make something run or let somebody in. Not complete, and only for operators who have
 * not said where audit files may be; what is written is inert text besides.
 */
function isOfTheSystem(target: string): boolean {
  if (target.split(sep).some((part) => secretFolders.includes(part))) return true;
  return systemFolders.some((folder) => isWithin(target, folder));
}

const systemFolders = [
  '/bin',
  '/boot',
  '/etc',
  '/lib',
  '/lib64',
  '/proc',
  '/sbin',
  '/sys',
  '/usr',
  '/var/spool',
];
const secretFolders = ['.ssh', '.gnupg', '.aws', '.config', '.git'];

/** The real path of `folder`. What is missing of it is made, once its place is known to be allowed. */
async function madeFolder(folder: string, rules: LocationRules): Promise<string> {
  const known = await realOrUndefined(folder);
  if (known !== undefined) return known;
  const missing: string[] = [];
  let existing = folder;
  let real: string | undefined;
  while (real === undefined) {
    missing.unshift(basename(existing));
    const parent = dirname(existing);
    if (parent === existing) throw new Error('no folder above file_path exists');
    existing = parent;
    real = await realOrUndefined(existing);
  }
  const made = join(real, ...missing);
  await assertAllowed(join(made, 'file'), rules);
  await mkdir(made, { recursive: true, mode: 0o700 });
  return realpath(made);
}

/**
 * Throws when the file at `target` has content that no audit log begins with: lines must not be appended to a
 * shell's start-up file, a list of authorized keys, or a database.
 */
export async function assertLooksLikeAuditLog(target: string): Promise<void> {
  const file = await open(target, 'r');
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(lookAheadBytes), 0, lookAheadBytes, 0);
    const start = buffer.toString('latin1', 0, bytesRead);
    if (bytesRead > 0 && !/"type":"(request|response)"|<json:string name="type">/.test(start)) {
      throw new Error('the file at file_path exists and is no audit log; choose another or move it away');
    }
  } finally {
    await file.close();
  }
}

const lookAheadBytes = 64 * 1024;

/** Everything that belongs to this program: the folder of its package, and that of the runtime. */
function programFolders(): string[] {
  let folder = import.meta.dirname;
  while (!existsSync(join(folder, 'package.json')) && dirname(folder) !== folder) folder = dirname(folder);
  const found = dirname(folder) === folder ? resolve(import.meta.dirname, '../../..') : folder;
  return [found, dirname(process.execPath)];
}

function isWithin(target: string, folder: string): boolean {
  const path = relative(folder, target);
  return path === '' || !(path === '..' || path.startsWith(`..${sep}`) || isAbsolute(path));
}

async function realOrUndefined(path: string): Promise<string | undefined> {
  try {
    return await realpath(path);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}
