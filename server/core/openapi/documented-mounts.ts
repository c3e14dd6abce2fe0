import type { Mount } from '../mounts/mount.ts';
import type { Plugin } from '../mounts/plugin-catalog.ts';
import type { DocumentedMount } from './document.ts';

export interface MountChoice {
  /** Paths of mounts become parameters, for generators of clients that work with mounts anywhere. */
  readonly generic: boolean;
  /** Paths that exist in the root namespace only are left out elsewhere. */
  readonly isRoot: boolean;
  readonly pluginOf: (mount: Mount) => Plugin | undefined;
}

/** Loads the mount's engine, as only that knows its paths. */
export async function documentedMount(mount: Mount, choice: MountChoice): Promise<DocumentedMount> {
  await mount.load();
  const plugin = choice.pluginOf(mount);
  const { fullPath, entry } = mount;
  const declarations = (mount.engine?.paths ?? []).filter(
    ({ rootOnly, whileSealed }) => choice.isRoot || !(rootOnly || whileSealed),
  );
  const shown = { declarations, tag: tagOf(mount) };
  if (!choice.generic || plugin?.singleton) return { ...shown, path: fullPath, prefix: fullPath };
  const group = entry.table === 'auth' ? 'auth/' : '';
  const name = `${entry.path.replace(/\W+/g, '_').replace(/_$/, '')}_mount_path`;
  return {
    ...shown,
    path: `${group}{${name}}/`,
    prefix: `${group}${typeName(mount, plugin)}`,
    pathParameter: { name, default: entry.path.slice(0, -1) },
  };
}

/** Vault's four groups of operations. */
export function tagOf({ entry }: Mount): DocumentedMount['tag'] {
  if (entry.table === 'auth') return 'auth';
  if (entry.type === 'system') return 'system';
  return entry.type === 'identity' ? 'identity' : 'secrets';
}

/** The word that says most of the mount: `kv-v2` for `kv` with `version=2`. */
function typeName({ entry }: Mount, plugin: Plugin | undefined): string {
  const aliases = plugin && 'aliases' in plugin ? (plugin.aliases ?? {}) : {};
  const found = Object.entries(aliases).find(([, options]) =>
    Object.entries(options).every(([key, value]) => entry.options?.[key] === value),
  );
  return found?.[0] ?? entry.type;
}
