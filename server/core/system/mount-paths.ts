import { randomUUID } from 'node:crypto';
import { invalidRequest } from '../../contracts/errors.ts';
import { definePath, type PathDeclaration } from '../../contracts/paths.ts';
import type { JsonObject, Reply } from '../../contracts/request.ts';
import type { LeaseTimes } from '../mounts/mount.ts';
import { type MountEntry, type MountTableName, newEntry, noConfig } from '../mounts/mount-entry.ts';
import type { Mounts } from '../mounts/mounts.ts';
import type { Namespace } from '../namespaces/namespaces.ts';
import { checkCanonical } from '../router/canonical-path.ts';
import { configFields, mergeConfig, readConfig } from './mount-config.ts';
import { shownEntry, shownTune } from './mount-shapes.ts';

const words = {
  secret: { at: 'mounts', synopsis: 'secrets engine', missing: 'No secret engine mount at' },
  auth: { at: 'auth', synopsis: 'auth method', missing: 'No auth engine at' },
} as const;

const enableFields = {
  path: { type: 'string', description: 'Where it is mounted', required: true },
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

/** `sys/mounts`, `sys/auth`, their tuning, and `sys/remount`. */
export function mountPaths(mounts: Mounts, system: LeaseTimes): PathDeclaration[] {
  const migrations = new Map<string, JsonObject>();
  return [
    ...tablePaths('secret', mounts, system),
    ...tablePaths('auth', mounts, system),
    ...remountPaths(mounts, migrations),
  ];
}

function tablePaths(table: MountTableName, mounts: Mounts, system: LeaseTimes): PathDeclaration[] {
  const { at, synopsis, missing } = words[table];
  const find = async (call: { namespace: { id: string; path: string } }, path: string) => {
    const full = table === 'auth' ? `auth/${path}` : path;
    return (await mounts.table(call.namespace as Namespace)).mounts.find((mount) => mount.fullPath === full);
  };
  return [
    definePath({
      pattern: at,
      shape: 'flattened',
      fields: {},
      operations: {
        read: {
          summary: `List every ${synopsis}`,
          async handler(call) {
            const entries = (await mounts.table(call.namespace as Namespace)).entries.filter(
              (entry) => entry.table === table,
            );
            const sorted = [...entries].sort((a, b) => (a.path < b.path ? -1 : 1));
            return {
              data: Object.fromEntries(
                sorted.map((entry) => [entry.path, shownEntry(entry, mounts.versionOf(entry))]),
              ),
            };
          },
        },
      },
      help: {
        synopsis: `What is mounted: every ${synopsis} of this namespace.`,
        description: 'By path, with type, accessor, options and settings.',
      },
    }),
    definePath({
      pattern: `${at}/{path...}`,
      shape: 'flattened',
      fields: enableFields,
      operations: {
        read: {
          summary: `Read one ${synopsis}`,
          async handler(call) {
            const path = mountPath(call.fields.path);
            const mount = await find(call, path);
            if (!mount) throw invalidRequest(`${missing} ${path}`);
            return { data: shownEntry(mount.entry, mounts.versionOf(mount.entry)) };
          },
        },
        write: {
          summary: `Enable a ${synopsis}`,
          ...(table === 'auth' ? { access: 'sudo' as const } : {}),
          async handler(call) {
            const path = mountPath(call.fields.path);
            const word = call.fields.type || call.fields.plugin_name;
            if (!word) throw invalidRequest('backend type must be specified as a string');
            const reserved =
              table === 'secret' &&
              ['sys/', 'cubbyhole/', 'identity/', 'auth/', 'audit/'].some((name) => path.startsWith(name));
            if (reserved) throw invalidRequest(`cannot mount "${path}"`);
            const resolved = mounts.resolveType(table, word);
            if (!resolved)
              throw invalidRequest(`plugin not found in the catalog: ${word}`, {
                hint: `This server has: ${mounts.types[table].join(', ')}.`,
              });
            const options = {
              ...resolved.options,
              ...call.fields.options,
              ...optionsInConfig(call.fields.config),
            };
            const entry = newEntry(table, path, resolved.type, {
              description: call.fields.description,
              options: Object.keys(options).length > 0 ? options : null,
              config: mergeConfig(noConfig, readConfig(call.fields.config ?? {}), system),
              local: call.fields.local,
              sealWrap: call.fields.seal_wrap,
              externalEntropyAccess: call.fields.external_entropy_access,
              pluginVersion: call.fields.plugin_version,
            });
            await mounts.enable(call.namespace as Namespace, entry);
            return undefined;
          },
        },
        delete: {
          summary: `Disable a ${synopsis} and remove its data`,
          ...(table === 'auth' ? { access: 'sudo' as const } : {}),
          async handler(call) {
            const path = mountPath(call.fields.path);
            if (table === 'auth' && path === 'token/')
              throw invalidRequest('token credential backend cannot be disabled');
            await mounts.disable(call.namespace as Namespace, table, path);
            return undefined;
          },
        },
      },
      help: {
        synopsis: `Enable, read and disable a ${synopsis}.`,
        description: 'Disabling revokes its leases and removes its data.',
      },
    }),
    tunePath(table, mounts, system, find),
  ];
}

function tunePath(
  table: MountTableName,
  mounts: Mounts,
  system: LeaseTimes,
  find: (
    call: { namespace: { id: string; path: string } },
    path: string,
  ) => Promise<Parameters<typeof shownTune>[0] | undefined>,
): PathDeclaration {
  const { at, synopsis } = words[table];
  return definePath({
    pattern: `${at}/{path...}/tune`,
    shape: 'flattened',
    access: table === 'auth' ? 'sudo' : 'token',
    fields: {
      ...configFields,
      path: { type: 'string', description: 'Where it is mounted', required: true },
      description: { type: 'string', description: 'For people' },
      options: { type: 'key-values', description: 'Options of the engine' },
    },
    operations: {
      read: {
        summary: `Read the settings of a ${synopsis}`,
        async handler(call) {
          const [own, path] = tableOf(table, mountPath(call.fields.path));
          const mount =
            own === table
              ? await find(call, path)
              : (await mounts.table(call.namespace as Namespace)).mounts.find(
                  (other) => other.fullPath === `auth/${path}`,
                );
          if (!mount) throw invalidRequest(`cannot fetch sysview for path "${path}"`);
          return { data: shownTune(mount) };
        },
      },
      write: {
        summary: `Change the settings of a ${synopsis}`,
        async handler(call) {
          const [own, path] = tableOf(table, mountPath(call.fields.path));
          await mounts.tune(
            call.namespace as Namespace,
            own,
            path,
            (entry): MountEntry => ({
              ...entry,
              description: call.fields.description ?? entry.description,
              options: call.fields.options ? { ...entry.options, ...call.fields.options } : entry.options,
              config: mergeConfig(entry.config, readConfig(call.data), system),
              pluginVersion: call.fields.plugin_version ?? entry.pluginVersion,
            }),
          );
          return undefined;
        },
      },
    },
    help: {
      synopsis: `Settings of a ${synopsis}.`,
      description: 'Lease times, visibility, audit and header settings, options.',
    },
  });
}

function remountPaths(mounts: Mounts, migrations: Map<string, JsonObject>): PathDeclaration[] {
  return [
    definePath({
      pattern: 'remount',
      access: 'sudo',
      shape: 'flattened',
      fields: {
        from: { type: 'string', description: 'Where it is now', required: true },
        to: { type: 'string', description: 'Where it goes', required: true },
      },
      operations: {
        write: {
          summary: 'Move a mount',
          async handler(call): Promise<Reply> {
            const [fromTable, from] = tableOf('secret', mountPath(call.fields.from));
            const [toTable, to] = tableOf('secret', mountPath(call.fields.to));
            if (fromTable !== toTable)
              throw invalidRequest('cannot move between secrets engines and auth methods');
            if (['sys/', 'cubbyhole/', 'identity/'].includes(to))
              throw invalidRequest(`cannot remount to "${to}"`);
            await mounts.move(call.namespace as Namespace, fromTable, from, to);
            const id = randomUUID();
            migrations.set(id, {
              source_mount: prefixed(fromTable, from),
              target_mount: prefixed(toTable, to),
              status: 'success',
            });
            return {
              data: { migration_id: id },
              warnings: [
                'Mount move has been queued. Progress will be reported in the server log, tagged with the returned migration_id',
              ],
            };
          },
        },
      },
      help: {
        synopsis: 'Move a secrets engine or auth method.',
        description:
          'Its data stays where it is, so the move is done when the call returns. Leases keep their ids.',
      },
    }),
    definePath({
      pattern: 'remount/status/{migration_id}',
      fields: { migration_id: { type: 'string', description: 'As remount returned it', required: true } },
      operations: {
        read: {
          summary: 'How a move stands',
          async handler(call) {
            const info = migrations.get(call.fields.migration_id);
            return info && { data: { migration_id: call.fields.migration_id, migration_info: info } };
          },
        },
      },
      help: { synopsis: 'How a move stands.', description: 'Kept until the server restarts.' },
    }),
  ];
}

/** The canonical mount path for what a caller wrote, ending in '/'. */
function mountPath(given: string): string {
  const path = given.replace(/^\/+/, '').replace(/\/+$/, '');
  if (path === '') throw invalidRequest('a mount path cannot be empty');
  checkCanonical(path);
  if (path.includes('*') || path.includes('+')) throw invalidRequest('a mount path cannot hold "*" or "+"');
  return `${path}/`;
}

/** `sys/mounts/auth/approle/tune` speaks of the auth table. */
function tableOf(table: MountTableName, path: string): [MountTableName, string] {
  return path.startsWith('auth/') ? ['auth', path.slice('auth/'.length)] : [table, path];
}

function prefixed(table: MountTableName, path: string): string {
  return table === 'auth' ? `auth/${path}` : path;
}

/** Some clients put `options` inside `config`. */
function optionsInConfig(config: JsonObject | undefined): Readonly<Record<string, string>> {
  const options = config?.['options'];
  if (typeof options !== 'object' || options === null || Array.isArray(options)) return {};
  return Object.fromEntries(Object.entries(options).map(([key, value]) => [key, String(value)]));
}
