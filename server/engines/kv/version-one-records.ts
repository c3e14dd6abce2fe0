import { CofferError, invalidRequest } from '../../contracts/errors.ts';
import type { Records, Stored } from '../../contracts/records.ts';
import { StorageConflict } from '../../contracts/storage.ts';

/** Where KV v1 keeps its records; an upgraded mount moves them from there. */
export const versionOnePrefix = '1/';

export function versionOneKey(path: string): string {
  return versionOnePrefix + path;
}

/**
 * Exists from the moment at which a mount became version 2. Every v1 write expects it not to exist, so a
 * node that still serves version 1 cannot write a record which the upgrade would miss.
 */
export const layoutKey = 'layout';

export interface Layout {
  readonly version: 2;
  /** Milliseconds since 1970. */
  readonly since: number;
}

/** Throws when the mount's records were upgraded: there is no way back. */
export async function requireVersionOne(records: Records): Promise<void> {
  if (await records.get<Layout>(layoutKey)) throw invalidRequest('cannot downgrade mount from version 2');
}

/** Makes the mount version 2 if it is not; the layout then in force. */
export async function claimVersionTwo(records: Records, now: number): Promise<Layout> {
  const found = await records.get<Layout>(layoutKey);
  if (found) return found.value;
  const layout: Layout = { version: 2, since: now };
  try {
    await records.commit({ expect: [{ key: layoutKey, stored: undefined }], put: [[layoutKey, layout]] });
    return layout;
  } catch (error) {
    if (!(error instanceof StorageConflict)) throw error;
    const other = await records.get<Layout>(layoutKey);
    if (!other) throw error;
    return other.value;
  }
}

/** A commit of KV v1, which needs the mount to be version 1 still. */
export async function commitVersionOne(
  records: Records,
  change: { readonly put?: readonly (readonly [string, unknown])[]; readonly remove?: readonly string[] },
): Promise<void> {
  const notUpgraded: { key: string; stored: Stored<unknown> | undefined } = {
    key: layoutKey,
    stored: undefined,
  };
  try {
    await records.commit({ ...change, expect: [notUpgraded] });
  } catch (error) {
    if (!(error instanceof StorageConflict)) throw error;
    throw new CofferError('unavailable', 'this mount is being upgraded to version 2; try again', {
      cause: error,
    });
  }
}
