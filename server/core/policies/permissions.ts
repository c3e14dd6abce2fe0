import type { Capability, ParameterRules, ParameterValue, PathRule, Policy } from './parse-policy.ts';

/** What all rules with one path say together. */
export interface Permissions {
  readonly isDenied: boolean;
  /** Each capability with the sorted names of the policies that grant it; empty when denied. */
  readonly granted: ReadonlyMap<Capability, readonly string[]>;
  readonly allowedParameters: ParameterRules | undefined;
  readonly deniedParameters: ParameterRules | undefined;
  readonly requiredParameters: readonly string[];
  readonly minWrappingTtlSeconds: number;
  readonly maxWrappingTtlSeconds: number;
  readonly paginationLimit: number;
  readonly responseKeysFilterPath: string | undefined;
  /** Globs of the events that `subscribe` is about. */
  readonly subscribeEventTypes: readonly string[];
}

const denied: Permissions = {
  isDenied: true,
  granted: new Map(),
  allowedParameters: undefined,
  deniedParameters: undefined,
  requiredParameters: [],
  minWrappingTtlSeconds: 0,
  maxWrappingTtlSeconds: 0,
  paginationLimit: 0,
  responseKeysFilterPath: undefined,
  subscribeEventTypes: [],
};

/**
 * `before` with one more rule of the same path, as Vault merges them: deny swallows everything, capabilities
 * unite, constraints of any rule hold for all, of two wrapping TTLs (and page limits) the smaller counts.
 */
export function mergeRule(before: Permissions | undefined, rule: PathRule, policy: Policy): Permissions {
  if (before?.isDenied || rule.capabilities.includes('deny')) return denied;
  return {
    isDenied: false,
    granted: mergeGranted(before, rule, policy),
    allowedParameters: mergeParameters(before?.allowedParameters, rule.allowedParameters),
    deniedParameters: mergeParameters(before?.deniedParameters, rule.deniedParameters),
    requiredParameters: [...new Set([...(before?.requiredParameters ?? []), ...rule.requiredParameters])],
    minWrappingTtlSeconds: smaller(before?.minWrappingTtlSeconds, rule.minWrappingTtlSeconds),
    maxWrappingTtlSeconds: smaller(before?.maxWrappingTtlSeconds, rule.maxWrappingTtlSeconds),
    paginationLimit: smaller(before?.paginationLimit, rule.paginationLimit),
    responseKeysFilterPath: before?.responseKeysFilterPath ?? rule.responseKeysFilterPath,
    subscribeEventTypes: [...new Set([...(before?.subscribeEventTypes ?? []), ...rule.subscribeEventTypes])],
  };
}

function mergeGranted(
  before: Permissions | undefined,
  rule: PathRule,
  policy: Policy,
): Permissions['granted'] {
  const granted = new Map(before?.granted);
  for (const capability of rule.capabilities) {
    granted.set(capability, [...new Set([...(granted.get(capability) ?? []), policy.name])].sort());
  }
  return granted;
}

/** Zero means no limit. */
function smaller(a: number | undefined, b: number): number {
  if (!a || !b) return a || b;
  return Math.min(a, b);
}

/** An empty list (any value) swallows the values of the other side. */
function mergeParameters(
  a: ParameterRules | undefined,
  b: ParameterRules | undefined,
): ParameterRules | undefined {
  if (!a || !b) return a ?? b;
  const merged = new Map<string, readonly ParameterValue[]>(a);
  for (const [name, values] of b) {
    const others = a.get(name);
    const isAny = values.length === 0 || others?.length === 0;
    merged.set(name, isAny ? [] : [...values, ...(others ?? [])]);
  }
  return merged;
}
