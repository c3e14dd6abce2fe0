import type { Clock } from '../../contracts/clock.ts';
import { definePath, type PathDeclaration } from '../../contracts/paths.ts';
import { keysReply, pageOf } from './list-replies.ts';
import { metadataFields } from './metadata-fields.ts';
import { metadataReply, rootReply } from './replies.ts';
import { endSecret } from './secret-record.ts';
import type { SecretStore } from './secret-store.ts';
import { patchMetadata, writeMetadata } from './write-metadata.ts';

export function metadataPath(store: SecretStore, clock: Clock): PathDeclaration {
  return definePath({
    pattern: 'metadata/{path?...}',
    needsRest: true,
    fields: metadataFields,
    help: {
      synopsis: 'Metadata and settings of a secret, and lists of secrets.',
      description:
        'Metadata can be written before there is data. Delete ends the secret with all its versions for good.',
    },
    exists: async ({ fields: { path } }) => path !== undefined && (await store.get(path)) !== undefined,
    operations: {
      read: {
        summary: 'Read the metadata of a secret and its versions',
        pure: true,
        handler: async ({ fields: { path } }) => {
          if (!path) return rootReply();
          const stored = store.peek(path) ?? (await store.get(path));
          return stored && metadataReply(stored);
        },
      },
      list: {
        summary: 'List the names directly below a folder',
        pure: true,
        handler: async ({ fields: { path, after, limit } }) =>
          keysReply(await store.list(path ?? '', pageOf(after, limit))),
      },
      scan: {
        summary: 'List all secrets below a folder, at any depth',
        pure: true,
        handler: async ({ fields: { path, after, limit } }) =>
          keysReply(await store.scan(path ?? '', pageOf(after, limit))),
      },
      write: {
        summary: 'Set the metadata of a secret',
        examples: [
          { description: 'Keep 5 versions', data: { max_versions: 5, custom_metadata: { owner: 'ml' } } },
        ],
        handler: (call) => writeMetadata(store, clock, call),
      },
      patch: {
        summary: 'Merge into the metadata of a secret; null resets a setting or removes a custom name',
        handler: (call) => patchMetadata(store, clock, call),
      },
      delete: {
        summary: 'End a secret with all its versions, for good',
        handler: async ({ fields: { path } }) => {
          if (!path) return rootReply();
          return store.change(path, 'metadata-delete', (record) => ({
            change: record && endSecret(record),
            result: undefined,
          }));
        },
      },
    },
  });
}
