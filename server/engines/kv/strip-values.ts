import type { JsonObject } from '../../contracts/request.ts';
import { isObject } from './merge-patch.ts';

/**
 * The keys of a secret without its values: every leaf (also an empty object) becomes null, and so does what
 * lies below `maxDepth` levels; 0 is no limit.
 */
export function stripValues(data: JsonObject, maxDepth: number, depth = 1): JsonObject {
  return Object.fromEntries(
    Object.entries(data).map(([key, value]) => {
      const deeper = isObject(value) && Object.keys(value).length > 0 && (maxDepth === 0 || depth < maxDepth);
      return [key, deeper ? stripValues(value, maxDepth, depth + 1) : null];
    }),
  );
}
