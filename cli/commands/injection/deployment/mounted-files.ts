import { randomBytes } from 'node:crypto';
import {
  closeSync,
  existsSync,
  fchmodSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readlinkSync,
  renameSync,
  rmSync,
  statfsSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Failure } from '../../../failure.ts';
import type { SafePath } from './deployment-spec.ts';

export interface FileContent {
  readonly bytes: Buffer;
  readonly mode: number;
}

/** A folder of files by their relative paths, or one file. */
export type Projection =
  | { readonly at: SafePath; readonly files: ReadonlyMap<string, FileContent> }
  | { readonly at: SafePath; readonly file: FileContent };

/** statfs(2): TMPFS_MAGIC and RAMFS_MAGIC. */
const inMemory: ReadonlySet<number> = new Set([0x01021994, 0x858458f6]);
const data = '..data';

/**
 * Files of secrets in a folder that only its owner can enter, in memory where the system has a place for that.
 * A mounted folder is as Kubernetes makes it: its entries lead through the link `..data`, which is exchanged in one
 * step, so that nobody sees files of two versions side by side.
 */
export class MountedFiles {
  readonly root: string;
  readonly isInMemory: boolean;

  private constructor(root: string, isInMemory: boolean) {
    this.root = root;
    this.isInMemory = isInMemory;
  }

  static create(environment: Readonly<Record<string, string | undefined>>): MountedFiles {
    const candidates = [environment['XDG_RUNTIME_DIR'], '/dev/shm'];
    for (const folder of candidates) {
      if (!folder?.startsWith('/') || !isMemory(folder)) continue;
      try {
        return new MountedFiles(mkdtempSync(join(folder, 'coffer-mounts-')), true);
      } catch {
        // Not for us to write in: the next one.
      }
    }
    return new MountedFiles(mkdtempSync(join(tmpdir(), 'coffer-mounts-')), false);
  }

  /** Puts it there, in the place of what was there before. */
  write(projection: Projection): void {
    if ('file' in projection) {
      const folder = this.#folder(projection.at.slice(0, -1));
      const name = projection.at.at(-1) ?? '';
      const fresh = join(folder, freshName());
      writeFile(fresh, projection.file);
      renameSync(fresh, join(folder, name));
      return;
    }
    const folder = this.#folder(projection.at);
    const before = existsSync(join(folder, data)) ? readlinkSync(join(folder, data)) : undefined;
    const now = freshName();
    mkdirSync(join(folder, now), { mode: 0o700 });
    for (const [path, file] of projection.files) {
      const target = join(folder, now, path);
      mkdirSync(dirname(target), { recursive: true, mode: 0o700 });
      writeFile(target, file);
    }
    const link = join(folder, freshName());
    symlinkSync(now, link);
    renameSync(link, join(folder, data));
    linkEntries(folder, new Set([...projection.files.keys()].map((path) => path.split('/', 1)[0] ?? '')));
    if (before !== undefined) rmSync(join(folder, before), { recursive: true, force: true });
  }

  remove(): void {
    rmSync(this.root, { recursive: true, force: true });
  }

  /** Made where it is missing. Throws `Failure` when something else stands in the way, such as a link. */
  #folder(path: SafePath): string {
    let at = this.root;
    for (const element of path) {
      at = join(at, element);
      const found = lstatSync(at, { throwIfNoEntry: false });
      if (found === undefined) mkdirSync(at, { mode: 0o700 });
      else if (!found.isDirectory()) throw new Failure(1, `${at} is not a folder any more`);
    }
    return at;
  }
}

function isMemory(folder: string): boolean {
  try {
    return statSync(folder).isDirectory() && inMemory.has(statfsSync(folder).type);
  } catch {
    return false;
  }
}

function freshName(): string {
  return `..${randomBytes(8).toString('hex')}`;
}

function writeFile(path: string, { bytes, mode }: FileContent): void {
  const descriptor = openSync(path, 'wx', 0o400);
  try {
    writeFileSync(descriptor, bytes);
    fchmodSync(descriptor, mode);
  } finally {
    closeSync(descriptor);
  }
}

/** `name` → `..data/name`, for these names and no others. */
function linkEntries(folder: string, names: ReadonlySet<string>): void {
  const there = readdirSync(folder).filter((name) => !name.startsWith('..'));
  for (const name of names) if (!there.includes(name)) symlinkSync(join(data, name), join(folder, name));
  for (const name of there) if (!names.has(name)) rmSync(join(folder, name), { force: true });
}
