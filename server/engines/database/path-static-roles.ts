import { invalidRequest } from '../../contracts/errors.ts';
import {
  type Call,
  definePath,
  type FieldDeclarations,
  type FieldValues,
  type PathDeclaration,
} from '../../contracts/paths.ts';
import type { JsonObject, Reply } from '../../contracts/request.ts';
import type { MountContext } from '../../contracts/secrets-engine.ts';
import { StorageConflict } from '../../contracts/storage.ts';
import { allowsRole } from './connection-record.ts';
import type { Connections } from './connections.ts';
import { readCredentialSettings } from './credentials.ts';
import { DatabaseError, hasNoEffect } from './database-plugin.ts';
import { checkedName, failed, wrapped } from './failures.ts';
import { findRole } from './role-record.ts';
import { checkSchedule, nextRotation } from './rotation-schedule.ts';
import {
  findStaticRole,
  type StaticRoleRecord,
  staticRoleKey,
  writeStaticRole,
} from './static-role-record.ts';
import type { StaticRotation } from './static-rotation.ts';

const shortestPeriodSeconds = 5;
const shortestWindowSeconds = 3600;

const fields = {
  name: { type: 'string', description: 'Name of the static role.' },
  db_name: { type: 'string', description: 'The connection that the role uses.' },
  username: { type: 'string', description: 'The user in the database whose password Coffer changes.' },
  rotation_period: { type: 'duration', description: 'How often the password is changed; 5 seconds or more.' },
  rotation_schedule: { type: 'string', description: 'When it is changed: five fields of cron, in UTC.' },
  rotation_window: {
    type: 'duration',
    description: 'How long after its time a scheduled change may still begin; an hour or more.',
  },
  rotation_statements: {
    type: 'string-list',
    description:
      'How the password is changed, with {{name}} and {{password}}; the database’s own way when empty.',
  },
  credential_type: { type: 'string', description: '`password`.' },
  credential_config: { type: 'key-values', description: '`password_policy`.' },
} as const satisfies FieldDeclarations;

type StaticRoleCall = Call<FieldValues<typeof fields>>;

export interface StaticRoleParts {
  readonly context: MountContext;
  readonly connections: Connections;
  readonly rotation: StaticRotation;
}

/** `static-roles/<name>`: a user that exists, whose password Coffer changes by itself. */
export function staticRolePaths(parts: StaticRoleParts): PathDeclaration[] {
  const { records } = parts.context;
  return [
    definePath({
      pattern: 'static-roles/{name}',
      fields,
      help: {
        synopsis: 'Manage static roles.',
        description:
          'A static role is one user of the database. Its password is changed when the role is made, and then by period or schedule.',
      },
      exists: async (call) => (await findStaticRole(records, call.fields.name ?? '')) !== undefined,
      operations: {
        read: {
          summary: 'Read a static role',
          pure: true,
          handler: async (call) => {
            const stored = await findStaticRole(records, call.fields.name ?? '');
            return stored && { data: shown(stored.value) };
          },
        },
        write: { summary: 'Create or change a static role', handler: (call) => write(parts, call) },
        delete: {
          summary: 'Forget a static role; its user keeps the last password',
          handler: (call) => remove(parts, call.fields.name ?? ''),
        },
      },
    }),
    definePath({
      pattern: 'static-roles',
      fields: {},
      help: { synopsis: 'List static roles.', description: 'The names of all static roles of this mount.' },
      operations: {
        list: {
          summary: 'List static roles',
          pure: true,
          handler: async () => {
            const keys = await records.list(staticRoleKey(''));
            return keys.length === 0 ? undefined : { data: { keys } };
          },
        },
      },
    }),
  ];
}

function shown(role: StaticRoleRecord): JsonObject {
  const { type, config } = role.credential;
  return {
    ...(Object.keys(config).length > 0 ? { credential_config: config } : {}),
    credential_type: type,
    db_name: role.dbName,
    last_vault_rotation:
      role.lastRotationMs === undefined ? null : new Date(role.lastRotationMs).toISOString(),
    ...timingOf(role),
    rotation_statements: role.rotationStatements,
    username: role.username,
  };
}

/** The fields by which a role says when it is rotated. */
export function timingOf(role: StaticRoleRecord): JsonObject {
  if (role.rotationSchedule === undefined) return { rotation_period: role.rotationPeriodSeconds ?? 0 };
  return {
    rotation_schedule: role.rotationSchedule,
    ...(role.rotationWindowSeconds > 0 ? { rotation_window: role.rotationWindowSeconds } : {}),
  };
}

async function remove({ context }: StaticRoleParts, name: string): Promise<undefined> {
  for (let attempt = 1; ; attempt++) {
    const stored = await findStaticRole(context.records, name);
    if (!stored) return;
    try {
      await writeStaticRole(context.records, name, stored, undefined);
      return;
    } catch (error) {
      if (!(error instanceof StorageConflict) || attempt >= 20) throw error;
    }
  }
}

async function write(parts: StaticRoleParts, call: StaticRoleCall): Promise<Reply | undefined> {
  const { context, connections, rotation } = parts;
  const { records, clock } = context;
  const name = checkedName(call.fields.name ?? '');
  const stored = await findStaticRole(records, name);
  if (await findRole(records, name)) throw invalidRequest('Role and Static Role names must be unique');
  const wanted = await merged(call, stored?.value, clock.now());
  const connection = (await connections.find(wanted.dbName)).value;
  if (!allowsRole(connection, name))
    throw invalidRequest(`${JSON.stringify(name)} is not an allowed role`, {
      hint: `Add it to allowed_roles of config/${wanted.dbName}.`,
    });
  if (!connections.pluginOf(connection).credentialTypes.includes(wanted.credential.type))
    throw invalidRequest(`unsupported credential_type: ${JSON.stringify(wanted.credential.type)}`);
  await writeStaticRole(records, name, stored, wanted);
  if (stored) return undefined;
  try {
    await rotation.rotate(name);
  } catch (error) {
    // Nothing happened in the database, so there is no role either.
    if (hasNoEffect(error)) await remove(parts, name);
    if (!(error instanceof DatabaseError)) throw error;
    throw failed(`error setting credentials: ${wrapped(error.message)}`, error);
  }
  return undefined;
}

async function merged(
  { fields: given }: StaticRoleCall,
  before: StaticRoleRecord | undefined,
  nowMs: number,
): Promise<StaticRoleRecord> {
  const username = given.username ?? '';
  if (before && given.username !== undefined && username !== before.username)
    throw invalidRequest('cannot update static account username');
  if (!before && username === '')
    throw invalidRequest('username is a required field to create a static account');
  const dbName = given.db_name ?? before?.dbName ?? '';
  if (dbName === '') throw invalidRequest('database name is a required field');
  const timing = await readTiming(given, before, nowMs);
  const hasNewTiming = given.rotation_period !== undefined || given.rotation_schedule !== undefined;
  const changesCredential = given.credential_type !== undefined || given.credential_config !== undefined;
  return {
    dbName,
    username: before?.username ?? username,
    rotationStatements: given.rotation_statements ?? before?.rotationStatements ?? [],
    credential:
      before && !changesCredential
        ? before.credential
        : readCredentialSettings(given.credential_type || 'password', given.credential_config ?? {}),
    ...timing,
    failures: before?.failures ?? 0,
    nextRotationMs:
      before && !hasNewTiming
        ? before.nextRotationMs
        : await nextRotation(timing, before?.lastRotationMs ?? nowMs),
    ...(before?.password === undefined ? {} : { password: before.password }),
    ...(before?.lastRotationMs === undefined ? {} : { lastRotationMs: before.lastRotationMs }),
    ...(before?.pending ? { pending: before.pending } : {}),
  };
}

type Timing = Pick<StaticRoleRecord, 'rotationPeriodSeconds' | 'rotationSchedule' | 'rotationWindowSeconds'>;

/** In Vault's words. */
async function readTiming(
  given: StaticRoleCall['fields'],
  before: StaticRoleRecord | undefined,
  nowMs: number,
): Promise<Timing> {
  const { rotation_period: period, rotation_schedule: schedule, rotation_window: window } = given;
  if (period !== undefined && schedule !== undefined)
    throw invalidRequest(
      'mutually exclusive fields rotation_period and rotation_schedule were both specified; only one of them can be provided',
    );
  if (period !== undefined) {
    if (window) throw invalidRequest('rotation_window is invalid with use of rotation_period');
    if (period < shortestPeriodSeconds)
      throw invalidRequest(`rotation_period must be ${shortestPeriodSeconds} seconds or more`);
    return { rotationPeriodSeconds: period, rotationWindowSeconds: 0 };
  }
  const current = schedule ?? before?.rotationSchedule;
  if (window !== undefined && window !== 0) {
    if (current === undefined) throw invalidRequest('rotation_window is invalid with use of rotation_period');
    if (window < shortestWindowSeconds)
      throw invalidRequest(`rotation_window must be ${shortestWindowSeconds} seconds or more`);
  }
  if (current !== undefined) {
    if (schedule !== undefined) await checkSchedule(schedule, nowMs);
    return { rotationSchedule: current, rotationWindowSeconds: window ?? before?.rotationWindowSeconds ?? 0 };
  }
  if (before?.rotationPeriodSeconds !== undefined)
    return { rotationPeriodSeconds: before.rotationPeriodSeconds, rotationWindowSeconds: 0 };
  throw invalidRequest(
    'one of rotation_schedule or rotation_period must be provided to create a static account',
  );
}
