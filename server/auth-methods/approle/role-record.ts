import { isSubsetOf, normalizeRanges } from '../../contracts/address-ranges.ts';
import { invalidRequest } from '../../contracts/errors.ts';
import type { FieldDeclarations, FieldValues } from '../../contracts/paths.ts';
import type { JsonObject } from '../../contracts/request.ts';
import {
  changeTokenSettings,
  noTokenSettings,
  olderTokenFields,
  shownTokenSettings,
  type TokenSettings,
  tokenFields,
} from '../../contracts/token-fields.ts';

/** A role as stored under `role/<name>`. 0 and empty lists mean no limit. */
export interface RoleRecord {
  /** Random; what belongs to the role is kept under it, so that a new role of the same name inherits nothing. */
  readonly uid: string;
  readonly name: string;
  readonly roleId: string;
  readonly bindSecretId: boolean;
  readonly localSecretIds: boolean;
  readonly secretIdBoundCidrs: readonly string[];
  readonly secretIdNumUses: number;
  readonly secretIdTtlSeconds: number;
  readonly token: TokenSettings;
}

/** Lower case before policies are asked, so that no spelling goes round a rule about one. */
export const roleNameField = {
  type: 'lower-string',
  description: 'Name of the role',
  required: true,
} as const;

/** Every setting of a role. */
export const roleFields = {
  role_id: { type: 'string', description: 'Id to log in with, instead of a random one' },
  bind_secret_id: { type: 'bool', description: 'A login needs a secret id (the default)' },
  local_secret_ids: {
    type: 'bool',
    description: 'Secret ids stay in this cluster; can be chosen only when the role is made',
  },
  secret_id_bound_cidrs: {
    type: 'strings',
    description: 'Addresses and CIDR blocks from which secret ids are accepted',
  },
  bound_cidr_list: { type: 'strings', description: 'Use secret_id_bound_cidrs', deprecated: true },
  secret_id_num_uses: {
    type: 'int',
    description: 'How often a secret id can be used to log in; 0 for no limit',
  },
  secret_id_ttl: { type: 'duration', description: 'How long secret ids are valid; 0 for ever' },
  ...tokenFields,
  policies: olderTokenFields.policies,
  period: olderTokenFields.period,
} as const satisfies FieldDeclarations;

export type RoleChange = Partial<FieldValues<typeof roleFields>>;

export const maxIdLength = 4096;

/** A role before anything was said of it. */
export function newRole(name: string, uid: string, roleId: string): RoleRecord {
  return {
    uid,
    name,
    roleId,
    bindSecretId: true,
    localSecretIds: false,
    secretIdBoundCidrs: [],
    secretIdNumUses: 0,
    secretIdTtlSeconds: 0,
    token: noTokenSettings,
  };
}

/** `before` with what `given` names replaced. Throws 'invalid-request' when nobody, or anybody, could log in with the result. */
export function changeRole(before: RoleRecord, given: RoleChange, isNew: boolean): RoleRecord {
  const cidrs = given.secret_id_bound_cidrs ?? given.bound_cidr_list;
  if (!isNew && (given.local_secret_ids ?? before.localSecretIds) !== before.localSecretIds)
    throw invalidRequest('local_secret_ids can only be modified during role creation');
  if ((given.secret_id_num_uses ?? 0) < 0) throw invalidRequest('secret_id_num_uses cannot be negative');
  const role: RoleRecord = {
    ...before,
    roleId: given.role_id ? checkedRoleId(given.role_id) : before.roleId,
    bindSecretId: given.bind_secret_id ?? before.bindSecretId,
    localSecretIds: given.local_secret_ids ?? before.localSecretIds,
    secretIdBoundCidrs: cidrs ? checkedCidrs(cidrs) : before.secretIdBoundCidrs,
    secretIdNumUses: given.secret_id_num_uses ?? before.secretIdNumUses,
    secretIdTtlSeconds: given.secret_id_ttl ?? before.secretIdTtlSeconds,
    token: changeTokenSettings(before.token, given),
  };
  if (!role.bindSecretId && role.secretIdBoundCidrs.length === 0 && role.token.boundCidrs.length === 0)
    throw invalidRequest('at least one constraint should be enabled on the role', {
      hint: 'Set bind_secret_id, secret_id_bound_cidrs or token_bound_cidrs.',
    });
  return role;
}

/** As they were given: Vault reads these back with their masks. */
export function checkedCidrs(texts: readonly string[]): readonly string[] {
  const parsed = normalizeRanges(texts);
  if ('wrong' in parsed)
    throw invalidRequest('failed to validate CIDR blocks: one is neither an address nor a CIDR block', {
      hint: 'For example 10.0.0.0/8 or 2001:db8::1.',
    });
  return texts.map((text) => text.trim());
}

/** Throws 'invalid-request' when a secret id's addresses go beyond its role's. */
export function checkSubset(inner: readonly string[], outer: readonly string[]): void {
  if (isSubsetOf(inner, outer)) return;
  throw invalidRequest(
    `failed to verify subset relationship between CIDR blocks on the role ${JSON.stringify(outer)} and CIDR blocks on the secret ID ${JSON.stringify(inner)}`,
  );
}

export function shownRole(role: RoleRecord): JsonObject {
  return {
    bind_secret_id: role.bindSecretId,
    local_secret_ids: role.localSecretIds,
    secret_id_bound_cidrs: listOrNull(role.secretIdBoundCidrs),
    secret_id_num_uses: role.secretIdNumUses,
    secret_id_ttl: role.secretIdTtlSeconds,
    ...shownTokenSettings(role.token),
  };
}

/** Vault says null for no blocks in some places and [] in others. */
export function listOrNull(list: readonly string[]): readonly string[] | null {
  return list.length > 0 ? list : null;
}

function checkedRoleId(roleId: string): string {
  if (roleId.length > maxIdLength) throw invalidRequest(`role_id is longer than ${maxIdLength} characters`);
  return roleId;
}
