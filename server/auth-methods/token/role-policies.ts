import { invalidRequest } from '../../contracts/errors.ts';
import type { TokenRole } from './roles.ts';

/** What a token made through `role` gets of the policies asked for. Throws when the role does not allow one. */
export function allowedByRole(
  role: TokenRole,
  asked: readonly string[],
  parent: readonly string[],
  addDefault: boolean,
): string[] {
  const limited = role.allowedPolicies.length > 0 || role.allowedPoliciesGlob.length > 0;
  let policies = [...asked];
  if (policies.length === 0)
    policies = role.allowedPolicies.length > 0 ? [...role.allowedPolicies] : limited ? [] : [...parent];
  if (
    addDefault &&
    !policies.includes('default') &&
    !policies.includes('root') &&
    !forbidden(role, 'default')
  )
    policies.push('default');
  policies = [...new Set(policies)].sort();
  if (limited) {
    const outside = policies.filter(
      (name) =>
        name !== 'default' &&
        !role.allowedPolicies.includes(name) &&
        !role.allowedPoliciesGlob.some((glob) => matches(glob, name)),
    );
    if (outside.length > 0 || (policies.includes('default') && !addDefault && !allows(role, 'default'))) {
      throw invalidRequest(
        `token policies (${list(policies)}) must be subset of the role's allowed policies (${list(role.allowedPolicies)}) or glob policies (${list(role.allowedPoliciesGlob)})`,
      );
    }
  } else {
    const outside = asked.filter((name) => !parent.includes('root') && !parent.includes(name));
    if (
      outside.length > 0 &&
      role.disallowedPolicies.length === 0 &&
      role.disallowedPoliciesGlob.length === 0
    ) {
      throw invalidRequest('child policies must be subset of parent');
    }
  }
  for (const name of policies)
    if (forbidden(role, name)) throw invalidRequest(`token policy "${name}" is disallowed by this role`);
  return policies.includes('root') ? ['root'] : policies;
}

function allows(role: TokenRole, name: string): boolean {
  return role.allowedPolicies.includes(name) || role.allowedPoliciesGlob.some((glob) => matches(glob, name));
}

function forbidden(role: TokenRole, name: string): boolean {
  return (
    role.disallowedPolicies.includes(name) || role.disallowedPoliciesGlob.some((glob) => matches(glob, name))
  );
}

/** `*` at either end, as Vault's globs. */
function matches(glob: string, name: string): boolean {
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
