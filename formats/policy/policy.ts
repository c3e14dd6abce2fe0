export const capabilities = [
  'create',
  'read',
  'update',
  'delete',
  'list',
  'patch',
  'scan',
  'sudo',
  'recover',
  'subscribe',
  'deny',
] as const;

export type Capability = (typeof capabilities)[number];

/** A value in `allowed_parameters` or `denied_parameters`: text may be a glob; numbers are kept as written. */
export type ParameterValue = string | boolean | { readonly number: string } | readonly ParameterValue[];

/** Lower-case parameter names to the values that count; an empty list means any value. */
export type ParameterRules = ReadonlyMap<string, readonly ParameterValue[]>;

/**
 * Conditions that other kinds of policy (roles, grants) will carry. Nothing evaluates them yet, so the matcher
 * ignores a grant that has them and keeps a deny: it fails closed.
 */
export interface RuleConditions {
  /** CIDR blocks of the remote address. */
  readonly addresses?: readonly string[];
  readonly environments?: readonly string[];
  readonly notBeforeMs?: number;
  readonly notAfterMs?: number;
}

/** One `path "…" { … }` of a policy. */
export interface PathRule {
  /** Relative to the policy's namespace, without a leading slash; may end in `*`, hold `+` segments and templates. */
  readonly path: string;
  /** True when `path` holds `{{…}}` and matches nothing until it is rendered. */
  readonly isTemplated: boolean;
  /** `deny` stands alone. */
  readonly capabilities: readonly Capability[];
  readonly allowedParameters: ParameterRules | undefined;
  readonly deniedParameters: ParameterRules | undefined;
  readonly requiredParameters: readonly string[];
  /** 0 when there is none. */
  readonly minWrappingTtlSeconds: number;
  readonly maxWrappingTtlSeconds: number;
  /** The rule counts for nothing from this moment on. Milliseconds since the epoch. */
  readonly expiresAtMs: number | undefined;
  /** Most entries that one LIST may ask for; 0 when unlimited. */
  readonly paginationLimit: number;
  /** A path template over `.key`; a listed key is shown only to who may list or read that path. */
  readonly responseKeysFilterPath: string | undefined;
  readonly subscribeEventTypes: readonly string[];
  readonly conditions: RuleConditions | undefined;
}

export interface Policy {
  /** Lower case. */
  readonly name: string;
  /** Path of the namespace that holds the policy: empty, or ending in `/`. */
  readonly namespace: string;
  readonly rules: readonly PathRule[];
  readonly isTemplated: boolean;
}

/** A policy text that is refused; `message` is what Vault's clients show. Names keys and paths, never parameter values. */
export class PolicyError extends Error {
  /** 0 when the fault has no single place. */
  readonly line: number;
  readonly column: number;
  readonly hint: string;
  constructor(reason: string, place?: { readonly line: number; readonly column: number }, hint = '') {
    super(`failed to parse policy: ${reason}`);
    this.name = 'PolicyError';
    this.line = place?.line ?? 0;
    this.column = place?.column ?? 0;
    this.hint = hint;
  }
}
