import type { AuthMethodPlugin } from '../../contracts/auth-method.ts';
import type { Clock } from '../../contracts/clock.ts';
import { CofferError, invalidRequest } from '../../contracts/errors.ts';
import type { Logger } from '../../contracts/logger.ts';
import type { Records, Stored } from '../../contracts/records.ts';
import type { MountContext, SecretsEnginePlugin } from '../../contracts/secrets-engine.ts';
import { StorageConflict } from '../../contracts/storage.ts';
import type { TokenService } from '../../contracts/token-service.ts';
import type { Namespace } from '../namespaces/namespaces.ts';
import { type Engine, type LeaseTimes, Mount } from './mount.ts';
import { type MountEntry, type MountTableName, newEntry } from './mount-entry.ts';
import { MountTable } from './mount-table.ts';
import { PluginCatalog } from './plugin-catalog.ts';

export interface MountsDependencies {
  readonly recordsOf: (namespaceId: string, prefix: string) => Records;
  readonly engines: ReadonlyMap<string, SecretsEnginePlugin>;
  readonly authMethods: ReadonlyMap<string, AuthMethodPlugin>;
  readonly system: LeaseTimes;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly tokens: TokenService;
  /** Ends every lease below a mount before its data goes. Throws when some cannot be ended now. */
  readonly endLeases: (namespace: Where, mountPath: string) => Promise<void>;
  /** Whether a namespace is at this full path, without a trailing slash. */
  readonly isNamespace: (path: string) => Promise<boolean>;
  /** A mount has gone, or is somewhere else now. Paths are from the root namespace. */
  readonly removed?: (path: string) => Promise<void>;
  readonly moved?: (from: string, to: string) => Promise<void>;
}

/** What names a namespace to its mounts. */
export type Where = Pick<Namespace, 'id' | 'path'>;

interface StoredTable {
  readonly entries: readonly MountEntry[];
}

const tableKey = 'mounts';
const removalBatch = 500;
const attempts = 8;
/** How long a mount that is being removed waits for the requests that use it. */
const drainMs = 10_000;

/** The mount tables of all namespaces: one record each, compiled when first used, and the engines behind them. */
export class Mounts {
  readonly catalog: PluginCatalog;
  readonly #deps: MountsDependencies;
  /** By namespace id, then mount uuid. Engines outlive the cached table record. */
  readonly #mounts = new Map<string, Map<string, Mount>>();

  constructor(deps: MountsDependencies) {
    this.#deps = deps;
    this.catalog = new PluginCatalog(deps.engines, deps.authMethods);
  }

  /** What a request in `namespace` is routed by. Cheap when the record is in memory. */
  async table(namespace: Where): Promise<MountTable> {
    return this.#compile(namespace, await this.#stored(namespace));
  }

  /** `table` without waiting, when memory has it. */
  peekTable(namespace: Where): MountTable | undefined {
    const memo = this.#sys(namespace).peek<StoredTable>(tableKey)?.memo;
    return memo instanceof MountTable ? memo : undefined;
  }

  /** Makes the table of a namespace with the mounts that every namespace has, or adds those that older versions had not. */
  async createTable(namespace: Where): Promise<void> {
    const records = this.#sys(namespace);
    const stored = await records.get<StoredTable>(tableKey);
    const before = stored?.value.entries ?? [];
    const missing = this.#ownMounts().filter(
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

  #ownMounts(): MountEntry[] {
    const entries: MountEntry[] = [];
    for (const plugin of this.#deps.engines.values()) {
      if (!plugin.singleton) continue;
      const path = plugin.type === 'system' ? 'sys/' : `${plugin.type}/`;
      const { description } = plugin;
      entries.push(
        newEntry('secret', path, plugin.type, { description, local: plugin.type === 'cubbyhole' }),
      );
    }
    for (const { singleton, type, description } of this.#deps.authMethods.values()) {
      if (singleton) entries.push(newEntry('auth', `${type}/`, type, { description }));
    }
    return entries;
  }

  /** Throws 'invalid-request' when the path or type cannot be. An engine that does not start leaves nothing behind. */
  async enable(namespace: Where, entry: MountEntry): Promise<void> {
    const plugin = this.catalog.find(entry.table, entry.type);
    if (!plugin) throw this.catalog.unknown(entry.table, entry.type);
    if (plugin.singleton) throw invalidRequest(`mount type of "${entry.type}" is not mountable`);
    await this.#refuseShadow(namespace, entry.table, entry.path);
    await this.#change(namespace, (entries) => {
      checkFree(entries, entry);
      return [...entries, entry];
    });
    const mount = (await this.table(namespace)).byUuid(entry.uuid);
    try {
      await mount?.load();
    } catch (error) {
      await this.#removeEntry(namespace, entry.uuid);
      throw error;
    }
  }

  /** Replaces the entry with `change(entry)`. Returns it as it was before. */
  async tune(
    namespace: Where,
    table: MountTableName,
    path: string,
    change: (entry: MountEntry) => MountEntry,
  ): Promise<MountEntry> {
    const before = await this.#edit(namespace, table, path, (entry) => {
      if (!entry) throw invalidRequest(`tune of path "${labelOf(table, path)}" failed: no mount entry found`);
      const next = change(entry);
      this.catalog.checkOptions(entry, next);
      return next;
    });
    await (await this.table(namespace)).byUuid(before.uuid)?.load();
    return before;
  }

  /**
   * Takes the mount out of service, waits for requests that are using it, ends its leases, takes it out of the
   * table, then removes its data (resumed after a crash). When leases cannot be ended, the mount is back in service.
   */
  async disable(namespace: Where, table: MountTableName, path: string): Promise<void> {
    const current = await this.table(namespace);
    const entry = current.entries.find((other) => other.table === table && other.path === path);
    if (!entry) return;
    if (this.catalog.find(table, entry.type)?.singleton) throw invalidRequest(`cannot unmount "${path}"`);
    await this.#taint(namespace, entry, true);
    const mount = (await this.table(namespace)).byUuid(entry.uuid);
    try {
      await this.#drain(mount);
      await this.#deps.endLeases(namespace, labelOf(table, path));
    } catch (error) {
      await this.#taint(namespace, entry, false);
      throw error;
    }
    await this.#removeEntry(namespace, entry.uuid);
    await this.#deps.removed?.(`${namespace.path}${labelOf(table, path)}`);
  }

  /** Moves a mount within its namespace, after ending its leases, as their ids name the old path. Its data stays where it is. */
  async move(namespace: Where, table: MountTableName, from: string, to: string): Promise<void> {
    const place = (entries: readonly MountEntry[]): { entry: MountEntry; moved: MountEntry } => {
      const entry = entries.find((other) => other.table === table && other.path === from);
      if (!entry) throw invalidRequest(`no matching mount at "${labelOf(table, from)}"`);
      if (this.catalog.find(table, entry.type)?.singleton)
        throw invalidRequest(`cannot remount "${labelOf(table, from)}"`);
      const moved = { ...entry, path: to };
      const others = entries.filter((other) => other !== entry);
      checkFree(others, moved, `path already in use at "${labelOf(table, to)}"`);
      return { entry, moved };
    };
    place((await this.table(namespace)).entries);
    await this.#refuseShadow(namespace, table, to);
    await this.#deps.endLeases(namespace, labelOf(table, from));
    await this.#change(namespace, (entries) => {
      const { entry, moved } = place(entries);
      return entries.map((other) => (other === entry ? moved : other));
    });
    const absolute = (path: string) => `${namespace.path}${labelOf(table, path)}`;
    await this.#deps.moved?.(absolute(from), absolute(to));
  }

  /** Goes on with removals that a crash interrupted. Called after unseal. */
  async resumeRemovals(namespace: Where): Promise<void> {
    for (const uuid of await this.#sys(namespace).list('removing/', { limit: 1000 }))
      await this.#removeData(namespace, uuid);
    // Nobody was told that these are gone, and their leases may still need the engine.
    for (const entry of (await this.table(namespace)).entries)
      if (entry.tainted) await this.#taint(namespace, entry, false);
  }

  /** Lets go of every engine (before sealing). */
  async unloadAll(): Promise<void> {
    const all = [...this.#mounts.values()];
    this.#mounts.clear();
    for (const mounts of all) for (const mount of mounts.values()) await mount.remove();
  }

  /** Lets go of the engines of a namespace that goes. */
  async unloadNamespace(namespaceId: string): Promise<void> {
    const mounts = this.#mounts.get(namespaceId);
    this.#mounts.delete(namespaceId);
    for (const mount of mounts?.values() ?? []) await mount.remove();
  }

  *loaded(): Generator<Mount> {
    for (const mounts of this.#mounts.values())
      for (const mount of mounts.values()) if (mount.engine) yield mount;
  }

  #sys(namespace: Where): Records {
    return this.#deps.recordsOf(namespace.id, 'sys/');
  }

  async #stored(namespace: Where): Promise<Stored<StoredTable>> {
    const records = this.#sys(namespace);
    const read = await records.get<StoredTable>(tableKey);
    // Somebody may have changed it while this was being read: mounts never go back to an older entry.
    const stored = records.peek<StoredTable>(tableKey) ?? read;
    if (stored) return stored;
    throw new CofferError('internal', undefined, {
      detail: `namespace ${namespace.path} has no mount table`,
    });
  }

  /** Never waits, so that tables take effect in the order in which they were read. */
  #compile(namespace: Where, stored: Stored<StoredTable>): MountTable {
    if (stored.memo instanceof MountTable) return stored.memo;
    let known = this.#mounts.get(namespace.id);
    if (!known) {
      known = new Map();
      this.#mounts.set(namespace.id, known);
    }
    const { entries } = stored.value;
    const mounts = entries.map((entry) => this.#mountOf(namespace, known, entry));
    const current = new Set(mounts);
    for (const [uuid, mount] of known) {
      if (current.has(mount)) continue;
      known.delete(uuid);
      this.#inBackground(mount.remove());
    }
    const table = new MountTable(mounts, entries);
    stored.memo = table;
    return table;
  }

  #mountOf(namespace: Where, known: Map<string, Mount>, entry: MountEntry): Mount {
    const before = known.get(entry.uuid);
    if (before) {
      if (before.update(entry)) this.#inBackground(before.unload());
      return before;
    }
    const where = { id: namespace.id, path: namespace.path };
    const mount = new Mount(entry, where, this.#deps.system, (made) => this.#make(where, made));
    known.set(entry.uuid, mount);
    return mount;
  }

  async #make(namespace: Where, mount: Mount): Promise<Engine> {
    const { entry } = mount;
    const context: MountContext = {
      mount: mount.info,
      records: this.#deps.recordsOf(namespace.id, `m/${entry.uuid}/`),
      clock: this.#deps.clock,
      logger: this.#deps.logger.named(`${entry.table === 'auth' ? 'auth' : 'secrets'}.${entry.type}`),
    };
    const { engines, authMethods, tokens } = this.#deps;
    const made =
      entry.table === 'secret'
        ? engines.get(entry.type)?.create(context)
        : authMethods.get(entry.type)?.create(entry.type === 'token' ? { ...context, tokens } : context);
    if (made) return made;
    throw new CofferError('internal', `no plugin for the ${entry.type} mount at ${mount.fullPath}`);
  }

  /** Replaces one entry, found anew at each attempt. Returns it as it was before. */
  async #edit(
    namespace: Where,
    table: MountTableName,
    path: string,
    change: (entry: MountEntry | undefined) => MountEntry,
  ): Promise<MountEntry> {
    let before: MountEntry | undefined;
    await this.#change(namespace, (entries) => {
      before = entries.find((other) => other.table === table && other.path === path);
      const after = change(before);
      return entries.map((other) => (other === before ? after : other));
    });
    if (!before) throw new CofferError('internal');
    return before;
  }

  async #taint(namespace: Where, { uuid }: MountEntry, isTainted: boolean): Promise<void> {
    await this.#change(namespace, (entries) =>
      entries.map((entry) => {
        const { tainted: _before, ...clean } = entry;
        return entry.uuid !== uuid ? entry : isTainted ? { ...clean, tainted: true } : clean;
      }),
    );
  }

  /** A mount that begins with the name of a child namespace would take that namespace's requests. */
  async #refuseShadow(namespace: Where, table: MountTableName, path: string): Promise<void> {
    const first = path.slice(0, path.indexOf('/'));
    if (table === 'secret' && (await this.#deps.isNamespace(`${namespace.path}${first}`)))
      throw invalidRequest(`path is already in use by the namespace "${namespace.path}${first}/"`);
  }

  /** Bounded: a request that hangs in an engine must not keep its mount alive for ever. */
  async #drain(mount: Mount | undefined): Promise<void> {
    if (!mount) return;
    let cancel = (): void => {};
    const timeout = new Promise<void>((resolve) => {
      cancel = this.#deps.clock.after(drainMs, resolve);
    });
    await Promise.race([mount.idle(), timeout]);
    cancel();
  }

  async #change(
    namespace: Where,
    edit: (entries: readonly MountEntry[]) => readonly MountEntry[],
    mark: readonly string[] = [],
  ): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      const stored = await this.#stored(namespace);
      const entries = edit(stored.value.entries);
      const expect = [{ key: tableKey, stored }];
      try {
        await this.#sys(namespace).commit({ expect, put: [[tableKey, { entries }]], mark });
        return;
      } catch (error) {
        if (!(error instanceof StorageConflict)) throw error;
        if (attempt === attempts) throw new CofferError('conflict');
      }
    }
  }

  async #removeEntry(namespace: Where, uuid: string): Promise<void> {
    const mark = [`removing/${uuid}`];
    await this.#change(namespace, (entries) => entries.filter((other) => other.uuid !== uuid), mark);
    await this.table(namespace);
    await this.#removeData(namespace, uuid);
  }

  async #removeData(namespace: Where, uuid: string): Promise<void> {
    const records = this.#deps.recordsOf(namespace.id, `m/${uuid}/`);
    for (;;) {
      const keys = await records.scanKeys('', { limit: removalBatch });
      if (keys.length === 0) break;
      await records.commit({ remove: keys });
    }
    await this.#sys(namespace).commit({ remove: [`removing/${uuid}`] });
  }

  #inBackground(work: Promise<void>): void {
    work.catch((error: unknown) => {
      const reason = error instanceof Error ? error.message : 'unknown';
      this.#deps.logger.warn('an engine did not close cleanly', { error: reason });
    });
  }
}

function labelOf(table: MountTableName, path: string): string {
  return `${table === 'auth' ? 'auth/' : ''}${path}`;
}

function checkFree(entries: readonly MountEntry[], entry: MountEntry, message?: string): void {
  for (const other of entries) {
    if (other.table !== entry.table) continue;
    if (entry.path.startsWith(other.path) || other.path.startsWith(entry.path))
      throw invalidRequest(message ?? `path is already in use at ${labelOf(entry.table, other.path)}`);
  }
}
