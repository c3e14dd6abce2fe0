import { invalidRequest } from '../../contracts/errors.ts';
import { definePath, type PathDeclaration } from '../../contracts/paths.ts';
import { pageFields, pageOf } from '../list-page.ts';
import type { NamedRecords } from '../named-records.ts';
import { type CrlRecord, parseCrl } from './revocation-lists.ts';

export function crlPaths(lists: NamedRecords<CrlRecord>): PathDeclaration[] {
  return [listPath(lists), crlPath(lists)];
}

function listPath(lists: NamedRecords<CrlRecord>): PathDeclaration {
  return definePath({
    pattern: 'crls',
    fields: pageFields,
    help: {
      synopsis: 'List the revocation lists.',
      description: 'Names only; read one for its serial numbers.',
    },
    operations: {
      list: {
        summary: 'List revocation lists',
        pure: true,
        async handler({ fields }) {
          const keys = await lists.list(pageOf(fields));
          return keys.length > 0 ? { data: { keys } } : undefined;
        },
      },
    },
  });
}

function crlPath(lists: NamedRecords<CrlRecord>): PathDeclaration {
  const missing = (name: string) => invalidRequest(`no such CRL ${name}`);
  return definePath({
    pattern: 'crls/{name}',
    fields: {
      name: { type: 'lower-string', description: 'Name of the list', required: true },
      crl: { type: 'string', description: 'The list in PEM, or in DER and base64' },
      url: { type: 'string', description: 'Not supported; give the list itself' },
    },
    exists: async ({ fields }) => (await lists.find(fields.name)) !== undefined,
    help: {
      synopsis: 'A certificate revocation list.',
      description: 'Certificates that it names can neither log in nor renew, if its issuer has issued them.',
    },
    operations: {
      read: {
        summary: 'Read the serial numbers of a list',
        pure: true,
        async handler({ fields }) {
          const list = await lists.find(fields.name);
          if (!list) throw missing(fields.name);
          return { data: { serials: Object.fromEntries(list.value.serials.map((serial) => [serial, {}])) } };
        },
      },
      write: {
        summary: 'Keep a list',
        async handler({ fields }) {
          if (fields.url) throw invalidRequest("'url' is not supported: give the list itself as 'crl'");
          if (!fields.crl) throw invalidRequest("one of 'crl' or 'url' must be provided");
          const list = await parseCrl(fields.crl);
          await lists.change(fields.name, () => list);
          return undefined;
        },
      },
      delete: {
        summary: 'Forget a list',
        async handler({ fields }) {
          if (!(await lists.find(fields.name))) throw missing(fields.name);
          await lists.remove(fields.name);
          return undefined;
        },
      },
    },
  });
}
