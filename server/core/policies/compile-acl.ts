import type { AclRules, GlobRule, ListedRules } from './acl.ts';
import { Acl } from './acl.ts';
import { rootPolicy } from './built-in-policies.ts';
import type { PathRule, Policy } from './parse-policy.ts';
import type { Permissions } from './permissions.ts';
import { mergeRule } from './permissions.ts';
import { RadixTree } from './radix-tree.ts';
import { SegmentTree } from './segment-tree.ts';

interface Glob {
  /** With the namespace in front; `*` taken off a prefix, kept on a pattern with `+`. */
  readonly path: string;
  readonly kind: 'prefix' | 'segments';
  readonly literalSegments: number;
  permissions: Permissions;
}

/**
 * Policies of one token, compiled. Templated rules must have been rendered (`renderTemplates`); those left
 * match nothing. Only the very `rootPolicy`, alone, makes a root: a policy that is merely called root grants nothing.
 */
export function compileAcl(policies: readonly Policy[], nowMs: number): Acl {
  const isRoot = policies.length === 1 && policies[0] === rootPolicy;
  const exact = new Map<string, Permissions>();
  const globs = new Map<string, Glob>();
  let expiresAtMs: number | undefined;
  for (const policy of policies) {
    for (const rule of policy.rules) {
      if (rule.expiresAtMs !== undefined) {
        if (rule.expiresAtMs <= nowMs) continue;
        expiresAtMs = Math.min(expiresAtMs ?? rule.expiresAtMs, rule.expiresAtMs);
      }
      if (isInForce(rule)) addRule(exact, globs, rule, policy);
    }
  }
  const allGlobs = [...globs.values()];
  return new Acl({ isRoot, exact, ...indexGlobs(allGlobs), listed: list(exact, allGlobs), expiresAtMs });
}

/** Nothing evaluates conditions yet: a grant with conditions is left out, a deny holds without them. */
function isInForce(rule: PathRule): boolean {
  if (rule.isTemplated) return false;
  return rule.conditions === undefined || rule.capabilities.includes('deny');
}

function addRule(
  exact: Map<string, Permissions>,
  globs: Map<string, Glob>,
  rule: PathRule,
  policy: Policy,
): void {
  const { namespace } = policy;
  const path = namespace + rule.path;
  const hasSegments = /^\+$|^\+\/|\/\+/.test(rule.path);
  if (!hasSegments && !rule.path.endsWith('*')) {
    exact.set(path, mergeRule(exact.get(path), rule, policy));
    return;
  }
  const kind = hasSegments ? 'segments' : 'prefix';
  const literalSegments = namespace.split('/').length - 1;
  const key = `${kind} ${kind === 'segments' ? literalSegments : ''} ${path}`;
  const glob = globs.get(key);
  if (glob) glob.permissions = mergeRule(glob.permissions, rule, policy);
  else {
    const stored = kind === 'prefix' ? path.slice(0, -1) : path;
    globs.set(key, { path: stored, kind, literalSegments, permissions: mergeRule(undefined, rule, policy) });
  }
}

function indexGlobs(globs: readonly Glob[]): Pick<AclRules, 'prefixes' | 'segments'> {
  const prefixes = new RadixTree<GlobRule>();
  const segments = new SegmentTree<GlobRule>();
  const ordered = globs
    .map((glob) => ({ glob, order: orderOf(glob) }))
    .sort((a, b) => compareOrders(a.order, b.order));
  for (const [rank, { glob }] of ordered.entries()) {
    const rule: GlobRule = { rank, permissions: glob.permissions };
    if (glob.kind === 'prefix') prefixes.set(glob.path, rule);
    else segments.set(glob.path, glob.literalSegments, rule);
  }
  return { prefixes, segments };
}

interface Order {
  readonly firstWildcard: number;
  readonly isPrefix: boolean;
  readonly wildcards: number;
  readonly text: Buffer;
}

/** Positions and lengths in UTF-8 bytes, as Vault counts them. */
function orderOf({ path, kind, literalSegments }: Glob): Order {
  if (kind === 'prefix') {
    const text = Buffer.from(path);
    return { firstWildcard: text.length, isPrefix: true, wildcards: 0, text };
  }
  const isPrefix = path.endsWith('*');
  const text = Buffer.from(isPrefix ? path.slice(0, -1) : path);
  const wildcards = path
    .split('/')
    .filter((segment, index) => segment === '+' && index >= literalSegments).length;
  return { firstWildcard: text.indexOf('+'), isPrefix, wildcards, text };
}

/**
 * Vault's precedence, the lower first: an earlier first `+` or `*`, then prefixes, then more `+`, then the
 * shorter, then the smaller.
 */
function compareOrders(a: Order, b: Order): number {
  if (a.firstWildcard !== b.firstWildcard) return a.firstWildcard - b.firstWildcard;
  if (a.isPrefix !== b.isPrefix) return a.isPrefix ? -1 : 1;
  if (a.wildcards !== b.wildcards) return b.wildcards - a.wildcards;
  if (a.text.length !== b.text.length) return a.text.length - b.text.length;
  return Buffer.compare(a.text, b.text);
}

function list(exact: ReadonlyMap<string, Permissions>, globs: readonly Glob[]): ListedRules {
  const sorted = (rules: [string, Permissions][]) => rules.sort(([a], [b]) => (a < b ? -1 : 1));
  const ofKind = (kind: Glob['kind']) =>
    sorted(globs.filter((glob) => glob.kind === kind).map(({ path, permissions }) => [path, permissions]));
  return { exact: sorted([...exact]), prefixes: ofKind('prefix'), segments: ofKind('segments') };
}
