import { randomUUID } from 'node:crypto';
import type { Clock } from '../../contracts/clock.ts';
import { CofferError, invalidRequest } from '../../contracts/errors.ts';
import type { Logger } from '../../contracts/logger.ts';
import type { Records } from '../../contracts/records.ts';
import { rootNamespace } from '../namespaces/namespaces.ts';
import type { MountEntry, MountTableName } from './mount-entry.ts';
import type { StoredTables, Where } from './stored-tables.ts';

/** One end of a move. */
export interface MountPlace {
  readonly namespace: Where;
  /** Relative to the namespace and the table, ending in '/'. */
  readonly path: string;
}

/**
 * A move as it is stored. `copying`: the old place has all the data, `switched`: the new one serves it and the old copy
 * is being removed.
 */
export interface Migration {
  readonly id: string;
  /** Who may ask how it stands. */
  readonly namespaceId: string;
  readonly table: MountTableName;
  readonly uuid: string;
  readonly from: MountPlace;
  readonly to: MountPlace;
  readonly phase: 'copying' | 'switched' | 'success' | 'failure';
  readonly startedMs: number;
}

export interface MigrationDependencies {
  readonly recordsOf: (namespaceId: string, prefix: string) => Records;
  readonly tables: StoredTables;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Waits for requests that use the mount, lets go of its engine, and ends what it gave out. */
  readonly empty: (from: Where, uuid: string) => Promise<void>;
  /** Throws 'invalid-request' when `entry` has no place among these. */
  readonly checkFree: (entries: readonly MountEntry[], entry: MountEntry) => void;
  /** Paths are from the root namespace. */
  readonly moved: (from: string, to: string) => Promise<void>;
}

const pageSize = 200;
const rememberMs = 30 * 86_400_000;

/**
 * Moves of mounts from one namespace to another: the mount is taken out of service, its records are written again under the
 * other namespace's key, both tables change in one commit, and what is left behind is removed. Each step is stored before the
 * next begins and may be done again, so a move that a crash interrupted is gone on with after unseal; one that fails is undone.
 */
export class MountMigrations {
  readonly #deps: MigrationDependencies;
  readonly #running = new Set<string>();

  constructor(deps: MigrationDependencies) {
    this.#deps = deps;
  }

  /** Remembers a move within a namespace, which is done when it is asked for. Returns its id. */
  async note(namespaceId: string, table: MountTableName, from: MountPlace, to: MountPlace): Promise<string> {
    const migration = this.#newMigration(namespaceId, table, '', from, to, 'success');
    await this.#root.commit({ put: [[migration.id, migration]] });
    return migration.id;
  }

  /** Takes the mount out of service and goes on by itself. Returns the id to ask with. */
  async begin(namespaceId: string, entry: MountEntry, from: MountPlace, to: MountPlace): Promise<string> {
    const { tables, checkFree, clock } = this.#deps;
    checkFree((await tables.stored(to.namespace)).value.entries, { ...entry, path: to.path });
    const migration = this.#newMigration(namespaceId, entry.table, entry.uuid, from, to, 'copying');
    await this.#forgetOld(clock.now());
    await tables.change(
      from.namespace,
      (entries) => {
        const now = entries.find(({ uuid }) => uuid === entry.uuid);
        if (!now || now.tainted) throw invalidRequest(`"${from.path}" is being moved or removed already`);
        return entries.map((other) =>
          other === now ? { ...now, tainted: true, migration: migration.id } : other,
        );
      },
      [],
      async () => [{ records: this.#root, change: { put: [[migration.id, migration]] } }],
    );
    void this.#run(migration);
    return migration.id;
  }

  /** As the namespace in which it was asked for may see it. */
  async find(namespaceId: string, id: string): Promise<Migration | undefined> {
    const migration = (await this.#root.get<Migration>(id))?.value;
    return migration?.namespaceId === namespaceId ? migration : undefined;
  }

  /** Goes on with what was interrupted. Called after unseal; does not wait for it. */
  async resume(): Promise<void> {
    for await (const migration of this.#all())
      if (migration.phase === 'copying' || migration.phase === 'switched') void this.#run(migration);
  }

  get #root(): Records {
    return this.#deps.recordsOf(rootNamespace.id, 'sys/mount-migration/');
  }

  #newMigration(
    namespaceId: string,
    table: MountTableName,
    uuid: string,
    from: MountPlace,
    to: MountPlace,
    phase: Migration['phase'],
  ): Migration {
    const id = randomUUID();
    return { id, namespaceId, table, uuid, from, to, phase, startedMs: this.#deps.clock.now() };
  }

  async #run(migration: Migration): Promise<void> {
    const { id } = migration;
    if (this.#running.has(id)) return;
    this.#running.add(id);
    const { logger } = this.#deps;
    try {
      if (migration.phase === 'copying' && !(await this.#moveOver(migration))) return;
      await this.#deps.moved(pathOf(migration, migration.from), pathOf(migration, migration.to));
      await this.#deps.tables.removeData(migration.from.namespace, migration.uuid);
      await this.#mark(migration, 'success');
      logger.info('a mount has moved', { migration_id: id });
    } catch (error) {
      // Sealed, or the store is away: it goes on after the next unseal.
      logger.warn('the move of a mount could not go on', { migration_id: id, error: reasonOf(error) });
    } finally {
      this.#running.delete(id);
    }
  }

  /** False when the move was undone instead. */
  async #moveOver(migration: Migration): Promise<boolean> {
    try {
      await this.#deps.empty(migration.from.namespace, migration.uuid);
      await this.#copy(migration);
      await this.#switch(migration);
      return true;
    } catch (error) {
      // The store may have taken the last commit and failed to say so.
      if ((await this.#root.get<Migration>(migration.id))?.value.phase === 'switched') return true;
      this.#deps.logger.warn('a mount could not be moved', {
        migration_id: migration.id,
        error: reasonOf(error),
      });
      await this.#undo(migration);
      return false;
    }
  }

  /** Written again from the beginning each time: nobody writes to a mount that is out of service. */
  async #copy({ from, to, uuid }: Migration): Promise<void> {
    const source = this.#deps.recordsOf(from.namespace.id, `m/${uuid}/`);
    const target = this.#deps.recordsOf(to.namespace.id, `m/${uuid}/`);
    let after: string | undefined;
    for (;;) {
      const keys = await source.scanKeys('', { limit: pageSize, ...(after === undefined ? {} : { after }) });
      if (keys.length === 0) return;
      const found = await source.getMany<unknown>(keys);
      const put: [string, unknown][] = [];
      const mark: string[] = [];
      keys.forEach((key, at) => {
        const stored = found[at];
        if (stored) put.push([key, stored.value]);
        else mark.push(key);
      });
      await target.commit({ put, mark });
      after = keys.at(-1);
    }
  }

  /** From this commit on the mount is in the other namespace, and nowhere else. */
  async #switch(migration: Migration): Promise<void> {
    const { tables, checkFree } = this.#deps;
    const { from, to, uuid } = migration;
    let moved: MountEntry | undefined;
    await tables.change(
      from.namespace,
      (entries) => {
        const entry = entries.find((other) => other.uuid === uuid && other.migration === migration.id);
        if (!entry) throw new CofferError('conflict');
        const { tainted: _tainted, migration: _migration, ...clean } = entry;
        moved = { ...clean, path: to.path };
        return entries.filter((other) => other !== entry);
      },
      [],
      async () => {
        const entry = moved;
        const arrives = await tables.changeOf(to.namespace, (entries) => {
          if (!entry) throw new CofferError('internal');
          checkFree(entries, entry);
          return [...entries, entry];
        });
        const put = [[migration.id, { ...migration, phase: 'switched' }]] as const;
        return [arrives, { records: this.#root, change: { put } }];
      },
    );
  }

  async #undo(migration: Migration): Promise<void> {
    const { tables } = this.#deps;
    const { from, to, uuid } = migration;
    // The other namespace may be what has gone.
    await tables.removeData(to.namespace, uuid).catch(() => {});
    await tables.change(from.namespace, (entries) =>
      entries.map((entry) => {
        if (entry.uuid !== uuid) return entry;
        const { tainted: _tainted, migration: _migration, ...clean } = entry;
        return clean;
      }),
    );
    await this.#mark(migration, 'failure');
  }

  #mark(migration: Migration, phase: Migration['phase']): Promise<void> {
    return this.#root.commit({ put: [[migration.id, { ...migration, phase }]] });
  }

  async #forgetOld(nowMs: number): Promise<void> {
    const old: string[] = [];
    for await (const { id, phase, startedMs } of this.#all())
      if ((phase === 'success' || phase === 'failure') && startedMs < nowMs - rememberMs) old.push(id);
    if (old.length > 0) await this.#root.commit({ remove: old.slice(0, 1000) });
  }

  async *#all(): AsyncGenerator<Migration> {
    let after: string | undefined;
    for (;;) {
      const page = await this.#root.scan<Migration>('', {
        limit: pageSize,
        ...(after === undefined ? {} : { after }),
      });
      for (const [, stored] of page) yield stored.value;
      after = page.at(-1)?.[0];
      if (after === undefined) return;
    }
  }
}

/** From the root namespace. */
export function pathOf({ table }: Pick<Migration, 'table'>, { namespace, path }: MountPlace): string {
  return `${namespace.path}${table === 'auth' ? 'auth/' : ''}${path}`;
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : 'unknown';
}
