import type { Metadata } from './entity-record.ts';
import type { IndexEntries } from './identity-draft.ts';
import { groupAliasIdKey, groupAliasKey, groupNameKey } from './identity-keys.ts';

export type GroupType = 'internal' | 'external';

/** A group in one record: `group/<id>`. Null where nobody has set anything. Milliseconds since the epoch. */
export interface GroupRecord {
  readonly id: string;
  readonly name: string;
  readonly type: GroupType;
  /** Lower-case, in the order given. */
  readonly policies: readonly string[] | null;
  readonly metadata: Metadata | null;
  /** Of an internal group; each of these entities names this group too. */
  readonly memberEntityIds: readonly string[] | null;
  /** Of an internal group; each of these groups names this one among its parents. */
  readonly memberGroupIds: readonly string[] | null;
  readonly parentGroupIds: readonly string[] | null;
  /** Of an external group: what an auth mount calls it. */
  readonly alias: GroupAliasRecord | null;
  readonly modifyIndex: number;
  readonly createdMs: number;
  readonly updatedMs: number;
}

export interface GroupAliasRecord {
  readonly id: string;
  readonly name: string;
  readonly mountAccessor: string;
  readonly createdMs: number;
  readonly updatedMs: number;
}

/** Every key by which a group is found. */
export function groupIndex({ id, name, alias }: GroupRecord): IndexEntries {
  const entries = new Map<string, unknown>([[groupNameKey(name), { id, name }]]);
  if (alias) {
    entries.set(groupAliasKey(alias.mountAccessor, alias.name), { id, aliasId: alias.id });
    entries.set(groupAliasIdKey(alias.id), id);
  }
  return entries;
}
