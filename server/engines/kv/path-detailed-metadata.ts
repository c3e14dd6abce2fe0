import { definePath, type PathDeclaration } from '../../contracts/paths.ts';
import { pageOf } from './list-replies.ts';
import { metadataReply } from './replies.ts';
import type { SecretStore } from './secret-store.ts';

export function detailedMetadataPath(store: SecretStore): PathDeclaration {
  return definePath({
    pattern: 'detailed-metadata/{path?...}',
    needsRest: true,
    fields: {
      path: { type: 'string', description: 'The folder.' },
      after: { type: 'string', query: true, description: 'The list begins behind this name.' },
      limit: { type: 'int', query: true, description: 'Names to list at most; all when 0 or not given.' },
    },
    help: {
      synopsis: 'A list of secrets with the metadata of each.',
      description:
        'As a list of `metadata/`, and `key_info` holds for every secret what reading its metadata would.',
    },
    operations: {
      list: {
        summary: 'List the names directly below a folder, with metadata',
        pure: true,
        handler: async ({ fields: { path, after, limit } }) => {
          const keys = await store.list(path ?? '', pageOf(after, limit));
          if (keys.length === 0) return undefined;
          const folder = path ? `${path}/` : '';
          const details = await Promise.all(
            keys
              .filter((name) => !name.endsWith('/'))
              .map(async (name) => [name, await store.get(folder + name)] as const),
          );
          const found = details.flatMap(([name, stored]) =>
            stored ? [[name, metadataReply(stored).data]] : [],
          );
          return { data: { key_info: Object.fromEntries(found), keys } };
        },
      },
    },
  });
}
