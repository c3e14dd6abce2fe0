import { randomBytes, randomUUID } from 'node:crypto';
import { invalidRequest } from '../../contracts/errors.ts';
import { entityById } from './entities.ts';
import type { EntityRecord, FoundAlias, Metadata, NamedId } from './entity-record.ts';
import { type GroupRecord, type GroupType, groupIndex } from './group-record.ts';
import type { IdentityDraft } from './identity-draft.ts';
import { checkMetadata, checkName, identityPolicyNames } from './identity-input.ts';
import {
  entityKey,
  groupAliasIdKey,
  groupAliasKey,
  groupKey,
  groupNameKey,
  isIdentityId,
  isSameName,
} from './identity-keys.ts';

/** What a caller may set; undefined leaves a field as it is. */
export interface GroupWish {
  readonly name?: string | undefined;
  readonly type?: string | undefined;
  readonly metadata?: Metadata | undefined;
  readonly policies?: readonly string[] | undefined;
  readonly memberEntityIds?: readonly string[] | undefined;
  readonly memberGroupIds?: readonly string[] | undefined;
}

const nothing: ReadonlyMap<string, unknown> = new Map();
const nameTaken = 'group name is already in use';

export async function groupById(draft: IdentityDraft, id: string): Promise<GroupRecord | undefined> {
  return isIdentityId(id) ? draft.get<GroupRecord>(groupKey(id)) : undefined;
}

export async function groupByName(draft: IdentityDraft, name: string): Promise<GroupRecord | undefined> {
  const found = await draft.get<NamedId>(groupNameKey(name));
  return found && groupById(draft, found.id);
}

export async function groupByAliasId(draft: IdentityDraft, id: string): Promise<GroupRecord | undefined> {
  const groupId = isIdentityId(id) ? await draft.get<string>(groupAliasIdKey(id)) : undefined;
  return groupId === undefined ? undefined : groupById(draft, groupId);
}

export async function groupByAlias(
  draft: IdentityDraft,
  mountAccessor: string,
  name: string,
): Promise<GroupRecord | undefined> {
  const found = await draft.get<FoundAlias>(groupAliasKey(mountAccessor, name));
  const group = found && (await groupById(draft, found.id));
  const alias = group?.alias;
  return alias?.mountAccessor === mountAccessor && isSameName(alias.name, name) ? group : undefined;
}

/** Writes a group over `before`, or a new one. Throws 'invalid-request'. */
export async function writeGroup(
  draft: IdentityDraft,
  before: GroupRecord | undefined,
  wish: GroupWish,
  nowMs: number,
): Promise<GroupRecord> {
  const name = wish.name === '' ? undefined : wish.name;
  if (name !== undefined) checkName(name);
  if (wish.metadata) checkMetadata(wish.metadata);
  const named = name === undefined ? undefined : await groupByName(draft, name);
  if (named && named.id !== before?.id) throw invalidRequest(nameTaken);
  const type = typeOf(before, wish.type);
  if (type === 'external' && wish.memberEntityIds)
    throw invalidRequest("member entities can't be set manually for external groups");
  if (type === 'external' && wish.memberGroupIds)
    throw invalidRequest("member groups can't be set for external groups");
  const base = before ?? (await newGroup(draft, type, nowMs));
  const group: GroupRecord = {
    ...base,
    name: name ?? base.name,
    metadata: wish.metadata ?? base.metadata,
    policies: wish.policies ? identityPolicyNames(wish.policies) : base.policies,
    memberEntityIds: wish.memberEntityIds ? [...new Set(wish.memberEntityIds)] : base.memberEntityIds,
    memberGroupIds: wish.memberGroupIds ? [...new Set(wish.memberGroupIds)] : base.memberGroupIds,
    modifyIndex: base.modifyIndex + 1,
    updatedMs: nowMs,
  };
  await tellEntities(draft, group.id, before?.memberEntityIds ?? [], group.memberEntityIds ?? []);
  await tellGroups(draft, group.id, before?.memberGroupIds ?? [], group.memberGroupIds ?? []);
  await putGroup(draft, before, group, nameTaken);
  return group;
}

export async function newGroup(draft: IdentityDraft, type: GroupType, nowMs: number): Promise<GroupRecord> {
  return {
    id: randomUUID(),
    name: await freeGroupName(draft),
    type,
    policies: null,
    metadata: null,
    memberEntityIds: null,
    memberGroupIds: null,
    parentGroupIds: null,
    alias: null,
    modifyIndex: 0,
    createdMs: nowMs,
    updatedMs: nowMs,
  };
}

export async function putGroup(
  draft: IdentityDraft,
  before: GroupRecord | undefined,
  after: GroupRecord,
  taken: string,
): Promise<void> {
  await draft.reindex(before ? groupIndex(before) : nothing, groupIndex(after), taken);
  draft.put(groupKey(after.id), after);
}

export async function removeGroup(draft: IdentityDraft, group: GroupRecord): Promise<void> {
  await tellEntities(draft, group.id, group.memberEntityIds ?? [], []);
  await tellGroups(draft, group.id, group.memberGroupIds ?? [], []);
  for (const parentId of group.parentGroupIds ?? []) {
    const parent = await groupById(draft, parentId);
    if (!parent) continue;
    const memberGroupIds = (parent.memberGroupIds ?? []).filter((id) => id !== group.id);
    draft.put(groupKey(parentId), {
      ...parent,
      memberGroupIds: memberGroupIds.length > 0 ? memberGroupIds : null,
      modifyIndex: parent.modifyIndex + 1,
    } satisfies GroupRecord);
  }
  for (const key of groupIndex(group).keys()) draft.remove(key);
  draft.remove(groupKey(group.id));
}

function typeOf(before: GroupRecord | undefined, asked: string | undefined): GroupType {
  if (asked === undefined || asked === '') return before?.type ?? 'internal';
  if (before && asked !== before.type) throw invalidRequest('group type cannot be changed');
  if (asked !== 'internal' && asked !== 'external') throw invalidRequest(`invalid group type "${asked}"`);
  return asked;
}

async function freeGroupName(draft: IdentityDraft): Promise<string> {
  for (;;) {
    const name = `group_${randomBytes(4).toString('hex')}`;
    if (!(await draft.get(groupNameKey(name)))) return name;
  }
}

/** Each member knows its groups, so that what an entity may do is read from it upwards. */
async function tellEntities(
  draft: IdentityDraft,
  groupId: string,
  before: readonly string[],
  after: readonly string[],
): Promise<void> {
  const { gone, come } = difference(before, after);
  for (const id of gone) {
    const entity = await entityById(draft, id);
    if (entity) setGroups(draft, entity, without(entity.groupIds, groupId));
  }
  for (const id of come) {
    const entity = await entityById(draft, id);
    if (!entity) throw invalidRequest(`invalid entity ID "${id}"`);
    setGroups(draft, entity, [...without(entity.groupIds, groupId), groupId]);
  }
}

async function tellGroups(
  draft: IdentityDraft,
  groupId: string,
  before: readonly string[],
  after: readonly string[],
): Promise<void> {
  const { gone, come } = difference(before, after);
  for (const id of gone) {
    const child = await groupById(draft, id);
    if (child) setParents(draft, child, without(child.parentGroupIds ?? [], groupId));
  }
  for (const id of come) {
    if (id === groupId) throw invalidRequest(`member group ID "${id}" is same as the ID of the group`);
    const child = await groupById(draft, id);
    if (!child) throw invalidRequest(`invalid group ID "${id}"`);
    if (await reaches(draft, child, groupId))
      throw invalidRequest(`cyclic relationship detected for member group ID "${id}"`);
    setParents(draft, child, [...without(child.parentGroupIds ?? [], groupId), groupId]);
  }
}

/** Whether `groupId` is below `from`: everything looked at is expected unchanged by the commit. */
async function reaches(draft: IdentityDraft, from: GroupRecord, groupId: string): Promise<boolean> {
  const seen = new Set<string>();
  const waiting = [from];
  for (let group = waiting.pop(); group; group = waiting.pop()) {
    for (const id of group.memberGroupIds ?? []) {
      if (id === groupId) return true;
      if (seen.has(id)) continue;
      seen.add(id);
      const child = await groupById(draft, id);
      if (child) waiting.push(child);
    }
  }
  return false;
}

function setGroups(draft: IdentityDraft, entity: EntityRecord, groupIds: readonly string[]): void {
  draft.put(entityKey(entity.id), { ...entity, groupIds } satisfies EntityRecord);
}

function setParents(draft: IdentityDraft, group: GroupRecord, parents: readonly string[]): void {
  draft.put(groupKey(group.id), {
    ...group,
    parentGroupIds: parents.length > 0 ? parents : null,
    modifyIndex: group.modifyIndex + 1,
  } satisfies GroupRecord);
}

function difference(before: readonly string[], after: readonly string[]) {
  const old = new Set(before);
  const next = new Set(after);
  return { gone: before.filter((id) => !next.has(id)), come: after.filter((id) => !old.has(id)) };
}

function without(ids: readonly string[], id: string): string[] {
  return ids.filter((other) => other !== id);
}
