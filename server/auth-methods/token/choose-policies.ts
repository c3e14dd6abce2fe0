import { invalidRequest } from '../../contracts/errors.ts';
import { normalizePolicyNames } from '../../contracts/token-fields.ts';
import { allowedByRole, decidesPolicies } from './role-policies.ts';
import type { TokenRole } from './roles.ts';

export interface PolicyWish {
  readonly policies: readonly string[] | undefined;
  readonly noDefaultPolicy: boolean;
}

export interface Parent {
  readonly policies: readonly string[];
  /** Its root policy is the root namespace's. */
  readonly isRoot: boolean;
  readonly hasSudo: boolean;
  /** The token is made in a namespace below the parent's. */
  readonly isElsewhere: boolean;
}

const internalPolicies = ['response-wrapping', 'control-group'];

/**
 * The policies of a new token, as Vault decides them: a role that names policies decides by itself; otherwise
 * those of the parent are the bound, unless it has sudo. Names mean another policy in another namespace, so
 * there nothing is inherited. Throws 'invalid-request'.
 */
export function choosePolicies(wish: PolicyWish, role: TokenRole | undefined, parent: Parent): string[] {
  const asked = normalizePolicyNames(wish.policies ?? []);
  const policies = normalized(ofAllSources(asked, wish, role, parent));
  const internal = policies.find((name) => internalPolicies.includes(name));
  if (internal !== undefined) throw invalidRequest(`cannot assign policy "${internal}"`);
  if (policies.includes('root')) {
    if (parent.isElsewhere) throw invalidRequest('root tokens may not be created from a parent namespace');
    if (!parent.isRoot)
      throw invalidRequest('root tokens may not be created without parent token being root');
  }
  return policies;
}

function ofAllSources(
  asked: readonly string[],
  { noDefaultPolicy }: PolicyWish,
  role: TokenRole | undefined,
  parent: Parent,
): readonly string[] {
  const inherited = parent.isElsewhere ? [] : parent.policies;
  if (role && decidesPolicies(role)) return allowedByRole(role, asked, inherited, noDefaultPolicy);
  const withDefault = noDefaultPolicy || role?.noDefaultPolicy ? asked : [...asked, 'default'];
  // A policy of the child's namespace is in nobody's hands above it, so only sudo on the path grants it.
  if (parent.isElsewhere) {
    if (!parent.hasSudo && asked.some((name) => name !== 'default'))
      throw invalidRequest('child policies must be subset of parent');
    return withDefault;
  }
  if (asked.length === 0) return noDefaultPolicy ? inherited.filter((name) => name !== 'default') : inherited;
  if (parent.hasSudo) return withDefault;
  if (asked.some((name) => !parent.policies.includes(name)))
    throw invalidRequest('child policies must be subset of parent');
  return parent.policies.includes('default') ? withDefault : asked;
}

function normalized(names: readonly string[]): string[] {
  return names.includes('root') ? ['root'] : [...normalizePolicyNames(names)];
}
