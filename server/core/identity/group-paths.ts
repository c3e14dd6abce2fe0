import { invalidRequest } from '../../contracts/errors.ts';
import {
  type Call,
  definePath,
  type FieldDeclarations,
  type PathDeclaration,
} from '../../contracts/paths.ts';
import type { Reply } from '../../contracts/request.ts';
import type { Metadata } from './entity-record.ts';
import type { GroupRecord } from './group-record.ts';
import { groupById, groupByName, removeGroup, writeGroup } from './groups.ts';
import type { IdentityDraft } from './identity-draft.ts';
import { groupKey, groupNamePrefix, groupPrefix } from './identity-keys.ts';
import { listById, listByName, pageFields } from './identity-lists.ts';
import type { IdentityParts } from './identity-parts.ts';
import { listedGroup, shownGroup } from './identity-shapes.ts';
import { externalMembers } from './memberships.ts';

type Where = Call<object>['namespace'];

const idField = { type: 'string', description: 'Id of the group' } as const;
const nameField = { type: 'string', description: 'Name of the group; the same in any case' } as const;
const settings = {
  type: { type: 'string', description: 'internal (the default) or external; never changes' },
  metadata: { type: 'key-values', description: 'Metadata, for templates in policies and for people' },
  policies: { type: 'strings', description: 'Policies of every token of its members, direct or not' },
  member_entity_ids: { type: 'strings', description: 'Entities in it; internal groups only' },
  member_group_ids: { type: 'strings', description: 'Groups in it, without cycles; internal groups only' },
} as const satisfies FieldDeclarations;
const fields = { id: idField, name: nameField, ...settings } as const;

interface GroupFields {
  readonly name: string | undefined;
  readonly type: string | undefined;
  readonly metadata: Metadata | undefined;
  readonly policies: readonly string[] | undefined;
  readonly member_entity_ids: readonly string[] | undefined;
  readonly member_group_ids: readonly string[] | undefined;
}

const help = {
  synopsis: 'Groups of entities.',
  description:
    'Internal groups list their members; of external ones an auth mount says at each login who is in them. Groups can be in groups.',
};

/** `identity/group…`. */
export function groupPaths(parts: IdentityParts): PathDeclaration[] {
  return [
    definePath({
      pattern: 'group',
      fields,
      help,
      operations: {
        write: {
          summary: 'Create a group, or update the one with the id or name',
          handler: ({ fields, namespace }) =>
            write(parts, namespace, fields, (draft) =>
              fields.id ? needed(draft, fields.id) : named(draft, fields.name),
            ),
        },
      },
    }),
    byId(parts),
    byName(parts),
    ids(parts),
    names(parts),
  ];
}

function byId(parts: IdentityParts): PathDeclaration {
  return definePath({
    pattern: 'group/id/{id}',
    fields: { ...fields, id: { ...idField, required: true } },
    help,
    operations: {
      write: {
        summary: 'Update a group',
        handler: ({ fields, namespace }) =>
          write(parts, namespace, fields, (draft) => needed(draft, fields.id)),
      },
      read: {
        summary: 'Read a group',
        pure: true,
        handler: async ({ fields, namespace }) =>
          shown(parts, namespace, await groupById(parts.reading(namespace), fields.id)),
      },
      delete: {
        summary: 'Delete a group',
        handler: ({ fields, namespace }) => remove(parts, namespace, (draft) => groupById(draft, fields.id)),
      },
    },
  });
}

function byName(parts: IdentityParts): PathDeclaration {
  type NamedCall = Call<{ readonly name: string }>;
  const found = async (call: NamedCall) => {
    const group = await groupByName(parts.reading(call.namespace), call.fields.name);
    if (group) await parts.checkSpelling(call, 'group/name', call.fields.name, group.name);
    return group;
  };
  const { id: _id, ...rest } = fields;
  return definePath({
    pattern: 'group/name/{name...}',
    fields: { ...rest, name: { ...nameField, required: true } },
    help,
    operations: {
      write: {
        summary: 'Create or update a group by name',
        async handler(call) {
          await found(call);
          return write(parts, call.namespace, call.fields, (draft) => named(draft, call.fields.name));
        },
      },
      read: {
        summary: 'Read a group by name',
        pure: true,
        handler: async (call) => shown(parts, call.namespace, await found(call)),
      },
      delete: {
        summary: 'Delete a group by name',
        async handler(call) {
          const group = await found(call);
          return group && remove(parts, call.namespace, (draft) => groupById(draft, group.id));
        },
      },
    },
  });
}

function ids(parts: IdentityParts): PathDeclaration {
  return definePath({
    pattern: 'group/id',
    fields: pageFields,
    help: { synopsis: 'All groups by id.', description: 'With the name, alias and size of each.' },
    operations: {
      list: {
        summary: 'List groups by id',
        pure: true,
        async handler({ fields, namespace }) {
          const mountOf = await parts.mounts(namespace);
          const records = parts.records(namespace);
          return listById(records, groupPrefix, fields, async (found) =>
            (await records.getMany<GroupRecord>(found.map(groupKey))).map(
              (stored) => stored && listedGroup(stored.value, mountOf),
            ),
          );
        },
      },
    },
  });
}

function names(parts: IdentityParts): PathDeclaration {
  return definePath({
    pattern: 'group/name',
    fields: pageFields,
    help: { synopsis: 'All groups by name.', description: 'In the case in which they were given.' },
    operations: {
      list: {
        summary: 'List groups by name',
        pure: true,
        handler: ({ fields, namespace }) => listByName(parts.records(namespace), groupNamePrefix, fields),
      },
    },
  });
}

async function needed(draft: IdentityDraft, id: string): Promise<GroupRecord> {
  const group = await groupById(draft, id);
  if (!group) throw invalidRequest('invalid group ID');
  return group;
}

async function named(draft: IdentityDraft, name: string | undefined): Promise<GroupRecord | undefined> {
  return name ? groupByName(draft, name) : undefined;
}

async function write(
  parts: IdentityParts,
  namespace: Where,
  given: GroupFields,
  find: (draft: IdentityDraft) => Promise<GroupRecord | undefined>,
): Promise<Reply | undefined> {
  const wish = {
    name: given.name,
    type: given.type,
    metadata: given.metadata,
    policies: given.policies,
    memberEntityIds: given.member_entity_ids,
    memberGroupIds: given.member_group_ids,
  };
  const { group, isNew } = await parts.change(namespace, async (draft) => {
    const before = await find(draft);
    return { group: await writeGroup(draft, before, wish, parts.now()), isNew: !before };
  });
  return isNew ? { data: { id: group.id, name: group.name } } : undefined;
}

async function remove(
  parts: IdentityParts,
  namespace: Where,
  find: (draft: IdentityDraft) => Promise<GroupRecord | undefined>,
): Promise<undefined> {
  await parts.change(namespace, async (draft) => {
    const group = await find(draft);
    if (group) await removeGroup(draft, group);
  });
  return undefined;
}

/** As `identity/lookup/group` shows it too. */
export async function shown(
  parts: IdentityParts,
  namespace: Where,
  group: GroupRecord | undefined,
): Promise<Reply | undefined> {
  if (!group) return undefined;
  const members = group.alias
    ? await externalMembers(parts.records(namespace), group.alias)
    : group.memberEntityIds;
  return { data: shownGroup(group, members, await parts.mounts(namespace), namespace.id) };
}
