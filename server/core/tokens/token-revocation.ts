import type { Clock } from '../../contracts/clock.ts';
import { CofferError } from '../../contracts/errors.ts';
import type { Records, Stored } from '../../contracts/records.ts';
import { StorageConflict } from '../../contracts/storage.ts';
import { dueKey } from '../leases/due.ts';
import {
  type ChangePart,
  dueNamespaceId,
  type Fence,
  type RecordsOf,
  SystemChange,
} from './system-change.ts';
import { isWrapping, type TokenAddress, type TokenEntry } from './token-entry.ts';
import {
  accessorKey,
  childKey,
  childPrefix,
  idOf,
  isDigest,
  issuedKey,
  issuedPrefix,
  parseChild,
  revokingKey,
  revokingPrefix,
  sameToken,
  tokenKey,
} from './token-keys.ts';

export interface RevocationDependencies {
  readonly recordsOf: RecordsOf;
  readonly clock: Clock;
  /** Adds the end of up to `limit` leases of a token to the commit; false when it has more. */
  readonly endLeases: (token: TokenAddress, change: SystemChange, limit: number) => Promise<boolean>;
  /** What else goes in the commit that ends a token. */
  readonly endingWith: (token: TokenAddress, entry: TokenEntry) => readonly ChangePart[];
  /** Told once tokens have ended, at least once each: engines drop what belonged to them. */
  readonly ended: (tokens: readonly TokenAddress[]) => Promise<void>;
}

/** `revoking/<digest>`: tokens that have ended, and whose children and leases have to be looked for once more. */
interface Job {
  readonly mode: 'tree' | 'orphan';
  readonly tokens: readonly TokenAddress[];
}

interface Child {
  readonly address: TokenAddress;
  readonly parent: TokenAddress;
}

/** Tokens, and leases, that one commit ends. */
const commitSize = 2000;
const mostConflicts = 100;

/**
 * Ends tokens. One commit ends a token with its descendants and leases (of a large tree the first 2,000), and
 * leaves a job. Nothing new can be made with an ended token, since whatever is made expects its record: so
 * looking once more after that commit finds what was made while it was under way, and the job is done when
 * nothing is found. A crash leaves the job, and `resume` goes on with it.
 */
export class TokenRevocation {
  readonly #deps: RevocationDependencies;

  constructor(deps: RevocationDependencies) {
    this.#deps = deps;
  }

  /**
   * Ends a token, all its descendants and their leases. When it resolves none of them is accepted anywhere.
   * False when there is no such token, or `stillWanted` says no of what it is now.
   */
  async revokeTree(
    address: TokenAddress,
    options: { readonly fence?: Fence; readonly stillWanted?: (entry: TokenEntry) => boolean } = {},
  ): Promise<boolean> {
    return this.#revoke('tree', address, options);
  }

  /** Ends one token and its leases; its children become orphans. */
  async revokeOrphan(address: TokenAddress): Promise<boolean> {
    return this.#revoke('orphan', address, {});
  }

  /** Every token that was made at a path below `prefix` of its namespace and ends by itself. */
  async revokeIssued(namespaceId: string, prefix: string): Promise<void> {
    const folder = prefix === '' || prefix.endsWith('/') ? prefix : `${prefix}/`;
    for (;;) {
      const keys = await this.#sys(namespaceId).scanKeys(`${issuedPrefix}${folder}`, { limit: 500 });
      if (keys.length === 0) return;
      for (const key of keys) {
        const digest = key.slice(key.lastIndexOf('/') + 1);
        const stillWanted = (entry: TokenEntry) => issuedKey(entry.path, digest) === key;
        if (await this.revokeTree({ namespaceId, digest }, { stillWanted })) continue;
        await this.#sys(namespaceId).commit({ remove: [key] });
      }
    }
  }

  /** One level below `folder` of the paths at which such tokens were made; their digests at the end. */
  issuedBelow(namespaceId: string, folder: string): Promise<string[]> {
    return this.#sys(namespaceId).list(`${issuedPrefix}${folder}`, { limit: 1_000_000 });
  }

  /** The token behind a lease id as `issuedBelow` lists it, and how long it still lives; undefined when there is none. */
  async findIssued(
    namespaceId: string,
    leaseId: string,
  ): Promise<{ readonly entry: TokenEntry; readonly secondsLeft: number } | undefined> {
    const digest = leaseId.slice(leaseId.lastIndexOf('/') + 1);
    const stored = isDigest(digest)
      ? await this.#sys(namespaceId).get<TokenEntry>(tokenKey(digest))
      : undefined;
    if (!stored || `${issuedPrefix}${leaseId}` !== issuedKey(stored.value.path, digest)) return undefined;
    const leftMs = stored.value.expiresMs - this.#deps.clock.now();
    return leftMs > 0 ? { entry: stored.value, secondsLeft: Math.ceil(leftMs / 1000) } : undefined;
  }

  /** Ends the token behind such a lease id with all that hangs on it; false when there is none. */
  async revokeLease(namespaceId: string, leaseId: string): Promise<boolean> {
    const digest = leaseId.slice(leaseId.lastIndexOf('/') + 1);
    const stillWanted = (entry: TokenEntry) => `${issuedPrefix}${leaseId}` === issuedKey(entry.path, digest);
    return isDigest(digest) && this.revokeTree({ namespaceId, digest }, { stillWanted });
  }

  /** Goes on with what a crash interrupted. */
  async resume(namespaceId: string): Promise<void> {
    for (const digest of await this.#sys(namespaceId).list(revokingPrefix, { limit: 10_000 }))
      await this.#finish({ namespaceId, digest }, undefined);
  }

  async #revoke(
    mode: Job['mode'],
    address: TokenAddress,
    options: { readonly fence?: Fence; readonly stillWanted?: (entry: TokenEntry) => boolean },
  ): Promise<boolean> {
    const records = this.#sys(address.namespaceId);
    for (let conflicts = 0; ; ) {
      const stored = await records.get<TokenEntry>(tokenKey(address.digest));
      if (!stored || options.stillWanted?.(stored.value) === false) {
        // Somebody else may have ended it a moment ago and still be busy with its children.
        if (!(await records.get(revokingKey(address.digest)))) return false;
        await this.#finish(address, options.fence);
        return true;
      }
      try {
        await this.#begin(mode, address, stored, options.fence);
        return true;
      } catch (error) {
        conflicts = countConflict(error, conflicts);
      }
    }
  }

  async #begin(
    mode: Job['mode'],
    address: TokenAddress,
    stored: Stored<TokenEntry>,
    fence: Fence | undefined,
  ): Promise<void> {
    const change = this.#newChange(fence);
    change.expect(address.namespaceId, tokenKey(address.digest), stored);
    await this.#end([{ address, stored }], change);
    if (isWrapping(stored.value)) {
      await change.commit();
      await this.#deps.ended([address]);
      return;
    }
    const { ended } = await this.#dependants(mode, [address], change);
    change.put(address.namespaceId, revokingKey(address.digest), { mode, tokens: [address, ...ended] });
    await change.commit();
    await this.#finish(address, fence);
  }

  /** Takes the job further until nothing is left to find. */
  async #finish(root: TokenAddress, fence: Fence | undefined): Promise<void> {
    const key = revokingKey(root.digest);
    for (let conflicts = 0; ; ) {
      const stored = await this.#sys(root.namespaceId).get<Job>(key);
      if (!stored) return;
      const { mode, tokens } = stored.value;
      const change = this.#newChange(fence);
      change.expect(root.namespaceId, key, stored);
      try {
        const { ended, unfinished } = await this.#dependants(mode, tokens, change);
        await this.#deps.ended(tokens.filter((token) => !unfinished.has(idOf(token))));
        const left = [...tokens.filter((token) => unfinished.has(idOf(token))), ...ended];
        if (left.length > 0) change.put(root.namespaceId, key, { mode, tokens: left });
        else change.remove(root.namespaceId, key);
        await change.commit();
        conflicts = 0;
      } catch (error) {
        conflicts = countConflict(error, conflicts);
      }
    }
  }

  /**
   * Adds to the commit what hangs on tokens that have ended (or end in this very commit). Answers which tokens
   * ended by it, and which of `tokens` may have more than fitted in.
   */
  async #dependants(
    mode: Job['mode'],
    tokens: readonly TokenAddress[],
    change: SystemChange,
  ): Promise<{ ended: TokenAddress[]; unfinished: Set<string> }> {
    const unfinished = new Set<string>();
    const ended: TokenAddress[] = [];
    let leaseRoom = commitSize;
    // Grows while it is walked: children found are looked at for children of their own.
    const queue = [...tokens];
    for (const token of queue) {
      if (!(await this.#deps.endLeases(token, change, leaseRoom))) {
        unfinished.add(idOf(token));
        leaseRoom = 0;
      }
      const room = commitSize - ended.length;
      const children = await this.#children(token, room + 1);
      if (children.length > room) unfinished.add(idOf(token));
      const taken = children.slice(0, room);
      const there = await this.#existing(taken, change);
      if (mode === 'orphan') this.#orphan(there, change);
      else {
        await this.#end(there, change);
        for (const { address } of there) {
          ended.push(address);
          queue.push(address);
        }
      }
    }
    return { ended, unfinished };
  }

  /** The records behind index entries. An entry that leads nowhere, or to the child of another, only goes. */
  async #existing(
    children: readonly Child[],
    change: SystemChange,
  ): Promise<{ address: TokenAddress; stored: Stored<TokenEntry> }[]> {
    const there: { address: TokenAddress; stored: Stored<TokenEntry> }[] = [];
    for (const { address, parent } of children) {
      change.remove(parent.namespaceId, childKey(parent, address));
      const stored = await this.#sys(address.namespaceId).get<TokenEntry>(tokenKey(address.digest));
      if (stored?.value.parent && sameToken(stored.value.parent, parent)) there.push({ address, stored });
    }
    return there;
  }

  #orphan(tokens: readonly { address: TokenAddress; stored: Stored<TokenEntry> }[], change: SystemChange) {
    for (const { address, stored } of tokens) {
      const { parent: _gone, ...orphan } = stored.value;
      change.expect(address.namespaceId, tokenKey(address.digest), stored);
      change.put(address.namespaceId, tokenKey(address.digest), orphan);
    }
  }

  async #end(
    tokens: readonly { address: TokenAddress; stored: Stored<TokenEntry> }[],
    change: SystemChange,
  ): Promise<void> {
    for (const { address, stored } of tokens) {
      const { namespaceId, digest } = address;
      const { accessor, parent, expiresMs, path } = stored.value;
      change.remove(namespaceId, tokenKey(digest));
      change.remove(namespaceId, accessorKey(accessor));
      if (parent) change.remove(parent.namespaceId, childKey(parent, address));
      if (expiresMs > 0) {
        change.remove(dueNamespaceId, dueKey(expiresMs, 'token', namespaceId, digest));
        change.remove(namespaceId, issuedKey(path, digest));
      }
      change.add(this.#deps.endingWith(address, stored.value));
    }
  }

  async #children(parent: TokenAddress, limit: number): Promise<Child[]> {
    const names = await this.#sys(parent.namespaceId).list(childPrefix(parent.digest), { limit });
    return names.map((name) => ({ address: parseChild(name), parent }));
  }

  #newChange(fence: Fence | undefined): SystemChange {
    const change = new SystemChange(this.#deps.recordsOf);
    if (fence) change.add([fence]);
    return change;
  }

  #sys(namespaceId: string): Records {
    return this.#deps.recordsOf(namespaceId, 'sys/');
  }
}

/** Something was renewed, used or revoked at the same moment: look again. A fence that fell ends the job here for good. */
function countConflict(error: unknown, conflicts: number): number {
  if (!(error instanceof StorageConflict) || error.key.includes('/sys/claim/')) throw error;
  if (conflicts >= mostConflicts) throw new CofferError('conflict', undefined, { cause: error });
  return conflicts + 1;
}
