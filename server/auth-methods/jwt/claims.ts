import { invalidRequest } from '../../contracts/errors.ts';
import type { JsonObject } from '../../contracts/request.ts';
import { matchesGlob } from '../matches-glob.ts';
import { isObject } from '../outbound-request.ts';
import { type Claims, JwtProblem } from '../signed-jwt.ts';

/** A claim by its name, or by a JSON pointer (RFC 6901) when that begins with `/`. */
export function claimAt(claims: Claims, name: string): unknown {
  if (!name.startsWith('/')) return Object.hasOwn(claims, name) ? claims[name] : undefined;
  let value: unknown = claims;
  for (const part of name.slice(1).split('/')) {
    const key = part.replaceAll('~1', '/').replaceAll('~0', '~');
    if (Array.isArray(value) && /^(?:0|[1-9]\d*)$/.test(key)) value = value[Number(key)];
    else if (isObject(value) && Object.hasOwn(value, key)) value = value[key];
    else return undefined;
  }
  return value;
}

/** Throws 'invalid-request' for what no claim could be compared with. */
export function checkBoundClaims(bound: JsonObject, isGlob: boolean): void {
  for (const [name, expected] of Object.entries(bound)) {
    for (const value of listOf(expected)) {
      if (isGlob && typeof value !== 'string')
        throw invalidRequest(`claim is not a string: ${JSON.stringify(value)}`);
      if (!['string', 'number', 'boolean'].includes(typeof value))
        throw invalidRequest(
          `the bound claim ${JSON.stringify(name)} is neither a text, a number nor a boolean`,
        );
    }
  }
}

/** Throws `JwtProblem` unless each bound claim is there and one of its values is one of those bound. */
export function checkAgainstBound(claims: Claims, bound: JsonObject, isGlob: boolean): void {
  for (const [name, expected] of Object.entries(bound)) {
    const actual = claimAt(claims, name);
    if (actual === undefined) throw new JwtProblem(`claim ${JSON.stringify(name)} is missing`);
    const wanted = listOf(expected);
    const isMet = listOf(actual).some((value) => wanted.some((each) => isSame(each, value, isGlob)));
    if (!isMet)
      throw new JwtProblem(`claim ${JSON.stringify(name)} does not match any associated bound claim values`);
  }
}

function isSame(wanted: unknown, actual: unknown, isGlob: boolean): boolean {
  if (isGlob) return typeof wanted === 'string' && typeof actual === 'string' && matchesGlob(wanted, actual);
  return ['string', 'number', 'boolean'].includes(typeof actual) && wanted === actual;
}

/** Throws `JwtProblem`. */
export function userOf(claims: Claims, name: string, isPointer: boolean): string {
  const value = isPointer ? claimAt(claims, name) : Object.hasOwn(claims, name) ? claims[name] : undefined;
  if (value === undefined || value === '')
    throw new JwtProblem(`claim ${JSON.stringify(name)} not found in token`);
  if (typeof value !== 'string')
    throw new JwtProblem(`claim ${JSON.stringify(name)} could not be converted to string`);
  return value;
}

/** Throws `JwtProblem`. */
export function groupsOf(claims: Claims, name: string): readonly string[] {
  const value = claimAt(claims, name);
  if (value === undefined)
    throw new JwtProblem(`failed to fetch groups: ${JSON.stringify(name)} claim not found in token`);
  const groups = listOf(value).map((group) => {
    if (typeof group === 'string') return group;
    throw new JwtProblem(`value ${JSON.stringify(group)} in groups claim could not be parsed as string`);
  });
  return [...new Set(groups.filter((group) => group !== ''))];
}

/** Metadata by `mappings` (claim to key). A claim that is not there is left out. Throws `JwtProblem`. */
export function mappedClaims(
  claims: Claims,
  mappings: Readonly<Record<string, string>>,
): Record<string, string> {
  const metadata: Record<string, string> = {};
  for (const [name, key] of Object.entries(mappings)) {
    const value = claimAt(claims, name);
    if (value === undefined || value === null) continue;
    if (typeof value === 'string') metadata[key] = value;
    else if (typeof value === 'number' || typeof value === 'boolean') metadata[key] = String(value);
    else throw new JwtProblem(`error converting claim ${JSON.stringify(name)} to string`);
  }
  return metadata;
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [value];
}
