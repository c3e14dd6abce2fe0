import type { Clock } from '../../contracts/clock.ts';
import { CofferError, invalidRequest } from '../../contracts/errors.ts';
import { definePath, type PathDeclaration } from '../../contracts/paths.ts';
import type { JsonObject, Reply } from '../../contracts/request.ts';
import type { Mounts } from '../mounts/mounts.ts';
import { type Namespaces, rootNamespace } from '../namespaces/namespaces.ts';
import type { Exchange } from '../pipeline/exchange.ts';
import { hostInfo } from './host-info.ts';
import type { VersionHistory } from './version-history.ts';

export interface InfoDependencies {
  readonly versions: VersionHistory;
  readonly mounts: Mounts;
  readonly namespaces: Namespaces;
  readonly clock: Clock;
  /** The requests that are running now. */
  readonly inFlight: () => Iterable<Exchange>;
  readonly countTokens: () => Promise<number>;
  readonly countEntities: () => Promise<number>;
  /** `introspection_endpoint` of the configuration. */
  readonly introspection: boolean;
}

/** What operators ask about a running server: versions, machine, requests in flight, counters. */
export function infoPaths(deps: InfoDependencies): PathDeclaration[] {
  return [
    versionHistoryPath(deps.versions),
    hostInfoPath(deps.clock),
    inFlightPath(deps),
    ...counterPaths(deps),
    ...(deps.introspection ? [inspectRouterPath(deps)] : []),
    profilePath(),
  ];
}

function versionHistoryPath(versions: VersionHistory): PathDeclaration {
  return definePath({
    pattern: 'version-history',
    rootOnly: true,
    fields: {},
    operations: {
      list: {
        summary: 'List the versions that have run on this store',
        pure: true,
        async handler() {
          const info: Record<string, JsonObject> = {};
          let previous: string | null = null;
          for (const { version, installedMs } of await versions.list()) {
            info[version] = {
              previous_version: previous,
              timestamp_installed: new Date(installedMs).toISOString().replace(/\.\d+Z$/, 'Z'),
              build_date: '',
              commit_date: '',
            };
            previous = version;
          }
          return { data: { keys: Object.keys(info), key_info: info } };
        },
      },
    },
    help: {
      synopsis: 'Versions that have run on this store.',
      description: 'Oldest first, each with when it was first started.',
    },
  });
}

function hostInfoPath(clock: Clock): PathDeclaration {
  return definePath({
    pattern: 'host-info',
    rootOnly: true,
    fields: {},
    operations: {
      read: {
        summary: 'Read facts about the machine',
        pure: true,
        handler: async () => ({ data: await hostInfo(clock.now()) }),
      },
    },
    help: { synopsis: 'The machine.', description: 'Processors, memory, disk and operating system.' },
  });
}

function inFlightPath({ inFlight }: InfoDependencies): PathDeclaration {
  return definePath({
    pattern: 'in-flight-req',
    rootOnly: true,
    shape: 'bare',
    fields: {},
    operations: {
      read: {
        summary: 'List the requests that are running now',
        pure: true,
        async handler() {
          const data: Record<string, JsonObject> = {};
          for (const exchange of inFlight()) data[exchange.request.id] = shownRequest(exchange);
          return { data };
        },
      },
    },
    help: {
      synopsis: 'Requests that are running now.',
      description: 'By their id: when they began, from where, which path. This one is among them.',
    },
  });
}

const methods = {
  read: 'GET',
  help: 'GET',
  list: 'LIST',
  scan: 'SCAN',
  write: 'PUT',
  delete: 'DELETE',
  patch: 'PATCH',
} as const;

function shownRequest({ request, caller }: Exchange): JsonObject {
  return {
    start_time: new Date(request.timeMs).toISOString(),
    client_remote_address:
      request.remotePort === 0 ? request.remoteAddress : `${request.remoteAddress}:${request.remotePort}`,
    request_path: `/v1/${request.path}`,
    request_method: methods[request.operation],
    client_id: caller.entityId,
  };
}

function counterPaths(deps: InfoDependencies): PathDeclaration[] {
  const declare = (pattern: string, summary: string, answer: () => Promise<Reply | undefined>) =>
    definePath({
      pattern,
      rootOnly: true,
      fields: {},
      operations: { read: { summary, pure: true, handler: answer } },
      help: { synopsis: `${summary}.`, description: 'Over all namespaces.' },
    });
  return [
    declare('internal/counters/tokens', 'Count the service tokens', async () => ({
      data: { counters: { service_tokens: { total: await deps.countTokens() } } },
    })),
    declare('internal/counters/entities', 'Count the entities', async () => ({
      data: { counters: { entities: { total: await deps.countEntities() } } },
    })),
    declare('internal/counters/requests', 'Count requests (removed in Vault 1.7)', async () => {
      throw new CofferError('not-found', 'The functionality has been removed on this path', {
        hint: 'sys/metrics counts requests.',
      });
    }),
    declare('internal/counters/config', 'Read how activity is counted', async () => ({
      data: {
        billing_start_timestamp: null,
        default_report_months: 12,
        enabled: 'default-disabled',
        minimum_retention_months: 0,
        queries_available: false,
        reporting_enabled: false,
        retention_months: 0,
      },
    })),
    // Vault's answer while no activity has been counted: clients take it for "nothing yet".
    ...['internal/counters/activity', 'internal/counters/activity/monthly'].map((pattern) =>
      declare(pattern, 'Read the activity of clients (not counted here)', async () => ({
        raw: { contentType: 'application/json', body: '', status: 204 },
      })),
    ),
  ];
}

const tags = ['root', 'uuid', 'accessor', 'storage'];

function inspectRouterPath({ mounts, namespaces }: InfoDependencies): PathDeclaration {
  return definePath({
    pattern: 'internal/inspect/router/{tag}',
    access: 'sudo',
    rootOnly: true,
    fields: { tag: { type: 'string', description: tags.join(', '), required: true } },
    operations: {
      read: {
        summary: 'Read one of the router’s tables',
        pure: true,
        async handler({ fields: { tag } }) {
          if (!tags.includes(tag)) throw invalidRequest(`tag must be one of ${tags.join(', ')}`);
          const rows: RouterRow[] = [];
          const add = async (namespace: typeof rootNamespace) => {
            for (const { entry } of (await mounts.table(namespace)).mounts) {
              rows.push({
                accessor: entry.accessor,
                mount_namespace: namespace.path,
                mount_path: entry.path,
                mount_type: entry.type,
                storage_prefix: `n/${namespace.id}/m/${entry.uuid}/`,
                tainted: false,
                uuid: entry.uuid,
              });
            }
          };
          await add(rootNamespace);
          for await (const namespace of namespaces.below(rootNamespace))
            if (!namespace.tainted) await add(namespace);
          const by = sortKeys[tag] ?? ((row: RouterRow) => row.mount_path);
          return { data: { [tag]: rows.sort((a, b) => (by(a) < by(b) ? -1 : 1)) } };
        },
      },
    },
    help: {
      synopsis: 'The router’s tables.',
      description: 'Every mount of every namespace, sorted by path, uuid, accessor or storage prefix.',
    },
  });
}

interface RouterRow {
  readonly accessor: string;
  readonly mount_namespace: string;
  readonly mount_path: string;
  readonly mount_type: string;
  readonly storage_prefix: string;
  readonly tainted: boolean;
  readonly uuid: string;
}

const sortKeys: Readonly<Record<string, (row: RouterRow) => string>> = {
  root: (row) => row.mount_namespace + row.mount_path,
  uuid: (row) => row.uuid,
  accessor: (row) => row.accessor,
  storage: (row) => row.storage_prefix,
};

/** Vault's `sys/pprof` hands out Go's profiles, memory included. There is nothing of the kind here, on purpose. */
function profilePath(): PathDeclaration {
  return definePath({
    pattern: 'pprof/{profile?...}',
    access: 'sudo',
    unpublished: true,
    rootOnly: true,
    fields: { profile: { type: 'string', description: 'Which profile' } },
    operations: {
      read: {
        summary: 'Profiles are not served',
        pure: true,
        async handler() {
          throw new CofferError('unsupported-operation', 'this server hands out no profiles of its memory', {
            hint: 'Use sys/metrics, or `node --inspect` on a machine that you trust.',
          });
        },
      },
    },
    help: {
      synopsis: 'Refused.',
      description: 'A profile of a running server’s memory would show secrets, so there is none.',
    },
  });
}
