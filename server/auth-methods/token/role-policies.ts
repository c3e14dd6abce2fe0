import { invalidRequest } from '../../contracts/errors.ts';
import type { TokenRole } from './roles.ts';

/** A role that names policies decides by them alone; any other leaves the caller's own rights in force. */
export function decidesPolicies(role: TokenRole): boolean {
  return (
    role.allowedPolicies.length > 0 ||
    role.disallowedPolicies.length > 0 ||
    role.allowedPoliciesGlob.length > 0 ||
    role.disallowedPoliciesGlob.length > 0
  );
}

/**
 * What a token made through `role` gets of the policies asked for, as Vault decides it; `parent` are those of
 * the caller. Throws 'invalid-request' when the role does not allow one.
 */
export function allowedByRole(
  role: TokenRole,
  asked: readonly string[],
  parent: readonly string[],
  noDefaultPolicy: boolean,
): string[] {
  const addDefault = !noDefaultPolicy && !role.noDefaultPolicy && !forbids(role, 'default');
  const completed = (names: readonly string[]) =>
    [...new Set(addDefault ? [...names, 'default'] : names)].sort();
  let policies = asked.length > 0 ? completed(asked) : [];
  if (role.allowedPolicies.length > 0 || role.allowedPoliciesGlob.length > 0) {
    const allowed = completed(role.allowedPolicies);
    if (policies.length === 0) policies = allowed;
    const outside = policies.filter(
      (name) => !allowed.includes(name) && !role.allowedPoliciesGlob.some((glob) => matchesGlob(glob, name)),
    );
    if (outside.length > 0)
      throw invalidRequest(
        `token policies (${list(policies)}) must be subset of the role's allowed policies (${list(allowed)}) or glob policies (${list(role.allowedPoliciesGlob)})`,
      );
  } else if (policies.length === 0) policies = completed(parent);
  for (const name of policies)
    if (forbids(role, name)) throw invalidRequest(`token policy "${name}" is disallowed by this role`);
  return policies;
}

function forbids(role: TokenRole, name: string): boolean {
  return (
    role.disallowedPolicies.includes(name) ||
    role.disallowedPoliciesGlob.some((glob) => matchesGlob(glob, name))
  );
}

/** `*` at either end, as Vault's globs. */
export function matchesGlob(glob: string, name: string): boolean {
  const start = glob.startsWith('*');
  const end = glob.length > 1 && glob.endsWith('*');
  const core = glob.slice(start ? 1 : 0, end ? -1 : undefined);
  if (start && end) return name.includes(core);
  if (start) return name.endsWith(core);
  return end ? name.startsWith(core) : name === glob;
}

function list(names: readonly string[]): string {
  return `[${names.map((name) => JSON.stringify(name)).join(' ')}]`;
}
