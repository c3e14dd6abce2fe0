import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * `npm install` leaves optional packages that its registry does not have out of package-lock.json, and `npm ci` then
 * refuses the file. This writes them down again, for platforms other than this one; their integrity is unknown here,
 * and is filled in by an `npm install` that finds them.
 */
export const lockPath = join(import.meta.dirname, '../package-lock.json');

interface Lock {
  packages: Record<string, LockedPackage>;
}

interface LockedPackage {
  version?: string;
  optionalDependencies?: Record<string, string>;
  [key: string]: unknown;
}

/** Optional packages that some package asks for and the lock file does not know: name and version. */
export function missingOptional(lock: Lock): [name: string, version: string][] {
  return Object.values(lock.packages)
    .flatMap(({ optionalDependencies = {} }) => Object.entries(optionalDependencies))
    .filter(([name]) => !(`node_modules/${name}` in lock.packages));
}

export function readLock(): Lock {
  const lock: Lock = JSON.parse(readFileSync(lockPath, 'utf8'));
  return lock;
}

/** `…-linux-x64-musl` → what npm asks of a machine before it installs the package. */
function platformOf(name: string): { os: string[]; cpu: string[]; libc?: string[] } | undefined {
  const [, os, cpu, libc] = /-(android|darwin|linux|win32)-(arm64|x64)(-musl)?$/.exec(name) ?? [];
  if (os === undefined || cpu === undefined) return undefined;
  return { os: [os], cpu: [cpu], ...(libc === undefined ? {} : { libc: ['musl'] }) };
}

if (import.meta.main) {
  const lock = readLock();
  for (const [name, version] of missingOptional(lock)) {
    const platform = platformOf(name);
    if (!platform) throw new Error(`for which platform is ${name}?`);
    lock.packages[`node_modules/${name}`] = { version, ...platform, dev: true, optional: true };
  }
  const [root, ...others] = Object.entries(lock.packages);
  const sorted = others.sort(([a], [b]) => (a < b ? -1 : 1));
  lock.packages = Object.fromEntries(root ? [root, ...sorted] : sorted);
  writeFileSync(lockPath, `${JSON.stringify(lock, null, 2)}\n`);
}
