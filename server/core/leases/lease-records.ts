import type { Clock } from '../../contracts/clock.ts';
import type { Records, Stored } from '../../contracts/records.ts';
import { StorageConflict } from '../../contracts/storage.ts';
import {
  type ChangePart,
  dueNamespaceId,
  type Fence,
  type RecordsOf,
  SystemChange,
} from '../tokens/system-change.ts';
import type { TokenAddress } from '../tokens/token-entry.ts';
import { tokenKey } from '../tokens/token-keys.ts';
import { dueKey } from './due.ts';
import {
  dueTimeOf,
  isLeaseId,
  type LeaseEntry,
  leaseKey,
  namespaceIdOfLease,
  parseTokenLease,
  tokenLeaseKey,
  tokenLeasePrefix,
} from './lease-entry.ts';

/** A namespace as far as leases know it. */
export type Where = { readonly id: string; readonly path: string };

const pageSize = 500;
const mostAttempts = 100;

/**
 * Lease records and their indexes: `lease/<id>` in their namespace, a `due/` entry under their time, and
 * `token-lease/<digest>/<namespace id>/<lease id>` beside their token.
 */
export class LeaseRecords {
  readonly #recordsOf: RecordsOf;
  readonly #clock: Clock;

  constructor(recordsOf: RecordsOf, clock: Clock) {
    this.#recordsOf = recordsOf;
    this.#clock = clock;
  }

  async get(namespaceId: string, leaseId: string): Promise<Stored<LeaseEntry> | undefined> {
    // An id says where it belongs; in any other namespace it is not one.
    if (!isLeaseId(leaseId) || namespaceIdOfLease(leaseId) !== namespaceId) return undefined;
    return this.#sys(namespaceId).get<LeaseEntry>(leaseKey(leaseId));
  }

  list(namespaceId: string, folder: string): Promise<string[]> {
    return this.#sys(namespaceId).list(leaseKey(folder), { limit: 1_000_000 });
  }

  /**
   * Stores a new lease, and in the same commit what its engine changes with it. False when its token has ended
   * meanwhile; rejects with `StorageConflict` when the token was changed, or what the engine expects does not hold.
   */
  async insert(namespaceId: string, entry: LeaseEntry, alongside?: ChangePart): Promise<boolean> {
    const { leaseId, token } = entry;
    const change = new SystemChange(this.#recordsOf);
    if (alongside) change.add([alongside]);
    change.expect(namespaceId, leaseKey(leaseId), undefined);
    change.put(namespaceId, leaseKey(leaseId), entry);
    change.mark(dueNamespaceId, dueKey(dueTimeOf(entry), 'lease', namespaceId, leaseId));
    if (token) {
      const stored = await this.#sys(token.namespaceId).get(tokenKey(token.digest));
      if (!stored) return false;
      change.expect(token.namespaceId, tokenKey(token.digest), stored);
      change.mark(token.namespaceId, tokenLeaseKey(token, namespaceId, leaseId));
    }
    await change.commit();
    return true;
  }

  /** Writes a changed entry. False when somebody else was first. */
  async replace(
    namespaceId: string,
    stored: Stored<LeaseEntry>,
    entry: LeaseEntry,
    fence?: Fence,
  ): Promise<boolean> {
    const change = this.#newChange(fence);
    this.#write(change, namespaceId, stored, entry);
    try {
      await change.commit();
      return true;
    } catch (error) {
      if (error instanceof StorageConflict) return false;
      throw error;
    }
  }

  /** The lease is over and nothing is left to take back. */
  async remove(namespaceId: string, leaseId: string, fence?: Fence): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      const stored = await this.get(namespaceId, leaseId);
      if (!stored) return;
      const change = this.#newChange(fence);
      change.expect(namespaceId, leaseKey(leaseId), stored);
      change.remove(namespaceId, leaseKey(leaseId));
      change.remove(dueNamespaceId, dueKey(dueTimeOf(stored.value), 'lease', namespaceId, leaseId));
      const { token } = stored.value;
      if (token) change.remove(token.namespaceId, tokenLeaseKey(token, namespaceId, leaseId));
      try {
        await change.commit();
        return;
      } catch (error) {
        // A fence that fell is no reason to look again.
        if (!(error instanceof StorageConflict) || attempt >= mostAttempts) throw error;
        if (error.key.includes('/sys/claim/')) throw error;
      }
    }
  }

  /** Adds to a commit that ends a token the end of up to `limit` of its leases. False when it has more. */
  async endOfToken(token: TokenAddress, change: SystemChange, limit: number): Promise<boolean> {
    const prefix = tokenLeasePrefix(token.digest);
    const keys = await this.#sys(token.namespaceId).scanKeys(prefix, { limit: limit + 1 });
    for (const key of keys.slice(0, limit)) {
      change.remove(token.namespaceId, key);
      const { namespaceId, leaseId } = parseTokenLease(key, prefix);
      const stored = await this.get(namespaceId, leaseId);
      if (stored && !stored.value.ending) this.#write(change, namespaceId, stored, this.ended(stored.value));
    }
    return keys.length <= limit;
  }

  /** As an entry is from the moment on which its lease is over. */
  ended(entry: LeaseEntry): LeaseEntry {
    const nowMs = this.#clock.now();
    const { token: _gone, ...rest } = entry;
    return {
      ...rest,
      renewable: false,
      expiresMs: Math.min(entry.expiresMs, nowMs),
      ending: { attempts: 0, nextTryMs: nowMs },
    };
  }

  /** Ids below a prefix, in pages; `prefix` itself when it is one. */
  async *idsBelow(namespaceId: string, prefix: string): AsyncGenerator<string> {
    const folder = prefix === '' || prefix.endsWith('/') ? prefix : `${prefix}/`;
    if (folder !== prefix && (await this.get(namespaceId, prefix))) yield prefix;
    let after: string | undefined;
    for (;;) {
      const keys = await this.#sys(namespaceId).scanKeys(leaseKey(folder), {
        limit: pageSize,
        ...(after === undefined ? {} : { after }),
      });
      for (const key of keys) yield key.slice(leaseKey('').length);
      after = keys.at(-1);
      if (after === undefined) return;
    }
  }

  async *all(namespaceId: string): AsyncGenerator<LeaseEntry> {
    let after: string | undefined;
    for (;;) {
      const entries = await this.#sys(namespaceId).scan<LeaseEntry>(leaseKey(''), {
        limit: pageSize,
        ...(after === undefined ? {} : { after }),
      });
      for (const [, stored] of entries) yield stored.value;
      after = entries.at(-1)?.[0];
      if (after === undefined) return;
    }
  }

  /** Every id, in order, without reading what it stands for. */
  async *idsInPages(namespaceId: string): AsyncGenerator<string[]> {
    const prefix = leaseKey('');
    let after: string | undefined;
    for (;;) {
      const keys = await this.#sys(namespaceId).scanKeys(prefix, {
        limit: 2 * pageSize,
        ...(after === undefined ? {} : { after }),
      });
      yield keys.map((key) => key.slice(prefix.length));
      after = keys.at(-1);
      if (after === undefined) return;
    }
  }

  #write(change: SystemChange, namespaceId: string, stored: Stored<LeaseEntry>, entry: LeaseEntry): void {
    const before = stored.value;
    const { leaseId } = before;
    change.expect(namespaceId, leaseKey(leaseId), stored);
    change.put(namespaceId, leaseKey(leaseId), entry);
    const from = dueKey(dueTimeOf(before), 'lease', namespaceId, leaseId);
    const to = dueKey(dueTimeOf(entry), 'lease', namespaceId, leaseId);
    if (from !== to) {
      change.remove(dueNamespaceId, from);
      change.mark(dueNamespaceId, to);
    }
    if (before.token && !entry.token)
      change.remove(before.token.namespaceId, tokenLeaseKey(before.token, namespaceId, leaseId));
  }

  #newChange(fence: Fence | undefined): SystemChange {
    const change = new SystemChange(this.#recordsOf);
    if (fence) change.add([fence]);
    return change;
  }

  #sys(namespaceId: string): Records {
    return this.#recordsOf(namespaceId, 'sys/');
  }
}
