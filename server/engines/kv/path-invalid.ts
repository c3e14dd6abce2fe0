import { definePath, type PathDeclaration } from '../../contracts/paths.ts';
import type { Operation, Reply } from '../../contracts/request.ts';

const commandFor: Readonly<Partial<Record<Operation, string>>> = {
  create: 'put',
  update: 'put',
  patch: 'patch',
  read: 'get',
  list: 'list',
  scan: 'scan',
  delete: 'delete',
};

/** Everything else below a version 2 mount, most often a path as KV v1 has it. */
export function invalidPath(): PathDeclaration {
  const operation = (verb: string) => ({
    summary: `Says where to ${verb} instead`,
    pure: true,
    handler: async (call: { readonly operation: Operation }) => invalidPathReply(call.operation),
  });
  return definePath({
    pattern: '{path?...}',
    fields: { path: { type: 'string', description: 'Any path that is no path of version 2.' } },
    anyFields: true,
    unpublished: true,
    help: {
      synopsis: 'A versioned key-value store.',
      description:
        'Secrets are under data/, their metadata and lists under metadata/. Versions are deleted, brought back and destroyed under delete/, undelete/ and destroy/; subkeys/ shows keys without values; config holds the settings of the mount.',
    },
    operations: {
      read: operation('read'),
      write: operation('write'),
      patch: operation('patch'),
      delete: operation('delete'),
      list: operation('list'),
      scan: operation('list everything'),
    },
  });
}

function invalidPathReply(operation: Operation): Reply {
  return {
    status: 404,
    data: null,
    warnings: [
      'Invalid path for a versioned K/V secrets engine. See the API docs for the appropriate API endpoints to use. ' +
        `If using the Vault CLI, use 'vault kv ${commandFor[operation] ?? 'get'}' for this operation.`,
    ],
  };
}
