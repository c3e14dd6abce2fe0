import { isRawNumber } from '../../../formats/json/index.ts';
import type { JsonObject } from '../../contracts/request.ts';

/**
 * `target` with `patch` merged in (RFC 7396): null removes a key, an object is merged, anything else
 * replaces. Neither is changed; parts that stay the same are shared.
 */
export function mergePatch(target: JsonObject, patch: JsonObject): JsonObject {
  const merged = new Map(Object.entries(target));
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) merged.delete(key);
    else merged.set(key, isObject(value) ? mergePatch(objectOrEmpty(merged.get(key)), value) : value);
  }
  // Not by assignment: a key may be `__proto__`.
  return Object.fromEntries(merged);
}

/** A JSON object in the sense of the RFC: neither a list nor a number that was kept as written. */
export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !isRawNumber(value);
}

function objectOrEmpty(value: unknown): JsonObject {
  return isObject(value) ? value : {};
}
