import { randomUUID } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { invalidRequest } from '../../contracts/errors.ts';
import { entityById, freeEntityName, newEntity, putEntity } from './entities.ts';
import type { AliasRecord, EntityRecord, FoundAlias, Metadata } from './entity-record.ts';
import type { IdentityDraft } from './identity-draft.ts';
import { checkAliasName, checkMetadata } from './identity-input.ts';
import { aliasIdKey, aliasKey, isIdentityId, isSameName } from './identity-keys.ts';

export interface AliasWish {
  readonly id?: string | undefined;
  readonly name?: string | undefined;
  readonly mountAccessor?: string | undefined;
  /** The entity it shall belong to. */
  readonly canonicalId?: string | undefined;
  readonly customMetadata?: Metadata | undefined;
}

/** An alias with the entity that it belongs to. */
export interface OwnedAlias {
  readonly entity: EntityRecord;
  readonly alias: AliasRecord;
}

/** Whether a mount of the namespace has this accessor. */
export type IsMount = (accessor: string) => Promise<boolean>;

export async function aliasById(draft: IdentityDraft, id: string): Promise<OwnedAlias | undefined> {
  if (!isIdentityId(id)) return undefined;
  const entityId = await draft.get<string>(aliasIdKey(id));
  const entity = entityId === undefined ? undefined : await entityById(draft, entityId);
  const alias = entity?.aliases.find((other) => other.id === id);
  return entity && alias && { entity, alias };
}

export async function aliasByFactors(
  draft: IdentityDraft,
  mountAccessor: string,
  name: string,
): Promise<OwnedAlias | undefined> {
  const found = await draft.get<FoundAlias>(aliasKey(mountAccessor, name));
  const owned = found && (await aliasById(draft, found.aliasId));
  // An index that somebody put back must lead nobody to what it led to once.
  const isIt = owned?.alias.mountAccessor === mountAccessor && isSameName(owned.alias.name, name);
  return isIt ? owned : undefined;
}

/** Creates or updates an alias. Undefined when there was nothing to change. */
export async function writeAlias(
  draft: IdentityDraft,
  wish: AliasWish,
  isMount: IsMount,
  nowMs: number,
): Promise<OwnedAlias | undefined> {
  const { name = '', mountAccessor = '', customMetadata } = wish;
  if (customMetadata) checkMetadata(customMetadata);
  if (name !== '') checkAliasName(name);
  if (wish.id) {
    const owned = await aliasById(draft, wish.id);
    if (!owned) throw invalidRequest('invalid alias ID provided');
    return updateAlias(draft, owned, wish, isMount, nowMs);
  }
  if (name === '' || mountAccessor === '')
    throw invalidRequest("'id' or 'mount_accessor' and 'name' must be provided");
  if (!(await isMount(mountAccessor))) throw invalidMount(mountAccessor);
  const owned = await aliasByFactors(draft, mountAccessor, name);
  if (owned) return updateAlias(draft, owned, wish, isMount, nowMs);
  const before = wish.canonicalId ? await entityById(draft, wish.canonicalId) : undefined;
  if (wish.canonicalId && !before) throw invalidRequest('invalid canonical ID');
  const entity = before ?? newEntity(await freeEntityName(draft), nowMs);
  if (entity.aliases.some((other) => other.mountAccessor === mountAccessor))
    throw invalidRequest('Alias already exists for requested entity and mount accessor');
  const alias = newAlias(name, mountAccessor, { customMetadata: customMetadata ?? null }, nowMs);
  const after = { ...entity, aliases: [...entity.aliases, alias], updatedMs: nowMs };
  await putEntity(draft, before, after);
  return { entity: after, alias };
}

export function newAlias(
  name: string,
  mountAccessor: string,
  more: Partial<Pick<AliasRecord, 'metadata' | 'customMetadata' | 'groupNames'>>,
  nowMs: number,
): AliasRecord {
  return {
    id: randomUUID(),
    name,
    mountAccessor,
    metadata: more.metadata ?? null,
    customMetadata: more.customMetadata ?? null,
    groupNames: more.groupNames ?? [],
    mergedFrom: [],
    createdMs: nowMs,
    updatedMs: nowMs,
  };
}

export async function removeAlias(draft: IdentityDraft, id: string, nowMs: number): Promise<void> {
  const owned = await aliasById(draft, id);
  if (!owned) return;
  const { entity } = owned;
  const aliases = entity.aliases.filter((other) => other.id !== id);
  await putEntity(draft, entity, { ...entity, aliases, updatedMs: nowMs });
}

async function updateAlias(
  draft: IdentityDraft,
  { entity, alias }: OwnedAlias,
  wish: AliasWish,
  isMount: IsMount,
  nowMs: number,
): Promise<OwnedAlias | undefined> {
  const next: AliasRecord = {
    ...alias,
    name: wish.name || alias.name,
    mountAccessor: wish.mountAccessor || alias.mountAccessor,
    customMetadata: wish.customMetadata ?? alias.customMetadata,
    updatedMs: nowMs,
  };
  const targetId = wish.canonicalId || entity.id;
  if (targetId === entity.id && isDeepStrictEqual({ ...next, updatedMs: alias.updatedMs }, alias))
    return undefined;
  if (next.mountAccessor !== alias.mountAccessor) {
    if (!(await isMount(next.mountAccessor))) throw invalidMount(next.mountAccessor);
  }
  const other = await aliasByFactors(draft, next.mountAccessor, next.name);
  if (other && other.alias.id !== alias.id)
    throw invalidRequest('alias with combination of mount accessor and name already exists');
  // What the old mount said of groups says nothing about the new one.
  const moved =
    next.mountAccessor === alias.mountAccessor ? next : { ...next, groupNames: [], metadata: null };
  return placeAlias(draft, entity, moved, targetId);
}

async function placeAlias(
  draft: IdentityDraft,
  entity: EntityRecord,
  alias: AliasRecord,
  targetId: string,
): Promise<OwnedAlias> {
  const clashes = ({ aliases }: EntityRecord) =>
    aliases.some(({ id, mountAccessor }) => id !== alias.id && mountAccessor === alias.mountAccessor);
  if (targetId === entity.id) {
    if (clashes(entity))
      throw invalidRequest(
        "Alias cannot be updated as the entity already has an alias for the given 'mount_accessor'",
      );
    const aliases = entity.aliases.map((each) => (each.id === alias.id ? alias : each));
    const after = { ...entity, aliases, updatedMs: alias.updatedMs };
    await putEntity(draft, entity, after);
    return { entity: after, alias };
  }
  const target = await entityById(draft, targetId);
  if (!target) throw invalidRequest("given 'canonical_id' is not associated with an entity");
  if (clashes(target))
    throw invalidRequest('Alias cannot be updated as the given entity already has an alias for this mount');
  const remaining = entity.aliases.filter(({ id }) => id !== alias.id);
  await putEntity(draft, entity, { ...entity, aliases: remaining, updatedMs: alias.updatedMs });
  const after = { ...target, aliases: [...target.aliases, alias], updatedMs: alias.updatedMs };
  await putEntity(draft, target, after);
  return { entity: after, alias };
}

function invalidMount(accessor: string): Error {
  return invalidRequest(`invalid mount accessor "${accessor}"`);
}
