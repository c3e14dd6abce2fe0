import type { Records, Stored } from '../../contracts/records.ts';
import type { CredentialSettings } from './credentials.ts';
import { dueKey } from './due-index.ts';

/** A role for a user that is there already, whose password Coffer changes. */
export interface StaticRoleRecord {
  readonly dbName: string;
  readonly username: string;
  readonly rotationStatements: readonly string[];
  readonly credential: CredentialSettings;
  /** Either a period or a schedule. */
  readonly rotationPeriodSeconds?: number;
  /** Five fields of cron, in UTC. */
  readonly rotationSchedule?: string;
  /** How long after its time a scheduled rotation may still begin; 0 for as long as it takes. */
  readonly rotationWindowSeconds: number;
  /** Not there until the first rotation is done. */
  readonly password?: string;
  readonly lastRotationMs?: number;
  /** When the password is to be changed next. */
  readonly nextRotationMs: number;
  /**
   * A password that is being set: the database may know either. Written down before it is set, set again as often as
   * it takes, and never replaced by another before it is certain.
   */
  readonly pending?: { readonly password: string; readonly dueMs: number };
  readonly failures: number;
}

export type StoredStaticRole = Stored<StaticRoleRecord>;

export const staticRoleKey = (name: string): string => `static/${name}`;

export async function findStaticRole(records: Records, name: string): Promise<StoredStaticRole | undefined> {
  return records.get<StaticRoleRecord>(staticRoleKey(name));
}

/** When something has to be done about it. */
export function dueTimeOf(role: StaticRoleRecord): number {
  return role.pending?.dueMs ?? role.nextRotationMs;
}

/** Rejects with `StorageConflict` when `stored` is not what is there; `record` undefined removes it. */
export async function writeStaticRole(
  records: Records,
  name: string,
  stored: StoredStaticRole | undefined,
  record: StaticRoleRecord | undefined,
): Promise<void> {
  const old = stored && dueKey(dueTimeOf(stored.value), 'static', name);
  const mark = record && dueKey(dueTimeOf(record), 'static', name);
  await records.commit({
    expect: [{ key: staticRoleKey(name), stored }],
    put: record ? [[staticRoleKey(name), record]] : [],
    mark: mark && mark !== old ? [mark] : [],
    remove: [...(old && old !== mark ? [old] : []), ...(record ? [] : [staticRoleKey(name)])],
  });
}
