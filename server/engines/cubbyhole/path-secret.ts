import { invalidRequest } from '../../contracts/errors.ts';
import { definePath, type PathDeclaration } from '../../contracts/paths.ts';
import type { Stored } from '../../contracts/records.ts';
import type { JsonObject, Reply } from '../../contracts/request.ts';
import type { TokenShelves } from './token-shelves.ts';

export function secretPath(shelves: TokenShelves): PathDeclaration {
  return definePath({
    pattern: '{path?...}',
    needsRest: true,
    fields: {
      path: { type: 'string', description: 'Where the secret is; a folder for lists.' },
    },
    anyFields: true,
    help: {
      synopsis: "The token's own place.",
      description:
        'What a token writes here only the same token reads, not even root. It ends with the token. Any fields are stored together and read together.',
    },
    exists: async ({ fields: { path }, caller }) =>
      path !== undefined && path !== '' && (await shelves.of(caller).get(path)) !== undefined,
    operations: {
      read: {
        summary: 'Read a secret of this token',
        pure: true,
        handler: async ({ fields: { path }, caller }) => {
          const records = shelves.of(caller);
          const stored = path ? await records.get<JsonObject>(path) : undefined;
          return stored && replyOf(stored);
        },
      },
      list: {
        summary: 'List what this token has directly below a folder',
        pure: true,
        handler: async ({ fields: { path }, caller }) => {
          const keys = await shelves.of(caller).list(path ? `${path}/` : '');
          return keys.length === 0 ? undefined : { data: { keys } };
        },
      },
      write: {
        summary: 'Write a secret of this token',
        handler: async ({ fields: { path }, data, caller }) => {
          const records = shelves.of(caller);
          if (!path) throw invalidRequest('missing path');
          if (Object.keys(data).length === 0) throw invalidRequest('missing data fields');
          await records.commit({ put: [[path, data]] });
          return undefined;
        },
      },
      delete: {
        summary: 'Delete a secret of this token',
        handler: async ({ fields: { path }, caller }) => {
          const records = shelves.of(caller);
          if (path) await records.commit({ remove: [path] });
          return undefined;
        },
      },
    },
  });
}

class KeptReply {
  readonly reply: Reply;

  constructor(data: JsonObject) {
    this.reply = Object.freeze({ data: Object.freeze({ ...data }) });
  }
}

function replyOf(stored: Stored<JsonObject>): Reply {
  if (stored.memo instanceof KeptReply) return stored.memo.reply;
  const kept = new KeptReply(stored.value);
  stored.memo = kept;
  return kept.reply;
}
