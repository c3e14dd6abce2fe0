import type { Clock } from '../../contracts/clock.ts';
import { CofferError, invalidRequest } from '../../contracts/errors.ts';
import type { Logger } from '../../contracts/logger.ts';
import type { LeaseGrant } from '../../contracts/request.ts';
import { StorageConflict } from '../../contracts/storage.ts';
import type { Mount } from '../mounts/mount.ts';
import type { Namespace } from '../namespaces/namespaces.ts';
import type { ReplyLease } from '../pipeline/exchange.ts';
import { lifetimeFrom } from '../tokens/lifetime.ts';
import type { RecordsOf, SystemChange } from '../tokens/system-change.ts';
import type { TokenAddress } from '../tokens/token-entry.ts';
import { randomName, withNamespace } from '../tokens/token-names.ts';
import type { TokenState } from '../tokens/token-state.ts';
import { type CountedLeases, countLeases, countWaiting } from './count-leases.ts';
import {
  type EndingDependencies,
  type ExpireOptions,
  engineLease,
  engineOf,
  LeaseEndings,
} from './lease-endings.ts';
import { isLeaseId, isWaiting, type LeaseEntry, namespaceIdOfLease } from './lease-entry.ts';
import { LeaseRecords, type Where } from './lease-records.ts';

export interface LeasesDependencies {
  readonly recordsOf: RecordsOf;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly namespaceById: (id: string) => Promise<Namespace | undefined>;
  readonly mountByUuid: (namespace: Where, uuid: string) => Promise<Mount | undefined>;
  readonly told?: EndingDependencies['told'];
}

export interface LeaseRegistration {
  readonly mount: Mount;
  readonly namespace: Namespace;
  readonly path: string;
  readonly grant: LeaseGrant;
  readonly token: TokenState | undefined;
}

const mostAttempts = 100;

/**
 * Leases: what engines granted for a time, and to whom. Callers name leases by id; a caller in a namespace
 * reaches those of that namespace and below, and "not there" and "not yours" are answered alike.
 */
export class Leases {
  readonly #deps: LeasesDependencies;
  readonly #records: LeaseRecords;
  readonly #endings: LeaseEndings;

  constructor(deps: LeasesDependencies) {
    this.#deps = deps;
    this.#records = new LeaseRecords(deps.recordsOf, deps.clock);
    this.#endings = new LeaseEndings(this.#records, deps);
  }

  /** Stores the lease of what an engine has just made. When that cannot be, it is taken back and this throws. */
  async register(lease: LeaseRegistration): Promise<ReplyLease> {
    const { mount, namespace, grant, token } = lease;
    const nowMs = this.#deps.clock.now();
    const lifetime = lifetimeFrom({
      ttlSeconds: grant.ttlSeconds,
      periodSeconds: 0,
      explicitMaxTtlSeconds: 0,
      maxTtlSeconds: grant.maxTtlSeconds ?? 0,
      mount: mount.info,
      createdMs: nowMs,
      nowMs,
    });
    const leaseId = withNamespace(`${lease.path.replace(/\/$/, '')}/${randomName()}`, namespace.id);
    const entry: LeaseEntry = {
      leaseId,
      mountUuid: mount.entry.uuid,
      internal: grant.internal,
      issuedMs: nowMs,
      expiresMs: nowMs + lifetime.ttlSeconds * 1000,
      maxTtlSeconds: grant.maxTtlSeconds ?? 0,
      renewable: grant.renewable,
      ...(token?.entry.type === 'service'
        ? { token: { namespaceId: token.namespace.id, digest: token.digest } }
        : {}),
    };
    try {
      await this.#insert(namespace, entry, grant.alongside);
    } catch (error) {
      await this.#abandon(namespace, entry, mount);
      throw error;
    }
    this.#deps.told?.('create', namespace, entry, mount);
    return {
      id: leaseId,
      ttlSeconds: lifetime.ttlSeconds,
      renewable: entry.renewable,
      warnings: lifetime.warnings,
    };
  }

  async find(where: Where, leaseId: string): Promise<LeaseEntry | undefined> {
    const namespace = await this.#namespaceOf(where, leaseId);
    const stored = namespace && (await this.#records.get(namespace.id, leaseId));
    if (!stored || stored.value.ending || this.#hasExpired(stored.value)) return undefined;
    return stored.value;
  }

  /** One level below `folder`, which is empty or ends in '/'. */
  list(where: { readonly id: string }, folder: string): Promise<string[]> {
    return this.#records.list(where.id, folder);
  }

  /** 0 seconds for what the engine thinks right. Throws 'invalid-request' for what cannot be renewed. */
  async renew(where: Where, leaseId: string, incrementSeconds: number): Promise<ReplyLease> {
    const namespace = await this.#namespaceOf(where, leaseId);
    for (let attempt = 1; attempt <= mostAttempts; attempt++) {
      const stored = namespace && (await this.#records.get(namespace.id, leaseId));
      if (!stored || stored.value.ending || this.#hasExpired(stored.value))
        throw invalidRequest('lease not found');
      const entry = stored.value;
      const mount = entry.renewable ? await this.#deps.mountByUuid(namespace, entry.mountUuid) : undefined;
      await mount?.load();
      const engine = engineOf(mount);
      if (!mount || !engine?.renew) throw invalidRequest('lease is not renewable');
      const grant = await engine.renew(engineLease(entry, incrementSeconds));
      const nowMs = this.#deps.clock.now();
      const lifetime = lifetimeFrom({
        ttlSeconds: incrementSeconds || grant.ttlSeconds,
        periodSeconds: 0,
        explicitMaxTtlSeconds: 0,
        maxTtlSeconds: grant.maxTtlSeconds ?? entry.maxTtlSeconds,
        mount: mount.info,
        createdMs: entry.issuedMs,
        nowMs,
      });
      const renewed: LeaseEntry = {
        ...entry,
        internal: grant.internal,
        renewable: grant.renewable,
        lastRenewalMs: nowMs,
        expiresMs: nowMs + lifetime.ttlSeconds * 1000,
      };
      if (await this.#records.replace(namespace.id, stored, renewed)) {
        const { ttlSeconds, warnings } = lifetime;
        this.#deps.told?.('renew', namespace, renewed, mount);
        return { id: leaseId, ttlSeconds, renewable: renewed.renewable, warnings };
      }
    }
    throw new CofferError('conflict');
  }

  /** Ends the lease and takes back what it stood for. Throws when that could not be done now; it goes on in the background. */
  async revokeNow(where: Where, leaseId: string): Promise<void> {
    const namespace = await this.#namespaceOf(where, leaseId);
    if (namespace) await this.#endings.revokeNow(namespace, leaseId);
  }

  /** Ends the lease now, for the background job to take back. */
  async revokeLazily(where: Where, leaseId: string): Promise<void> {
    const namespace = await this.#namespaceOf(where, leaseId);
    if (namespace) await this.#endings.end(namespace, leaseId);
  }

  /** As `LeaseEndings.revokePrefix`. */
  revokePrefix(
    namespace: Where,
    prefix: string,
    options: { readonly force?: boolean; readonly lazy?: boolean } = {},
  ): Promise<void> {
    return this.#endings.revokePrefix(namespace, prefix, options);
  }

  /** For the commit that ends a token: as `LeaseRecords.endOfToken`. */
  endOfToken(token: TokenAddress, change: SystemChange, limit: number): Promise<boolean> {
    return this.#records.endOfToken(token, change, limit);
  }

  /** As `LeaseEndings.expire`. */
  expire(namespace: Where, leaseId: string, options: ExpireOptions = {}): Promise<boolean> {
    return this.#endings.expire(namespace, leaseId, options);
  }

  secondsLeft(lease: LeaseEntry): number {
    return Math.max(0, Math.floor((lease.expiresMs - this.#deps.clock.now()) / 1000));
  }

  /** Reads no lease for the count of all, and every one for that of those which wait. */
  count(namespace: Where, onlyWaiting: boolean): Promise<CountedLeases> {
    const { mountByUuid } = this.#deps;
    return onlyWaiting
      ? countWaiting(this.#records, namespace, mountByUuid)
      : countLeases(this.#records, namespace, mountByUuid);
  }

  /** Leases that have ended and whose engine could not take them back so far. */
  async waiting(namespace: Where, limit: number): Promise<{ lease_id: string; error: string }[]> {
    const found: { lease_id: string; error: string }[] = [];
    for await (const entry of this.#records.all(namespace.id)) {
      if (!isWaiting(entry)) continue;
      found.push({ lease_id: entry.leaseId, error: entry.ending?.lastError ?? '' });
      if (found.length >= limit) break;
    }
    return found;
  }

  /** Whether the lease is there and the index should look at it at that time. */
  async isDueAt(namespace: Where, leaseId: string, timeMs: number): Promise<boolean> {
    const stored = await this.#records.get(namespace.id, leaseId);
    return stored !== undefined && (stored.value.ending?.nextTryMs ?? stored.value.expiresMs) === timeMs;
  }

  /** Where a lease lives, if that is `where` or below it. */
  async #namespaceOf(where: Where, leaseId: string): Promise<Where | undefined> {
    if (!isLeaseId(leaseId)) return undefined;
    const namespace = await this.#deps.namespaceById(namespaceIdOfLease(leaseId));
    return namespace && !namespace.tainted && namespace.path.startsWith(where.path) ? namespace : undefined;
  }

  #hasExpired(entry: LeaseEntry): boolean {
    return entry.expiresMs <= this.#deps.clock.now();
  }

  async #insert(namespace: Where, entry: LeaseEntry, alongside: LeaseGrant['alongside']): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      try {
        if (await this.#records.insert(namespace.id, entry, alongside)) return;
        throw new CofferError('permission-denied', undefined, {
          detail: 'the token ended while the engine worked',
        });
      } catch (error) {
        // The token was used or renewed meanwhile: look again. The engine's own expectation is not asked twice.
        if (!(error instanceof StorageConflict) || attempt >= mostAttempts) throw error;
        if (error.key.includes(`/m/${entry.mountUuid}/`)) throw error;
      }
    }
  }

  /**
   * The engine has made something that nobody will be given. It becomes a lease that has ended, so that taking
   * it back outlives this process; only if not even that can be written is the engine asked here and now.
   */
  async #abandon(namespace: Where, entry: LeaseEntry, mount: Mount): Promise<void> {
    try {
      await this.#records.insert(namespace.id, this.#records.ended(entry));
    } catch {
      await this.#endings.undo(entry, mount).catch((error: unknown) => {
        this.#deps.logger.error('a credential without a lease could not be taken back; remove it by hand', {
          lease_id: entry.leaseId,
          error: error instanceof Error ? error.message : 'unknown',
        });
      });
    }
  }
}
