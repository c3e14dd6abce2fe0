import { randomUUID } from 'node:crypto';
import { CofferError, invalidRequest } from '../../contracts/errors.ts';
import { definePath, type PathDeclaration } from '../../contracts/paths.ts';
import type { JsonObject } from '../../contracts/request.ts';

/** One plug-in that is part of this program. */
export interface CatalogEntry {
  readonly name: string;
  readonly type: PluginType;
  readonly version: string;
}

export type PluginType = 'auth' | 'database' | 'secret';

export interface CatalogDependencies {
  readonly entries: () => readonly CatalogEntry[];
  /**
   * Lets go of the engines behind mounts, so that the next request makes them anew: those of one type, or at
   * the paths given. Returns how many there were.
   */
  readonly reload: (
    which: { type?: string; paths?: readonly string[] },
    namespaceId: string,
  ) => Promise<number>;
}

const types: readonly PluginType[] = ['auth', 'database', 'secret'];
const typeField = { type: 'string', description: 'auth, database or secret', required: true } as const;
const name = { type: 'string', description: 'Name of the plug-in', required: true } as const;
const refusal = 'this server runs the plug-ins that it was built with and no others';

/** `sys/plugins/*`. The catalogue is read only: no executable is ever named or run through the API. */
export function pluginCatalogPaths(deps: CatalogDependencies): PathDeclaration[] {
  return [...catalogPaths(deps), ...pinPaths(), ...reloadPaths(deps)];
}

function catalogPaths({ entries }: CatalogDependencies): PathDeclaration[] {
  return [
    definePath({
      pattern: 'plugins/catalog',
      rootOnly: true,
      fields: {},
      operations: {
        read: {
          summary: 'Read the whole catalogue',
          pure: true,
          handler: async () => ({ data: wholeCatalogue(entries()) }),
        },
      },
      help: { synopsis: 'All plug-ins.', description: 'By type, and again with their versions.' },
    }),
    definePath({
      pattern: 'plugins/catalog/{type}',
      rootOnly: true,
      fields: { type: typeField },
      operations: {
        list: {
          summary: 'List the plug-ins of a type',
          pure: true,
          handler: async (call) => ({ data: { keys: namesOf(entries(), pluginType(call.fields.type)) } }),
        },
      },
      help: {
        synopsis: 'The plug-ins of a type.',
        description: 'Lists the names of the built-in plugins of one type.',
      },
    }),
    definePath({
      pattern: 'plugins/catalog/{type}/{name}',
      rootOnly: true,
      access: 'sudo',
      fields: {
        type: typeField,
        name,
        version: { type: 'string', description: 'Version; only the built-in one is here', query: true },
      },
      anyFields: true,
      operations: {
        read: {
          summary: 'Read a plug-in',
          pure: true,
          async handler({ fields }) {
            const entry = ofType(entries(), pluginType(fields.type)).find((one) => one.name === fields.name);
            return entry && { data: shown(entry) };
          },
        },
        write: { summary: 'Register a plug-in (refused)', handler: refuse },
        delete: {
          summary: 'Remove a plug-in (refused for what is here)',
          async handler({ fields }) {
            const isHere = ofType(entries(), pluginType(fields.type)).some(
              ({ name }) => name === fields.name,
            );
            return isHere ? refuse() : undefined;
          },
        },
      },
      help: { synopsis: 'One plug-in.', description: 'Registering others is refused.' },
    }),
  ];
}

function wholeCatalogue(entries: readonly CatalogEntry[]): JsonObject {
  const byType = types.map((type) => [type, namesOf(entries, type)] as const);
  const detailed = types.flatMap((type) =>
    ofType(entries, type).map(({ name, version }) => ({
      ...{ builtin: true, deprecation_status: 'supported' },
      ...{ name, type, version },
    })),
  );
  return { ...Object.fromEntries(byType), detailed };
}

/** Nothing can be pinned, as there is one version of each. Reads answer as where nothing is pinned. */
function pinPaths(): PathDeclaration[] {
  return [
    definePath({
      pattern: 'plugins/pins',
      rootOnly: true,
      fields: {},
      operations: {
        read: {
          summary: 'Read the pinned versions',
          pure: true,
          handler: async () => ({ data: { pinned_versions: [] } }),
        },
      },
      help: { synopsis: 'Pinned versions of plug-ins.', description: 'None: there is one version of each.' },
    }),
    definePath({
      pattern: 'plugins/pins/{type}/{name}',
      rootOnly: true,
      access: 'sudo',
      fields: { type: typeField, name },
      anyFields: true,
      operations: {
        read: { summary: 'Read a pinned version', pure: true, handler: async () => undefined },
        write: { summary: 'Pin a version (refused)', handler: refuse },
        delete: { summary: 'Unpin a version', handler: async () => undefined },
      },
      help: {
        synopsis: 'The pinned version of a plug-in.',
        description: 'Pinning is refused: every plugin has one version here.',
      },
    }),
  ];
}

function reloadPaths({ entries, reload }: CatalogDependencies): PathDeclaration[] {
  const scope = { type: 'string', description: 'Empty, or global; every process reloads by itself' } as const;
  return [
    definePath({
      pattern: 'plugins/reload/backend',
      fields: {
        plugin: { type: 'string', description: 'Reload every mount of this plug-in', default: '' },
        mounts: { type: 'strings', description: 'Reload these mounts', default: [] },
        scope,
      },
      operations: {
        write: {
          summary: 'Start the engines of mounts anew',
          async handler({ fields: { plugin, mounts }, namespace }) {
            if ((plugin === '') === (mounts.length === 0))
              throw invalidRequest('exactly one of "plugin" and "mounts" must be given');
            if (plugin !== '' && !entries().some(({ name }) => name === plugin))
              throw invalidRequest('plugin not found in the catalog');
            const reloaded = await reload(plugin === '' ? { paths: mounts } : { type: plugin }, namespace.id);
            if (plugin === '' && reloaded < new Set(mounts).size)
              throw invalidRequest('at least one of the mounts does not exist; the others were started anew');
            return { data: { reload_id: randomUUID() } };
          },
        },
      },
      help: {
        synopsis: 'Start engines anew.',
        description: 'They let go of connections and caches; the next request starts them.',
      },
    }),
    definePath({
      pattern: 'plugins/reload/{type}/{name}',
      rootOnly: true,
      fields: { type: { ...typeField, description: 'auth, database, secret or unknown' }, name, scope },
      operations: {
        write: {
          summary: 'Start the engines of a plug-in anew',
          async handler({ fields, namespace }) {
            await reload({ type: fields.name }, namespace.id);
            return { data: { reload_id: randomUUID() } };
          },
        },
      },
      help: { synopsis: 'Start the engines of a plug-in anew.', description: 'As plugins/reload/backend.' },
    }),
  ];
}

async function refuse(): Promise<never> {
  throw new CofferError('unsupported-operation', refusal, { hint: 'sys/plugins/catalog lists them.' });
}

function pluginType(type: string): PluginType {
  const found = types.find((one) => one === type);
  if (!found) throw invalidRequest(`"${type.slice(0, 100)}" is not a supported plugin type`);
  return found;
}

function ofType(entries: readonly CatalogEntry[], type: PluginType): CatalogEntry[] {
  return entries.filter((entry) => entry.type === type).sort((a, b) => (a.name < b.name ? -1 : 1));
}

function namesOf(entries: readonly CatalogEntry[], type: PluginType): string[] {
  return ofType(entries, type).map((entry) => entry.name);
}

function shown(entry: CatalogEntry): JsonObject {
  return {
    args: null,
    builtin: true,
    command: '',
    declarative: false,
    deprecation_status: 'supported',
    name: entry.name,
    oci: false,
    sha256: '',
    version: entry.version,
  };
}
