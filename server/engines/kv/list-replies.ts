import type { Reply } from '../../contracts/request.ts';

/** Undefined, which is 404, for nothing. */
export function keysReply(keys: readonly string[]): Reply | undefined {
  return keys.length === 0 ? undefined : { data: { keys } };
}

/** The page that `after` and `limit` of a request ask for; without a positive limit, everything. */
export function pageOf(
  after: string | undefined,
  limit: number | undefined,
): { after?: string; limit?: number } {
  return { ...(after ? { after } : {}), ...(limit && limit > 0 ? { limit } : {}) };
}
