/** What every token but a root token has, unless it was made without it. */
export const defaultPolicyName = 'default';
/** Grants everything; held alone, in the root namespace only. */
export const rootPolicyName = 'root';
/** What a wrapping token has. */
export const responseWrappingPolicyName = 'response-wrapping';

/** Policy names have one form: lower case, so that no spelling of `root` is another policy. */
export function canonicalPolicyName(name: string): string {
  return name.trim().toLowerCase();
}

/** The reason in Vault's words why `name` (canonical) cannot be written, or undefined. */
export function whyNotWritable(name: string): string | undefined {
  const isFixed = name === rootPolicyName || name === responseWrappingPolicyName;
  return isFixed ? `cannot update "${name}" policy` : undefined;
}

/** The reason in Vault's words why `name` (canonical) cannot be deleted, or undefined. */
export function whyNotDeletable(name: string): string | undefined {
  if (name === defaultPolicyName) return 'cannot delete default policy';
  const isFixed = name === rootPolicyName || name === responseWrappingPolicyName;
  return isFixed ? `cannot delete "${name}" policy` : undefined;
}
