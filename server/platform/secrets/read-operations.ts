import { isDeepStrictEqual } from 'node:util';
import { CofferError, invalidRequest } from '../../contracts/errors.ts';
import type { JsonObject } from '../../contracts/request.ts';
import { defineOperation, type PlatformOperation } from '../platform-operation.ts';
import type { ClientRequests } from '../requests.ts';
import { checkSecretName } from './secret-name.ts';
import { readData, readValue } from './secret-values.ts';
import { etagOf, getSecret, isGone, shownSecret } from './stored-secret.ts';

const name = { type: 'string', required: true, description: 'The secret' } as const;
const mostInBatch = 100;
const atOnce = 16;

/** What reads secrets. Only `:value`, `:diff` and `secrets:batch-get` ever hold values. */
export const readOperations: readonly PlatformOperation[] = [
  defineOperation({
    method: 'GET',
    pattern: 'secrets/{name...}',
    summary: 'Describe a secret, without its value',
    fields: { name },
    inWorkspace: true,
    async handler({ fields, workspace, requests }) {
      checkSecretName(fields.name);
      const secret = await getSecret(requests, workspace, fields.name);
      return { body: shownSecret(secret, workspace, requests.nowMs), etag: etagOf(secret) };
    },
  }),
  defineOperation({
    method: 'GET',
    pattern: 'secrets/{name...}',
    verb: 'value',
    summary: 'Read the value of a secret; for those who may retrieve values',
    fields: { name, version: { type: 'int', query: 'only', description: 'A version other than the newest' } },
    inWorkspace: true,
    async handler({ fields, workspace, requests }) {
      checkSecretName(fields.name);
      const body = await readValue(requests, workspace, fields.name, positive(fields.version));
      return { body, etag: String(body['version']) };
    },
  }),
  defineOperation({
    method: 'GET',
    pattern: 'secrets/{name...}',
    verb: 'versions',
    summary: 'List the versions of a secret',
    fields: { name },
    inWorkspace: true,
    async handler({ fields, workspace, requests }) {
      checkSecretName(fields.name);
      const secret = await getSecret(requests, workspace, fields.name);
      const versions = secret.versions.map((version) => ({
        version: version.version,
        created_at: version.createdAt,
        deleted_at: isGone(version, requests.nowMs) && !version.destroyed ? version.deletedAt : null,
        destroyed: version.destroyed,
        current: version.version === secret.currentVersion,
      }));
      return { body: { name: fields.name, workspace, versions }, etag: etagOf(secret) };
    },
  }),
  defineOperation({
    method: 'GET',
    pattern: 'secrets/{name...}',
    verb: 'diff',
    summary: 'Compare two versions; values are masked for those who may not read them',
    fields: {
      name,
      from: { type: 'int', query: 'only', description: 'The version before the newest when not given' },
      to: { type: 'int', query: 'only', description: 'The newest when not given' },
    },
    inWorkspace: true,
    async handler({ fields, workspace, requests }) {
      checkSecretName(fields.name);
      const secret = await getSecret(requests, workspace, fields.name);
      const to = positive(fields.to) ?? secret.currentVersion;
      const from = positive(fields.from) ?? to - 1;
      if (from < 1) throw invalidRequest('there is no earlier version to compare with');
      for (const version of [from, to])
        if (!secret.versions.some((one) => one.version === version))
          throw new CofferError('not-found', `"${fields.name}" has no version ${version}`);
      const values = await valuesOf(requests, workspace, fields.name, [from, to]);
      const changes = values && differences(values[0] ?? {}, values[1] ?? {});
      return { body: { name: fields.name, workspace, from, to, masked: !changes, changes: changes ?? null } };
    },
  }),
  defineOperation({
    method: 'POST',
    pattern: 'secrets',
    verb: 'batch-get',
    summary: 'Read the values of several secrets in one request',
    fields: { names: { type: 'string-list', required: true, description: `At most ${mostInBatch}` } },
    inWorkspace: true,
    async handler({ fields: { names }, workspace, requests }) {
      if (names.length === 0 || names.length > mostInBatch)
        throw invalidRequest(`give 1 to ${mostInBatch} names`);
      const secrets: Record<string, JsonObject> = Object.create(null);
      const errors: Record<string, JsonObject> = Object.create(null);
      const waiting = [...new Set(names)];
      const work = async (): Promise<void> => {
        for (let one = waiting.pop(); one !== undefined; one = waiting.pop()) {
          try {
            checkSecretName(one);
            secrets[one] = await readValue(requests, workspace, one);
          } catch (error) {
            if (!(error instanceof CofferError)) throw error;
            errors[one] = { code: error.code, status: error.status, detail: error.message.trim() };
          }
        }
      };
      await Promise.all(Array.from({ length: atOnce }, work));
      return { body: { workspace, secrets, errors } };
    },
  }),
];

/** Undefined when the policies of the client refuse the values. */
async function valuesOf(
  requests: ClientRequests,
  workspace: string,
  name: string,
  versions: readonly number[],
): Promise<JsonObject[] | undefined> {
  try {
    const read = versions.map((version) => readData(requests, workspace, name, version));
    return (await Promise.all(read)).map(({ data }) => data);
  } catch (error) {
    if (error instanceof CofferError && error.code === 'permission-denied') return undefined;
    throw error;
  }
}

function differences(from: JsonObject, to: JsonObject): JsonObject[] {
  const keys = [...new Set([...Object.keys(from), ...Object.keys(to)])].sort();
  return keys.flatMap((key) => {
    const [before, after] = [from[key], to[key]];
    if (isDeepStrictEqual(before, after)) return [];
    const change = before === undefined ? 'added' : after === undefined ? 'removed' : 'changed';
    return [
      {
        key,
        change,
        ...(before === undefined ? {} : { from: before }),
        ...(after === undefined ? {} : { to: after }),
      },
    ];
  });
}

function positive(version: number | undefined): number | undefined {
  if (version !== undefined && version < 1) throw invalidRequest('versions are counted from 1');
  return version;
}
