import {
  type Call,
  definePath,
  type FieldDeclarations,
  type PathDeclaration,
} from '../../contracts/paths.ts';
import type { Reply } from '../../contracts/request.ts';
import { removeGroupAlias, writeGroupAlias } from './group-aliases.ts';
import type { GroupRecord } from './group-record.ts';
import { groupByAliasId } from './groups.ts';
import { groupAliasIdKey, groupAliasIdPrefix, groupKey } from './identity-keys.ts';
import { listById, pageFields } from './identity-lists.ts';
import type { IdentityParts } from './identity-parts.ts';
import { listedAlias, shownGroupAlias } from './identity-shapes.ts';

const idField = { type: 'string', description: 'Id of the alias' } as const;
const fields = {
  id: idField,
  name: { type: 'string', description: 'What the mount calls the group; the same in any case' },
  mount_accessor: { type: 'string', description: 'Accessor of the auth mount' },
  canonical_id: { type: 'string', description: 'Id of the external group; without it, a new one is made' },
} as const satisfies FieldDeclarations;

interface GroupAliasFields {
  readonly id: string | undefined;
  readonly name: string | undefined;
  readonly mount_accessor: string | undefined;
  readonly canonical_id: string | undefined;
}

const help = {
  synopsis: 'What auth mounts call external groups.',
  description: 'Whoever logs in at the mount and is, as it says, in the group of this name, is a member.',
};

/** `identity/group-alias…`. */
export function groupAliasPaths(parts: IdentityParts): PathDeclaration[] {
  return [
    definePath({
      pattern: 'group-alias',
      fields,
      help,
      operations: {
        write: { summary: 'Create or update the alias of a group', handler: (call) => write(parts, call) },
      },
    }),
    definePath({
      pattern: 'group-alias/id/{id}',
      fields: { ...fields, id: { ...idField, required: true } },
      help,
      operations: {
        write: { summary: 'Update the alias of a group', handler: (call) => write(parts, call) },
        read: {
          summary: 'Read the alias of a group',
          pure: true,
          async handler({ fields, namespace }) {
            const group = await groupByAliasId(parts.reading(namespace), fields.id);
            if (!group?.alias) return undefined;
            const mountOf = await parts.mounts(namespace);
            return { data: shownGroupAlias(group.alias, group.id, mountOf, namespace.id) };
          },
        },
        delete: {
          summary: 'Delete the alias of a group',
          async handler({ fields, namespace }) {
            await parts.change(namespace, (draft) => removeGroupAlias(draft, fields.id, parts.now()));
            return undefined;
          },
        },
      },
    }),
    list(parts),
  ];
}

function list(parts: IdentityParts): PathDeclaration {
  return definePath({
    pattern: 'group-alias/id',
    fields: pageFields,
    help: { synopsis: 'All aliases of groups by id.', description: 'With what is known of each.' },
    operations: {
      list: {
        summary: 'List aliases of groups',
        pure: true,
        async handler({ fields, namespace }) {
          const mountOf = await parts.mounts(namespace);
          const records = parts.records(namespace);
          return listById(records, groupAliasIdPrefix, fields, async (ids) => {
            const owners = await records.getMany<string>(ids.map(groupAliasIdKey));
            const keys = owners.map((stored) => groupKey(stored?.value ?? 'none'));
            const groups = await records.getMany<GroupRecord>(keys);
            return groups.map((stored, index) => {
              const alias = stored?.value.alias;
              return stored && alias && alias.id === ids[index]
                ? listedAlias(alias, stored.value.id, null, mountOf)
                : undefined;
            });
          });
        },
      },
    },
  });
}

async function write(
  parts: IdentityParts,
  { fields, namespace }: Call<GroupAliasFields>,
): Promise<Reply | undefined> {
  const wish = {
    id: fields.id,
    name: fields.name,
    mountAccessor: fields.mount_accessor,
    canonicalId: fields.canonical_id,
  };
  const group = await parts.change(namespace, (draft) =>
    writeGroupAlias(draft, wish, parts.isMount(namespace), parts.now()),
  );
  return group?.alias ? { data: { canonical_id: group.id, id: group.alias.id } } : undefined;
}
