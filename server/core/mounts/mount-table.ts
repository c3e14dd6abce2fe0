import type { Mount } from './mount.ts';
import type { MountEntry } from './mount-entry.ts';

/** The mounts of one namespace, compiled for routing. Immutable. */
export class MountTable {
  readonly mounts: readonly Mount[];
  /** By the first segment of the full path (two for auth), longest path first. */
  readonly #byHead: ReadonlyMap<string, readonly Mount[]>;

  constructor(mounts: readonly Mount[]) {
    this.mounts = mounts;
    const byHead = new Map<string, Mount[]>();
    for (const mount of mounts) {
      const head = headOf(mount.fullPath);
      const row = byHead.get(head) ?? [];
      row.push(mount);
      row.sort((a, b) => b.fullPath.length - a.fullPath.length);
      byHead.set(head, row);
    }
    this.#byHead = byHead;
  }

  get entries(): readonly MountEntry[] {
    return this.mounts.map((mount) => mount.entry);
  }

  byUuid(uuid: string): Mount | undefined {
    return this.mounts.find((mount) => mount.entry.uuid === uuid);
  }

  byAccessor(accessor: string): Mount | undefined {
    return this.mounts.find((mount) => mount.entry.accessor === accessor);
  }

  /** The mount that serves `path` (namespace-relative, canonical). A mount's own path matches without its slash too. */
  resolve(path: string): Mount | undefined {
    const row = this.#byHead.get(headOf(path));
    if (!row) return undefined;
    for (const mount of row) {
      const at = mount.fullPath;
      if (path.startsWith(at) || (path.length === at.length - 1 && at.startsWith(path))) return mount;
    }
    return undefined;
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
