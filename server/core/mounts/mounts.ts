import type { AuthMethodPlugin } from '../../contracts/auth-method.ts';
import type { Clock } from '../../contracts/clock.ts';
import { CofferError, invalidRequest } from '../../contracts/errors.ts';
import type { Logger } from '../../contracts/logger.ts';
import type { Records, Stored } from '../../contracts/records.ts';
import type { MountContext, SecretsEnginePlugin } from '../../contracts/secrets-engine.ts';
import type { TokenService } from '../../contracts/token-service.ts';
import type { EventBus } from '../events/event-bus.ts';
import { PasswordPolicies } from '../policies/password-policies.ts';
import { drained } from './drained.ts';
import { checkFree, checkFreeForMove, labelOf } from './free-path.ts';
import { type Engine, type LeaseTimes, Mount } from './mount.ts';
import type { MountEntry, MountTableName } from './mount-entry.ts';
import { MountMigrations, type MountPlace } from './mount-migrations.ts';
import { MountTable } from './mount-table.ts';
import { PluginCatalog } from './plugin-catalog.ts';
import { type StoredTable, StoredTables, type Where } from './stored-tables.ts';

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
  /** An auth method is going from this namespace: what it called entities and groups goes too. */
  readonly forgetAliases?: (namespace: Where, accessor: string) => Promise<void>;
  readonly events?: Pick<EventBus, 'publisherOf'>;
}

/** The mount tables of all namespaces: one record each, compiled when first used, and the engines behind them. */
export class Mounts {
  readonly catalog: PluginCatalog;
  readonly migrations: MountMigrations;
  readonly #deps: MountsDependencies;
  /** By namespace id, then mount uuid. Engines outlive the cached table record. */
  readonly #mounts = new Map<string, Map<string, Mount>>();
  readonly #tables: StoredTables;

  constructor(deps: MountsDependencies) {
    this.#deps = deps;
    this.#tables = new StoredTables(deps.recordsOf);
    this.catalog = new PluginCatalog(deps.engines, deps.authMethods);
    this.migrations = new MountMigrations({
      ...deps,
      tables: this.#tables,
      empty: (from, uuid) => this.#empty(from, uuid),
      checkFree: checkFreeForMove,
      moved: async (from, to) => deps.moved?.(from, to),
    });
  }

  /** What a request in `namespace` is routed by. Cheap when the record is in memory. */
  async table(namespace: Where): Promise<MountTable> {
    return this.#compile(namespace, await this.#tables.stored(namespace));
  }

  /** `table` without waiting, when memory has it. */
  peekTable(namespace: Where): MountTable | undefined {
    const memo = this.#tables.peek(namespace)?.memo;
    return memo instanceof MountTable ? memo : undefined;
  }

  /** Makes the table of a namespace with the mounts that every namespace has, or adds those that older versions had not. */
  createTable(namespace: Where): Promise<void> {
    return this.#tables.complete(namespace, this.catalog.ownMounts());
  }

  /** Throws 'invalid-request' when the path or type cannot be. An engine that does not start leaves nothing behind. */
  async enable(namespace: Where, entry: MountEntry): Promise<void> {
    const plugin = this.catalog.find(entry.table, entry.type);
    if (!plugin) throw this.catalog.unknown(entry.table, entry.type);
    if (plugin.singleton) throw invalidRequest(`mount type of "${entry.type}" is not mountable`);
    await this.#refuseShadow(namespace, entry.table, entry.path);
    await this.#tables.change(namespace, (entries) => {
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
    const before = await this.#tables.edit(namespace, table, path, (entry) => {
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
    if (entry.migration) throw invalidRequest(`"${labelOf(table, path)}" is being moved`);
    await this.#tables.taint(namespace, entry.uuid, true);
    try {
      await this.#empty(namespace, entry.uuid);
    } catch (error) {
      await this.#tables.taint(namespace, entry.uuid, false);
      throw error;
    }
    await this.#removeEntry(namespace, entry.uuid);
    await this.#deps.removed?.(`${namespace.path}${labelOf(table, path)}`);
  }

  /** Moves a mount within its namespace, after ending its leases, as their ids name the old path. Its data stays where it is. */
  async move(namespace: Where, table: MountTableName, from: string, to: string): Promise<void> {
    const place = (entries: readonly MountEntry[]): { entry: MountEntry; moved: MountEntry } => {
      const entry = this.#movable(entries, table, from);
      const moved = { ...entry, path: to };
      checkFreeForMove(
        entries.filter((other) => other !== entry),
        moved,
      );
      return { entry, moved };
    };
    place((await this.table(namespace)).entries);
    await this.#refuseShadow(namespace, table, to);
    await this.#deps.endLeases(namespace, labelOf(table, from));
    await this.#tables.change(namespace, (entries) => {
      const { entry, moved } = place(entries);
      return entries.map((other) => (other === entry ? moved : other));
    });
    const absolute = (path: string) => `${namespace.path}${labelOf(table, path)}`;
    await this.#deps.moved?.(absolute(from), absolute(to));
  }

  /** Moves a mount to another namespace, in the background. Returns the id to ask `migrations` with. */
  async moveAway(askedIn: string, table: MountTableName, from: MountPlace, to: MountPlace): Promise<string> {
    const entry = this.#movable((await this.table(from.namespace)).entries, table, from.path);
    await this.#refuseShadow(to.namespace, table, to.path);
    return this.migrations.begin(askedIn, entry, from, to);
  }

  #movable(entries: readonly MountEntry[], table: MountTableName, path: string): MountEntry {
    const entry = entries.find((other) => other.table === table && other.path === path);
    if (!entry) throw invalidRequest(`no matching mount at "${labelOf(table, path)}"`);
    if (this.catalog.find(table, entry.type)?.singleton)
      throw invalidRequest(`cannot remount "${labelOf(table, path)}"`);
    if (entry.migration) throw invalidRequest(`"${labelOf(table, path)}" is being moved`);
    return entry;
  }

  /** Goes on with removals that a crash interrupted. Called after unseal. */
  async resumeRemovals(namespace: Where): Promise<void> {
    await this.#tables.resumeRemovals(namespace);
    // Nobody was told that these are gone, and their leases may still need the engine.
    for (const entry of (await this.table(namespace)).entries)
      if (entry.tainted && !entry.migration) await this.#tables.taint(namespace, entry.uuid, false);
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

  /** Opens the engines that work unasked, of every namespace whose table has been read. One that fails stops no other. */
  async wake(): Promise<void> {
    for (const mounts of this.#mounts.values()) {
      for (const mount of mounts.values()) {
        if (mount.engine || mount.entry.tainted || !this.catalog.worksUnasked(mount.entry)) continue;
        await mount.load().catch((error: unknown) => {
          const reason = error instanceof Error ? error.message : 'unknown';
          this.#deps.logger.warn('an engine did not open', { mount: mount.fullPath, error: reason });
        });
      }
    }
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
    const { events } = this.#deps;
    const context: MountContext = {
      mount: mount.info,
      ...(events ? { events: events.publisherOf(mount.info, entry.table) } : {}),
      records: this.#deps.recordsOf(namespace.id, `m/${entry.uuid}/`),
      clock: this.#deps.clock,
      logger: this.#deps.logger.named(`${entry.table === 'auth' ? 'auth' : 'secrets'}.${entry.type}`),
      passwordFrom: (policy) => new PasswordPolicies(this.#deps.recordsOf).generate(namespace.id, policy),
    };
    const { engines, authMethods, tokens } = this.#deps;
    const made =
      entry.table === 'secret'
        ? engines.get(entry.type)?.create(context)
        : authMethods.get(entry.type)?.create(entry.type === 'token' ? { ...context, tokens } : context);
    if (made) return made;
    throw new CofferError('internal', `no plugin for the ${entry.type} mount at ${mount.fullPath}`);
  }

  /** A mount that begins with the name of a child namespace would take that namespace's requests. */
  async #refuseShadow(namespace: Where, table: MountTableName, path: string): Promise<void> {
    const first = path.slice(0, path.indexOf('/'));
    if (table === 'secret' && (await this.#deps.isNamespace(`${namespace.path}${first}`)))
      throw invalidRequest(`path is already in use by the namespace "${namespace.path}${first}/"`);
  }

  /** Once nothing uses a mount that is out of service, ends what it gave out and closes its engine. */
  async #empty(namespace: Where, uuid: string): Promise<void> {
    const mount = (await this.table(namespace)).byUuid(uuid);
    if (!mount) throw new CofferError('not-found');
    await drained(mount, this.#deps.clock);
    await this.#deps.endLeases(namespace, mount.fullPath);
    const { table, accessor } = mount.entry;
    if (table === 'auth') await this.#deps.forgetAliases?.(namespace, accessor);
    await mount.unload();
  }

  async #removeEntry(namespace: Where, uuid: string): Promise<void> {
    await this.#tables.beginRemoval(namespace, uuid);
    await this.table(namespace);
    await this.#tables.removeData(namespace, uuid);
  }

  #inBackground(work: Promise<void>): void {
    work.catch((error: unknown) => {
      const reason = error instanceof Error ? error.message : 'unknown';
      this.#deps.logger.warn('an engine did not close cleanly', { error: reason });
    });
  }
}
