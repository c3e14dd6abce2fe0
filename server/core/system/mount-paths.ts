import { invalidRequest } from '../../contracts/errors.ts';
import { type Call, definePath, type FieldValues, type PathDeclaration } from '../../contracts/paths.ts';
import type { JsonObject, Reply } from '../../contracts/request.ts';
import type { LeaseTimes, Mount } from '../mounts/mount.ts';
import { type MountEntry, type MountTableName, newEntry, noConfig } from '../mounts/mount-entry.ts';
import type { Mounts } from '../mounts/mounts.ts';
import type { Where } from '../mounts/stored-tables.ts';
import type { Namespaces } from '../namespaces/namespaces.ts';
import { configFields, mergeConfig, readConfig } from './mount-config.ts';
import { isReserved, mountPath, prefixed, refuseReserved, tableOf } from './mount-names.ts';
import { shownEntry, shownTune } from './mount-shapes.ts';
import { remountPaths } from './remount-paths.ts';

const words = {
  secret: { at: 'mounts', synopsis: 'secrets engine', missing: 'No secret engine mount at' },
  auth: { at: 'auth', synopsis: 'auth method', missing: 'No auth engine at' },
} as const;

const path = { type: 'string', description: 'Where it is mounted', required: true } as const;

const enableFields = {
  path,
  type: { type: 'string', description: 'Type of the engine or method' },
  description: { type: 'string', description: 'For people', default: '' },
  config: { type: 'map', description: 'Settings, as tune takes them' },
  options: { type: 'key-values', description: 'Options of the engine (`version=2` for kv)' },
  local: { type: 'bool', description: 'Not replicated', default: false },
  seal_wrap: {
    type: 'bool',
    description: 'Accepted for Vault’s clients; every record here is encrypted alike',
    default: false,
  },
  external_entropy_access: { type: 'bool', description: 'Accepted for Vault’s clients', default: false },
  plugin_name: { type: 'string', description: 'As type' },
  plugin_version: { type: 'string', description: 'Version of the plug-in', default: '' },
} as const;

const tuneFields = {
  ...configFields,
  path,
  description: { type: 'string', description: 'For people' },
  options: { type: 'key-values', description: 'Options of the engine' },
} as const;

type EnableCall = Call<FieldValues<typeof enableFields>>;
type TuneCall = Call<FieldValues<typeof tuneFields>>;

/** `sys/mounts`, `sys/auth`, their tuning, and `sys/remount`. */
export function mountPaths(mounts: Mounts, namespaces: Namespaces, system: LeaseTimes): PathDeclaration[] {
  const tables = (['secret', 'auth'] as const).flatMap((table) => [
    listPath(table, mounts),
    onePath(table, mounts, system),
    tunePath(table, mounts, system),
  ]);
  return [...tables, ...remountPaths(mounts, namespaces)];
}

function listPath(table: MountTableName, mounts: Mounts): PathDeclaration {
  const { at, synopsis } = words[table];
  return definePath({
    pattern: at,
    shape: 'flattened',
    fields: {},
    operations: {
      read: {
        summary: `List every ${synopsis}`,
        async handler({ namespace }) {
          const entries = (await mounts.table(namespace)).entries.filter((entry) => entry.table === table);
          const sorted = entries.toSorted((a, b) => (a.path < b.path ? -1 : 1));
          const shown = sorted.map((entry) => [
            entry.path,
            shownEntry(entry, mounts.catalog.versionOf(entry)),
          ]);
          return { data: Object.fromEntries(shown) };
        },
      },
    },
    help: {
      synopsis: `What is mounted: every ${synopsis} of this namespace.`,
      description: 'By path, with type, accessor, options and settings.',
    },
  });
}

function onePath(table: MountTableName, mounts: Mounts, system: LeaseTimes): PathDeclaration {
  const { at, synopsis, missing } = words[table];
  const access = table === 'auth' ? { access: 'sudo' as const } : {};
  return definePath({
    pattern: `${at}/{path...}`,
    shape: 'flattened',
    fields: enableFields,
    operations: {
      read: {
        summary: `Read one ${synopsis}`,
        ...access,
        async handler(call) {
          const where = mountPath(call.fields.path);
          const mount = await find(mounts, call.namespace, table, where);
          if (!mount) throw invalidRequest(`${missing} ${where}`);
          return { data: shownEntry(mount.entry, mounts.catalog.versionOf(mount.entry)) };
        },
      },
      write: {
        summary: `Enable a ${synopsis}`,
        ...access,
        async handler(call) {
          await mounts.enable(call.namespace, entryOf(table, call, mounts, system));
          return undefined;
        },
      },
      delete: {
        summary: `Disable a ${synopsis} and remove its data`,
        ...access,
        async handler(call) {
          const where = mountPath(call.fields.path);
          if (table === 'auth' && where === 'token/')
            throw invalidRequest('token credential backend cannot be disabled');
          await mounts.disable(call.namespace, table, where);
          return undefined;
        },
      },
    },
    help: {
      synopsis: `Enable, read and disable a ${synopsis}.`,
      description: 'Disabling revokes its leases and removes its data.',
    },
  });
}

function entryOf(table: MountTableName, call: EnableCall, mounts: Mounts, system: LeaseTimes): MountEntry {
  const { fields } = call;
  const where = mountPath(fields.path);
  const word = fields.type || fields.plugin_name;
  if (!word) throw invalidRequest('backend type must be specified as a string');
  refuseReserved(table, where, 'cannot mount');
  const resolved = mounts.catalog.resolve(table, word);
  const options = { ...resolved.options, ...fields.options, ...optionsInConfig(fields.config) };
  return newEntry(table, where, resolved.type, {
    description: fields.description,
    options,
    config: mergeConfig(noConfig, readConfig(fields.config ?? {}), system),
    local: fields.local,
    sealWrap: fields.seal_wrap,
    externalEntropyAccess: fields.external_entropy_access,
    pluginVersion: fields.plugin_version,
  });
}

function tunePath(table: MountTableName, mounts: Mounts, system: LeaseTimes): PathDeclaration {
  const { at, synopsis } = words[table];
  return definePath({
    pattern: `${at}/{path...}/tune`,
    shape: 'flattened',
    access: table === 'auth' ? 'sudo' : 'token',
    fields: tuneFields,
    operations: {
      read: {
        summary: `Read the settings of a ${synopsis}`,
        async handler(call) {
          const [own, where] = tableOf(table, mountPath(call.fields.path));
          const mount = await find(mounts, call.namespace, own, where);
          if (!mount) throw invalidRequest(`cannot fetch sysview for path "${where}"`);
          return { data: shownTune(mount) };
        },
      },
      write: {
        summary: `Change the settings of a ${synopsis}`,
        handler: (call) => tune(table, call, mounts, system),
      },
    },
    help: {
      synopsis: `Settings of a ${synopsis}.`,
      description: 'Lease times, visibility, audit and header settings, options.',
    },
  });
}

async function tune(
  table: MountTableName,
  call: TuneCall,
  mounts: Mounts,
  system: LeaseTimes,
): Promise<Reply | undefined> {
  const { fields, data, namespace } = call;
  const [own, where] = tableOf(table, mountPath(fields.path));
  if (isReserved(own, where)) throw invalidRequest(`cannot tune "${where}"`);
  const before = await mounts.tune(namespace, own, where, (entry) => ({
    ...entry,
    description: fields.description ?? entry.description,
    options: fields.options ? { ...entry.options, ...fields.options } : entry.options,
    config: mergeConfig(entry.config, readConfig(data), system),
    pluginVersion: fields.plugin_version ?? entry.pluginVersion,
  }));
  const from = before.options?.['version'] ?? '1';
  const to = fields.options?.['version'] ?? from;
  if (before.type !== 'kv' || from === to) return undefined;
  return {
    warnings: [
      `Upgrading mount from version ${from} to version ${to}. This mount will be unavailable for a brief period and will resume service shortly.`,
    ],
  };
}

async function find(
  mounts: Mounts,
  namespace: Where,
  table: MountTableName,
  where: string,
): Promise<Mount | undefined> {
  const full = prefixed(table, where);
  return (await mounts.table(namespace)).mounts.find((mount) => mount.fullPath === full);
}

/** Some clients put `options` inside `config`. */
function optionsInConfig(config: JsonObject | undefined): Readonly<Record<string, string>> {
  const options = config?.['options'];
  if (typeof options !== 'object' || options === null || Array.isArray(options)) return {};
  return Object.fromEntries(Object.entries(options).map(([key, value]) => [key, String(value)]));
}
