import { invalidRequest } from '../../contracts/errors.ts';
import { definePath, type PathDeclaration } from '../../contracts/paths.ts';
import { checkCidrs } from './bound-cidrs.ts';
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
  token_bound_cidrs: {
    type: 'strings',
    description: 'Addresses from which the tokens may be used',
    aliases: ['bound_cidrs'],
  },
  token_explicit_max_ttl: {
    type: 'duration',
    description: 'A ceiling that no renewal passes',
    aliases: ['explicit_max_ttl'],
  },
  token_period: {
    type: 'duration',
    description: 'Tokens live for ever while renewed within this time',
    aliases: ['period'],
  },
  token_no_default_policy: { type: 'bool', description: 'Leave out the default policy' },
  token_type: {
    type: 'string',
    description: 'service, batch, default-service or default-batch',
    allowed: ['service', 'batch', 'default-service', 'default-batch', 'default', ''],
  },
  token_num_uses: { type: 'int', description: 'How often the tokens can be used, 0 for no limit' },
} as const;

export function rolePaths(roles: Roles): PathDeclaration[] {
  return [
    definePath({
      pattern: 'roles',
      fields: {},
      operations: {
        list: {
          summary: 'List token roles',
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
          async handler(call) {
            const role = await roles.find(call.fields.role_name ?? '');
            return role && { data: shown(role) };
          },
        },
        write: {
          summary: 'Create or change a token role',
          async handler(call) {
            await roles.write(merged(await roles.find(call.fields.role_name ?? ''), call.fields));
            return undefined;
          },
        },
        delete: {
          summary: 'Delete a token role',
          async handler(call) {
            await roles.remove(call.fields.role_name ?? '');
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

type RoleFields = Parameters<
  NonNullable<Parameters<typeof definePath<typeof fields>>[0]['exists']>
>[0]['fields'];

function merged(before: TokenRole | undefined, given: RoleFields): TokenRole {
  const role: TokenRole = {
    name: given.role_name ?? '',
    allowedPolicies: sorted(given.allowed_policies) ?? before?.allowedPolicies ?? [],
    disallowedPolicies: sorted(given.disallowed_policies) ?? before?.disallowedPolicies ?? [],
    allowedPoliciesGlob: given.allowed_policies_glob ?? before?.allowedPoliciesGlob ?? [],
    disallowedPoliciesGlob: given.disallowed_policies_glob ?? before?.disallowedPoliciesGlob ?? [],
    orphan: given.orphan ?? before?.orphan ?? false,
    renewable: given.renewable ?? before?.renewable ?? true,
    pathSuffix: given.path_suffix ?? before?.pathSuffix ?? '',
    allowedEntityAliases: given.allowed_entity_aliases ?? before?.allowedEntityAliases ?? null,
    boundCidrs: given.token_bound_cidrs ? checkCidrs(given.token_bound_cidrs) : (before?.boundCidrs ?? []),
    explicitMaxTtlSeconds: given.token_explicit_max_ttl ?? before?.explicitMaxTtlSeconds ?? 0,
    periodSeconds: given.token_period ?? before?.periodSeconds ?? 0,
    noDefaultPolicy: given.token_no_default_policy ?? before?.noDefaultPolicy ?? false,
    tokenType: given.token_type || before?.tokenType || 'default-service',
    numUses: given.token_num_uses ?? before?.numUses ?? 0,
  };
  if (role.tokenType === 'batch' && (role.periodSeconds > 0 || role.numUses > 0))
    throw invalidRequest("'token_type' cannot be 'batch' when the role has a period or a number of uses");
  if (role.tokenType === 'batch' && !role.orphan)
    throw invalidRequest("'token_type' cannot be 'batch' when the role is not for orphans");
  if (role.numUses < 0) throw invalidRequest("'token_num_uses' cannot be negative");
  if (!/^[A-Za-z0-9._/-]{0,256}$/.test(role.pathSuffix) || role.pathSuffix.includes('..'))
    throw invalidRequest('path_suffix may hold letters, digits, ".", "_", "-" and "/"');
  return role;
}

function sorted(names: readonly string[] | undefined): readonly string[] | undefined {
  return names && [...new Set(names.map((name) => name.toLowerCase()))].sort();
}

function shown(role: TokenRole) {
  return {
    name: role.name,
    allowed_policies: role.allowedPolicies,
    disallowed_policies: role.disallowedPolicies,
    allowed_policies_glob: role.allowedPoliciesGlob,
    disallowed_policies_glob: role.disallowedPoliciesGlob,
    orphan: role.orphan,
    renewable: role.renewable,
    path_suffix: role.pathSuffix,
    allowed_entity_aliases: role.allowedEntityAliases,
    explicit_max_ttl: 0,
    period: 0,
    token_bound_cidrs: role.boundCidrs,
    token_explicit_max_ttl: role.explicitMaxTtlSeconds,
    token_no_default_policy: role.noDefaultPolicy,
    token_period: role.periodSeconds,
    token_type: role.tokenType,
    token_num_uses: role.numUses,
  };
}
