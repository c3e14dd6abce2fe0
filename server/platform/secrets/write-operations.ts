import { CofferError, invalidRequest } from '../../contracts/errors.ts';
import type { FieldDeclarations } from '../../contracts/paths.ts';
import type { JsonObject } from '../../contracts/request.ts';
import { defineOperation, type PlatformOperation } from '../platform-operation.ts';
import type { ClientRequests } from '../requests.ts';
import { changesDetails, customAfter, type DetailsWish, detailsOf } from './secret-details.ts';
import { checkNewSecretName, checkSecretName } from './secret-name.ts';
import { dataOf, secretTypeOf, secretTypes } from './secret-value.ts';
import {
  etagOf,
  findSecret,
  getSecret,
  isDeleted,
  isGone,
  noSuchSecret,
  type StoredSecret,
  shownSecret,
} from './stored-secret.ts';

const name = { type: 'string', required: true, description: 'The secret' } as const;
const details = {
  type: { type: 'string', allowed: secretTypes, description: secretTypes.join(', ') },
  description: { type: 'string', description: 'For people' },
  tags: { type: 'strings', description: 'To find it by' },
  metadata: { type: 'key-values', description: 'Names and texts of your own; an empty text removes one' },
  expires_in: { type: 'duration', description: 'Its value is refused after so long, such as 30d' },
  expires_at: { type: 'time', description: 'The same as a date' },
  rotation_policy: { type: 'map', description: 'How often it shall change: enabled, period, notify_before' },
} as const satisfies FieldDeclarations;
const value = { type: 'any', sensitive: true, description: 'A text or an object' } as const;

/** What changes secrets. No answer holds a value. */
export const writeOperations: readonly PlatformOperation[] = [
  defineOperation({
    method: 'POST',
    pattern: 'secrets',
    summary: 'Create a secret',
    fields: { name, ...details, value: { ...value, required: true } },
    inWorkspace: true,
    status: 201,
    async handler({ fields, workspace, requests }) {
      const { name, value, ...wish } = fields;
      checkNewSecretName(name);
      const data = dataOf(secretTypeOf(fields.type), value);
      const before = await findSecret(requests, workspace, name);
      if (before && before.currentVersion > 0 && !isDeleted(before, requests.nowMs))
        throw new CofferError('conflict', `there is a secret "${name}" already`, {
          hint: 'coffer secrets:update makes a new version of it.',
        });
      // Before the value, so that it is never served without its expiry.
      await writeCustom(
        requests,
        workspace,
        name,
        before,
        customAfter({}, { ...wish, type: secretTypeOf(wish.type) }, requests.nowMs),
      );
      await writeData(requests, workspace, name, data, before?.currentVersion ?? 0);
      return shown(requests, workspace, name);
    },
  }),
  defineOperation({
    method: 'PATCH',
    pattern: 'secrets/{name...}',
    summary: 'Change a secret; a new value is a new version',
    fields: {
      name,
      ...details,
      value,
      no_expiry: { type: 'bool', description: 'Takes the expiry away' },
    },
    inWorkspace: true,
    async handler({ fields, workspace, requests, ifMatch }) {
      const { name, value, ...wish } = fields;
      checkSecretName(name);
      const before = await getSecret(requests, workspace, name);
      checkMatch(before, ifMatch);
      const type = secretTypeOf(wish.type ?? detailsOf(before.custom).type);
      const data = value === undefined ? undefined : dataOf(type, value);
      if (!data && !changesDetails(wish)) throw invalidRequest('there is nothing to change');
      await changeDetails(requests, workspace, before, wish, ifMatch !== undefined);
      if (data) {
        const cas = ifMatch === undefined ? undefined : before.currentVersion;
        await writeData(requests, workspace, name, data, cas);
      }
      return shown(requests, workspace, name);
    },
  }),
  defineOperation({
    method: 'DELETE',
    pattern: 'secrets/{name...}',
    summary: 'Delete a secret: its versions are hidden, or gone for good',
    fields: {
      name,
      permanent: { type: 'bool', query: 'only', default: false, description: 'For good' },
    },
    inWorkspace: true,
    status: 204,
    async handler({ fields: { name, permanent }, workspace, requests, ifMatch }) {
      checkSecretName(name);
      const secret = await getSecret(requests, workspace, name);
      checkMatch(secret, ifMatch);
      if (permanent) {
        await requests.ask({ operation: 'delete', namespace: workspace, path: `secret/metadata/${name}` });
        return {};
      }
      if (isDeleted(secret, requests.nowMs)) throw noSuchSecret(name);
      const versions = secret.versions
        .filter((one) => !isGone(one, requests.nowMs))
        .map((one) => one.version);
      const path = `secret/delete/${name}`;
      await requests.ask({ operation: 'write', namespace: workspace, path, data: { versions } });
      return {};
    },
  }),
  defineOperation({
    method: 'POST',
    pattern: 'secrets/{name...}',
    verb: 'undelete',
    summary: 'Bring a deleted secret back',
    fields: { name },
    inWorkspace: true,
    async handler({ fields: { name }, workspace, requests }) {
      checkSecretName(name);
      const secret = await getSecret(requests, workspace, name);
      const current = secret.versions.find(({ version }) => version === secret.currentVersion);
      if (!current || current.destroyed) throw invalidRequest('its newest version was destroyed');
      // Those that went with it; what was deleted before stays deleted.
      const versions = secret.versions
        .filter(
          ({ deletedAt, destroyed }) => deletedAt !== '' && deletedAt === current.deletedAt && !destroyed,
        )
        .map(({ version }) => version);
      const path = `secret/undelete/${name}`;
      if (versions.length > 0)
        await requests.ask({ operation: 'write', namespace: workspace, path, data: { versions } });
      return shown(requests, workspace, name);
    },
  }),
  defineOperation({
    method: 'POST',
    pattern: 'secrets/{name...}',
    verb: 'rollback',
    summary: 'Bring an older version back, as a new version',
    fields: { name, version: { type: 'int', description: 'The version before the newest when not given' } },
    inWorkspace: true,
    async handler({ fields: { name, version }, workspace, requests, ifMatch }) {
      checkSecretName(name);
      if (version !== undefined && version < 1) throw invalidRequest('versions are counted from 1');
      checkMatch(await getSecret(requests, workspace, name), ifMatch);
      const path = `secret/rollback/${name}`;
      const data = version === undefined ? {} : { version };
      const made = await requests.ask({ operation: 'write', namespace: workspace, path, data });
      const { body, etag } = await shown(requests, workspace, name);
      return { body: { ...body, from_version: made?.['from_version'] }, etag };
    },
  }),
];

async function shown(requests: ClientRequests, workspace: string, name: string) {
  const secret = await getSecret(requests, workspace, name);
  return { body: shownSecret(secret, workspace, requests.nowMs), etag: etagOf(secret) };
}

async function changeDetails(
  requests: ClientRequests,
  workspace: string,
  first: StoredSecret,
  wish: DetailsWish,
  isStrict: boolean,
): Promise<void> {
  if (!changesDetails(wish)) return;
  let before = first;
  for (let attempt = 1; ; attempt++) {
    try {
      const custom = customAfter(before.custom, wish, requests.nowMs);
      await writeCustom(requests, workspace, first.name, before, custom);
      return;
    } catch (error) {
      if (!(error instanceof CofferError) || error.status !== 409 || isStrict || attempt === 8) throw error;
      before = await getSecret(requests, workspace, first.name);
    }
  }
}

/** Throws 'conflict' when somebody else wrote meanwhile. */
async function writeCustom(
  requests: ClientRequests,
  workspace: string,
  name: string,
  before: StoredSecret | undefined,
  custom: Readonly<Record<string, string>>,
): Promise<void> {
  const data = { custom_metadata: custom, metadata_cas: before?.metadataVersion ?? 0 };
  await conflicting(
    requests.ask({ operation: 'write', namespace: workspace, path: `secret/metadata/${name}`, data }),
  );
}

async function writeData(
  requests: ClientRequests,
  workspace: string,
  name: string,
  data: JsonObject,
  cas: number | undefined,
): Promise<void> {
  const body = { data, ...(cas === undefined ? {} : { options: { cas } }) };
  await conflicting(
    requests.ask({ operation: 'write', namespace: workspace, path: `secret/data/${name}`, data: body }),
  );
}

/** KV's words for who came second. */
async function conflicting<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof CofferError && error.code === 'cas-mismatch')
      throw new CofferError('conflict', 'somebody else changed the secret meanwhile', { cause: error });
    throw error;
  }
}

function checkMatch(secret: StoredSecret, ifMatch: string | undefined): void {
  if (ifMatch === undefined || ifMatch === '*') return;
  if (ifMatch === etagOf(secret) || ifMatch === String(secret.currentVersion)) return;
  throw new CofferError('conflict', 'the secret has changed since it was read', { status: 412 });
}
