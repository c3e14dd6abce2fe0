import { CofferError } from '../../contracts/errors.ts';
import type { JsonObject } from '../../contracts/request.ts';
import type { ClientRequests } from '../requests.ts';
import { detailsOf } from './secret-details.ts';
import { connectionUrl, shownValue } from './secret-value.ts';
import { noSuchSecret } from './stored-secret.ts';

/** The data of a version as KV answers it. Throws 'not-found', 'expired', 'permission-denied'. */
export async function readData(
  requests: ClientRequests,
  workspace: string,
  name: string,
  version?: number,
): Promise<{ readonly data: JsonObject; readonly metadata: JsonObject }> {
  const data = version === undefined ? {} : { version: String(version) };
  try {
    const path = `secret/data/${name}`;
    const reply = await requests.ask({ operation: 'read', namespace: workspace, path, data });
    if (reply) return { data: objectAt(reply, 'data'), metadata: objectAt(reply, 'metadata') };
  } catch (error) {
    if (!(error instanceof CofferError) || error.code !== 'not-found' || error.message !== '') throw error;
  }
  throw version === undefined
    ? noSuchSecret(name)
    : new CofferError('not-found', `"${name}" has no version ${version} that could be read`);
}

/** A secret with its value, as the API shows it. */
export async function readValue(
  requests: ClientRequests,
  workspace: string,
  name: string,
  version?: number,
): Promise<JsonObject> {
  const { data, metadata } = await readData(requests, workspace, name, version);
  const details = detailsOf(metadata['custom_metadata']);
  const url = details.type === 'database-credentials' ? connectionUrl(data) : undefined;
  return {
    name,
    workspace,
    type: details.type,
    value: shownValue(data),
    ...(url === undefined ? {} : { url }),
    version: metadata['version'],
    created_at: metadata['created_time'],
    expires_at: details.expiresAt ?? null,
  };
}

function objectAt(data: JsonObject, key: string): JsonObject {
  const value = data[key];
  return typeof value === 'object' && value !== null ? (value as JsonObject) : {};
}
