import { randomUUID } from 'node:crypto';
import { invalidRequest } from '../../contracts/errors.ts';
import type { IsMount } from './entity-aliases.ts';
import type { GroupAliasRecord, GroupRecord } from './group-record.ts';
import { groupByAlias, groupByAliasId, groupById, newGroup, putGroup } from './groups.ts';
import type { IdentityDraft } from './identity-draft.ts';
import { checkAliasName } from './identity-input.ts';

export interface GroupAliasWish {
  readonly id?: string | undefined;
  readonly name?: string | undefined;
  readonly mountAccessor?: string | undefined;
  /** The external group it names; without one, a new group is made. */
  readonly canonicalId?: string | undefined;
}

const inUse = 'combination of mount and group alias name is already in use';

/** Creates or updates what a mount calls an external group. Undefined when there was nothing to change. */
export async function writeGroupAlias(
  draft: IdentityDraft,
  wish: GroupAliasWish,
  isMount: IsMount,
  nowMs: number,
): Promise<GroupRecord | undefined> {
  const { name = '', mountAccessor = '', canonicalId = '' } = wish;
  const owner = wish.id ? await groupByAliasId(draft, wish.id) : undefined;
  if (wish.id && !owner) throw invalidRequest('invalid group alias ID');
  checkAliasName(name);
  if (mountAccessor === '') throw invalidRequest('missing mount_accessor');
  const before = owner?.alias ?? undefined;
  const stays = owner && (canonicalId === '' || canonicalId === owner.id);
  if (before && stays && before.name === name && before.mountAccessor === mountAccessor) return undefined;
  const target = canonicalId === '' ? undefined : await externalGroup(draft, canonicalId);
  if (!(await isMount(mountAccessor))) throw invalidRequest(`invalid mount accessor "${mountAccessor}"`);
  const named = await groupByAlias(draft, mountAccessor, name);
  if (named && named.id !== owner?.id) throw invalidRequest(inUse);
  const alias: GroupAliasRecord = {
    id: before?.id ?? randomUUID(),
    name,
    mountAccessor,
    createdMs: before?.createdMs ?? nowMs,
    updatedMs: nowMs,
  };
  if (owner && !stays) await putGroup(draft, owner, changed(owner, null, nowMs), inUse);
  const group = target ?? owner;
  const after = changed(group ?? (await newGroup(draft, 'external', nowMs)), alias, nowMs);
  await putGroup(draft, group, after, inUse);
  return after;
}

export async function removeGroupAlias(draft: IdentityDraft, id: string, nowMs: number): Promise<void> {
  const group = await groupByAliasId(draft, id);
  if (group) await putGroup(draft, group, changed(group, null, nowMs), inUse);
}

async function externalGroup(draft: IdentityDraft, id: string): Promise<GroupRecord> {
  const group = await groupById(draft, id);
  if (!group) throw invalidRequest("invalid group ID given in 'canonical_id'");
  if (group.type !== 'external') throw invalidRequest("alias can't be set on an internal group");
  return group;
}

function changed(group: GroupRecord, alias: GroupAliasRecord | null, nowMs: number): GroupRecord {
  return { ...group, alias, modifyIndex: group.modifyIndex + 1, updatedMs: nowMs };
}
