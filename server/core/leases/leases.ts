import type { Clock } from '../../contracts/clock.ts';
import { CofferError, invalidRequest } from '../../contracts/errors.ts';
import type { Logger } from '../../contracts/logger.ts';
import type { RecordChange, Records, Stored } from '../../contracts/records.ts';
import type { LeaseGrant } from '../../contracts/request.ts';
import type { SecretsEngine } from '../../contracts/secrets-engine.ts';
import { StorageConflict } from '../../contracts/storage.ts';
import type { Mount } from '../mounts/mount.ts';
import { type Namespace, rootNamespace } from '../namespaces/namespaces.ts';
import type { ReplyLease } from '../pipeline/exchange.ts';
import { lifetimeFrom } from '../tokens/lifetime.ts';
import type { TokenAddress } from '../tokens/token-entry.ts';
import { randomName, withNamespace } from '../tokens/token-names.ts';
import type { TokenState } from '../tokens/token-state.ts';
import { dueKey } from './due.ts';
import { dueTimeOf, type LeaseEntry } from './lease-entry.ts';

export interface LeasesDependencies {
  readonly recordsOf: (namespaceId: string, prefix: string) => Records;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly mountByUuid: (namespace: Namespace, uuid: string) => Promise<Mount | undefined>;
}

export interface LeaseRegistration {
  readonly mount: Mount;
  readonly namespace: Namespace;
  readonly path: string;
  readonly grant: LeaseGrant;
  readonly token: TokenState | undefined;
}

type Changes = readonly { records: Records; change: RecordChange }[];

const firstRetryMs = 5_000;
const longestRetryMs = 15 * 60_000;
/** An engine that has not answered by then is tried again later; it must not hold up other leases. */
const revokeDeadlineMs = 60_000;
const page = 500;

/**
 * Leases: `lease/<id>` in their namespace, a `due/` entry under their time, and `token-lease/<digest>/<namespace
 * id>/<lease id>` beside their token. What has ended is taken back until the engine succeeds, for ever.
 */
export class Leases {
  readonly #deps: LeasesDependencies;

  constructor(deps: LeasesDependencies) {
    this.#deps = deps;
  }

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
      maxTtlSeconds: grant.maxTtlSeconds ? Math.min(grant.maxTtlSeconds, mount.info.maxLeaseTtlSeconds) : mount.info.maxLeaseTtlSeconds,
      renewable: grant.renewable,
      ...(token && token.entry.type === 'service' ? { token: { namespaceId: token.namespace.id, digest: token.digest } } : {}),
    };
    const others: { records: Records; change: RecordChange }[] = [{ records: this.#due(), change: { mark: [dueKey(entry.expiresMs, 'lease', namespace.id, leaseId)] } }];
    if (entry.token) {
      const { namespaceId, digest } = entry.token;
      const tokens = this.#sys(namespaceId);
      const stored = await tokens.get(`token/${digest}`);
      // The token ended while the engine worked: what it made ends with it.
      if (!stored) await this.#abandon(entry, mount);
      others.push({ records: tokens, change: { expect: [{ key: `token/${digest}`, stored }], mark: [tokenLeaseKey(entry.token, namespace.id, leaseId)] } });
    }
    try {
      await this.#sys(namespace.id).commitWith({ expect: [{ key: `lease/${leaseId}`, stored: undefined }], put: [[`lease/${leaseId}`, entry]] }, others);
    } catch (error) {
      if (error instanceof StorageConflict && entry.token && (await this.#sys(entry.token.namespaceId).get(`token/${entry.token.digest}`))) return this.register(lease);
      await this.#abandon(entry, mount);
    }
    return { id: leaseId, ttlSeconds: lifetime.ttlSeconds, renewable: entry.renewable };
  }

  async find(namespace: Namespace, leaseId: string): Promise<LeaseEntry | undefined> {
    const stored = await this.#stored(namespace, leaseId);
    return stored && !stored.value.ending ? stored.value : undefined;
  }

  list(namespace: Namespace, prefix: string): Promise<string[]> {
    return this.#sys(namespace.id).list(`lease/${prefix}`, { limit: 1_000_000 });
  }

  async renew(namespace: Namespace, leaseId: string, incrementSeconds: number): Promise<ReplyLease> {
    for (;;) {
      const stored = await this.#stored(namespace, leaseId);
      if (!stored || stored.value.ending || stored.value.expiresMs <= this.#deps.clock.now()) throw invalidRequest('lease not found');
      const entry = stored.value;
      if (!entry.renewable) throw invalidRequest('lease is not renewable');
      const mount = await this.#mountOf(namespace, entry);
      if (!mount) throw invalidRequest('the engine of this lease is gone');
      const engine = mount.engine as SecretsEngine;
      if (!engine.renew) throw invalidRequest('lease is not renewable');
      const grant = await engine.renew({ leaseId, internal: entry.internal, issuedAtMs: entry.issuedMs, expiresAtMs: entry.expiresMs, incrementSeconds: incrementSeconds || undefined });
      const nowMs = this.#deps.clock.now();
      const lifetime = lifetimeFrom({ ttlSeconds: incrementSeconds || grant.ttlSeconds, periodSeconds: 0, explicitMaxTtlSeconds: 0, maxTtlSeconds: grant.maxTtlSeconds ?? entry.maxTtlSeconds, mount: mount.info, createdMs: entry.issuedMs, nowMs });
      const renewed: LeaseEntry = { ...entry, internal: grant.internal, renewable: grant.renewable, lastRenewalMs: nowMs, expiresMs: nowMs + lifetime.ttlSeconds * 1000 };
      if (await this.#replace(namespace, stored, renewed)) return { id: leaseId, ttlSeconds: lifetime.ttlSeconds, renewable: renewed.renewable };
    }
  }

  /** Ends the lease and takes back what it stood for. Throws when that could not be done now; it goes on in the background. */
  async revokeNow(namespace: Namespace, leaseId: string): Promise<void> {
    const stored = await this.#stored(namespace, leaseId);
    if (!stored) return;
    const ended = await this.#end(namespace, stored);
    if (ended) await this.#takeBack(namespace, ended, true);
  }

  /** Ends the lease now, for the background job to take back. */
  async revokeLazily(namespace: Namespace, leaseId: string): Promise<void> {
    const stored = await this.#stored(namespace, leaseId);
    if (stored) await this.#end(namespace, stored);
  }

  /** All leases below `prefix`. With `force` they are forgotten even where the engine fails. */
  async revokePrefix(namespace: Namespace, prefix: string, options: { force?: boolean; lazy?: boolean } = {}): Promise<void> {
    const failures: string[] = [];
    for await (const leaseId of this.idsBelow(namespace, prefix)) {
      try {
        if (options.lazy) await this.revokeLazily(namespace, leaseId);
        else await this.revokeNow(namespace, leaseId);
      } catch (error) {
        if (options.force) await this.#forget(namespace, leaseId);
        else failures.push(error instanceof Error ? error.message : 'unknown');
      }
    }
    if (failures.length > 0) {
      throw new CofferError('internal', `${failures.length} leases below "${prefix}" could not be revoked yet; this goes on in the background`, { detail: failures[0], hint: 'sys/leases/revoke-force forgets them without asking the engine.' });
    }
  }

  async *idsBelow(namespace: Namespace, prefix: string): AsyncGenerator<string> {
    let after: string | undefined;
    for (;;) {
      const keys = await this.#sys(namespace.id).scanKeys(`lease/${prefix}`, { limit: page, ...(after === undefined ? {} : { after }) });
      for (const key of keys) yield key.slice('lease/'.length);
      after = keys.at(-1);
      if (after === undefined) return;
    }
  }

  /** For the commit that ends tokens: their leases fall due in that very commit. */
  async endingWith(tokens: readonly TokenAddress[]): Promise<Changes> {
    const changes: { records: Records; change: RecordChange }[] = [];
    for (const token of tokens) {
      const prefix = `token-lease/${token.digest}/`;
      for (const key of await this.#sys(token.namespaceId).scanKeys(prefix, { limit: 100_000 })) {
        changes.push({ records: this.#sys(token.namespaceId), change: { remove: [key] } });
        const cut = key.indexOf('/', prefix.length);
        const namespaceId = key.slice(prefix.length, cut);
        const records = this.#sys(namespaceId);
        const leaseKey = `lease/${key.slice(cut + 1)}`;
        const stored = await records.get<LeaseEntry>(leaseKey);
        if (!stored || stored.value.ending) continue;
        const ended = this.#ended(stored.value);
        changes.push({ records, change: { expect: [{ key: leaseKey, stored }], put: [[leaseKey, ended]] } }, this.#moveDue(namespaceId, stored.value, ended));
      }
    }
    return changes;
  }

  /** The background job's part: a lease whose time has come. Never throws for an engine's failure. */
  async expire(namespace: Namespace, leaseId: string): Promise<boolean> {
    const stored = await this.#stored(namespace, leaseId);
    if (!stored) return false;
    if (dueTimeOf(stored.value) > this.#deps.clock.now()) return false;
    const ended = stored.value.ending ? stored : await this.#end(namespace, stored);
    if (ended) await this.#takeBack(namespace, ended, false);
    return true;
  }

  secondsLeft(lease: LeaseEntry): number {
    return Math.max(0, Math.floor((lease.expiresMs - this.#deps.clock.now()) / 1000));
  }

  async count(namespace: Namespace, onlyWaiting: boolean): Promise<{ total: number; byMount: Record<string, number> }> {
    const byMount: Record<string, number> = {};
    let total = 0;
    for await (const entry of this.#all(namespace)) {
      if (onlyWaiting && !isWaiting(entry)) continue;
      total++;
      const mount = (await this.#deps.mountByUuid(namespace, entry.mountUuid))?.fullPath ?? 'unknown';
      byMount[mount] = (byMount[mount] ?? 0) + 1;
    }
    return { total, byMount };
  }

  /** Leases that have ended and whose engine could not take them back so far. */
  async waiting(namespace: Namespace, limit: number): Promise<{ lease_id: string; error: string }[]> {
    const found: { lease_id: string; error: string }[] = [];
    for await (const entry of this.#all(namespace)) {
      if (!isWaiting(entry)) continue;
      found.push({ lease_id: entry.leaseId, error: entry.ending?.lastError ?? '' });
      if (found.length >= limit) break;
    }
    return found;
  }

  async *#all(namespace: Namespace): AsyncGenerator<LeaseEntry> {
    let after: string | undefined;
    for (;;) {
      const entries = await this.#sys(namespace.id).scan<LeaseEntry>('lease/', { limit: page, ...(after === undefined ? {} : { after }) });
      for (const [, stored] of entries) yield stored.value;
      after = entries.at(-1)?.[0];
      if (after === undefined) return;
    }
  }

  /** Whether the lease is there and the index should look at it at that time. */
  async isDueAt(namespace: Namespace, leaseId: string, timeMs: number): Promise<boolean> {
    const stored = await this.#stored(namespace, leaseId);
    return stored !== undefined && dueTimeOf(stored.value) === timeMs;
  }

  async #end(namespace: Namespace, stored: Stored<LeaseEntry>): Promise<Stored<LeaseEntry> | undefined> {
    if (stored.value.ending) return stored;
    let current: Stored<LeaseEntry> | undefined = stored;
    while (current && !current.value.ending) {
      await this.#replace(namespace, current, this.#ended(current.value));
      current = await this.#stored(namespace, stored.value.leaseId);
    }
    return current;
  }

  async #takeBack(namespace: Namespace, stored: Stored<LeaseEntry>, report: boolean): Promise<void> {
    const entry = stored.value;
    try {
      const mount = await this.#mountOf(namespace, entry);
      const engine = mount?.engine as SecretsEngine | undefined;
      if (engine?.revoke) {
        await withDeadline(engine.revoke({ leaseId: entry.leaseId, internal: entry.internal, issuedAtMs: entry.issuedMs, expiresAtMs: entry.expiresMs, incrementSeconds: undefined }));
      }
      await this.#forget(namespace, entry.leaseId);
    } catch (error) {
      await this.#postpone(namespace, stored, error);
      if (report) throw new CofferError('internal', `lease ${entry.leaseId} has ended, but its engine could not take it back yet; this goes on in the background`, { cause: error });
    }
  }

  async #postpone(namespace: Namespace, stored: Stored<LeaseEntry>, error: unknown): Promise<void> {
    const attempts = (stored.value.ending?.attempts ?? 0) + 1;
    const waitMs = Math.min(firstRetryMs * 2 ** Math.min(attempts - 1, 16), longestRetryMs);
    const lastError = error instanceof Error ? error.message.slice(0, 300) : 'unknown';
    await this.#replace(namespace, stored, { ...stored.value, ending: { attempts, lastError, nextTryMs: this.#deps.clock.now() + waitMs } });
    this.#deps.logger[attempts >= 3 ? 'error' : 'warn']('a lease has ended and could not be taken back; trying again', { lease_id: stored.value.leaseId, attempts, next_try_seconds: waitMs / 1000 });
  }

  async #forget(namespace: Namespace, leaseId: string): Promise<void> {
    const stored = await this.#stored(namespace, leaseId);
    if (!stored) return;
    const entry = stored.value;
    const others: { records: Records; change: RecordChange }[] = [{ records: this.#due(), change: { remove: [dueKey(dueTimeOf(entry), 'lease', namespace.id, leaseId)] } }];
    if (entry.token) others.push({ records: this.#sys(entry.token.namespaceId), change: { remove: [tokenLeaseKey(entry.token, namespace.id, leaseId)] } });
    await this.#sys(namespace.id).commitWith({ remove: [`lease/${leaseId}`] }, others);
  }

  async #abandon(entry: LeaseEntry, mount: Mount): Promise<never> {
    const engine = mount.engine as SecretsEngine | undefined;
    await engine?.revoke?.({ leaseId: entry.leaseId, internal: entry.internal, issuedAtMs: entry.issuedMs, expiresAtMs: entry.expiresMs, incrementSeconds: undefined });
    throw new CofferError('permission-denied');
  }

  async #replace(namespace: Namespace, stored: Stored<LeaseEntry>, entry: LeaseEntry): Promise<boolean> {
    const key = `lease/${entry.leaseId}`;
    try {
      await this.#sys(namespace.id).commitWith({ expect: [{ key, stored }], put: [[key, entry]] }, [this.#moveDue(namespace.id, stored.value, entry)]);
      return true;
    } catch (error) {
      if (error instanceof StorageConflict) return false;
      throw error;
    }
  }

  #ended(entry: LeaseEntry): LeaseEntry {
    const nowMs = this.#deps.clock.now();
    return { ...entry, renewable: false, expiresMs: Math.min(entry.expiresMs, nowMs), ending: { attempts: 0, nextTryMs: nowMs } };
  }

  #moveDue(namespaceId: string, before: LeaseEntry, after: LeaseEntry): { records: Records; change: RecordChange } {
    const from = dueKey(dueTimeOf(before), 'lease', namespaceId, before.leaseId);
    const to = dueKey(dueTimeOf(after), 'lease', namespaceId, after.leaseId);
    return { records: this.#due(), change: from === to ? {} : { remove: [from], mark: [to] } };
  }

  async #mountOf(namespace: Namespace, entry: LeaseEntry): Promise<Mount | undefined> {
    const mount = await this.#deps.mountByUuid(namespace, entry.mountUuid);
    await mount?.load();
    return mount;
  }

  #stored(namespace: Namespace, leaseId: string): Promise<Stored<LeaseEntry> | undefined> {
    return this.#sys(namespace.id).get<LeaseEntry>(`lease/${leaseId}`);
  }

  #sys(namespaceId: string): Records {
    return this.#deps.recordsOf(namespaceId, 'sys/');
  }

  #due(): Records {
    return this.#sys(rootNamespace.id);
  }
}

function tokenLeaseKey(token: TokenAddress, namespaceId: string, leaseId: string): string {
  return `token-lease/${token.digest}/${namespaceId}/${leaseId}`;
}

function isWaiting(entry: LeaseEntry): boolean {
  return (entry.ending?.attempts ?? 0) > 0;
}

function withDeadline(work: Promise<void>): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error('the engine did not answer in time')), revokeDeadlineMs);
    timer.unref();
    work.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
