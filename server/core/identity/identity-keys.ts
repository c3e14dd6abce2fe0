import { hash } from 'node:crypto';

/**
 * Keys below `sys/identity/` of a namespace. Names are hashed: they may hold anything and be of any length, and
 * differ in more than case to be different, as in Vault.
 */
export const entityPrefix = 'entity/';
export const groupPrefix = 'group/';
export const entityNamePrefix = 'entity-name/';
export const groupNamePrefix = 'group-name/';
export const aliasIdPrefix = 'alias-id/';
export const groupAliasIdPrefix = 'group-alias-id/';

export const entityKey = (id: string): string => `${entityPrefix}${id}`;
export const groupKey = (id: string): string => `${groupPrefix}${id}`;
export const entityNameKey = (name: string): string => `${entityNamePrefix}${digest(name)}`;
export const groupNameKey = (name: string): string => `${groupNamePrefix}${digest(name)}`;
export const aliasIdKey = (id: string): string => `${aliasIdPrefix}${id}`;
export const groupAliasIdKey = (id: string): string => `${groupAliasIdPrefix}${id}`;
export const aliasKey = (accessor: string, name: string): string => `alias/${factors(accessor, name)}`;
export const groupAliasKey = (accessor: string, name: string): string =>
  `group-alias/${factors(accessor, name)}`;
/** From an entity that was merged to the one it is part of. */
export const mergedKey = (id: string): string => `merged/${id}`;
/** What an entity shares with its authenticators; core/mfa's. */
export const mfaSecretKey = (entityId: string): string => `mfa-secret/${entityId}`;
/** Below this, the entities whose mount calls them members of a group with that name. */
export const externalMembersPrefix = (accessor: string, name: string): string =>
  `external/${factors(accessor, name)}/`;
export const externalMemberKey = (accessor: string, name: string, entityId: string): string =>
  `${externalMembersPrefix(accessor, name)}${entityId}`;

const uuid = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** Ids come from outside and become keys: anything else is as good as an id that does not exist. */
export function isIdentityId(id: string): boolean {
  return uuid.test(id);
}

/** Names are the same when they differ in case alone. */
export function isSameName(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase();
}

function factors(accessor: string, name: string): string {
  return digest(`${accessor}\n${name}`);
}

function digest(name: string): string {
  return hash('sha256', name.toLowerCase(), 'hex');
}
