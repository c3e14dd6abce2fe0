import { randomBytes, randomUUID } from 'node:crypto';
import { invalidRequest } from '../../contracts/errors.ts';
import { type EntityRecord, entityIndex, type Metadata, type NamedId } from './entity-record.ts';
import type { GroupRecord } from './group-record.ts';
import type { IdentityDraft } from './identity-draft.ts';
import { checkMetadata, checkName, identityPolicyNames } from './identity-input.ts';
import { entityKey, entityNameKey, groupKey, isIdentityId, mfaSecretKey } from './identity-keys.ts';

/** What a caller may set; undefined leaves a field as it is. */
export interface EntityWish {
  readonly id?: string | undefined;
  readonly name?: string | undefined;
  readonly metadata?: Metadata | undefined;
  readonly policies?: readonly string[] | undefined;
  readonly disabled?: boolean | undefined;
}

const nothing: ReadonlyMap<string, unknown> = new Map();
const nameTaken = 'entity name is already in use';
const aliasTaken = 'alias with combination of mount accessor and name already exists';

export async function entityById(draft: IdentityDraft, id: string): Promise<EntityRecord | undefined> {
  return isIdentityId(id) ? draft.get<EntityRecord>(entityKey(id)) : undefined;
}

export async function entityByName(draft: IdentityDraft, name: string): Promise<EntityRecord | undefined> {
  const found = await draft.get<NamedId>(entityNameKey(name));
  return found && entityById(draft, found.id);
}

/** Creates or updates, by id, else by name. Says whether the entity is new. */
export async function writeEntity(
  draft: IdentityDraft,
  wish: EntityWish,
  nowMs: number,
): Promise<{ readonly entity: EntityRecord; readonly isNew: boolean }> {
  const name = wish.name === '' ? undefined : wish.name;
  if (name !== undefined) checkName(name);
  if (wish.metadata) checkMetadata(wish.metadata);
  const named = name === undefined ? undefined : await entityByName(draft, name);
  const before = wish.id ? await entityById(draft, wish.id) : named;
  if (wish.id && !before) throw invalidRequest('entity not found from id');
  if (named && before && named.id !== before.id) throw invalidRequest(nameTaken);
  const base = before ?? newEntity(await freeEntityName(draft), nowMs);
  const entity: EntityRecord = {
    ...base,
    name: name ?? base.name,
    metadata: wish.metadata ?? base.metadata,
    policies: wish.policies ? identityPolicyNames(wish.policies).sort() : base.policies,
    disabled: wish.disabled ?? base.disabled,
    updatedMs: nowMs,
  };
  await putEntity(draft, before, entity);
  return { entity, isNew: !before };
}

export function newEntity(name: string, nowMs: number): EntityRecord {
  return {
    id: randomUUID(),
    name,
    metadata: null,
    policies: [],
    disabled: false,
    aliases: [],
    mergedEntityIds: [],
    groupIds: [],
    createdMs: nowMs,
    updatedMs: nowMs,
  };
}

/** As Vault names those that nobody named. */
export async function freeEntityName(draft: IdentityDraft): Promise<string> {
  for (;;) {
    const name = `entity_${randomBytes(4).toString('hex')}`;
    if (!(await draft.get(entityNameKey(name)))) return name;
  }
}

/** Writes an entity with all that leads to it. Throws 'invalid-request' when its name or an alias is another's. */
export async function putEntity(
  draft: IdentityDraft,
  before: EntityRecord | undefined,
  after: EntityRecord,
): Promise<void> {
  const isRenamed = !before || entityNameKey(before.name) !== entityNameKey(after.name);
  const taken = isRenamed && (await draft.get(entityNameKey(after.name))) ? nameTaken : aliasTaken;
  await draft.reindex(before ? entityIndex(before) : nothing, entityIndex(after), taken);
  draft.put(entityKey(after.id), after);
}

/** Takes an entity out of its groups and away; `heir` takes its place in them. */
export async function removeEntity(
  draft: IdentityDraft,
  entity: EntityRecord,
  heir?: { readonly id: string },
): Promise<void> {
  for (const groupId of entity.groupIds) {
    const group = await draft.get<GroupRecord>(groupKey(groupId));
    if (!group) continue;
    const others = (group.memberEntityIds ?? []).filter((id) => id !== entity.id);
    const members = heir && !others.includes(heir.id) ? [...others, heir.id] : others;
    draft.put(groupKey(groupId), {
      ...group,
      memberEntityIds: members,
      modifyIndex: group.modifyIndex + 1,
    } satisfies GroupRecord);
  }
  for (const key of entityIndex(entity).keys()) draft.remove(key);
  // An heir goes on with what its entities had.
  if (!heir) for (const id of [entity.id, ...entity.mergedEntityIds]) draft.remove(mfaSecretKey(id));
  draft.remove(entityKey(entity.id));
}
