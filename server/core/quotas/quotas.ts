import { CofferError, invalidRequest } from '../../contracts/errors.ts';
import type { Records } from '../../contracts/records.ts';
import type { Namespaces } from '../namespaces/namespaces.ts';
import type { TokenEntry } from '../tokens/token-entry.ts';
import { issuedPrefix, tokenKey } from '../tokens/token-keys.ts';
import { LeaseCounter } from './lease-counter.ts';
import {
  defaultQuotaConfig,
  type LeaseCountQuota,
  type Quota,
  type QuotaConfig,
  type QuotaType,
  type RateLimitQuota,
} from './quota.ts';
import { QuotaRules, type QuotaSubject } from './quota-rules.ts';
import { RateLimiter, type RateVerdict } from './rate-limiter.ts';

export interface QuotasDependencies {
  readonly recordsOf: (namespaceId: string, prefix: string) => Records;
  readonly namespaces: Namespaces;
}

/** What is in force now, made from the stored quotas. Counts of quotas that did not change are taken over. */
interface InForce {
  readonly config: QuotaConfig;
  readonly rateLimits: QuotaRules<RateLimitQuota>;
  readonly leaseCounts: QuotaRules<LeaseCountQuota>;
  readonly limiters: ReadonlyMap<string, RateLimiter>;
  readonly counters: ReadonlyMap<string, LeaseCounter>;
  readonly byKey: ReadonlyMap<string, Quota>;
}

const prefix = 'quotas/';
const configKey = `${prefix}config`;
const keyOf = (type: QuotaType, name: string) => `${prefix}${type}/${name}`;

/**
 * Rate limits and lease counts, in the root namespace's records. Limits are kept by each process for itself, as in
 * Vault; a changed quota is in force for the next request.
 */
export class Quotas {
  readonly #deps: QuotasDependencies;
  readonly #records: Records;
  #inForce: InForce | undefined;
  #before: InForce | undefined;
  #epoch = 0;
  /** Shared by all requests that wait for one state. */
  #loading: { readonly epoch: number; readonly loaded: Promise<InForce> } | undefined;

  constructor(deps: QuotasDependencies) {
    this.#deps = deps;
    this.#records = deps.recordsOf('root', 'sys/');
  }

  /** Told of every changed storage key before the change is visible. */
  changed(keys: readonly string[] | 'all'): void {
    if (keys !== 'all' && !keys.some((key) => key.startsWith(`n/root/sys/${prefix}`))) return;
    this.forget();
  }

  /** Before sealing, too. */
  forget(): void {
    this.#epoch++;
    this.#before = this.#inForce ?? this.#before;
    this.#inForce = undefined;
  }

  /** What is in force, when that is known without waiting. */
  peek(): InForce | undefined {
    return this.#inForce;
  }

  /** Whether requests that a rate limit refused are audited. */
  get auditsRefusals(): boolean {
    return this.#inForce?.config.enableRateLimitAuditLogging ?? false;
  }

  async current(): Promise<InForce> {
    for (;;) {
      if (this.#inForce) return this.#inForce;
      const epoch = this.#epoch;
      if (this.#loading?.epoch !== epoch) this.#loading = { epoch, loaded: this.#load() };
      const loaded = await this.#loading.loaded.catch((error: unknown) => {
        this.#loading = undefined;
        throw error;
      });
      if (epoch === this.#epoch) {
        this.#loading = undefined;
        this.#inForce = loaded;
        this.#before = undefined;
      }
    }
  }

  async list(type: QuotaType): Promise<string[]> {
    const keys = await this.#records.scanKeys(keyOf(type, ''), { limit: 100_000 });
    return keys.map((key) => key.slice(keyOf(type, '').length));
  }

  async find(type: QuotaType, name: string): Promise<Quota | undefined> {
    return (await this.#records.get<Quota>(keyOf(type, name)))?.value;
  }

  /** Leases under a lease-count quota, as far as they have been counted. */
  async countOf(name: string): Promise<number> {
    return (await this.current()).counters.get(name)?.count ?? 0;
  }

  /** Throws 'invalid-request' when another quota of the type has the same path and role. */
  async write(quota: Quota): Promise<void> {
    for (const other of (await this.current()).byKey.values()) {
      const isTwin = other.type === quota.type && other.path === quota.path && other.role === quota.role;
      if (isTwin && other.name !== quota.name)
        throw invalidRequest(`quota rule with similar properties exists under the name "${other.name}"`);
    }
    await this.#records.commit({ put: [[keyOf(quota.type, quota.name), quota]] });
  }

  async remove(type: QuotaType, name: string): Promise<void> {
    await this.#records.commit({ remove: [keyOf(type, name)] });
  }

  /** A mount or namespace at `path` (ending in '/') has gone: its quotas go too. */
  async removeBelow(path: string): Promise<void> {
    const { byKey } = await this.current();
    const remove = [...byKey].filter(([, quota]) => quota.path.startsWith(path)).map(([key]) => key);
    if (remove.length > 0) await this.#records.commit({ remove });
  }

  /** A mount has moved: its quotas follow. */
  async move(from: string, to: string): Promise<void> {
    const { byKey } = await this.current();
    const put = [...byKey]
      .filter(([, { path }]) => path.startsWith(from))
      .map(([key, quota]) => [key, { ...quota, path: to + quota.path.slice(from.length) }] as const);
    if (put.length > 0) await this.#records.commit({ put });
  }

  async config(): Promise<QuotaConfig> {
    return (await this.#records.get<QuotaConfig>(configKey))?.value ?? defaultQuotaConfig;
  }

  async configure(change: Partial<QuotaConfig>): Promise<void> {
    const stored = await this.#records.get<QuotaConfig>(configKey);
    const next = { ...(stored?.value ?? defaultQuotaConfig), ...change };
    await this.#records.commit({ expect: [{ key: configKey, stored }], put: [[configKey, next]] });
  }

  /** Takes one request of a client from the rate limit that applies, if any. */
  takeRate(inForce: InForce, subject: QuotaSubject, address: string, nowMs: number): RateVerdict | undefined {
    if (isExempt(inForce.config, subject)) return undefined;
    const quota = inForce.rateLimits.find(subject);
    return quota && inForce.limiters.get(quota.name)?.take(address, nowMs);
  }

  /** Throws 'rate-limited' when the lease-count quota that applies is full; else counts one more, which may be stored already. */
  async takeLease(inForce: InForce, subject: QuotaSubject, nowMs: number, isStored: boolean): Promise<void> {
    const quota = inForce.leaseCounts.find(subject);
    const counter = quota && inForce.counters.get(quota.name);
    if (!counter || (await counter.admit(nowMs, isStored))) return;
    throw new CofferError(
      'rate-limited',
      `request path "${subject.namespacePath}${subject.path}": lease count quota exceeded`,
      { hint: 'Leases have to end, or the quota has to be raised, before new ones are made.' },
    );
  }

  async #load(): Promise<InForce> {
    const byKey = new Map<string, Quota>();
    for (const type of ['rate-limit', 'lease-count'] as const)
      for (const [key, { value }] of await this.#records.scan<Quota>(keyOf(type, ''), { limit: 100_000 }))
        byKey.set(key, value);
    const limiters = new Map<string, RateLimiter>();
    const counters = new Map<string, LeaseCounter>();
    const rateLimits: RateLimitQuota[] = [];
    const leaseCounts: LeaseCountQuota[] = [];
    for (const [key, quota] of byKey) {
      const isSame = JSON.stringify(this.#before?.byKey.get(key)) === JSON.stringify(quota);
      if (quota.type === 'rate-limit') {
        rateLimits.push(quota);
        const kept = isSame ? this.#before?.limiters.get(quota.name) : undefined;
        limiters.set(quota.name, kept ?? new RateLimiter(quota));
      } else {
        leaseCounts.push(quota);
        const kept = isSame ? this.#before?.counters.get(quota.name) : undefined;
        counters.set(
          quota.name,
          kept ?? new LeaseCounter(quota.maxLeases, (limit) => this.#count(quota, limit)),
        );
      }
    }
    return {
      config: await this.config(),
      rateLimits: new QuotaRules(rateLimits),
      leaseCounts: new QuotaRules(leaseCounts),
      limiters,
      counters,
      byKey,
    };
  }

  /** Leases and tokens with an end that the quota covers, up to `limit`; of a role, only tokens have one. */
  async #count(quota: LeaseCountQuota, limit: number): Promise<number> {
    const place = await namespaceOf(this.#deps.namespaces, quota.path);
    if (quota.role !== '') return this.#countOfRole(place.id, place.rest, quota.role, limit);
    let count = await this.#countIn(place.id, place.rest, limit);
    if (!quota.inheritable || place.rest !== '') return count;
    for await (const namespace of this.#deps.namespaces.below(place)) {
      if (count >= limit) break;
      count += await this.#countIn(namespace.id, '', limit - count);
    }
    return count;
  }

  async #countOfRole(namespaceId: string, mountPath: string, role: string, limit: number): Promise<number> {
    const records = this.#deps.recordsOf(namespaceId, 'sys/');
    const beginning = `${issuedPrefix}${mountPath}`;
    let count = 0;
    let after: string | undefined;
    while (count < limit) {
      const page = await records.scanKeys(beginning, {
        limit: 500,
        ...(after === undefined ? {} : { after }),
      });
      const digests = page.map((key) => key.slice(key.lastIndexOf('/') + 1));
      const tokens = await records.getMany<TokenEntry>(digests.map(tokenKey));
      for (const token of tokens) {
        const metadata = token?.value.metadata;
        if ((metadata?.['role_name'] ?? metadata?.['role']) === role) count++;
      }
      after = page.at(-1);
      if (after === undefined) break;
    }
    return count;
  }

  async #countIn(namespaceId: string, beginning: string, limit: number): Promise<number> {
    const records = this.#deps.recordsOf(namespaceId, 'sys/');
    const leases = (await records.scanKeys(`lease/${beginning}`, { limit })).length;
    if (leases >= limit) return leases;
    return leases + (await records.scanKeys(`${issuedPrefix}${beginning}`, { limit: limit - leases })).length;
  }
}

export type { InForce };

/** The namespace that a quota's path is in, and the rest of the path, without a `*`. */
async function namespaceOf(namespaces: Namespaces, path: string) {
  let found = await namespaces.find('');
  let rest = path.endsWith('*') ? path.slice(0, -1) : path;
  for (;;) {
    const cut = rest.indexOf('/');
    const child = cut > 0 ? await namespaces.find(`${found?.path ?? ''}${rest.slice(0, cut)}`) : undefined;
    if (!found || !child) break;
    found = child;
    rest = rest.slice(cut + 1);
  }
  if (!found) throw new CofferError('not-found');
  return { ...found, rest };
}

function isExempt(config: QuotaConfig, { namespacePath, path }: QuotaSubject): boolean {
  return (
    matchesAny(config.rateLimitExemptPaths, path) ||
    matchesAny(config.absoluteRateLimitExemptPaths, `${namespacePath}${path}`)
  );
}

function matchesAny(patterns: readonly string[], path: string): boolean {
  for (const pattern of patterns)
    if (pattern.endsWith('*') ? path.startsWith(pattern.slice(0, -1)) : pattern === path) return true;
  return false;
}
