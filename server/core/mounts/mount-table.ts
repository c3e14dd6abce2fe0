import type { Mount } from './mount.ts';
import type { MountEntry } from './mount-entry.ts';

/**
 * Where a request goes. The path is the table's own, so that a mount which moves while a request is under way
 * does not change what that request meant.
 */
export interface MountRoute {
  readonly mount: Mount;
  /** Relative to the namespace, ending in '/'. */
  readonly fullPath: string;
}

/** The mounts of one namespace, compiled for routing. Immutable. */
export class MountTable {
  readonly mounts: readonly Mount[];
  readonly entries: readonly MountEntry[];
  /** By the first segment of the full path (two for auth), longest path first. */
  readonly #byHead: ReadonlyMap<string, readonly MountRoute[]>;

  /** `mounts` are those of `entries`, in their order. A mount that is being removed is found, but serves nothing. */
  constructor(mounts: readonly Mount[], entries: readonly MountEntry[]) {
    this.mounts = mounts;
    this.entries = entries;
    const byHead = new Map<string, MountRoute[]>();
    for (const mount of mounts) {
      if (mount.entry.tainted) continue;
      const head = headOf(mount.fullPath);
      const row = byHead.get(head) ?? [];
      byHead.set(head, row);
      row.push({ mount, fullPath: mount.fullPath });
      row.sort((a, b) => b.fullPath.length - a.fullPath.length);
    }
    this.#byHead = byHead;
  }

  byUuid(uuid: string): Mount | undefined {
    return this.mounts.find((mount) => mount.entry.uuid === uuid);
  }

  byAccessor(accessor: string): Mount | undefined {
    return this.mounts.find((mount) => mount.entry.accessor === accessor);
  }

  /** The mount that serves `path` (namespace-relative, canonical). A mount's own path matches without its slash too. */
  resolve(path: string): MountRoute | undefined {
    const row = this.#byHead.get(headOf(path));
    if (!row) return undefined;
    for (const route of row) {
      const at = route.fullPath;
      if (path.startsWith(at) || (path.length === at.length - 1 && at.startsWith(path))) return route;
    }
    return undefined;
  }

  /** Whether some mount is at or below `path` (ending in '/'), or `path` is inside one. */
  overlaps(path: string): boolean {
    return this.mounts.some(({ fullPath }) => fullPath.startsWith(path) || path.startsWith(fullPath));
  }
}

/** No two mounts nest, and auth mounts share one first segment, so that one is split by its second. */
function headOf(path: string): string {
  const first = path.indexOf('/');
  if (first < 0) return path;
  if (first === 4 && path.startsWith('auth/')) {
    const second = path.indexOf('/', 5);
    return second < 0 ? path : path.slice(0, second);
  }
  return path.slice(0, first);
}
