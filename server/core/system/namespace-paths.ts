import { invalidRequest } from '../../contracts/errors.ts';
import { definePath, type PathDeclaration } from '../../contracts/paths.ts';
import type { Caller, JsonObject, Reply } from '../../contracts/request.ts';
import type { Namespace, Namespaces } from '../namespaces/namespaces.ts';
import { mergeStrings } from './merge-strings.ts';

const name = {
  type: 'string',
  description: 'Path of the namespace, relative to the request’s',
  required: true,
} as const;

interface Where {
  readonly namespace: { readonly path: string };
}

/** `sys/namespaces`: what is below the namespace that the request is in. */
export function namespacePaths(
  namespaces: Namespaces,
  tokens: { isRoot(caller: Caller): boolean },
): PathDeclaration[] {
  return [listPath(namespaces), onePath(namespaces), ...lockPaths(namespaces, tokens)];
}

function listPath(namespaces: Namespaces): PathDeclaration {
  return definePath({
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
          const keys = await namespaces.children(await current(namespaces, call), {
            ...(after ? { after: after.replace(/\/$/, '') } : {}),
            ...(limit && limit > 0 ? { limit } : {}),
          });
          const children: [string, Namespace][] = [];
          for (const key of keys) {
            const child = await below(namespaces, call, key);
            if (child) children.push([key, child]);
          }
          return listing(children);
        },
      },
      scan: {
        summary: 'List all namespaces below',
        async handler(call) {
          const all: [string, Namespace][] = [];
          const parent = await current(namespaces, call);
          for await (const one of namespaces.below(parent))
            all.push([one.path.slice(parent.path.length), one]);
          return listing(all);
        },
      },
    },
    help: {
      synopsis: 'The namespaces below this one.',
      description: 'A list has direct children, a scan all descendants, with their ids and metadata.',
    },
  });
}

function onePath(namespaces: Namespaces): PathDeclaration {
  return definePath({
    pattern: 'namespaces/{path...}',
    fields: { path: name, custom_metadata: { type: 'key-values', description: 'Metadata for people' } },
    operations: {
      read: {
        summary: 'Read a namespace',
        async handler(call) {
          const namespace = await below(namespaces, call, call.fields.path);
          return namespace && { data: shown(namespace) };
        },
      },
      write: {
        summary: 'Create a namespace, or replace its metadata',
        async handler(call) {
          const { path, custom_metadata: metadata = {} } = call.fields;
          const existing = await below(namespaces, call, path);
          if (existing) return { data: shown(await namespaces.setMetadata(existing, () => metadata)) };
          const cut = path.lastIndexOf('/');
          const parent = await below(namespaces, call, cut < 0 ? '' : path.slice(0, cut));
          if (!parent || parent.tainted)
            throw invalidRequest(`parent namespace "${path.slice(0, cut)}/" does not exist`);
          return { data: shown(await namespaces.create(parent, path.slice(cut + 1), metadata)) };
        },
      },
      patch: {
        summary: 'Change the metadata of a namespace',
        async handler(call) {
          const namespace = await below(namespaces, call, call.fields.path);
          if (!namespace) throw invalidRequest('namespace not found');
          const patch = call.data['custom_metadata'];
          const patched = await namespaces.setMetadata(namespace, (before) => mergeStrings(before, patch));
          return { data: shown(patched) };
        },
      },
      delete: {
        summary: 'Delete a namespace with all that it holds',
        async handler(call): Promise<Reply | undefined> {
          const namespace = await below(namespaces, call, call.fields.path);
          if (!namespace) return { warnings: ['requested namespace does not exist'] };
          await namespaces.remove(namespace);
          return undefined;
        },
      },
    },
    help: {
      synopsis: 'Create, read, change and delete a namespace.',
      description:
        'A namespace has its own mounts, policies, tokens and encryption key. Deleting it destroys the key.',
    },
  });
}

function lockPaths(namespaces: Namespaces, tokens: { isRoot(caller: Caller): boolean }): PathDeclaration[] {
  const path = {
    type: 'string',
    description: 'Path of the namespace; the request’s own when not given',
    default: '',
  } as const;
  const chosen = async (call: Where & { readonly fields: { readonly path: string } }) => {
    const namespace = await below(namespaces, call, call.fields.path);
    if (!namespace) throw invalidRequest('requested namespace does not exist');
    if (namespace.path === '') throw invalidRequest('root namespace cannot be locked/unlocked');
    return namespace;
  };
  return [
    definePath({
      pattern: 'namespaces/api-lock/lock/{path?...}',
      fields: { path },
      operations: {
        write: {
          summary: 'Refuse every request in a namespace and below it',
          handler: async (call) => ({ data: { unlock_key: await namespaces.lock(await chosen(call)) } }),
        },
      },
      help: {
        synopsis: 'Lock the API of a namespace.',
        description: 'Answers the key that unlocks it, which is shown once. Leases still expire meanwhile.',
      },
    }),
    definePath({
      pattern: 'namespaces/api-lock/unlock/{path?...}',
      fields: {
        path,
        unlock_key: {
          type: 'string',
          description: 'As lock answered it; a root token needs none',
          sensitive: true,
        },
      },
      operations: {
        write: {
          summary: 'Serve a locked namespace again',
          async handler(call) {
            const { unlock_key: key } = call.fields;
            const namespace = await chosen(call);
            if (!key && !tokens.isRoot(call.caller)) throw invalidRequest('provided empty key');
            await namespaces.unlock(namespace, key || undefined);
            return undefined;
          },
        },
      },
      help: { synopsis: 'Unlock the API of a namespace.', description: 'With the key that lock answered.' },
    }),
  ];
}

function below(namespaces: Namespaces, call: Where, path: string): Promise<Namespace | undefined> {
  return namespaces.find(`${call.namespace.path}${path}`);
}

async function current(namespaces: Namespaces, call: Where): Promise<Namespace> {
  const namespace = await below(namespaces, call, '');
  if (!namespace) throw invalidRequest('requested namespace does not exist');
  return namespace;
}

function listing(found: readonly (readonly [string, Namespace])[]): Reply {
  const info: Record<string, JsonObject> = {};
  for (const [key, namespace] of found) info[key] = shown(namespace);
  return { data: { key_info: info, keys: found.map(([key]) => key) } };
}

function shown({ id, path, uuid, customMetadata, tainted, lock }: Namespace): JsonObject {
  return {
    custom_metadata: customMetadata,
    id,
    locked: lock !== undefined,
    path,
    tainted: tainted ?? false,
    uuid,
  };
}
