import { type IndexEntries, mark } from './identity-draft.ts';
import { aliasIdKey, aliasKey, entityNameKey, externalMemberKey, mergedKey } from './identity-keys.ts';

export type Metadata = Readonly<Record<string, string>>;

/** A person or machine, with everything that names it, in one record: `entity/<id>`. Milliseconds since the epoch. */
export interface EntityRecord {
  readonly id: string;
  readonly name: string;
  readonly metadata: Metadata | null;
  /** Sorted, lower-case. */
  readonly policies: readonly string[];
  readonly disabled: boolean;
  /** At most one for each mount. */
  readonly aliases: readonly AliasRecord[];
  /** Entities that are part of this one now: their tokens are its tokens. */
  readonly mergedEntityIds: readonly string[];
  /** Internal groups that name it as a member; those groups say the same. */
  readonly groupIds: readonly string[];
  readonly createdMs: number;
  readonly updatedMs: number;
}

/** What an auth mount calls an entity. */
export interface AliasRecord {
  readonly id: string;
  readonly name: string;
  readonly mountAccessor: string;
  /** From the auth method, at the last login. */
  readonly metadata: Metadata | null;
  readonly customMetadata: Metadata | null;
  /** What the mount called its groups at the last login: membership of external groups. */
  readonly groupNames: readonly string[];
  readonly mergedFrom: readonly string[];
  readonly createdMs: number;
  readonly updatedMs: number;
}

/** Every key by which an entity is found, or is found to be a member. */
export function entityIndex(entity: EntityRecord): IndexEntries {
  const { id, name } = entity;
  const entries = new Map<string, unknown>([[entityNameKey(name), { id, name }]]);
  for (const merged of entity.mergedEntityIds) entries.set(mergedKey(merged), id);
  for (const alias of entity.aliases) {
    entries.set(aliasKey(alias.mountAccessor, alias.name), { id, aliasId: alias.id });
    entries.set(aliasIdKey(alias.id), id);
    for (const group of alias.groupNames) {
      entries.set(externalMemberKey(alias.mountAccessor, group, id), mark);
    }
  }
  return entries;
}

/** What `entity-name/` and `alias/` lead to. */
export interface NamedId {
  readonly id: string;
  readonly name: string;
}
export interface FoundAlias {
  readonly id: string;
  readonly aliasId: string;
}
