import type { Records, Stored } from '../../contracts/records.ts';
import type { JsonObject } from '../../contracts/request.ts';

/** A connection as it is stored under its name: encrypted, its passwords with it. */
export interface ConnectionRecord {
  readonly pluginName: string;
  /** Of this database, `username` and `password` among them. */
  readonly details: JsonObject;
  readonly allowedRoles: readonly string[];
  readonly rootRotationStatements: readonly string[];
  readonly passwordPolicy: string;
  /**
   * A root password that is being set, or was when Coffer was stopped: the database may know either. Written down
   * before it is set, and kept until it is certain which one is in force.
   */
  readonly pending?: { readonly password: string; readonly sinceMs: number; readonly dueMs: number };
  readonly failures?: number;
}

export type StoredConnection = Stored<ConnectionRecord>;

export const connectionKey = (name: string): string => `config/${name}`;

/** The words of a configuration that are never shown again. */
const secretDetails = new Set(['password', 'private_key', 'service_account_json']);

export function shownDetails(details: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(details).filter(([name]) => !secretDetails.has(name)));
}

export function textDetail(details: JsonObject, name: string): string {
  const value = details[name];
  return typeof value === 'string' ? value : '';
}

export async function findConnection(records: Records, name: string): Promise<StoredConnection | undefined> {
  return records.get<ConnectionRecord>(connectionKey(name));
}

/** `*` anywhere in a name stands for any text. */
export function allowsRole({ allowedRoles }: ConnectionRecord, role: string): boolean {
  return allowedRoles.some((allowed) => {
    const [first = '', ...rest] = allowed.split('*');
    const last = rest.pop();
    if (last === undefined) return allowed === role;
    if (!role.startsWith(first) || role.length < first.length + last.length || !role.endsWith(last))
      return false;
    const end = role.length - last.length;
    let at = first.length;
    for (const part of rest) {
      const found = role.indexOf(part, at);
      if (found < 0 || found + part.length > end) return false;
      at = found + part.length;
    }
    return true;
  });
}
