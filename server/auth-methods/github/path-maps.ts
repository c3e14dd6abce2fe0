import { definePath, type PathDeclaration } from '../../contracts/paths.ts';
import { normalizePolicyNames } from '../../contracts/token-fields.ts';
import { pageFields, pageOf } from '../list-page.ts';
import type { NamedRecords } from '../named-records.ts';

/** Policies of a team or a user, as they were given. */
export interface MapRecord {
  readonly value: string;
}

export function policiesIn(record: MapRecord | undefined): readonly string[] {
  return normalizePolicyNames(record?.value.split(',') ?? []);
}

export function mapPaths(kind: 'teams' | 'users', entries: NamedRecords<MapRecord>): PathDeclaration[] {
  const one = kind === 'teams' ? 'team (its name or slug)' : 'user';
  const list = definePath({
    pattern: `map/${kind}`,
    fields: pageFields,
    help: {
      synopsis: `List the ${kind} that have policies.`,
      description:
        'Names only, in lower case; read one for its policies. Members of others have the policies of the configuration alone.',
    },
    operations: {
      list: {
        summary: `List mapped ${kind}`,
        pure: true,
        async handler({ fields }) {
          const keys = await entries.list(pageOf(fields));
          return keys.length > 0 ? { data: { keys } } : undefined;
        },
      },
    },
  });
  const entry = definePath({
    pattern: `map/${kind}/{key}`,
    fields: {
      key: { type: 'lower-string', description: `Name of the ${one}`, required: true },
      value: { type: 'string', description: 'Policies, with commas between' },
    },
    exists: async ({ fields }) => (await entries.find(fields.key)) !== undefined,
    help: { synopsis: `Policies of a ${one}.`, description: 'They come to those of the configuration.' },
    operations: {
      read: {
        summary: 'Read policies',
        pure: true,
        async handler({ fields }) {
          const found = await entries.find(fields.key);
          return found && { data: { key: fields.key, value: found.value.value } };
        },
      },
      write: {
        summary: 'Set policies',
        async handler({ fields }) {
          await entries.change(fields.key, () => ({ value: fields.value ?? '' }));
          return undefined;
        },
      },
      delete: {
        summary: 'Take policies away',
        async handler({ fields }) {
          await entries.remove(fields.key);
          return undefined;
        },
      },
    },
  });
  return [list, entry];
}
