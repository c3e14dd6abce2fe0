import { CofferError } from '../../contracts/errors.ts';
import type { JsonObject } from '../../contracts/request.ts';
import type { ClientRequests } from '../requests.ts';
import type { RotationPolicy } from './rotation-policy.ts';
import { detailsOf, isExpired } from './secret-details.ts';

/** What KV's metadata say of one secret. */
export interface StoredSecret {
  readonly name: string;
  readonly currentVersion: number;
  readonly metadataVersion: number;
  readonly custom: JsonObject;
  readonly createdAt: string;
  readonly updatedAt: string;
  readonly versions: readonly StoredVersion[];
}

export interface StoredVersion {
  readonly version: number;
  readonly createdAt: string;
  /** '' while it lives. May lie in the future. */
  readonly deletedAt: string;
  readonly destroyed: boolean;
}

export async function findSecret(
  requests: ClientRequests,
  workspace: string,
  name: string,
): Promise<StoredSecret | undefined> {
  try {
    const path = `secret/metadata/${name}`;
    const data = await requests.ask({ operation: 'read', namespace: workspace, path });
    return data && storedSecret(name, data);
  } catch (error) {
    if (error instanceof CofferError && error.code === 'not-found' && error.message === '') return undefined;
    throw error;
  }
}

export async function getSecret(
  requests: ClientRequests,
  workspace: string,
  name: string,
): Promise<StoredSecret> {
  const found = await findSecret(requests, workspace, name);
  if (found && found.currentVersion > 0) return found;
  throw noSuchSecret(name);
}

export function noSuchSecret(name: string): CofferError {
  return new CofferError('not-found', `there is no secret "${name}" in this workspace`, {
    hint: 'coffer secrets:list shows those that there are.',
  });
}

export function storedSecret(name: string, data: JsonObject): StoredSecret {
  const versions = Object.entries(objectAt(data, 'versions')).map(([number, version]) => {
    const info = (version ?? {}) as JsonObject;
    return {
      version: Number(number),
      createdAt: textAt(info, 'created_time'),
      deletedAt: textAt(info, 'deletion_time'),
      destroyed: info['destroyed'] === true,
    };
  });
  return {
    name,
    currentVersion: Number(data['current_version'] ?? 0),
    metadataVersion: Number(data['current_metadata_version'] ?? 0),
    custom: objectAt(data, 'custom_metadata'),
    createdAt: textAt(data, 'created_time'),
    updatedAt: textAt(data, 'updated_time'),
    versions: versions.sort((a, b) => a.version - b.version),
  };
}

export function isGone({ deletedAt, destroyed }: StoredVersion, nowMs: number): boolean {
  return destroyed || (deletedAt !== '' && Date.parse(deletedAt) <= nowMs);
}

/** Its newest version is deleted or destroyed. */
export function isDeleted(secret: StoredSecret, nowMs: number): boolean {
  const current = secret.versions.find(({ version }) => version === secret.currentVersion);
  return !current || isGone(current, nowMs);
}

/** A secret without its value, as the API shows it. */
export function shownSecret(secret: StoredSecret, workspace: string, nowMs: number): JsonObject {
  const details = detailsOf(secret.custom);
  return {
    name: secret.name,
    workspace,
    type: details.type,
    description: details.description,
    tags: details.tags,
    metadata: details.metadata,
    version: secret.currentVersion,
    created_at: secret.createdAt,
    updated_at: secret.updatedAt,
    expires_at: details.expiresAt ?? null,
    ...rotationOf(secret, details.rotationPolicy),
    expired: isExpired(details, nowMs),
    deleted: isDeleted(secret, nowMs),
  };
}

function rotationOf(secret: StoredSecret, policy: RotationPolicy | undefined): JsonObject {
  if (!policy) return { rotation_policy: null, rotation_due_at: null };
  const current = secret.versions.find(({ version }) => version === secret.currentVersion);
  const dueMs = Date.parse(current?.createdAt ?? secret.createdAt) + policy.period * 1000;
  return {
    rotation_policy: policy,
    rotation_due_at: policy.enabled ? new Date(dueMs).toISOString() : null,
  };
}

export function etagOf({ currentVersion, metadataVersion }: StoredSecret): string {
  return `${currentVersion}.${metadataVersion}`;
}

function objectAt(data: JsonObject, key: string): JsonObject {
  const value = data[key];
  return typeof value === 'object' && value !== null ? (value as JsonObject) : {};
}

function textAt(data: JsonObject, key: string): string {
  const value = data[key];
  return typeof value === 'string' ? value : '';
}
