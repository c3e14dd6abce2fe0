import type { JsonObject } from '../../contracts/request.ts';
import type { AliasRecord, EntityRecord, Metadata } from './entity-record.ts';
import type { GroupAliasRecord, GroupRecord } from './group-record.ts';
import type { Memberships } from './memberships.ts';

/** The mount behind an accessor, as answers show it; nothing when it is gone. */
export interface ShownMount {
  readonly mount_path: string;
  readonly mount_type: string;
}
export type MountOf = (accessor: string) => ShownMount | undefined;

export function shownEntity(
  entity: EntityRecord,
  { direct, inherited }: Memberships,
  mountOf: MountOf,
  namespaceId: string,
): JsonObject {
  const directIds = direct.map(({ id }) => id);
  const inheritedIds = inherited.map(({ id }) => id);
  return {
    aliases: entity.aliases.map((alias) => ({
      canonical_id: entity.id,
      ...aliasFacts(alias),
      ...mountOf(alias.mountAccessor),
    })),
    creation_time: shownTime(entity.createdMs),
    direct_group_ids: directIds,
    disabled: entity.disabled,
    group_ids: [...directIds, ...inheritedIds],
    id: entity.id,
    inherited_group_ids: inheritedIds,
    last_update_time: shownTime(entity.updatedMs),
    merged_entity_ids: orNull(entity.mergedEntityIds),
    metadata: entity.metadata,
    name: entity.name,
    namespace_id: namespaceId,
    policies: entity.policies,
  };
}

export function shownAlias(
  alias: AliasRecord,
  canonicalId: string,
  mountOf: MountOf,
  namespaceId: string,
): JsonObject {
  return {
    canonical_id: canonicalId,
    ...aliasFacts(alias),
    ...mountOf(alias.mountAccessor),
    namespace_id: namespaceId,
  };
}

/** A group's alias has the keys of an entity's. */
export function shownGroupAlias(
  alias: GroupAliasRecord,
  canonicalId: string,
  mountOf: MountOf,
  namespaceId: string,
): JsonObject {
  return shownAlias(asAlias(alias), canonicalId, mountOf, namespaceId);
}

export function shownGroup(
  group: GroupRecord,
  memberEntityIds: readonly string[] | null,
  mountOf: MountOf,
  namespaceId: string,
): JsonObject {
  const { alias } = group;
  return {
    alias: alias
      ? { canonical_id: group.id, ...aliasFacts(asAlias(alias)), ...mountOf(alias.mountAccessor) }
      : {},
    creation_time: shownTime(group.createdMs),
    id: group.id,
    last_update_time: shownTime(group.updatedMs),
    member_entity_ids: memberEntityIds,
    member_group_ids: group.memberGroupIds,
    metadata: group.metadata,
    modify_index: group.modifyIndex,
    name: group.name,
    namespace_id: namespaceId,
    parent_group_ids: group.parentGroupIds,
    policies: group.policies,
    type: group.type,
  };
}

/** Beside an entity's id in a list. */
export function listedEntity({ name, aliases }: EntityRecord, mountOf: MountOf): JsonObject {
  if (aliases.length === 0) return { name };
  const shown = aliases.map((alias) => ({
    id: alias.id,
    mount_accessor: alias.mountAccessor,
    ...mountOf(alias.mountAccessor),
    name: alias.name,
  }));
  return { aliases: shown, name };
}

export function listedAlias(
  alias: Pick<AliasRecord, 'name' | 'mountAccessor'> & { readonly metadata?: Metadata | null },
  canonicalId: string,
  customMetadata: Metadata | null,
  mountOf: MountOf,
): JsonObject {
  return {
    canonical_id: canonicalId,
    custom_metadata: customMetadata,
    local: false,
    metadata: alias.metadata ?? null,
    mount_accessor: alias.mountAccessor,
    ...mountOf(alias.mountAccessor),
    name: alias.name,
  };
}

export function listedGroup(group: GroupRecord, mountOf: MountOf): JsonObject {
  const { alias } = group;
  return {
    ...(alias
      ? {
          alias: {
            id: alias.id,
            mount_accessor: alias.mountAccessor,
            ...mountOf(alias.mountAccessor),
            name: alias.name,
          },
        }
      : {}),
    name: group.name,
    num_member_entities: group.memberEntityIds?.length ?? 0,
    num_parent_groups: group.parentGroupIds?.length ?? 0,
  };
}

function aliasFacts(alias: AliasRecord): JsonObject {
  return {
    creation_time: shownTime(alias.createdMs),
    custom_metadata: alias.customMetadata,
    id: alias.id,
    last_update_time: shownTime(alias.updatedMs),
    local: false,
    merged_from_canonical_ids: orNull(alias.mergedFrom),
    metadata: alias.metadata,
    mount_accessor: alias.mountAccessor,
    name: alias.name,
  };
}

function asAlias(alias: GroupAliasRecord): AliasRecord {
  return { ...alias, metadata: null, customMetadata: null, groupNames: [], mergedFrom: [] };
}

function shownTime(timeMs: number): string {
  return new Date(timeMs).toISOString();
}

function orNull(ids: readonly string[]): readonly string[] | null {
  return ids.length > 0 ? ids : null;
}
