import type { Clock } from '../../contracts/clock.ts';
import { CofferError, invalidRequest } from '../../contracts/errors.ts';
import {
  type Call,
  definePath,
  type FieldDeclarations,
  type FieldValues,
  type PathDeclaration,
} from '../../contracts/paths.ts';
import type { JsonObject, Reply } from '../../contracts/request.ts';
import { checkDataCas } from './check-and-set.ts';
import { refuseExpired } from './expiry.ts';
import { mergePatch } from './merge-patch.ts';
import { readVersion } from './read-version.ts';
import { latestReply, rootReply, versionMetadata } from './replies.ts';
import { addVersion, deleteVersions, isGone, type KvConfig, type SecretRecord } from './secret-record.ts';
import type { Decision, SecretStore } from './secret-store.ts';

const fields = {
  path: { type: 'string', description: 'Where the secret is.' },
  version: { type: 'int', query: 'only', description: 'Version to read; the latest when 0 or not given.' },
  data: { type: 'map', sensitive: true, description: 'The secret: any JSON object.' },
  options: {
    type: 'map',
    description:
      '`cas`: the version that must be the current one for the write to happen; 0 when the secret must not exist.',
  },
} as const satisfies FieldDeclarations;

type DataCall = Call<FieldValues<typeof fields>>;

export function dataPath(store: SecretStore, clock: Clock): PathDeclaration {
  return definePath({
    pattern: 'data/{path?...}',
    needsRest: true,
    fields,
    help: {
      synopsis: 'Write, read, patch and delete versions of a secret.',
      description:
        'Every write makes a new version. A patch merges into the latest version (RFC 7396), which must be live. Delete hides the latest version, which undelete brings back.',
    },
    exists: async ({ fields: { path } }) => path !== undefined && (await store.get(path)) !== undefined,
    operations: {
      read: {
        summary: 'Read a version of a secret',
        pure: true,
        handler: async ({ fields: { path, version } }) => {
          if (!path) return rootReply();
          const stored = store.peek(path) ?? (await store.get(path));
          if (!stored) return undefined;
          refuseExpired(stored.value, clock.now());
          if (!version || version < 0 || version === stored.value.current) {
            return latestReply(stored, clock.now());
          }
          return readVersion(store, path, stored, version, clock.now());
        },
      },
      write: {
        summary: 'Write a new version of a secret',
        examples: [
          {
            description: 'Only if nobody wrote version 4 yet',
            data: { options: { cas: 3 }, data: { key: 'value' } },
          },
        ],
        handler: (call) => write(store, clock, call),
      },
      patch: {
        summary: 'Merge into the latest version of a secret',
        handler: (call) => patch(store, clock, call),
      },
      delete: {
        summary: 'Delete the latest version of a secret (undelete brings it back)',
        handler: async ({ fields: { path } }) => {
          if (!path) return rootReply();
          return store.change(path, 'data-delete', (record) => ({
            change: record && deleteVersions(record, [record.current], clock.now()),
            result: undefined,
          }));
        },
      },
    },
  });
}

async function write(store: SecretStore, clock: Clock, call: DataCall): Promise<Reply> {
  const { path, data, options } = call.fields;
  if (!path) return rootReply();
  // An explicit null is a value, as in Vault.
  if (data === undefined && !Object.hasOwn(call.data, 'data')) throw invalidRequest('no data provided');
  const config = await store.config();
  return store.change(path, 'data-write', (record) => {
    checkDataCas(options, config.casRequired || (record?.casRequired ?? false), record?.current ?? 0);
    return written(record, data ?? null, clock.now(), config);
  });
}

async function patch(store: SecretStore, clock: Clock, call: DataCall): Promise<Reply> {
  const { path, data, options } = call.fields;
  if (!path) return rootReply();
  if (data === undefined) throw invalidRequest('no data provided');
  const config = await store.config();
  return store.change<Reply>(path, 'data-patch', (record) => {
    if (!record) throw new CofferError('not-found');
    checkDataCas(options, config.casRequired || record.casRequired, record.current);
    const version = record.versions[record.current];
    if (!version) throw new CofferError('not-found');
    const now = clock.now();
    if (isGone(version, now)) {
      return { result: { status: 404, data: versionMetadata(record, record.current, version) } };
    }
    return written(record, mergePatch(record.data ?? {}, data), now, config);
  });
}

function written(
  record: SecretRecord | undefined,
  data: JsonObject | null,
  now: number,
  config: KvConfig,
): Decision<Reply> {
  const change = addVersion(record, data, now, config);
  const { current, versions } = change.record;
  const version = versions[current] ?? { created: now };
  return { change, result: { data: versionMetadata(change.record, current, version) } };
}
