/** A quota as it is stored. What it applies to is found by `path` and `role` when a request comes. */
export type Quota = RateLimitQuota | LeaseCountQuota;

export type QuotaType = Quota['type'];

interface CommonQuota {
  readonly name: string;
  /**
   * From the root namespace: '' for everything, a namespace or a mount ending in '/', a path inside a mount
   * without a '/' at its end, or the beginning of such paths ending in '*'.
   */
  readonly path: string;
  /** Only requests that log in with this role at the mount; '' for all. */
  readonly role: string;
  /** Of a namespace: applies to those below it that have no quota of their own. */
  readonly inheritable: boolean;
}

export interface RateLimitQuota extends CommonQuota {
  readonly type: 'rate-limit';
  /** Requests of one client address in an interval. */
  readonly rate: number;
  readonly intervalSeconds: number;
  /** How long a client that went beyond is refused altogether; 0: until the interval is over. */
  readonly blockIntervalSeconds: number;
}

export interface LeaseCountQuota extends CommonQuota {
  readonly type: 'lease-count';
  readonly maxLeases: number;
}

/** `sys/quotas/config`. */
export interface QuotaConfig {
  /** Paths in every namespace that no rate limit counts; a `*` at the end stands for any rest. */
  readonly rateLimitExemptPaths: readonly string[];
  /** The same, from the root namespace. */
  readonly absoluteRateLimitExemptPaths: readonly string[];
  readonly enableRateLimitAuditLogging: boolean;
  readonly enableRateLimitResponseHeaders: boolean;
}

/** What has to go on working whatever the load, as in Vault. */
export const defaultQuotaConfig: QuotaConfig = Object.freeze({
  rateLimitExemptPaths: [
    'sys/generate-recovery-token/attempt',
    'sys/generate-recovery-token/update',
    'sys/generate-root/attempt',
    'sys/generate-root/update',
    'sys/health',
    'sys/seal-status',
    'sys/unseal',
  ],
  absoluteRateLimitExemptPaths: [],
  enableRateLimitAuditLogging: false,
  enableRateLimitResponseHeaders: false,
});
