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

export type Plugin = SecretsEnginePlugin | AuthMethodPlugin;

export interface MountsDependencies {
  readonly recordsOf: (namespaceId: string, prefix: string) => Records;
  readonly engines: ReadonlyMap<string, SecretsEnginePlugin>;
  readonly authMethods: ReadonlyMap<string, AuthMethodPlugin>;
  readonly system: LeaseTimes;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly tokens: TokenService;
  /** Ends every lease below a mount before its data goes. Throws when some cannot be ended now. */
  readonly endLeases: (namespace: Namespace, mountPath: string) => Promise<void>;
}

interface StoredTable {
  readonly entries: readonly MountEntry[];
}

const tableKey = 'mounts';
const removalBatch = 500;
const attempts = 8;

/** The mount tables of all namespaces: one record each, compiled when first used, and the engines behind them. */
export class Mounts {
  readonly #deps: MountsDependencies;
  /** Engines outlive the cached table record. By mount uuid. */
  readonly #mounts = new Map<string, Mount>();

  constructor(deps: MountsDependencies) {
    this.#deps = deps;
  }

  /** What a request in `namespace` is routed by. Cheap when the record is in memory. */
  async table(namespace: Namespace): Promise<MountTable> {
    return this.#compile(namespace, await this.#stored(namespace));
  }

  /** `table` without waiting, when memory has it. */
  peekTable(namespace: Namespace): MountTable | undefined {
    const stored = this.#deps.recordsOf(namespace.id, 'sys/').peek<StoredTable>(tableKey);
    return stored?.memo instanceof MountTable ? stored.memo : undefined;
  }

  /** Makes the table of a new namespace with the mounts that every namespace has. Harmless when it is there. */
  async createTable(namespace: Namespace, extra: readonly MountEntry[] = []): Promise<void> {
    const records = this.#sys(namespace);
    if (await records.get(tableKey)) return;
    const entries: MountEntry[] = [];
    for (const plugin of this.#deps.engines.values()) {
      if (plugin.singleton)
        entries.push(
          newEntry('secret', `${plugin.type === 'system' ? 'sys' : plugin.type}/`, plugin.type, {
            description: plugin.description,
            local: plugin.type === 'cubbyhole',
          }),
        );
    }
    for (const plugin of this.#deps.authMethods.values()) {
      if (plugin.singleton)
        entries.push(newEntry('auth', `${plugin.type}/`, plugin.type, { description: plugin.description }));
    }
    await records.commit({
      expect: [{ key: tableKey, stored: undefined }],
      put: [[tableKey, { entries: [...entries, ...extra] }]],
    });
  }

  /** Throws 'invalid-request' when the path or type cannot be; the engine is proven to start before the entry is written. */
  async enable(namespace: Namespace, entry: MountEntry): Promise<void> {
    const plugin = this.#plugin(entry.table, entry.type);
    if (!plugin)
      throw invalidRequest(`plugin not found in the catalog: ${entry.type}`, {
        hint: `This server has: ${[...this.#catalog(entry.table).keys()].join(', ')}.`,
      });
    if (plugin.singleton) throw invalidRequest(`mount type of "${entry.type}" is not mountable`);
    await this.#change(namespace, (entries) => {
      checkFree(entries, entry);
      return [...entries, entry];
    });
    const mount = (await this.table(namespace)).byUuid(entry.uuid);
    try {
      await mount?.load();
    } catch (error) {
      await this.#change(namespace, (entries) => entries.filter((other) => other.uuid !== entry.uuid));
      throw error;
    }
  }

  /** Replaces the entry with `change(entry)`. Returns the new entry. */
  async tune(
    namespace: Namespace,
    table: MountTableName,
    path: string,
    change: (entry: MountEntry) => MountEntry,
  ): Promise<MountEntry> {
    let tuned: MountEntry | undefined;
    await this.#change(namespace, (entries) => {
      const entry = entries.find((other) => other.table === table && other.path === path);
      if (!entry)
        throw invalidRequest(
          `tune of path "${table === 'auth' ? 'auth/' : ''}${path}" failed: no mount entry found`,
        );
      const next = change(entry);
      this.#checkOptions(entry, next);
      tuned = next;
      return entries.map((other) => (other === entry ? next : other));
    });
    const mount = (await this.table(namespace)).byUuid(tuned!.uuid);
    await mount?.load();
    return tuned!;
  }

  /** Ends the leases, takes the entry out of the table, then removes the data (resumed after a crash). */
  async disable(namespace: Namespace, table: MountTableName, path: string): Promise<void> {
    const entry = (await this.table(namespace)).entries.find(
      (other) => other.table === table && other.path === path,
    );
    if (!entry) return;
    if (this.#plugin(table, entry.type)?.singleton) throw invalidRequest(`cannot unmount "${path}"`);
    await this.#deps.endLeases(namespace, table === 'auth' ? `auth/${path}` : path);
    await this.#change(namespace, (entries) => entries.filter((other) => other.uuid !== entry.uuid), [
      `removing/${entry.uuid}`,
    ]);
    const mount = this.#mounts.get(entry.uuid);
    this.#mounts.delete(entry.uuid);
    await mount?.unload();
    await this.#removeData(namespace, entry.uuid);
  }

  /** Moves a mount within its namespace; its data stays where it is, so this is one commit. */
  async move(namespace: Namespace, table: MountTableName, from: string, to: string): Promise<void> {
    const label = (path: string) => `${table === 'auth' ? 'auth/' : ''}${path}`;
    await this.#change(namespace, (entries) => {
      const entry = entries.find((other) => other.table === table && other.path === from);
      if (!entry) throw invalidRequest(`no matching mount at "${label(from)}"`);
      if (this.#plugin(table, entry.type)?.singleton) throw invalidRequest(`cannot remount "${label(from)}"`);
      const moved = { ...entry, path: to };
      const others = entries.filter((other) => other !== entry);
      checkFree(others, moved, `path already in use at "${label(to)}"`);
      return [...others, moved];
    });
  }

  /** Goes on with removals that a crash interrupted. Called after unseal. */
  async resumeRemovals(namespace: Namespace): Promise<void> {
    for (const uuid of await this.#sys(namespace).list('removing/', { limit: 1000 }))
      await this.#removeData(namespace, uuid);
  }

  /** Lets go of every engine (before sealing, or when the namespace goes). */
  async unloadAll(): Promise<void> {
    const mounts = [...this.#mounts.values()];
    this.#mounts.clear();
    for (const mount of mounts) await mount.unload();
  }

  *loaded(): Generator<Mount> {
    for (const mount of this.#mounts.values()) if (mount.engine) yield mount;
  }

  /** The catalogue of one table, by type. */
  #catalog(table: MountTableName): ReadonlyMap<string, Plugin> {
    return table === 'auth' ? this.#deps.authMethods : this.#deps.engines;
  }

  /** The plug-in for `word`, which may be an alias (`kv-v2`), with the options that the alias implies. */
  resolveType(
    table: MountTableName,
    word: string,
  ): { type: string; options: Readonly<Record<string, string>>; version: string } | undefined {
    const direct = this.#catalog(table).get(word);
    if (direct) return { type: word, options: {}, version: direct.version ?? '' };
    for (const plugin of this.#catalog(table).values()) {
      const options = 'aliases' in plugin ? plugin.aliases?.[word] : undefined;
      if (options) return { type: plugin.type, options, version: plugin.version ?? '' };
    }
    return undefined;
  }

  get types(): { readonly secret: readonly string[]; readonly auth: readonly string[] } {
    return { secret: [...this.#deps.engines.keys()], auth: [...this.#deps.authMethods.keys()] };
  }

  versionOf(entry: MountEntry): string {
    return this.#plugin(entry.table, entry.type)?.version ?? '';
  }

  #plugin(table: MountTableName, type: string): Plugin | undefined {
    return this.#catalog(table).get(type);
  }

  #checkOptions(before: MountEntry, after: MountEntry): void {
    const plugin = this.#deps.engines.get(before.type);
    if (before.table === 'secret') plugin?.checkOptions?.(before.options ?? {}, after.options ?? {});
  }

  #sys(namespace: Namespace): Records {
    return this.#deps.recordsOf(namespace.id, 'sys/');
  }

  async #stored(namespace: Namespace): Promise<Stored<StoredTable>> {
    const stored = await this.#sys(namespace).get<StoredTable>(tableKey);
    if (!stored)
      throw new CofferError('internal', undefined, {
        detail: `namespace ${namespace.path} has no mount table`,
      });
    return stored;
  }

  async #compile(namespace: Namespace, stored: Stored<StoredTable>): Promise<MountTable> {
    if (stored.memo instanceof MountTable) return stored.memo;
    const mounts: Mount[] = [];
    for (const entry of stored.value.entries) {
      let mount = this.#mounts.get(entry.uuid);
      if (mount) await mount.update(entry);
      else {
        mount = new Mount(entry, { id: namespace.id, path: namespace.path }, this.#deps.system, (made) =>
          this.#make(namespace, made),
        );
        this.#mounts.set(entry.uuid, mount);
      }
      mounts.push(mount);
    }
    const table = new MountTable(mounts);
    stored.memo = table;
    return table;
  }

  async #make(namespace: Namespace, mount: Mount): Promise<Engine> {
    const { entry } = mount;
    const plugin = this.#plugin(entry.table, entry.type);
    if (!plugin)
      throw new CofferError('internal', `no plugin for the ${entry.type} mount at ${mount.fullPath}`);
    const context: MountContext = {
      mount: mount.info,
      records: this.#deps.recordsOf(namespace.id, `m/${entry.uuid}/`),
      clock: this.#deps.clock,
      logger: this.#deps.logger.named(`${entry.table === 'auth' ? 'auth' : 'secrets'}.${entry.type}`),
    };
    if (entry.table === 'secret') return (plugin as SecretsEnginePlugin).create(context);
    return (plugin as AuthMethodPlugin).create(
      entry.type === 'token' ? { ...context, tokens: this.#deps.tokens } : context,
    );
  }

  async #change(
    namespace: Namespace,
    edit: (entries: readonly MountEntry[]) => readonly MountEntry[],
    mark: readonly string[] = [],
  ): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      const stored = await this.#stored(namespace);
      const entries = edit(stored.value.entries);
      try {
        await this.#sys(namespace).commit({
          expect: [{ key: tableKey, stored }],
          put: [[tableKey, { entries }]],
          mark,
        });
        return;
      } catch (error) {
        if (!(error instanceof StorageConflict)) throw error;
        if (attempt === attempts) throw new CofferError('conflict');
      }
    }
  }

  async #removeData(namespace: Namespace, uuid: string): Promise<void> {
    const records = this.#deps.recordsOf(namespace.id, `m/${uuid}/`);
    for (;;) {
      const keys = await records.scanKeys('', { limit: removalBatch });
      if (keys.length === 0) break;
      await records.commit({ remove: keys });
    }
    await this.#sys(namespace).commit({ remove: [`removing/${uuid}`] });
  }
}

function checkFree(entries: readonly MountEntry[], entry: MountEntry, message?: string): void {
  for (const other of entries) {
    if (other.table !== entry.table) continue;
    if (entry.path.startsWith(other.path) || other.path.startsWith(entry.path)) {
      throw invalidRequest(
        message ?? `path is already in use at ${entry.table === 'auth' ? 'auth/' : ''}${other.path}`,
      );
    }
  }
}
