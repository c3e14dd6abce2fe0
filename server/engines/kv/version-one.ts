import { DurationError, parseWholeSeconds } from '../../../formats/duration/index.ts';
import { invalidRequest } from '../../contracts/errors.ts';
import { definePath, type PathDeclaration } from '../../contracts/paths.ts';
import type { Records, Stored } from '../../contracts/records.ts';
import type { JsonObject, Reply } from '../../contracts/request.ts';
import type { MountContext, SecretsEngine } from '../../contracts/secrets-engine.ts';
import { keysReply } from './list-replies.ts';
import {
  commitVersionOne,
  requireVersionOne,
  versionOneKey,
  versionOnePrefix,
} from './version-one-records.ts';

/** KV version 1: one value per path, overwritten by the next. */
export async function versionOne(context: MountContext): Promise<SecretsEngine> {
  await requireVersionOne(context.records);
  return { paths: [secretPath(context)] };
}

function secretPath({ records, mount, events }: MountContext): PathDeclaration {
  return definePath({
    pattern: '{path?...}',
    needsRest: true,
    fields: {
      path: { type: 'string', description: 'Where the secret is; a folder for lists.' },
    },
    anyFields: true,
    help: {
      synopsis: 'A key-value store.',
      description:
        'Any fields are stored together and read together. A field `ttl` (or `lease`) is a hint how soon to read again, shown as lease_duration; it does not end the secret.',
    },
    exists: async ({ fields: { path } }) =>
      Boolean(path) && (await records.get(versionOneKey(path ?? ''))) !== undefined,
    operations: {
      read: {
        summary: 'Read a secret',
        pure: true,
        handler: async ({ fields: { path } }) => {
          if (!path) return undefined;
          const key = versionOneKey(path);
          const stored = records.peek<JsonObject>(key) ?? (await records.get<JsonObject>(key));
          return stored && secretReply(stored, mount.defaultLeaseTtlSeconds);
        },
      },
      list: {
        summary: 'List the names directly below a folder',
        pure: true,
        handler: async ({ fields: { path } }) => {
          const keys = await records.list(path ? `${versionOnePrefix}${path}/` : versionOnePrefix);
          return keysReply(keys);
        },
      },
      scan: {
        summary: 'List all secrets below a folder, at any depth',
        pure: true,
        handler: async ({ fields: { path } }) => {
          const keys = await allBelow(records, path ? `${versionOnePrefix}${path}/` : versionOnePrefix);
          return keysReply(keys);
        },
      },
      write: {
        summary: 'Write a secret',
        handler: async ({ fields: { path }, data }) => {
          if (!path) throw invalidRequest('missing path');
          if (Object.keys(data).length === 0) throw invalidRequest('missing data fields');
          await commitVersionOne(records, { put: [[versionOneKey(path), data]] });
          events?.publish({ type: 'kv-v1/write', path, dataPath: path });
          return undefined;
        },
      },
      delete: {
        summary: 'Delete a secret',
        handler: async ({ fields: { path } }) => {
          if (!path) return undefined;
          await commitVersionOne(records, { remove: [versionOneKey(path)] });
          events?.publish({ type: 'kv-v1/delete', path });
          return undefined;
        },
      },
    },
  });
}

class SecretReply {
  readonly reply: Reply;
  readonly leaseDurationSeconds: number;

  constructor(data: JsonObject, leaseDurationSeconds: number) {
    this.reply = Object.freeze({ data: Object.freeze({ ...data }), leaseDurationSeconds });
    this.leaseDurationSeconds = leaseDurationSeconds;
  }
}

function secretReply(stored: Stored<JsonObject>, defaultSeconds: number): Reply {
  const seconds = leaseDuration(stored.value) ?? defaultSeconds;
  const known = stored.memo;
  if (known instanceof SecretReply && known.leaseDurationSeconds === seconds) return known.reply;
  const made = new SecretReply(stored.value, seconds);
  stored.memo = made;
  return made.reply;
}

/** Undefined when the secret has no such field, or one that is no duration. */
function leaseDuration(data: JsonObject): number | undefined {
  const given = Object.hasOwn(data, 'ttl') ? data['ttl'] : data['lease'];
  if (given === undefined) return undefined;
  try {
    return parseWholeSeconds(given);
  } catch (error) {
    if (error instanceof DurationError) return undefined;
    throw error;
  }
}

async function allBelow(records: Records, prefix: string): Promise<string[]> {
  const limit = 1000;
  const found: string[] = [];
  let page: string[] = [];
  do {
    const after = page.at(-1);
    page = await records.scanKeys(prefix, after === undefined ? { limit } : { after, limit });
    for (const key of page) found.push(key.slice(prefix.length));
  } while (page.length === limit);
  return found;
}
