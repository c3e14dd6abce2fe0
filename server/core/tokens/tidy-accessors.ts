import type { Records } from '../../contracts/records.ts';
import { StorageConflict } from '../../contracts/storage.ts';
import { tokenKey } from './token-keys.ts';

/** Removes accessors whose token is gone from a namespace's `sys/` records. Resolves with how many there were. */
export async function tidyAccessors(records: Records): Promise<number> {
  let removed = 0;
  let after: string | undefined;
  for (;;) {
    const page = await records.scan<string>('accessor/', {
      limit: 500,
      ...(after === undefined ? {} : { after }),
    });
    for (const [key, stored] of page) {
      if (await records.get(tokenKey(stored.value))) continue;
      const expect = [
        { key, stored },
        { key: tokenKey(stored.value), stored: undefined },
      ];
      try {
        await records.commit({ expect, remove: [key] });
        removed++;
      } catch (error) {
        if (!(error instanceof StorageConflict)) throw error;
      }
    }
    after = page.at(-1)?.[0];
    if (after === undefined) return removed;
  }
}
