import type { Records } from '../../contracts/records.ts';
import type { EntityRecord, FoundAlias } from './entity-record.ts';
import type { GroupAliasRecord, GroupRecord } from './group-record.ts';
import { entityKey, externalMembersPrefix, groupAliasKey, groupKey, isSameName } from './identity-keys.ts';

export interface Memberships {
  /** Groups that name the entity, or whose alias its mounts named at its last logins. */
  readonly direct: readonly GroupRecord[];
  /** Groups above those, each once. */
  readonly inherited: readonly GroupRecord[];
}

/** The groups of an entity, by id from the entity upwards. */
export async function membershipsOf(records: Records, entity: EntityRecord): Promise<Memberships> {
  const named = await groupsById(records, [...new Set(await externalGroupIds(records, entity))]);
  const external = named.filter(({ alias }) => alias !== null && isMember(entity, alias));
  const direct = [...(await groupsById(records, entity.groupIds)), ...external];
  const seen = new Set(direct.map(({ id }) => id));
  const inherited: GroupRecord[] = [];
  for (let level: readonly GroupRecord[] = direct; level.length > 0; ) {
    const parents = new Set(level.flatMap(({ parentGroupIds }) => parentGroupIds ?? []));
    level = await groupsById(
      records,
      [...parents].filter((id) => !seen.has(id)),
    );
    for (const { id } of level) seen.add(id);
    inherited.push(...level);
  }
  return { direct, inherited };
}

/** Entities whose mount named the group at their last login. The index only says where to look. */
export async function externalMembers(records: Records, alias: GroupAliasRecord): Promise<string[]> {
  const prefix = externalMembersPrefix(alias.mountAccessor, alias.name);
  const members: string[] = [];
  let after: string | undefined;
  for (;;) {
    const keys = await records.scanKeys(prefix, { limit: 1000, ...(after === undefined ? {} : { after }) });
    const ids = keys.map((key) => key.slice(prefix.length));
    const entities = await records.getMany<EntityRecord>(ids.map(entityKey));
    for (const stored of entities) if (stored && isMember(stored.value, alias)) members.push(stored.value.id);
    after = keys.at(-1);
    if (after === undefined) return members;
  }
}

function isMember(entity: EntityRecord, { mountAccessor, name }: GroupAliasRecord): boolean {
  return entity.aliases.some(
    (alias) =>
      alias.mountAccessor === mountAccessor && alias.groupNames.some((group) => isSameName(group, name)),
  );
}

async function externalGroupIds(records: Records, entity: EntityRecord): Promise<string[]> {
  const keys = entity.aliases.flatMap(({ mountAccessor, groupNames }) =>
    groupNames.map((name) => groupAliasKey(mountAccessor, name)),
  );
  if (keys.length === 0) return [];
  const found = await records.getMany<FoundAlias>(keys);
  return found.flatMap((stored) => (stored ? [stored.value.id] : []));
}

async function groupsById(records: Records, ids: readonly string[]): Promise<GroupRecord[]> {
  if (ids.length === 0) return [];
  const found = await records.getMany<GroupRecord>(ids.map(groupKey));
  return found.flatMap((stored) => (stored ? [stored.value] : []));
}
