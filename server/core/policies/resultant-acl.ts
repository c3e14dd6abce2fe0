import type { Acl } from './acl.ts';
import type { ParameterRules, ParameterValue } from './parse-policy.ts';
import type { Permissions } from './permissions.ts';

type Described = Record<string, unknown>;

/**
 * The answer of `sys/internal/ui/resultant-acl`: `{root: true}`, or every rule by its path as Vault shows
 * them. Patterns with `+` are not in Vault's answer; here they stand among the globs, as they were written.
 */
export function resultantAcl(acl: Acl): Described {
  if (acl.isRoot) return { root: true };
  const { exact, prefixes, segments } = acl.listed;
  return {
    exact_paths: describeAll(exact),
    glob_paths: describeAll([...prefixes, ...segments]),
    root: false,
  };
}

function describeAll(rules: readonly (readonly [string, Permissions])[]): Described {
  return Object.fromEntries(rules.map(([path, permissions]) => [path, describe(permissions)]));
}

function describe(permissions: Permissions): Described {
  const { granted, allowedParameters, deniedParameters, requiredParameters } = permissions;
  const described: Described = { capabilities: granted.size > 0 ? [...granted.keys()].sort() : ['deny'] };
  if (allowedParameters) described['allowed_parameters'] = describeParameters(allowedParameters);
  if (deniedParameters) described['denied_parameters'] = describeParameters(deniedParameters);
  if (requiredParameters.length > 0) described['required_parameters'] = requiredParameters;
  if (permissions.maxWrappingTtlSeconds > 0)
    described['max_wrapping_ttl'] = permissions.maxWrappingTtlSeconds;
  if (permissions.minWrappingTtlSeconds > 0)
    described['min_wrapping_ttl'] = permissions.minWrappingTtlSeconds;
  if (permissions.paginationLimit > 0) described['pagination_limit'] = permissions.paginationLimit;
  if (permissions.subscribeEventTypes.length > 0)
    described['subscribe_event_types'] = permissions.subscribeEventTypes;
  return described;
}

function describeParameters(rules: ParameterRules): Described {
  return Object.fromEntries([...rules].map(([name, values]) => [name, values.map(describeValue)]));
}

function describeValue(value: ParameterValue): unknown {
  if (Array.isArray(value)) return value.map(describeValue);
  return typeof value === 'object' && 'number' in value ? Number(value.number) : value;
}
