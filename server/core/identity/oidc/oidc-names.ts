import { CofferError, invalidRequest } from '../../../contracts/errors.ts';

const wellFormed = /^\w(?:[\w.-]*\w)?$/;
const longest = 256;

/** Names of keys, roles, clients … are parts of storage keys, as Vault allows them: letters, digits, `_`, `-`, `.` inside. */
export function isName(name: string): boolean {
  return name.length <= longest && wellFormed.test(name);
}

/** Throws 'invalid-request'. */
export function checkName(name: string): void {
  if (!isName(name))
    throw invalidRequest(`a name has up to ${longest} letters, digits, "_", and inside also "-" and "."`);
}

/** Sorted, each once, as Vault keeps lists. */
export function nameSet(names: readonly string[]): string[] {
  return [...new Set(names.map((name) => name.trim()).filter((name) => name !== ''))].sort();
}

/** Vault's words for what somebody still needs. */
export function refuseReferenced(what: string, name: string, by: string, names: readonly string[]): void {
  if (names.length === 0) return;
  throw new CofferError(
    'invalid-request',
    `unable to delete ${what} "${name}" because it is currently referenced by these ${by}: ${[...names].sort().join(', ')}`,
  );
}
