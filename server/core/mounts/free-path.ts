import { invalidRequest } from '../../contracts/errors.ts';
import type { MountEntry, MountTableName } from './mount-entry.ts';

/** As messages and requests name it. */
export function labelOf(table: MountTableName, path: string): string {
  return `${table === 'auth' ? 'auth/' : ''}${path}`;
}

/** Throws 'invalid-request' when `entry` would be at, above or below one of these. */
export function checkFree(entries: readonly MountEntry[], entry: MountEntry, message?: string): void {
  for (const other of entries) {
    if (other.table !== entry.table) continue;
    if (entry.path.startsWith(other.path) || other.path.startsWith(entry.path))
      throw invalidRequest(message ?? `path is already in use at ${other.path}`);
  }
}

/** As `checkFree`, in the words of a move. */
export function checkFreeForMove(entries: readonly MountEntry[], entry: MountEntry): void {
  checkFree(entries, entry, `path already in use at "${labelOf(entry.table, entry.path)}"`);
}
