import { invalidRequest } from '../../contracts/errors.ts';
import { entityById, putEntity, removeEntity } from './entities.ts';
import type { AliasRecord, EntityRecord } from './entity-record.ts';
import type { IdentityDraft } from './identity-draft.ts';

export interface Merge {
  readonly to: string;
  readonly from: readonly string[];
  /** Of two aliases for one mount, the one that stays; the other goes. */
  readonly keepAliasIds: readonly string[];
}

/**
 * Makes entities part of another, as Vault does: aliases and places in groups move, name, policies and metadata
 * are the other's, and tokens of those that are gone are tokens of it.
 */
export async function mergeEntities(
  draft: IdentityDraft,
  { to, from, keepAliasIds }: Merge,
  nowMs: number,
): Promise<void> {
  const fromIds = [...new Set(from)];
  const target = await entityById(draft, to);
  if (!target) throw invalidRequest('entity id to merge to is invalid');
  if (fromIds.length > 1 && keepAliasIds.length > 1)
    throw invalidRequest(
      'aliases conflicts cannot be resolved with multiple from entity ids - merge one entity at a time',
    );
  const sources: EntityRecord[] = [];
  for (const id of fromIds) {
    if (id === target.id) throw invalidRequest('to_entity_id should not be present in from_entity_ids');
    const source = await entityById(draft, id);
    if (!source) throw invalidRequest('entity id to merge from is invalid');
    sources.push(source);
  }
  let merged = target;
  for (const source of sources) merged = absorb(merged, source, keepAliasIds);
  for (const source of sources) await removeEntity(draft, source, target);
  await putEntity(draft, target, { ...merged, updatedMs: nowMs });
}

function absorb(target: EntityRecord, source: EntityRecord, keepAliasIds: readonly string[]): EntityRecord {
  let kept = target.aliases;
  const moved: AliasRecord[] = [];
  for (const alias of source.aliases) {
    const rival = kept.find((other) => other.mountAccessor === alias.mountAccessor);
    if (rival && keepAliasIds.includes(rival.id)) continue;
    if (rival && !keepAliasIds.includes(alias.id)) throw clash(target, source, rival, alias);
    if (rival) kept = kept.filter((other) => other !== rival);
    moved.push({ ...alias, mergedFrom: [...alias.mergedFrom, source.id] });
  }
  return {
    ...target,
    aliases: [...kept, ...moved],
    mergedEntityIds: [...new Set([...target.mergedEntityIds, source.id, ...source.mergedEntityIds])],
    groupIds: [...new Set([...target.groupIds, ...source.groupIds])],
  };
}

function clash(to: EntityRecord, from: EntityRecord, toAlias: AliasRecord, fromAlias: AliasRecord): Error {
  const shown = (entity: EntityRecord, alias: AliasRecord) => ({
    alias: alias.name,
    alias_id: alias.id,
    entity: entity.name,
    entity_id: entity.id,
    mount_accessor: alias.mountAccessor,
  });
  return invalidRequest(
    `toEntity and at least one fromEntity have aliases with the same mount accessor ${toAlias.mountAccessor}: ` +
      `conflicting toEntity alias ID: ${toAlias.id}, conflicting fromEntity alias ID: ${fromAlias.id}`,
    {
      hint: 'Merge that entity alone, with the alias that shall stay in conflicting_alias_ids_to_keep.',
      data: { data: [shown(to, toAlias), shown(from, fromAlias)] },
    },
  );
}
