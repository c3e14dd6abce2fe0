import { invalidRequest } from '../../contracts/errors.ts';
import { definePath, type FieldDeclarations, type PathDeclaration } from '../../contracts/paths.ts';
import { entityById, entityByName } from './entities.ts';
import { aliasByFactors, aliasById } from './entity-aliases.ts';
import { shown as shownEntity } from './entity-paths.ts';
import { shown as shownGroup } from './group-paths.ts';
import { groupByAlias, groupByAliasId, groupById, groupByName } from './groups.ts';
import type { IdentityParts } from './identity-parts.ts';

const fields = {
  id: { type: 'string', description: 'Id' },
  name: { type: 'string', description: 'Name' },
  alias_id: { type: 'string', description: 'Id of an alias' },
  alias_name: { type: 'string', description: 'Name of an alias; with alias_mount_accessor' },
  alias_mount_accessor: { type: 'string', description: 'Accessor of the mount of an alias' },
} as const satisfies FieldDeclarations;

interface Question {
  readonly id: string | undefined;
  readonly name: string | undefined;
  readonly alias_id: string | undefined;
  readonly alias_name: string | undefined;
  readonly alias_mount_accessor: string | undefined;
}

/** One of four ways to find an entity or a group. */
interface Finders<T> {
  readonly id: (id: string) => Promise<T | undefined>;
  readonly name: (name: string) => Promise<T | undefined>;
  readonly aliasId: (id: string) => Promise<T | undefined>;
  readonly alias: (accessor: string, name: string) => Promise<T | undefined>;
}

/** `identity/lookup/…`. Nothing found is nothing to say: 204. */
export function lookupPaths(parts: IdentityParts): PathDeclaration[] {
  const description = 'By one of: id; name; alias_id; alias_name with alias_mount_accessor.';
  return [
    definePath({
      pattern: 'lookup/entity',
      fields,
      help: { synopsis: 'Find an entity.', description },
      operations: {
        write: {
          summary: 'Find an entity',
          async handler({ fields, namespace }) {
            const draft = parts.reading(namespace);
            const found = await find(fields, {
              id: (id) => entityById(draft, id),
              name: (name) => entityByName(draft, name),
              aliasId: async (id) => (await aliasById(draft, id))?.entity,
              alias: async (accessor, name) => (await aliasByFactors(draft, accessor, name))?.entity,
            });
            return shownEntity(parts, namespace, found);
          },
        },
      },
    }),
    definePath({
      pattern: 'lookup/group',
      fields,
      help: { synopsis: 'Find a group.', description },
      operations: {
        write: {
          summary: 'Find a group',
          async handler({ fields, namespace }) {
            const draft = parts.reading(namespace);
            const found = await find(fields, {
              id: (id) => groupById(draft, id),
              name: (name) => groupByName(draft, name),
              aliasId: (id) => groupByAliasId(draft, id),
              alias: (accessor, name) => groupByAlias(draft, accessor, name),
            });
            return shownGroup(parts, namespace, found);
          },
        },
      },
    }),
  ];
}

async function find<T>(asked: Question, finders: Finders<T>): Promise<T | undefined> {
  const { id = '', name = '', alias_id: aliasId = '' } = asked;
  const { alias_name: aliasName = '', alias_mount_accessor: accessor = '' } = asked;
  const hasFactors = aliasName !== '' || accessor !== '';
  const ways = [id !== '', name !== '', aliasId !== '', hasFactors].filter(Boolean).length;
  if (ways === 0) throw invalidRequest('query parameter not supplied');
  if (ways > 1)
    throw invalidRequest('only one way to query can be given: id, name, alias_id, or alias factors');
  if (id !== '') return finders.id(id);
  if (name !== '') return finders.name(name);
  if (aliasId !== '') return finders.aliasId(aliasId);
  if (aliasName === '' || accessor === '')
    throw invalidRequest("both 'alias_mount_accessor' and 'alias_name' needs to be set");
  return finders.alias(accessor, aliasName);
}
