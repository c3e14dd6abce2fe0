import { CofferError, invalidRequest } from '../../contracts/errors.ts';
import { checkCanonical } from '../router/canonical-path.ts';
import type { Metadata } from './entity-record.ts';

const longestName = 512;
const longestAliasName = 1024;
const mostPairs = 64;
const longestKey = 128;
const longestValue = 512;

/** Names of entities and groups are parts of paths, so they have the one form of a path. Throws 'invalid-request'. */
export function checkName(name: string): void {
  try {
    checkCanonical(name);
  } catch (error) {
    if (error instanceof CofferError)
      throw invalidRequest(`the name cannot be part of a path: ${error.message}`);
    throw error;
  }
  if (name.endsWith('/')) throw invalidRequest('a name cannot end in "/"');
  checkLength(name, longestName);
}

/** What a mount calls somebody may be anything that can be kept. Throws 'invalid-request'. */
export function checkAliasName(name: string): void {
  if (name === '') throw invalidRequest('missing alias name');
  if (!name.isWellFormed()) throw invalidRequest('a name must be well-formed Unicode');
  checkLength(name, longestAliasName);
}

/** Vault's bounds. Throws 'invalid-request'. */
export function checkMetadata(metadata: Metadata): void {
  const pairs = Object.entries(metadata);
  if (pairs.length > mostPairs)
    throw invalidRequest(`metadata cannot hold more than ${mostPairs} key/value pairs`);
  for (const [key, value] of pairs) {
    if (key === '' || Buffer.byteLength(key) > longestKey)
      throw invalidRequest(`a metadata key must have 1 to ${longestKey} bytes`);
    if (Buffer.byteLength(value) > longestValue)
      throw invalidRequest(`a metadata value cannot be longer than ${longestValue} bytes`);
  }
}

/** Lower-case as policies are, each once, in the order given. Throws 'invalid-request' for root in any spelling. */
export function identityPolicyNames(policies: readonly string[]): string[] {
  const names = new Set(policies.map((name) => name.trim().toLowerCase()).filter((name) => name !== ''));
  if (names.has('root')) throw invalidRequest('policies cannot contain root');
  return [...names];
}

function checkLength(name: string, most: number): void {
  if (Buffer.byteLength(name) > most) throw invalidRequest(`a name cannot be longer than ${most} bytes`);
}
