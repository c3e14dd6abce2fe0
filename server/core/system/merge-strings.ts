import { invalidRequest } from '../../contracts/errors.ts';

/** A JSON merge patch (RFC 7396) on a map of strings: null removes. */
export function mergeStrings(
  before: Readonly<Record<string, string>>,
  patch: unknown,
): Record<string, string> {
  const merged: Record<string, string> = { ...before };
  if (patch === undefined) return merged;
  if (patch === null) return {};
  if (typeof patch !== 'object' || Array.isArray(patch))
    throw invalidRequest('field "custom_metadata" must be an object of strings');
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete merged[key];
    else if (typeof value === 'string') merged[key] = value;
    else throw invalidRequest('field "custom_metadata" must be an object of strings');
  }
  return merged;
}
