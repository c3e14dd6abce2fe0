import { formatShortDuration } from '../../../formats/duration/index.ts';
import { invalidRequest } from '../../contracts/errors.ts';

export interface LifetimeRequest {
  /** What was asked for; 0 for the default. */
  readonly ttlSeconds: number;
  /** What it gets when nothing was asked for; 0 for the mount's default. */
  readonly defaultTtlSeconds?: number;
  readonly periodSeconds: number;
  readonly explicitMaxTtlSeconds: number;
  /** 0 for none besides the mount's. */
  readonly maxTtlSeconds?: number;
  readonly mount: { readonly defaultLeaseTtlSeconds: number; readonly maxLeaseTtlSeconds: number };
  readonly createdMs: number;
  readonly nowMs: number;
}

export interface Lifetime {
  /** At least one second. */
  readonly ttlSeconds: number;
  readonly warnings: readonly string[];
}

/**
 * How long a lease or token may live from now, as Vault's `CalculateTTL`: a period is granted in full whenever
 * asked, bounded only by the maximum of the mount and an explicit one since creation; otherwise what was asked
 * (or the default), and no more than what is left of the maximum. Throws 'invalid-request' when nothing is left.
 */
export function lifetimeFrom(request: LifetimeRequest): Lifetime {
  const { explicitMaxTtlSeconds, periodSeconds, mount } = request;
  const warnings: string[] = [];
  const longest = smallestSet(mount.maxLeaseTtlSeconds, request.maxTtlSeconds ?? 0, explicitMaxTtlSeconds);
  let ttlSeconds: number;
  let left = Number.POSITIVE_INFINITY;
  // A clock that went back must not lengthen anybody's life.
  const ageSeconds = Math.max(0, (request.nowMs - request.createdMs) / 1000);
  if (periodSeconds > 0) {
    ttlSeconds = periodSeconds;
    if (ttlSeconds > longest) {
      warnings.push(capped('period', ttlSeconds, longest));
      ttlSeconds = longest;
    }
    if (explicitMaxTtlSeconds > 0) left = explicitMaxTtlSeconds - ageSeconds;
  } else {
    ttlSeconds = request.ttlSeconds || request.defaultTtlSeconds || mount.defaultLeaseTtlSeconds;
    left = longest - ageSeconds;
  }
  if (ttlSeconds > left) {
    const whole = Math.floor(left);
    if (whole <= 0) throw invalidRequest('past the max TTL, cannot renew');
    warnings.push(capped('TTL', ttlSeconds, whole));
    ttlSeconds = whole;
  }
  return { ttlSeconds, warnings };
}

function smallestSet(...seconds: number[]): number {
  return Math.min(...seconds.filter((value) => value > 0));
}

function capped(what: string, asked: number, most: number): string {
  return `${what} of "${formatShortDuration(asked)}" exceeded the effective max_ttl of "${formatShortDuration(most)}"; ${what} value is capped accordingly`;
}
