import type { AuthMethodPlugin } from '../../contracts/auth-method.ts';
import { type CofferError, invalidRequest } from '../../contracts/errors.ts';
import type { SecretsEnginePlugin } from '../../contracts/secrets-engine.ts';
import { type MountEntry, type MountTableName, newEntry } from './mount-entry.ts';

export type Plugin = SecretsEnginePlugin | AuthMethodPlugin;

/** A type as a caller may write it, with what it stands for. */
export interface ResolvedType {
  readonly type: string;
  /** Those that an alias implies (`kv-v2`: `version=2`). */
  readonly options: Readonly<Record<string, string>>;
}

/** The engines and auth methods that this server has. */
export class PluginCatalog {
  readonly #tables: Readonly<Record<MountTableName, ReadonlyMap<string, Plugin>>>;
  readonly #engines: ReadonlyMap<string, SecretsEnginePlugin>;

  constructor(
    engines: ReadonlyMap<string, SecretsEnginePlugin>,
    authMethods: ReadonlyMap<string, AuthMethodPlugin>,
  ) {
    this.#tables = { secret: engines, auth: authMethods };
    this.#engines = engines;
  }

  find(table: MountTableName, type: string): Plugin | undefined {
    return this.#tables[table].get(type);
  }

  /** Throws 'invalid-request' for a word that is neither a type nor an alias. */
  resolve(table: MountTableName, word: string): ResolvedType {
    if (this.#tables[table].has(word)) return { type: word, options: {} };
    for (const [type, plugin] of table === 'secret' ? this.#engines : []) {
      const { aliases } = plugin;
      if (aliases && Object.hasOwn(aliases, word)) return { type, options: aliases[word] ?? {} };
    }
    throw this.unknown(table, word);
  }

  unknown(table: MountTableName, word: string): CofferError {
    const types = [...this.#tables[table]].filter(([, plugin]) => !plugin.singleton).map(([type]) => type);
    return invalidRequest(`plugin not found in the catalog: ${word}`, {
      hint: types.length === 0 ? 'This server has none.' : `This server has: ${types.join(', ')}.`,
    });
  }

  /** Those that every namespace has, with fresh ids. */
  ownMounts(): MountEntry[] {
    const own: MountEntry[] = [];
    for (const table of ['secret', 'auth'] as const) {
      for (const { singleton, type, description } of this.#tables[table].values()) {
        if (!singleton) continue;
        const path = type === 'system' ? 'sys/' : `${type}/`;
        own.push(newEntry(table, path, type, { description, local: type === 'cubbyhole' }));
      }
    }
    return own;
  }

  versionOf(entry: MountEntry): string {
    return this.find(entry.table, entry.type)?.version ?? '';
  }

  /** Whether its engine is opened without a request. */
  worksUnasked({ table, type }: MountEntry): boolean {
    return table === 'secret' && this.#engines.get(type)?.worksUnasked === true;
  }

  /** Throws 'invalid-request' when the engine does not allow its options to change so. */
  checkOptions(before: MountEntry, after: MountEntry): void {
    if (before.table !== 'secret') return;
    this.#engines.get(before.type)?.checkOptions?.(before.options ?? {}, after.options ?? {});
  }
}
