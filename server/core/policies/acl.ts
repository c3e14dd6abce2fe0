import type { Operation } from '../../contracts/request.ts';
import { pathsBelow, rulesGrantBelow } from './grants-below.ts';
import { satisfiesParameters } from './parameters.ts';
import type { Capability } from './parse-policy.ts';
import type { Permissions } from './permissions.ts';
import type { RadixTree } from './radix-tree.ts';
import type { SegmentTree } from './segment-tree.ts';

/** What is asked of a policy; beside a request's own operations those that act on a lease or a mount. */
export type AclOperation = Operation | 'renew' | 'revoke' | 'rollback' | 'recover';

export interface AclRequest {
  readonly operation: AclOperation;
  /** Path of the namespace that `path` is relative to: absent or empty for root, else ending in `/`. */
  readonly namespace?: string;
  /** Canonical; that of a LIST ends in `/`. */
  readonly path: string;
  /** The path is protected: sudo is needed besides the operation's capability, except for `help`. */
  readonly sudo?: boolean;
  /** The fields of the request, query parameters included. */
  readonly data?: Readonly<Record<string, unknown>> | undefined;
  /** Undefined when no wrapping was asked for. */
  readonly wrapTtlSeconds?: number | undefined;
}

export interface AclDecision {
  readonly allowed: boolean;
  /** The caller has sudo on this path. */
  readonly sudo: boolean;
  /** Names, sorted; empty when not allowed, and for `help`. */
  readonly grantingPolicies: readonly string[];
  readonly limits: AclLimits;
}

/** For the caller to enforce; 0 and undefined mean none. Wrapping limits have been enforced already. */
export interface AclLimits {
  readonly minWrappingTtlSeconds: number;
  readonly maxWrappingTtlSeconds: number;
  readonly paginationLimit: number;
  readonly responseKeysFilterPath: string | undefined;
}

export interface GlobRule {
  /** Higher counts; a total order over all glob rules of an `Acl`. */
  readonly rank: number;
  readonly permissions: Permissions;
}

/** Every rule in force by its full path, sorted; prefixes without their `*`. */
export interface ListedRules {
  readonly exact: readonly (readonly [path: string, permissions: Permissions])[];
  readonly prefixes: readonly (readonly [path: string, permissions: Permissions])[];
  readonly segments: readonly (readonly [path: string, permissions: Permissions])[];
}

export interface AclRules {
  readonly isRoot: boolean;
  readonly exact: ReadonlyMap<string, Permissions>;
  readonly prefixes: Pick<RadixTree<GlobRule>, 'longestPrefix'>;
  readonly segments: Pick<SegmentTree<GlobRule>, 'match'>;
  readonly listed: ListedRules;
  readonly expiresAtMs: number | undefined;
}

const noLimits: AclLimits = {
  minWrappingTtlSeconds: 0,
  maxWrappingTtlSeconds: 0,
  paginationLimit: 0,
  responseKeysFilterPath: undefined,
};
const anyEvent: readonly string[] = ['*'];
const refused: AclDecision = { allowed: false, sudo: false, grantingPolicies: [], limits: noLimits };
const helpOnly: AclDecision = { allowed: true, sudo: false, grantingPolicies: [], limits: noLimits };
const rootDecision: AclDecision = {
  allowed: true,
  sudo: true,
  grantingPolicies: ['root'],
  limits: noLimits,
};

const needed: Readonly<Record<Exclude<AclOperation, 'help'>, Capability>> = {
  create: 'create',
  read: 'read',
  update: 'update',
  delete: 'delete',
  list: 'list',
  scan: 'scan',
  patch: 'patch',
  recover: 'recover',
  renew: 'update',
  revoke: 'update',
  rollback: 'update',
};
const carriesParameters: ReadonlySet<AclOperation> = new Set([
  'read',
  'create',
  'update',
  'patch',
  'recover',
]);

/**
 * Several policies, ready to decide. Immutable; each decision is synchronous and costs the same however many
 * rules there are. Made by `compileAcl`.
 */
export class Acl {
  readonly isRoot: boolean;
  /** When the first rule now in force expires; compile anew then. Milliseconds since the epoch. */
  readonly expiresAtMs: number | undefined;
  readonly listed: ListedRules;
  readonly #rules: AclRules;

  constructor(rules: AclRules) {
    this.#rules = rules;
    this.isRoot = rules.isRoot;
    this.expiresAtMs = rules.expiresAtMs;
    this.listed = rules.listed;
  }

  /** Vault's decision for one request. `help` is allowed to everybody, as in Vault. */
  decide(request: AclRequest): AclDecision {
    if (this.isRoot) return rootDecision;
    const { operation } = request;
    if (operation === 'help') return helpOnly;
    const permissions = this.#find(
      fullPath(request.namespace ?? '', request.path),
      operation === 'list' || operation === 'scan',
    );
    if (!permissions || permissions.isDenied) return refused;
    const sudo = permissions.granted.has('sudo');
    const grantingPolicies = permissions.granted.get(needed[operation]);
    const allowed =
      grantingPolicies !== undefined &&
      (sudo || !request.sudo) &&
      acceptsWrapping(permissions, request.wrapTtlSeconds) &&
      (!carriesParameters.has(operation) || satisfiesParameters(permissions, request.data));
    if (!allowed) return sudo ? { ...refused, sudo } : refused;
    return { allowed, sudo, grantingPolicies, limits: permissions };
  }

  /** Sorted; `['deny']` where nothing is granted, `['root']` for root. The path may end in `/` or not. */
  capabilities(path: string, namespace = ''): Capability[] | ['root'] {
    if (this.isRoot) return ['root'];
    const granted = this.#find(fullPath(namespace, path), true)?.granted;
    return granted && granted.size > 0 ? [...granted.keys()].sort() : ['deny'];
  }

  /** Globs of the types of events about `path` that may be received: `list` and `subscribe` must both be granted. */
  eventTypes(path: string, namespace = ''): readonly string[] {
    if (this.isRoot) return anyEvent;
    const permissions = this.#find(fullPath(namespace, path), false);
    if (!permissions?.granted.has('subscribe') || !permissions.granted.has('list')) return [];
    return permissions.subscribeEventTypes;
  }

  /**
   * Whether anything is granted on a mount or somewhere below it, so that its holder may learn that it is
   * there. `mountPath` ends in `/`. Not for hot paths: looks at every rule with a `+`.
   */
  grantsBelow(mountPath: string, namespace = ''): boolean {
    if (this.capabilities(mountPath, namespace)[0] !== 'deny') return true;
    const path = fullPath(namespace, mountPath);
    if (rulesGrantBelow(this.listed, path)) return true;
    // A wider glob may grant what lies deeper than every rule with a + reaches.
    return pathsBelow(this.listed, path).some((below) => (this.#find(below, false)?.granted.size ?? 0) > 0);
  }

  /**
   * The one rule that counts for `path`. A LIST is also matched without its trailing slash; of what then
   * matches, the most specific counts, so that neither spelling goes round a deny.
   */
  #find(path: string, isList: boolean): Permissions | undefined {
    const { exact } = this.#rules;
    const exactly = exact.get(path);
    if (exactly || !isList || !path.endsWith('/')) return exactly ?? this.#findGlob(path)?.permissions;
    const withoutSlash = path.slice(0, -1);
    const exactWithout = exact.get(withoutSlash);
    if (exactWithout) return exactWithout;
    return higher(this.#findGlob(path), this.#findGlob(withoutSlash))?.permissions;
  }

  #findGlob(path: string): GlobRule | undefined {
    return higher(this.#rules.prefixes.longestPrefix(path), this.#rules.segments.match(path));
  }
}

function fullPath(namespace: string, path: string): string {
  return namespace === '' ? path : namespace + path;
}

function higher(a: GlobRule | undefined, b: GlobRule | undefined): GlobRule | undefined {
  if (!a || !b) return a ?? b;
  return b.rank > a.rank ? b : a;
}

/** Both limits demand wrapping. Merged rules may have a minimum above the maximum; then nothing passes. */
function acceptsWrapping(permissions: Permissions, wrapTtlSeconds: number | undefined): boolean {
  const { minWrappingTtlSeconds: min, maxWrappingTtlSeconds: max } = permissions;
  if (min === 0 && max === 0) return true;
  if (wrapTtlSeconds === undefined || wrapTtlSeconds < min) return false;
  return max === 0 || (wrapTtlSeconds <= max && min <= max);
}
