import { invalidRequest } from '../../contracts/errors.ts';
import { definePath, type FieldValues, type PathDeclaration } from '../../contracts/paths.ts';
import type { JsonObject } from '../../contracts/request.ts';
import { normalizePolicyNames, parseBoundCidrs } from '../../contracts/token-fields.ts';
import type { Roles, TokenRole } from './roles.ts';

const fields = {
  role_name: { type: 'string', description: 'Name of the role' },
  allowed_policies: {
    type: 'strings',
    description: 'Policies that tokens of this role may have; empty for those of the parent',
  },
  disallowed_policies: { type: 'strings', description: 'Policies that they may not have' },
  allowed_policies_glob: { type: 'strings', description: 'As allowed_policies, with * at either end' },
  disallowed_policies_glob: { type: 'strings', description: 'As disallowed_policies, with * at either end' },
  orphan: { type: 'bool', description: 'Tokens have no parent, so they outlive whoever made them' },
  renewable: { type: 'bool', description: 'Tokens can be renewed (the default)' },
  path_suffix: { type: 'string', description: 'Appended to the path that lookup shows' },
  allowed_entity_aliases: { type: 'strings', description: 'Entity aliases that may be given at creation' },
  token_bound_cidrs: { type: 'strings', description: 'Addresses from which the tokens may be used' },
  token_explicit_max_ttl: { type: 'duration', description: 'A ceiling that no renewal passes' },
  token_period: { type: 'duration', description: 'Tokens live for ever while renewed within this time' },
  token_no_default_policy: { type: 'bool', description: 'Leave out the default policy' },
  token_type: {
    type: 'string',
    description: 'service, batch, default-service or default-batch',
    allowed: ['service', 'batch', 'default-service', 'default-batch', 'default', ''],
  },
  token_num_uses: { type: 'int', description: 'How often the tokens can be used, 0 for no limit' },
  bound_cidrs: { type: 'strings', description: 'Use token_bound_cidrs', deprecated: true },
  explicit_max_ttl: { type: 'duration', description: 'Use token_explicit_max_ttl', deprecated: true },
  period: { type: 'duration', description: 'Use token_period', deprecated: true },
} as const;

type RoleFields = FieldValues<typeof fields>;

const olderNames = ['bound_cidrs', 'explicit_max_ttl', 'period'] as const;

export function rolePaths(roles: Roles): PathDeclaration[] {
  return [
    definePath({
      pattern: 'roles',
      fields: {},
      operations: {
        list: {
          summary: 'List token roles',
          pure: true,
          async handler() {
            return { data: { keys: await roles.list() } };
          },
        },
      },
      help: { synopsis: 'List the token roles.', description: 'Names only; read one for its settings.' },
    }),
    definePath({
      pattern: 'roles/{role_name}',
      fields,
      async exists(call) {
        return (await roles.find(call.fields.role_name ?? '')) !== undefined;
      },
      operations: {
        read: {
          summary: 'Read a token role',
          pure: true,
          async handler(call) {
            const role = await roles.find(call.fields.role_name ?? '');
            return role && { data: shown(role) };
          },
        },
        write: {
          summary: 'Create or change a token role',
          async handler(call) {
            const name = call.fields.role_name;
            if (!name) throw invalidRequest('role name cannot be empty');
            await roles.write(changed(name, await roles.find(name), call.fields));
            return undefined;
          },
        },
        delete: {
          summary: 'Delete a token role',
          async handler(call) {
            if (call.fields.role_name) await roles.remove(call.fields.role_name);
            return undefined;
          },
        },
      },
      help: {
        synopsis: 'Read, write and delete a token role.',
        description:
          'A role says what tokens made through create/<role> may be, whatever the caller’s own token may do.',
      },
    }),
  ];
}

function changed(name: string, before: TokenRole | undefined, given: RoleFields): TokenRole {
  const cidrs = given.token_bound_cidrs ?? given.bound_cidrs;
  const role: TokenRole = {
    name,
    allowedPolicies: policyNames(given.allowed_policies) ?? before?.allowedPolicies ?? [],
    disallowedPolicies: policyNames(given.disallowed_policies) ?? before?.disallowedPolicies ?? [],
    allowedPoliciesGlob: given.allowed_policies_glob ?? before?.allowedPoliciesGlob ?? [],
    disallowedPoliciesGlob: given.disallowed_policies_glob ?? before?.disallowedPoliciesGlob ?? [],
    orphan: given.orphan ?? before?.orphan ?? false,
    renewable: given.renewable ?? before?.renewable ?? true,
    pathSuffix: given.path_suffix ?? before?.pathSuffix ?? '',
    allowedEntityAliases: given.allowed_entity_aliases ?? before?.allowedEntityAliases ?? null,
    boundCidrs: cidrs ? parseBoundCidrs(cidrs) : (before?.boundCidrs ?? []),
    explicitMaxTtlSeconds:
      given.token_explicit_max_ttl ?? given.explicit_max_ttl ?? before?.explicitMaxTtlSeconds ?? 0,
    periodSeconds: given.token_period ?? given.period ?? before?.periodSeconds ?? 0,
    noDefaultPolicy: given.token_no_default_policy ?? before?.noDefaultPolicy ?? false,
    tokenType: given.token_type || before?.tokenType || 'default-service',
    numUses: given.token_num_uses ?? before?.numUses ?? 0,
    olderNames: olderNames.filter(
      (older) =>
        given[older] !== undefined ||
        (before?.olderNames.includes(older) && given[`token_${older}`] === undefined),
    ),
  };
  check(role);
  return role;
}

function check(role: TokenRole): void {
  if (role.tokenType === 'batch' && (role.periodSeconds > 0 || role.numUses > 0))
    throw invalidRequest("'token_type' cannot be 'batch' when the role has a period or a number of uses");
  if (role.tokenType === 'batch' && !role.orphan)
    throw invalidRequest("'token_type' cannot be 'batch' when the role is not for orphans");
  if (role.numUses < 0) throw invalidRequest("'token_num_uses' cannot be negative");
  if (!/^[A-Za-z0-9._/-]{0,256}$/.test(role.pathSuffix) || /\.\.|\/\/|^\/|\/$/.test(role.pathSuffix))
    throw invalidRequest('path_suffix may hold letters, digits, ".", "_", "-" and "/" between them');
}

function policyNames(names: readonly string[] | undefined): readonly string[] | undefined {
  return names && normalizePolicyNames(names);
}

function shown(role: TokenRole): JsonObject {
  const older = (name: string) => role.olderNames.includes(name);
  return {
    allowed_entity_aliases: role.allowedEntityAliases,
    allowed_policies: role.allowedPolicies,
    allowed_policies_glob: role.allowedPoliciesGlob,
    ...(older('bound_cidrs') ? { bound_cidrs: role.boundCidrs } : {}),
    disallowed_policies: role.disallowedPolicies,
    disallowed_policies_glob: role.disallowedPoliciesGlob,
    explicit_max_ttl: older('explicit_max_ttl') ? role.explicitMaxTtlSeconds : 0,
    name: role.name,
    orphan: role.orphan,
    path_suffix: role.pathSuffix,
    period: older('period') ? role.periodSeconds : 0,
    renewable: role.renewable,
    ...(role.boundCidrs.length > 0 ? { token_bound_cidrs: role.boundCidrs } : {}),
    token_explicit_max_ttl: role.explicitMaxTtlSeconds,
    token_no_default_policy: role.noDefaultPolicy,
    ...(role.numUses > 0 ? { token_num_uses: role.numUses } : {}),
    token_period: role.periodSeconds,
    token_type: role.tokenType,
  };
}
