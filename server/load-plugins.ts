import { readdir } from 'node:fs/promises';

/**
 * Loads every plug-in of one kind: the folders of `server/<kind>/`, each with an `index` that exports `plugin`.
 * The folder is always the one beside this file, never a configured path. A plug-in whose declared type is not
 * its folder's name, or a folder without one, stops the start: nothing is dropped silently. One with `otherTypes` is
 * found under each of them.
 */
export async function loadPlugins<
  T extends { readonly type: string; readonly otherTypes?: readonly string[] },
>(kind: string): Promise<Map<string, T>> {
  const folder = new URL(`./${kind}/`, import.meta.url);
  const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
  const plugins = new Map<string, T>();
  const names = (await readdir(folder, { withFileTypes: true }))
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name);
  for (const name of names.sort()) {
    const module = (await import(new URL(`${name}/index.${extension}`, folder).href)) as { plugin?: T };
    if (module.plugin?.type !== name)
      throw new Error(`server/${kind}/${name} does not export a plugin of type "${name}"`);
    plugins.set(name, module.plugin);
    for (const type of module.plugin.otherTypes ?? []) plugins.set(type, { ...module.plugin, type });
  }
  return plugins;
}
