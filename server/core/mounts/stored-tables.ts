import { CofferError } from '../../contracts/errors.ts';
import type { RecordChange, Records, Stored } from '../../contracts/records.ts';
import { StorageConflict } from '../../contracts/storage.ts';
import type { Namespace } from '../namespaces/namespaces.ts';
import type { MountEntry, MountTableName } from './mount-entry.ts';

/** What names a namespace to its mounts. */
export type Where = Pick<Namespace, 'id' | 'path'>;

export interface StoredTable {
  readonly entries: readonly MountEntry[];
}

/** A part of a commit over several views. */
export interface TableChange {
  readonly records: Records;
  readonly change: RecordChange;
}

type Entries = readonly MountEntry[];

const tableKey = 'mounts';
const removalBatch = 500;
const attempts = 8;

/**
 * The mount tables as they are stored: one record per namespace below its `sys/`, beside a mark
 * `removing/<uuid>` for each mount whose data is still to be removed.
 */
export class StoredTables {
  readonly #recordsOf: (namespaceId: string, prefix: string) => Records;

  constructor(recordsOf: (namespaceId: string, prefix: string) => Records) {
    this.#recordsOf = recordsOf;
  }

  peek(namespace: Where): Stored<StoredTable> | undefined {
    return this.#sys(namespace).peek<StoredTable>(tableKey);
  }

  async stored(namespace: Where): Promise<Stored<StoredTable>> {
    const read = await this.#sys(namespace).get<StoredTable>(tableKey);
    // Somebody may have changed it while this was being read: mounts never go back to an older entry.
    const stored = this.peek(namespace) ?? read;
    if (stored) return stored;
    throw new CofferError('internal', undefined, {
      detail: `namespace ${namespace.path} has no mount table`,
    });
  }

  /** Adds those of `own` that are not there. Of several who do so at once, one does. */
  async complete(namespace: Where, own: Entries): Promise<void> {
    const records = this.#sys(namespace);
    const stored = await records.get<StoredTable>(tableKey);
    const before = stored?.value.entries ?? [];
    const missing = own.filter(
      ({ table, type }) => !before.some((other) => other.table === table && other.type === type),
    );
    if (missing.length === 0) return;
    try {
      const expect = [{ key: tableKey, stored }];
      await records.commit({ expect, put: [[tableKey, { entries: [...before, ...missing] }]] });
    } catch (error) {
      if (!(error instanceof StorageConflict)) throw error;
    }
  }

  /** A change of this table as a part of another's commit; made anew for each try. */
  async changeOf(namespace: Where, edit: (entries: Entries) => Entries): Promise<TableChange> {
    const stored = await this.stored(namespace);
    const entries = edit(stored.value.entries);
    const change = { expect: [{ key: tableKey, stored }], put: [[tableKey, { entries }] as const] };
    return { records: this.#sys(namespace), change };
  }

  /** `edit` sees the entries as they are now, again after each conflict; `alongside` is asked after it and belongs to the same commit. */
  async change(
    namespace: Where,
    edit: (entries: Entries) => Entries,
    mark: readonly string[] = [],
    alongside?: () => Promise<readonly TableChange[]>,
  ): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      const stored = await this.stored(namespace);
      const entries = edit(stored.value.entries);
      const expect = [{ key: tableKey, stored }];
      try {
        const change = { expect, put: [[tableKey, { entries }] as const], mark };
        await this.#sys(namespace).commitWith(change, (await alongside?.()) ?? []);
        return;
      } catch (error) {
        if (!(error instanceof StorageConflict)) throw error;
        if (attempt === attempts) throw new CofferError('conflict');
      }
    }
  }

  /** Replaces one entry, found anew at each attempt. Returns it as it was before. */
  async edit(
    namespace: Where,
    table: MountTableName,
    path: string,
    change: (entry: MountEntry | undefined) => MountEntry,
  ): Promise<MountEntry> {
    let before: MountEntry | undefined;
    await this.change(namespace, (entries) => {
      before = entries.find((other) => other.table === table && other.path === path);
      const after = change(before);
      return entries.map((other) => (other === before ? after : other));
    });
    if (!before) throw new CofferError('internal');
    return before;
  }

  taint(namespace: Where, uuid: string, isTainted: boolean): Promise<void> {
    return this.change(namespace, (entries) =>
      entries.map((entry) => {
        const { tainted: _before, ...clean } = entry;
        return entry.uuid !== uuid ? entry : isTainted ? { ...clean, tainted: true } : clean;
      }),
    );
  }

  /** Takes the entry out of the table and notes, in the same commit, that its data has to go. */
  beginRemoval(namespace: Where, uuid: string): Promise<void> {
    const without = (entries: Entries) => entries.filter((other) => other.uuid !== uuid);
    return this.change(namespace, without, [`removing/${uuid}`]);
  }

  async removeData(namespace: Where, uuid: string): Promise<void> {
    const records = this.#recordsOf(namespace.id, `m/${uuid}/`);
    for (;;) {
      const keys = await records.scanKeys('', { limit: removalBatch });
      if (keys.length === 0) break;
      await records.commit({ remove: keys });
    }
    await this.#sys(namespace).commit({ remove: [`removing/${uuid}`] });
  }

  async resumeRemovals(namespace: Where): Promise<void> {
    for (const uuid of await this.#sys(namespace).list('removing/', { limit: 1000 }))
      await this.removeData(namespace, uuid);
  }

  #sys(namespace: Where): Records {
    return this.#recordsOf(namespace.id, 'sys/');
  }
}
