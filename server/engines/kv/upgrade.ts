import type { Records } from '../../contracts/records.ts';
import type { SecretRecord } from './secret-record.ts';
import type { SecretStore, UpgradeState } from './secret-store.ts';
import { claimVersionTwo, versionOnePrefix } from './version-one-records.ts';

/** Moved side by side; small, as any of them may be large. */
const batchSize = 32;

/**
 * Turns the records of a KV v1 mount into first versions, a few at a time. Nothing is lost by a crash, as
 * each record moves in one commit and the pass begins again with those left; until it has ended,
 * `SecretStore` reads and writes both layouts.
 */
export class Upgrade implements UpgradeState {
  readonly since: number;
  readonly #records: Records;
  #pending = true;

  private constructor(records: Records, since: number) {
    this.#records = records;
    this.since = since;
  }

  /** Makes the mount version 2 when it is not; `pending` says whether v1 records are left. */
  static async begin(records: Records, now: number): Promise<Upgrade> {
    const { since } = await claimVersionTwo(records, now);
    const upgrade = new Upgrade(records, since);
    await upgrade.#left(1);
    return upgrade;
  }

  get pending(): boolean {
    return this.#pending;
  }

  /** Moves up to `count` records; each can be read and written all the while. */
  async advance(store: SecretStore, count: number): Promise<void> {
    for (let moved = 0; this.#pending && moved < count; ) {
      const keys = await this.#left(batchSize);
      moved += keys.length;
      await Promise.all(keys.map((key) => store.change(key.slice(versionOnePrefix.length), undefined, keep)));
    }
  }

  /** No v1 record can appear once none is left, since v1 writers are fenced off (see `layoutKey`). */
  async #left(limit: number): Promise<string[]> {
    if (!this.#pending) return [];
    const keys = await this.#records.scanKeys(versionOnePrefix, { limit });
    if (keys.length === 0) this.#pending = false;
    return keys;
  }
}

/** Writing a secret as it is puts it where version 2 keeps it. */
function keep(record: SecretRecord | undefined): {
  change?: { record: SecretRecord; drop: readonly number[] };
  result: undefined;
} {
  return record ? { change: { record, drop: [] }, result: undefined } : { result: undefined };
}
