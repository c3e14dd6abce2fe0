import { readdir } from 'node:fs/promises';
import type { DatabasePlugin } from './database-plugin.ts';

/** The databases that Coffer can administer: the folders of `databases/` beside this file, never a configured path. */
export class DatabaseCatalog {
  readonly #byName: ReadonlyMap<string, DatabasePlugin>;

  constructor(plugins: Iterable<DatabasePlugin>) {
    const byName = new Map<string, DatabasePlugin>();
    for (const plugin of plugins) {
      for (const name of plugin.pluginNames) {
        if (byName.has(name)) throw new Error(`two databases are called ${name}`);
        byName.set(name, plugin);
      }
    }
    this.#byName = byName;
  }

  /** By a word of `plugin_name`. */
  find(pluginName: string): DatabasePlugin | undefined {
    return this.#byName.get(pluginName);
  }

  get pluginNames(): string[] {
    return [...this.#byName.keys()].sort();
  }

  /** A folder without a plug-in of its name stops the start: nothing is dropped silently. */
  static async load(): Promise<DatabaseCatalog> {
    const folder = new URL('./databases/', import.meta.url);
    const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
    const plugins: DatabasePlugin[] = [];
    for (const entry of await readdir(folder, { withFileTypes: true })) {
      if (!entry.isDirectory()) continue;
      const module: { plugin?: DatabasePlugin } = await import(
        new URL(`${entry.name}/index.${extension}`, folder).href
      );
      if (module.plugin?.type !== entry.name)
        throw new Error(`databases/${entry.name} does not export a plugin of type "${entry.name}"`);
      plugins.push(module.plugin);
    }
    return new DatabaseCatalog(plugins);
  }
}
