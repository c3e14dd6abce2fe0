import { invalidRequest } from '../../contracts/errors.ts';
import {
  type Call,
  definePath,
  type FieldDeclarations,
  type PathDeclaration,
} from '../../contracts/paths.ts';
import type { Reply } from '../../contracts/request.ts';
import { type EntityWish, entityById, entityByName, removeEntity, writeEntity } from './entities.ts';
import type { EntityRecord } from './entity-record.ts';
import { entityKey, entityNamePrefix, entityPrefix } from './identity-keys.ts';
import { listById, listByName, pageFields } from './identity-lists.ts';
import type { IdentityParts } from './identity-parts.ts';
import { listedEntity, shownEntity } from './identity-shapes.ts';
import { membershipsOf } from './memberships.ts';
import { mergeEntities } from './merge-entities.ts';

type Where = Call<object>['namespace'];

const idField = { type: 'string', description: 'Id of the entity' } as const;
const nameField = { type: 'string', description: 'Name of the entity; the same in any case' } as const;
const settings = {
  metadata: { type: 'key-values', description: 'Metadata, for templates in policies and for people' },
  policies: { type: 'strings', description: 'Policies of every token of the entity, beside its own' },
  disabled: { type: 'bool', description: 'Refuse its tokens, without revoking them' },
} as const satisfies FieldDeclarations;
const fields = { id: idField, name: nameField, ...settings } as const;

const help = {
  synopsis: 'Persons and machines.',
  description:
    'An entity is whoever logs in, through whichever auth mounts: each mount’s name for it is an alias. Its policies and those of its groups join those of its tokens when they are used.',
};

/** `identity/entity…`. */
export function entityPaths(parts: IdentityParts): PathDeclaration[] {
  return [
    definePath({
      pattern: 'entity',
      fields,
      help,
      operations: {
        write: {
          summary: 'Create an entity, or update the one with the id or name',
          handler: ({ fields, namespace }) => write(parts, namespace, fields),
          examples: [{ description: 'Create', data: { name: 'ada', policies: ['team'] } }],
        },
      },
    }),
    byId(parts),
    byName(parts),
    ids(parts),
    names(parts),
    merge(parts),
    batchDelete(parts),
  ];
}

function byId(parts: IdentityParts): PathDeclaration {
  return definePath({
    pattern: 'entity/id/{id}',
    fields: { ...fields, id: { ...idField, required: true } },
    help,
    operations: {
      write: {
        summary: 'Update an entity',
        handler: ({ fields, namespace }) => write(parts, namespace, fields),
      },
      read: {
        summary: 'Read an entity',
        pure: true,
        async handler({ fields, namespace }) {
          return shown(parts, namespace, await entityById(parts.reading(namespace), fields.id));
        },
      },
      delete: {
        summary: 'Delete an entity; its tokens are refused from then on',
        handler: ({ fields, namespace }) => remove(parts, namespace, [fields.id]),
      },
    },
  });
}

function byName(parts: IdentityParts): PathDeclaration {
  type NamedCall = Call<{ readonly name: string }>;
  const found = async (call: NamedCall) => {
    const entity = await entityByName(parts.reading(call.namespace), call.fields.name);
    if (entity) await parts.checkSpelling(call, 'entity/name', call.fields.name, entity.name);
    return entity;
  };
  const { id: _id, ...named } = fields;
  return definePath({
    pattern: 'entity/name/{name...}',
    fields: { ...named, name: { ...nameField, required: true } },
    help,
    operations: {
      write: {
        summary: 'Create or update an entity by name',
        async handler(call) {
          await found(call);
          return write(parts, call.namespace, call.fields);
        },
      },
      read: {
        summary: 'Read an entity by name',
        pure: true,
        handler: async (call) => shown(parts, call.namespace, await found(call)),
      },
      delete: {
        summary: 'Delete an entity by name',
        async handler(call) {
          const entity = await found(call);
          return entity && remove(parts, call.namespace, [entity.id]);
        },
      },
    },
  });
}

function ids(parts: IdentityParts): PathDeclaration {
  return definePath({
    pattern: 'entity/id',
    fields: pageFields,
    help: { synopsis: 'All entities by id.', description: 'With the names and aliases of each.' },
    operations: {
      list: {
        summary: 'List entities by id',
        pure: true,
        async handler({ fields, namespace }) {
          const mountOf = await parts.mounts(namespace);
          const records = parts.records(namespace);
          return listById(records, entityPrefix, fields, async (found) =>
            (await records.getMany<EntityRecord>(found.map(entityKey))).map(
              (stored) => stored && listedEntity(stored.value, mountOf),
            ),
          );
        },
      },
    },
  });
}

function names(parts: IdentityParts): PathDeclaration {
  return definePath({
    pattern: 'entity/name',
    fields: pageFields,
    help: { synopsis: 'All entities by name.', description: 'In the case in which they were given.' },
    operations: {
      list: {
        summary: 'List entities by name',
        pure: true,
        handler: ({ fields, namespace }) => listByName(parts.records(namespace), entityNamePrefix, fields),
      },
    },
  });
}

function merge(parts: IdentityParts): PathDeclaration {
  return definePath({
    pattern: 'entity/merge',
    fields: {
      from_entity_ids: { type: 'strings', description: 'Entities that become part of the other' },
      to_entity_id: { type: 'string', description: 'The entity that stays', default: '' },
      force: { type: 'bool', description: 'Keep the MFA secrets of the entity that stays' },
      conflicting_alias_ids_to_keep: {
        type: 'strings',
        description: 'Which alias stays, where both have one for the same mount',
      },
    },
    help: {
      synopsis: 'Make entities part of another.',
      description: 'Aliases, places in groups and tokens go over; policies and metadata do not.',
    },
    operations: {
      write: {
        summary: 'Merge entities',
        async handler({ fields, namespace }) {
          const { from_entity_ids: from = [], to_entity_id: to } = fields;
          const keepAliasIds = fields.conflicting_alias_ids_to_keep ?? [];
          if (to === '') throw invalidRequest('missing entity id to merge to');
          if (from.length === 0) throw invalidRequest('missing entity ids to merge from');
          await parts.change(namespace, (draft) =>
            mergeEntities(draft, { to, from, keepAliasIds }, parts.now()),
          );
          return undefined;
        },
      },
    },
  });
}

function batchDelete(parts: IdentityParts): PathDeclaration {
  return definePath({
    pattern: 'entity/batch-delete',
    fields: { entity_ids: { type: 'strings', description: 'Ids of the entities' } },
    help: { synopsis: 'Delete many entities.', description: 'Ids that do not exist are passed over.' },
    operations: {
      write: {
        summary: 'Delete entities',
        handler({ fields, namespace }) {
          if (!fields.entity_ids?.length) throw invalidRequest('missing entity ids to delete');
          return remove(parts, namespace, fields.entity_ids);
        },
      },
    },
  });
}

async function write(parts: IdentityParts, namespace: Where, wish: EntityWish): Promise<Reply | undefined> {
  const { entity, isNew } = await parts.change(namespace, (draft) => writeEntity(draft, wish, parts.now()));
  return isNew ? { data: { aliases: null, id: entity.id, name: entity.name } } : undefined;
}

/** One commit for each hundred, so that a long list is no single great one. */
async function remove(parts: IdentityParts, namespace: Where, ids: readonly string[]): Promise<undefined> {
  for (let from = 0; from < ids.length; from += 100) {
    await parts.change(namespace, async (draft) => {
      for (const id of ids.slice(from, from + 100)) {
        const entity = await entityById(draft, id);
        if (entity) await removeEntity(draft, entity);
      }
    });
  }
  return undefined;
}

/** As `identity/lookup/entity` shows it too. */
export async function shown(
  parts: IdentityParts,
  namespace: Where,
  entity: EntityRecord | undefined,
): Promise<Reply | undefined> {
  if (!entity) return undefined;
  const memberships = await membershipsOf(parts.records(namespace), entity);
  return { data: shownEntity(entity, memberships, await parts.mounts(namespace), namespace.id) };
}
