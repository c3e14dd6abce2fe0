import {
  type Call,
  definePath,
  type FieldDeclarations,
  type PathDeclaration,
} from '../../contracts/paths.ts';
import type { Reply } from '../../contracts/request.ts';
import { type AliasWish, aliasById, removeAlias, writeAlias } from './entity-aliases.ts';
import type { EntityRecord } from './entity-record.ts';
import { aliasIdKey, aliasIdPrefix, entityKey } from './identity-keys.ts';
import { listById, pageFields } from './identity-lists.ts';
import type { IdentityParts } from './identity-parts.ts';
import { listedAlias, shownAlias } from './identity-shapes.ts';

const idField = { type: 'string', description: 'Id of the alias' } as const;
const fields = {
  id: idField,
  name: { type: 'string', description: 'What the mount calls the entity; the same in any case' },
  mount_accessor: { type: 'string', description: 'Accessor of the auth mount' },
  canonical_id: { type: 'string', description: 'Id of the entity', aliases: ['entity_id'] },
  custom_metadata: { type: 'key-values', description: 'Metadata that no login changes' },
} as const satisfies FieldDeclarations;

interface AliasFields {
  readonly id: string | undefined;
  readonly name: string | undefined;
  readonly mount_accessor: string | undefined;
  readonly canonical_id: string | undefined;
  readonly custom_metadata: AliasWish['customMetadata'];
}

const help = {
  synopsis: 'What auth mounts call entities.',
  description:
    'Whoever logs in at the mount under the name is the entity. An entity has one alias for each mount at most; a first login makes both.',
};

/** `identity/entity-alias…`. */
export function entityAliasPaths(parts: IdentityParts): PathDeclaration[] {
  return [
    definePath({
      pattern: 'entity-alias',
      fields,
      help,
      operations: { write: { summary: 'Create or update an alias', handler: (call) => write(parts, call) } },
    }),
    definePath({
      pattern: 'entity-alias/id/{id}',
      fields: { ...fields, id: { ...idField, required: true } },
      help,
      operations: {
        write: { summary: 'Update an alias', handler: (call) => write(parts, call) },
        read: {
          summary: 'Read an alias',
          pure: true,
          async handler({ fields, namespace }) {
            const owned = await aliasById(parts.reading(namespace), fields.id);
            if (!owned) return undefined;
            const mountOf = await parts.mounts(namespace);
            return { data: shownAlias(owned.alias, owned.entity.id, mountOf, namespace.id) };
          },
        },
        delete: {
          summary: 'Delete an alias',
          async handler({ fields, namespace }) {
            await parts.change(namespace, (draft) => removeAlias(draft, fields.id, parts.now()));
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
    pattern: 'entity-alias/id',
    fields: pageFields,
    help: { synopsis: 'All aliases of entities by id.', description: 'With what is known of each.' },
    operations: {
      list: {
        summary: 'List aliases of entities',
        pure: true,
        async handler({ fields, namespace }) {
          const mountOf = await parts.mounts(namespace);
          const records = parts.records(namespace);
          return listById(records, aliasIdPrefix, fields, async (ids) => {
            const owners = await records.getMany<string>(ids.map(aliasIdKey));
            const keys = owners.map((stored) => entityKey(stored?.value ?? 'none'));
            const entities = await records.getMany<EntityRecord>(keys);
            return entities.map((stored, index) => {
              const alias = stored?.value.aliases.find(({ id }) => id === ids[index]);
              return stored && alias && listedAlias(alias, stored.value.id, alias.customMetadata, mountOf);
            });
          });
        },
      },
    },
  });
}

async function write(
  parts: IdentityParts,
  { fields, namespace }: Call<AliasFields>,
): Promise<Reply | undefined> {
  const wish: AliasWish = {
    id: fields.id,
    name: fields.name,
    mountAccessor: fields.mount_accessor,
    canonicalId: fields.canonical_id,
    customMetadata: fields.custom_metadata,
  };
  const owned = await parts.change(namespace, (draft) =>
    writeAlias(draft, wish, parts.isMount(namespace), parts.now()),
  );
  return owned && { data: { canonical_id: owned.entity.id, id: owned.alias.id } };
}
