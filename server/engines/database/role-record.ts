import type { Records, Stored } from '../../contracts/records.ts';
import type { CredentialSettings } from './credentials.ts';

/** A role as it is stored under its name. Statements are as they were written. */
export interface RoleRecord {
  readonly dbName: string;
  readonly creationStatements: readonly string[];
  readonly renewStatements: readonly string[];
  readonly revocationStatements: readonly string[];
  readonly rollbackStatements: readonly string[];
  /** 0 for the mount's. */
  readonly defaultTtlSeconds: number;
  readonly maxTtlSeconds: number;
  readonly credential: CredentialSettings;
}

export const roleKey = (name: string): string => `role/${name}`;

export async function findRole(records: Records, name: string): Promise<Stored<RoleRecord> | undefined> {
  return records.get<RoleRecord>(roleKey(name));
}

/** How long a credential lives from now, by role and mount. */
export function ttlOf(
  role: RoleRecord,
  mount: { readonly defaultLeaseTtlSeconds: number; readonly maxLeaseTtlSeconds: number },
): { readonly ttlSeconds: number; readonly maxTtlSeconds: number } {
  const maxTtlSeconds = Math.min(role.maxTtlSeconds || mount.maxLeaseTtlSeconds, mount.maxLeaseTtlSeconds);
  const ttlSeconds = Math.min(role.defaultTtlSeconds || mount.defaultLeaseTtlSeconds, maxTtlSeconds);
  return { ttlSeconds, maxTtlSeconds };
}
