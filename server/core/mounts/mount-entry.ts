import { randomBytes, randomUUID } from 'node:crypto';

export type MountTableName = 'secret' | 'auth';

/** One mount as it is stored, in one record per namespace with its siblings. Times in seconds, 0 for the system's. */
export interface MountEntry {
  readonly table: MountTableName;
  /** Relative to the namespace and the table, ending in '/': `secret/`, `approle/`. */
  readonly path: string;
  readonly type: string;
  readonly uuid: string;
  readonly accessor: string;
  readonly description: string;
  readonly options: Readonly<Record<string, string>> | null;
  readonly config: MountConfig;
  readonly local: boolean;
  readonly sealWrap: boolean;
  readonly externalEntropyAccess: boolean;
  readonly pluginVersion: string;
  /** Being removed: it serves nothing any more, while its leases end. */
  readonly tainted?: boolean;
  /** Tainted since it moves to another namespace: the id of that move. */
  readonly migration?: string;
}

export interface MountConfig {
  readonly defaultLeaseTtlSeconds: number;
  readonly maxLeaseTtlSeconds: number;
  readonly forceNoCache: boolean;
  readonly listingVisibility?: 'unauth' | 'hidden' | '';
  readonly auditNonHmacRequestKeys?: readonly string[];
  readonly auditNonHmacResponseKeys?: readonly string[];
  readonly passthroughRequestHeaders?: readonly string[];
  readonly allowedResponseHeaders?: readonly string[];
  readonly tokenType?: TokenTypeSetting;
  readonly userLockout?: UserLockoutConfig;
  readonly allowedManagedKeys?: readonly string[];
  readonly identityTokenKey?: string;
}

export type TokenTypeSetting = 'default-service' | 'default-batch' | 'service' | 'batch';

export interface UserLockoutConfig {
  readonly thresholdAttempts?: number;
  readonly durationSeconds?: number;
  readonly counterResetSeconds?: number;
  readonly disabled?: boolean;
}

export const noConfig: MountConfig = Object.freeze({
  defaultLeaseTtlSeconds: 0,
  maxLeaseTtlSeconds: 0,
  forceNoCache: false,
});

export function newEntry(
  table: MountTableName,
  path: string,
  type: string,
  more: Partial<
    Pick<
      MountEntry,
      'description' | 'options' | 'config' | 'local' | 'sealWrap' | 'externalEntropyAccess' | 'pluginVersion'
    >
  > = {},
): MountEntry {
  return {
    table,
    path,
    type,
    uuid: randomUUID(),
    accessor: `${table === 'auth' ? 'auth_' : ''}${type}_${randomBytes(4).toString('hex')}`,
    description: more.description ?? '',
    options: more.options ?? null,
    config: more.config ?? noConfig,
    local: more.local ?? false,
    sealWrap: more.sealWrap ?? false,
    externalEntropyAccess: more.externalEntropyAccess ?? false,
    pluginVersion: more.pluginVersion ?? '',
  };
}
