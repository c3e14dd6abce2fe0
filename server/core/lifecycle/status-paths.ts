import { invalidRequest } from '../../contracts/errors.ts';
import { definePath, type PathDeclaration } from '../../contracts/paths.ts';
import type { JsonObject } from '../../contracts/request.ts';
import type { Lifecycle } from './lifecycle.ts';
import { withPublicErrors } from './public-errors.ts';
import type { SealStatus } from './seal-status.ts';

/** Clients parse it and gate their features on it: plain numbers of the Vault version whose API this is. */
export const vaultVersion = '1.20.0';

/** `sys/seal-status`, `sys/health` and `sys/leader`. */
export function statusPaths(lifecycle: Lifecycle): readonly PathDeclaration[] {
  return [sealStatusPath(lifecycle), healthPath(lifecycle), leaderPath()];
}

/** The body of `sys/seal-status` and of every answer of `sys/unseal`. */
export function sealStatusBody(status: SealStatus, { program }: Lifecycle['parts']): JsonObject {
  return {
    type: status.type,
    initialized: status.initialised,
    sealed: status.sealed,
    t: status.threshold,
    n: status.shares,
    progress: status.progress,
    nonce: status.nonce,
    version: vaultVersion,
    build_date: program.buildDate,
    migration: status.migration,
    ...(status.cluster && { cluster_name: status.cluster.name, cluster_id: status.cluster.id }),
    recovery_seal: status.recoverySeal,
    storage_type: program.storageType,
    coffer_version: program.version,
  };
}

function sealStatusPath(lifecycle: Lifecycle): PathDeclaration {
  return definePath({
    pattern: 'seal-status',
    fields: {},
    access: 'anyone',
    whileSealed: true,
    rootOnly: true,
    shape: 'bare',
    help: {
      synopsis: 'Whether the server is sealed, and how far unsealing has come.',
      description: 'Answers in every state, to anybody.',
    },
    operations: {
      read: {
        summary: 'Read the seal status',
        pure: true,
        handler: () =>
          withPublicErrors(async () => ({ data: sealStatusBody(await lifecycle.status(), lifecycle.parts) })),
      },
    },
  });
}

const code = (when: string) =>
  ({ type: 'string', query: true, description: `The status code when ${when}.` }) as const;
const flag = (what: string) => ({ type: 'string', query: true, description: what }) as const;

function healthPath(lifecycle: Lifecycle): PathDeclaration {
  return definePath({
    pattern: 'health',
    fields: {
      standbyok: flag('A standby counts as active. There are none: every node serves.'),
      perfstandbyok: flag('A performance standby counts as active.'),
      activecode: code('the server is initialised and unsealed'),
      standbycode: code('the server is a standby'),
      drsecondarycode: code('the server is a disaster-recovery secondary'),
      performancestandbycode: code('the server is a performance standby'),
      sealedcode: code('the server is sealed'),
      uninitcode: code('the server is not initialised'),
    },
    access: 'anyone',
    whileSealed: true,
    rootOnly: true,
    shape: 'bare',
    help: {
      synopsis: 'Health, for load balancers and monitoring.',
      description: 'By default 200 for active, 501 for not initialised, 503 for sealed.',
    },
    operations: {
      read: {
        summary: 'Read the health of the server',
        pure: true,
        handler: ({ fields }) =>
          withPublicErrors(async () => {
            const uninitialised = statusCode(fields.uninitcode, 501);
            const sealed = statusCode(fields.sealedcode, 503);
            const active = statusCode(fields.activecode, 200);
            const status = await lifecycle.status();
            const state = !status.initialised ? uninitialised : status.sealed ? sealed : active;
            return { status: state, data: healthBody(status, lifecycle.parts) };
          }),
      },
    },
  });
}

function healthBody(status: SealStatus, { program, clock, hooks }: Lifecycle['parts']): JsonObject {
  const replication = status.sealed ? 'unknown' : 'disabled';
  const failing = status.sealed ? [] : (hooks.failingAuditDevices?.() ?? []);
  return {
    initialized: status.initialised,
    sealed: status.sealed,
    standby: status.sealed,
    performance_standby: false,
    replication_performance_mode: replication,
    replication_dr_mode: replication,
    server_time_utc: Math.floor(clock.now() / 1000),
    version: vaultVersion,
    enterprise: false,
    ...(status.cluster && { cluster_name: status.cluster.name, cluster_id: status.cluster.id }),
    coffer_version: program.version,
    // While no device can record, every other request fails; whoever watches health should learn why.
    ...(failing.length > 0 && { failing_audit_devices: failing }),
  };
}

/** Throws 'invalid-request' for what cannot be the status of an answer. */
function statusCode(given: string | undefined, otherwise: number): number {
  if (given === undefined || given === '') return otherwise;
  if (!/^[2-5]\d\d$/.test(given)) throw invalidRequest('a status code has to be a number from 200 to 599');
  return Number(given);
}

function leaderPath(): PathDeclaration {
  const data = {
    ha_enabled: false,
    is_self: false,
    active_time: '0001-01-01T00:00:00Z',
    leader_address: '',
    leader_cluster_address: '',
    performance_standby: false,
    performance_standby_last_remote_wal: 0,
  };
  return definePath({
    pattern: 'leader',
    fields: {},
    access: 'anyone',
    whileSealed: true,
    rootOnly: true,
    shape: 'bare',
    help: {
      synopsis: 'Which node leads.',
      description: 'None does: every node serves reads and writes, so `ha_enabled` is false.',
    },
    operations: { read: { summary: 'Read the leader', pure: true, handler: async () => ({ data }) } },
  });
}
