import { JsonError, parseJson, stringifyJson } from '../../../formats/json/index.ts';
import { invalidRequest } from '../../contracts/errors.ts';
import { definePath, type PathDeclaration } from '../../contracts/paths.ts';
import type { Records } from '../../contracts/records.ts';
import type { Reply } from '../../contracts/request.ts';
import { type Namespaces, rootNamespace } from '../namespaces/namespaces.ts';

const path = { type: 'string', description: 'Storage key', required: true } as const;
const encoding = { type: 'string', description: 'Empty, or base64', default: '' } as const;

/**
 * `sys/raw`: decrypted records by storage key, for repairs. Declared only where `raw_storage_endpoint` is on.
 * Keys are `n/<namespace id>/…`; keyring, seal and root key are no records, so they cannot be reached.
 */
export function rawPaths(
  recordsOf: (namespaceId: string, prefix: string) => Records,
  namespaces: Namespaces,
): PathDeclaration[] {
  return [
    definePath({
      pattern: 'raw',
      access: 'sudo',
      rootOnly: true,
      fields: {},
      operations: {
        list: { summary: 'List storage keys', handler: async () => ({ data: { keys: ['n/'] } }) },
      },
      help: { synopsis: 'Storage keys.', description: 'The top of the tree.' },
    }),
    definePath({
      pattern: 'raw/{path...}',
      access: 'sudo',
      rootOnly: true,
      fields: {
        path,
        value: { type: 'string', description: 'The record as JSON text', sensitive: true },
        encoding,
        compressed: { type: 'bool', description: 'Accepted and ignored', query: true },
        compression_type: { type: 'string', description: 'Accepted and ignored' },
      },
      operations: {
        read: { summary: 'Read a record', handler: ({ fields }) => read(fields.path, fields.encoding) },
        list: { summary: 'List storage keys', handler: ({ fields }) => list(fields.path) },
        write: {
          summary: 'Write a record',
          async handler({ fields }) {
            if (fields.value === undefined) throw invalidRequest('missing value');
            const { records, key } = placeOf(fields.path);
            await records.commit({ put: [[key, parsedValue(fields.value, fields.encoding)]] });
            return undefined;
          },
        },
        delete: {
          summary: 'Remove a record',
          async handler({ fields }) {
            const { records, key } = placeOf(fields.path);
            await records.commit({ remove: [key] });
            return undefined;
          },
        },
      },
      help: {
        synopsis: 'Decrypted records, for repairs.',
        description: 'What is written here is believed by the server. It can break it, so keep a backup.',
      },
    }),
  ];

  async function read(storageKey: string, wanted: string): Promise<Reply | undefined> {
    const { records, key } = placeOf(storageKey);
    const stored = await records.get<unknown>(key);
    if (!stored) return undefined;
    const text = stringifyJson(stored.value);
    if (wanted !== '' && wanted !== 'base64') throw invalidRequest('encoding must be empty or base64');
    return { data: { value: wanted === 'base64' ? Buffer.from(text).toString('base64') : text } };
  }

  async function list(folder: string): Promise<Reply> {
    if (folder === 'n') {
      const keys = [`${rootNamespace.id}/`];
      for await (const { id } of namespaces.below(rootNamespace)) keys.push(`${id}/`);
      return { data: { keys: keys.sort() } };
    }
    const { namespaceId, rest } = parts(folder);
    return { data: { keys: await recordsOf(namespaceId, '').list(rest === '' ? '' : `${rest}/`) } };
  }

  function placeOf(storageKey: string): { records: Records; key: string } {
    const { namespaceId, rest } = parts(storageKey);
    if (rest === '') throw invalidRequest('the path is a folder');
    return { records: recordsOf(namespaceId, ''), key: rest };
  }
}

function parts(storageKey: string): { namespaceId: string; rest: string } {
  const found = /^n\/([A-Za-z0-9]+)(?:\/(.*))?$/.exec(storageKey);
  if (!found) throw invalidRequest('storage keys are n/<namespace id>/…');
  return { namespaceId: found[1] ?? '', rest: found[2] ?? '' };
}

function parsedValue(text: string, encoding: string): unknown {
  if (encoding !== '' && encoding !== 'base64') throw invalidRequest('encoding must be empty or base64');
  try {
    return parseJson(encoding === 'base64' ? Buffer.from(text, 'base64').toString() : text);
  } catch (error) {
    if (error instanceof JsonError) throw invalidRequest('value must be JSON text');
    throw error;
  }
}
