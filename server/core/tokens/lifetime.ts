import { formatShortDuration } from '../../../formats/duration/index.ts';

export interface LifetimeRequest {
  /** What was asked for; 0 for the default. */
  readonly ttlSeconds: number;
  readonly periodSeconds: number;
  readonly explicitMaxTtlSeconds: number;
  /** 0 for none besides the mount's. */
  readonly maxTtlSeconds?: number;
  readonly mount: { readonly defaultLeaseTtlSeconds: number; readonly maxLeaseTtlSeconds: number };
  readonly createdMs: number;
  readonly nowMs: number;
}

export interface Lifetime {
  readonly ttlSeconds: number;
  readonly warnings: readonly string[];
}

/**
 * How long a lease or token may live from now, as Vault's `CalculateTTL`: a period is granted in full whenever
 * asked, bounded only by an explicit maximum; otherwise the smaller of what was asked (or the default) and
 * what is left of the maximum since creation.
 */
export function lifetimeFrom(request: LifetimeRequest): Lifetime {
  const warnings: string[] = [];
  const ageSeconds = Math.max(0, Math.floor((request.nowMs - request.createdMs) / 1000));
  const mountMax = smallestSet(request.maxTtlSeconds ?? 0, request.mount.maxLeaseTtlSeconds);
  const asked = request.ttlSeconds;
  let ttlSeconds: number;
  if (request.periodSeconds > 0) {
    ttlSeconds = request.periodSeconds;
    if (ttlSeconds > request.mount.maxLeaseTtlSeconds) {
      warnings.push(capped('Period', ttlSeconds, request.mount.maxLeaseTtlSeconds));
      ttlSeconds = request.mount.maxLeaseTtlSeconds;
    }
    if (request.explicitMaxTtlSeconds > 0)
      ttlSeconds = Math.min(ttlSeconds, request.explicitMaxTtlSeconds - ageSeconds);
    return { ttlSeconds: Math.max(0, ttlSeconds), warnings };
  }
  const effectiveMax = smallestSet(request.explicitMaxTtlSeconds, mountMax);
  ttlSeconds = asked > 0 ? asked : Math.min(request.mount.defaultLeaseTtlSeconds, effectiveMax);
  const left = effectiveMax - ageSeconds;
  if (ttlSeconds > left) {
    if (asked > 0) warnings.push(capped('TTL', asked, effectiveMax));
    ttlSeconds = left;
  }
  return { ttlSeconds: Math.max(0, ttlSeconds), warnings };
}

function smallestSet(...seconds: number[]): number {
  return Math.min(...seconds.filter((value) => value > 0));
}

function capped(what: string, asked: number, max: number): string {
  return `${what} of "${formatShortDuration(asked)}" exceeded the effective max_ttl of "${formatShortDuration(max)}"; ${what} value is capped accordingly`;
}
