import { isWaiting } from './lease-entry.ts';
import type { LeaseRecords, Where } from './lease-records.ts';

export interface CountedLeases {
  readonly total: number;
  /** By the mount's accessor; `unknown` for one that is gone. */
  readonly byMount: Readonly<Record<string, number>>;
}

/** A mount as far as counting knows it. */
type Found = { readonly fullPath: string; readonly entry: { readonly accessor: string } } | undefined;

/**
 * Counts by keys, since an id begins with the path of its mount: one record is read for each mount, none for each lease, and
 * the event loop turns after every page.
 */
export async function countLeases(
  records: LeaseRecords,
  namespace: Where,
  mountByUuid: (namespace: Where, uuid: string) => Promise<Found>,
): Promise<CountedLeases> {
  const byMount: Record<string, number> = {};
  let total = 0;
  let current = { path: '', accessor: 'unknown' };
  for await (const ids of records.idsInPages(namespace.id)) {
    for (const id of ids) {
      if (current.path === '' || !id.startsWith(current.path)) {
        const stored = await records.get(namespace.id, id);
        // Over since its key was read.
        if (!stored) continue;
        const mount = await mountByUuid(namespace, stored.value.mountUuid);
        const isBelow = mount !== undefined && id.startsWith(mount.fullPath);
        current = { path: isBelow ? mount.fullPath : '', accessor: mount?.entry.accessor ?? 'unknown' };
      }
      byMount[current.accessor] = (byMount[current.accessor] ?? 0) + 1;
      total++;
    }
  }
  return { total, byMount };
}

/** Those that have ended and could not be taken back yet; whether one has is in its record. */
export async function countWaiting(
  records: LeaseRecords,
  namespace: Where,
  mountByUuid: (namespace: Where, uuid: string) => Promise<Found>,
): Promise<CountedLeases> {
  const byUuid = new Map<string, number>();
  let total = 0;
  for await (const entry of records.all(namespace.id)) {
    if (!isWaiting(entry)) continue;
    total++;
    byUuid.set(entry.mountUuid, (byUuid.get(entry.mountUuid) ?? 0) + 1);
  }
  const byMount: Record<string, number> = {};
  for (const [uuid, count] of byUuid)
    byMount[(await mountByUuid(namespace, uuid))?.entry.accessor ?? 'unknown'] = count;
  return { total, byMount };
}
