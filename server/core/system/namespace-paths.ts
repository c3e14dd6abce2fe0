import { definePath, type PathDeclaration } from '../../contracts/paths.ts';
import type { JsonObject } from '../../contracts/request.ts';
import type { Namespace, Namespaces } from '../namespaces/namespaces.ts';
import { mergeStrings } from './merge-strings.ts';

const path = {
  type: 'string',
  description: 'Name of the namespace, relative to the request’s',
  required: true,
} as const;

/** `sys/namespaces`: the children of the namespace that the request is in. */
export function namespacePaths(namespaces: Namespaces): PathDeclaration[] {
  const find = async (call: { namespace: { path: string } }, name: string) =>
    namespaces.find(`${call.namespace.path}${name}`);
  return [
    definePath({
      pattern: 'namespaces',
      fields: {
        after: { type: 'string', description: 'Last name of the page before', query: true },
        limit: { type: 'int', description: 'How many at the most', query: true },
      },
      operations: {
        list: {
          summary: 'List child namespaces',
          async handler(call) {
            const { after, limit } = call.fields;
            const keys = await namespaces.children(call.namespace as Namespace, {
              ...(after ? { after: after.replace(/\/$/, '') } : {}),
              ...(limit && limit > 0 ? { limit } : {}),
            });
            const info: Record<string, JsonObject> = {};
            for (const key of keys) {
              const namespace = await find(call, key);
              if (namespace) info[key] = shown(namespace);
            }
            return { data: { keys, key_info: info } };
          },
        },
      },
      help: {
        synopsis: 'Child namespaces.',
        description: 'Direct children only, with their ids and metadata.',
      },
    }),
    definePath({
      pattern: 'namespaces/{path...}',
      fields: { path, custom_metadata: { type: 'key-values', description: 'Metadata for people' } },
      operations: {
        read: {
          summary: 'Read a namespace',
          async handler(call) {
            const namespace = await find(call, call.fields.path);
            return namespace && { data: shown(namespace) };
          },
        },
        write: {
          summary: 'Create a namespace, or replace its metadata',
          async handler(call) {
            const existing = await find(call, call.fields.path);
            const metadata = call.fields.custom_metadata ?? {};
            if (existing)
              return {
                data: shown(
                  call.fields.custom_metadata ? await namespaces.setMetadata(existing, metadata) : existing,
                ),
              };
            const cut = call.fields.path.lastIndexOf('/');
            const parent =
              cut < 0 ? (call.namespace as Namespace) : await find(call, call.fields.path.slice(0, cut));
            if (!parent) return undefined;
            return {
              data: shown(await namespaces.create(parent, call.fields.path.slice(cut + 1), metadata)),
            };
          },
        },
        patch: {
          summary: 'Change the metadata of a namespace',
          async handler(call) {
            const namespace = await find(call, call.fields.path);
            if (!namespace) return undefined;
            const metadata = mergeStrings(namespace.customMetadata, call.data['custom_metadata']);
            return { data: shown(await namespaces.setMetadata(namespace, metadata)) };
          },
        },
        delete: {
          summary: 'Delete a namespace with all that it holds',
          async handler(call) {
            const namespace = await find(call, call.fields.path);
            if (namespace) await namespaces.remove(namespace);
            return undefined;
          },
        },
      },
      help: {
        synopsis: 'Create, read, change and delete a namespace.',
        description:
          'A namespace has its own mounts, policies, tokens and encryption key. Deleting it destroys the key.',
      },
    }),
  ];
}

function shown(namespace: Namespace): JsonObject {
  return {
    id: namespace.id,
    path: namespace.path,
    uuid: namespace.uuid,
    custom_metadata: namespace.customMetadata,
    locked: false,
    tainted: namespace.tainted ?? false,
  };
}
