import { hash, randomBytes } from 'node:crypto';
import type { Clock } from '../../contracts/clock.ts';
import { CofferError, invalidRequest } from '../../contracts/errors.ts';
import type { Records, Stored } from '../../contracts/records.ts';
import type { Caller } from '../../contracts/request.ts';
import { StorageConflict } from '../../contracts/storage.ts';
import { dueKey } from '../leases/due.ts';
import { type Namespace, rootNamespace } from '../namespaces/namespaces.ts';
import { BatchTokens } from './batch-token.ts';
import { insertionOf } from './insertion-of.ts';
import {
  type ChangePart,
  dueNamespaceId,
  type Fence,
  type RecordsOf,
  SystemChange,
} from './system-change.ts';
import { tidyAccessors } from './tidy-accessors.ts';
import { namespaceIdOf, type TokenAddress, type TokenEntry } from './token-entry.ts';
import { accessorKey, isAccessor, isNamespaceId, tokenKey } from './token-keys.ts';
import { TokenRevocation } from './token-revocation.ts';
import { type TokenState, tokenState } from './token-state.ts';
import { TokenUses } from './token-uses.ts';

export interface TokenStoreDependencies {
  readonly recordsOf: RecordsOf;
  readonly namespaceById: (id: string) => Promise<Namespace | undefined>;
  readonly clock: Clock;
  /** Adds the end of up to `limit` leases of a token to the commit; false when it has more. */
  readonly endLeases: (token: TokenAddress, change: SystemChange, limit: number) => Promise<boolean>;
  /** What else goes in the commit that ends a token. */
  readonly endingWith: (token: TokenAddress, entry: TokenEntry) => readonly ChangePart[];
  /** Told once tokens have ended, at least once each: engines drop what belonged to them. */
  readonly ended: (tokens: readonly TokenAddress[]) => Promise<void>;
}

const saltKey = 'token-salt';
const batchForm = /^(?:hvb|b)\./;
const longestToken = 16_384;
/** A token whose last use a crash interrupted is removed by then. */
const lastUseMs = 10 * 60_000;
const mostAttempts = 100;

/**
 * Tokens under the salted digest of their strings, never the strings: `token/<digest>`, and the indexes of
 * token-keys.ts. A record is the token: whatever is made with a token expects the record to be there still.
 */
export class TokenStore {
  readonly revocation: TokenRevocation;
  readonly #deps: TokenStoreDependencies;
  readonly #batch = new BatchTokens();
  readonly #uses = new TokenUses((address, wanted) => this.#takeUses(address, wanted));
  /** The state behind each caller that a request was given. */
  readonly #states = new WeakMap<Caller, TokenState>();
  #salt: Stored<string> | undefined;

  constructor(deps: TokenStoreDependencies) {
    this.#deps = deps;
    this.revocation = new TokenRevocation(deps);
  }

  /** Made once, when the store is initialised. */
  async initialize(): Promise<void> {
    const records = this.#sys(rootNamespace.id);
    if (await records.get(saltKey)) return;
    await records.commit({
      expect: [{ key: saltKey, stored: undefined }],
      put: [[saltKey, randomBytes(32).toString('base64')]],
    });
  }

  /** Called at every unseal: another store's salt must not be used. */
  async load(): Promise<void> {
    this.#salt = await this.#sys(rootNamespace.id).get<string>(saltKey);
    if (!this.#salt) throw new Error('the store has no token salt; it was not initialised completely');
  }

  forget(): void {
    this.#salt = undefined;
  }

  /** Throws 'sealed'. */
  digest(token: string): string {
    if (!this.#salt) throw new CofferError('sealed');
    return hash('sha256', `${this.#salt.value}${token}`, 'hex');
  }

  /** The valid token with this string. Undefined when there is none, or it has expired, is used up or revoked. */
  async find(token: string): Promise<TokenState | undefined> {
    if (token.length > longestToken) return undefined;
    const namespaceId = namespaceIdOf(token);
    if (batchForm.test(token)) return this.#findBatch(token, namespaceId);
    return this.at({ namespaceId, digest: this.digest(token) });
  }

  /** `used` also finds a token whose last use is going on. */
  async at(
    address: TokenAddress,
    options: { readonly used?: boolean } = {},
  ): Promise<TokenState | undefined> {
    if (!isNamespaceId(address.namespaceId)) return undefined;
    const stored = await this.#sys(address.namespaceId).get<TokenEntry>(tokenKey(address.digest));
    if (!stored || !this.#alive(stored.value, options.used)) return undefined;
    const namespace = await this.#servingNamespace(address.namespaceId);
    return namespace && this.#stateOfRecord(address, namespace, stored);
  }

  /** The token of the very object that the pipeline knows the caller by. */
  letIn(caller: Caller): TokenState | undefined {
    return this.#states.get(caller);
  }

  /** The token of a caller that the pipeline let in: as it was when the request came, its last use included. */
  async ofCaller(caller: Caller): Promise<TokenState | undefined> {
    const state = this.letIn(caller);
    if (state || caller.tokenType !== 'service') return state;
    // Somebody passed on what the pipeline knows as an object of their own.
    return this.at({ namespaceId: caller.namespaceId, digest: caller.tokenHandle }, { used: true });
  }

  async byAccessor(accessor: string, namespaceId: string): Promise<TokenState | undefined> {
    if (!isAccessor(accessor) || !isNamespaceId(namespaceId)) return undefined;
    const digest = await this.#sys(namespaceId).get<string>(accessorKey(accessor));
    return digest && this.at({ namespaceId, digest: digest.value });
  }

  accessors(namespaceId: string): Promise<string[]> {
    return this.#sys(namespaceId).list('accessor/', { limit: 1_000_000 });
  }

  /** Stores a new token and its indexes in one commit, with `others` in the same. Throws 'invalid-request' for a taken id. */
  async insert(
    token: string,
    entry: TokenEntry,
    namespace: Namespace,
    others: readonly ChangePart[] = [],
  ): Promise<TokenState> {
    const address = { namespaceId: namespace.id, digest: this.digest(token) };
    for (let attempt = 1; ; attempt++) {
      const change = await insertionOf(this.#deps.recordsOf, address, entry);
      change.add(others);
      try {
        await change.commit();
        return this.#remember(tokenState(entry, address.digest, namespace));
      } catch (error) {
        if (!(error instanceof StorageConflict)) throw error;
        if (await this.#sys(namespace.id).get(tokenKey(address.digest)))
          throw invalidRequest('cannot create a token with a duplicate ID');
        // The parent was used or renewed meanwhile: look again whether it is still there.
        if (!entry.parent || attempt >= mostAttempts) throw error;
      }
    }
  }

  sealBatch(entry: TokenEntry, namespace: Namespace): Promise<string> {
    return this.#batch.seal(this.#sys(namespace.id), entry);
  }

  /**
   * Changes a token's entry; `edit` may be asked again when somebody else was first, and throws to refuse.
   * Undefined when the token has ended.
   */
  async update(
    address: TokenAddress,
    edit: (entry: TokenEntry) => TokenEntry,
  ): Promise<TokenEntry | undefined> {
    const key = tokenKey(address.digest);
    for (let attempt = 1; ; attempt++) {
      const stored = await this.#sys(address.namespaceId).get<TokenEntry>(key);
      if (!stored || !this.#alive(stored.value, true)) return undefined;
      const entry = edit(stored.value);
      const change = new SystemChange(this.#deps.recordsOf);
      change.expect(address.namespaceId, key, stored);
      change.put(address.namespaceId, key, entry);
      if (entry.expiresMs !== stored.value.expiresMs) {
        const at = (timeMs: number) => dueKey(timeMs, 'token', address.namespaceId, address.digest);
        if (stored.value.expiresMs > 0) change.remove(dueNamespaceId, at(stored.value.expiresMs));
        if (entry.expiresMs > 0) change.mark(dueNamespaceId, at(entry.expiresMs));
      }
      try {
        await change.commit();
        return entry;
      } catch (error) {
        if (!(error instanceof StorageConflict) || attempt >= mostAttempts) throw error;
      }
    }
  }

  /**
   * Takes one use of a token that has a limited number. Undefined when none was left. Whoever got one calls
   * `useDone` when the request has been answered.
   */
  async use(state: TokenState): Promise<TokenState | undefined> {
    const entry = await this.#uses.take(addressOf(state));
    return entry && this.#remember(tokenState(entry, state.digest, state.namespace));
  }

  /** The request that took a use is over. The token goes with the last of them. */
  async useDone(state: TokenState): Promise<void> {
    const address = addressOf(state);
    if (this.#uses.done(address)) await this.revokeTree(address);
  }

  /** As `TokenRevocation.revokeTree`. */
  revokeTree(address: TokenAddress): Promise<boolean> {
    return this.revocation.revokeTree(address);
  }

  /** The background job's part: ends a token whose time has come, unless it was renewed meanwhile. */
  async expire(address: TokenAddress, fence?: Fence): Promise<void> {
    const stillWanted = (entry: TokenEntry) => !this.#alive(entry);
    await this.revocation.revokeTree(address, fence ? { fence, stillWanted } : { stillWanted });
  }

  /** Whether an index entry for that time still has to be kept: the token is there and ends then. */
  async isDueAt(address: TokenAddress, timeMs: number): Promise<boolean> {
    const stored = await this.#sys(address.namespaceId).get<TokenEntry>(tokenKey(address.digest));
    return stored !== undefined && (stored.value.expiresMs === timeMs || stored.value.numUses === -1);
  }

  resume(namespaceId: string): Promise<void> {
    return this.revocation.resume(namespaceId);
  }

  /** Removes accessors that lead nowhere. Resolves with how many there were. */
  tidy(namespaceId: string): Promise<number> {
    return tidyAccessors(this.#sys(namespaceId));
  }

  async #takeUses(address: TokenAddress, wanted: number): Promise<readonly TokenEntry[]> {
    const key = tokenKey(address.digest);
    for (let attempt = 1; ; attempt++) {
      const stored = await this.#sys(address.namespaceId).get<TokenEntry>(key);
      if (!stored || !this.#alive(stored.value) || stored.value.numUses === 0) return [];
      const before = stored.value.numUses;
      const entries = Array.from({ length: Math.min(wanted, before) }, (_, index): TokenEntry => {
        const left = before - index - 1;
        return { ...stored.value, numUses: left === 0 ? -1 : left };
      });
      const change = new SystemChange(this.#deps.recordsOf);
      change.expect(address.namespaceId, key, stored);
      change.put(address.namespaceId, key, entries.at(-1));
      if (entries.length === before) {
        const againMs = this.#deps.clock.now() + lastUseMs;
        change.mark(dueNamespaceId, dueKey(againMs, 'token', address.namespaceId, address.digest));
      }
      try {
        await change.commit();
        return entries;
      } catch (error) {
        if (!(error instanceof StorageConflict) || attempt >= mostAttempts) throw error;
      }
    }
  }

  async #findBatch(token: string, namespaceId: string): Promise<TokenState | undefined> {
    if (!isNamespaceId(namespaceId)) return undefined;
    const namespace = await this.#servingNamespace(namespaceId);
    if (!namespace) return undefined;
    const body = token.replace(batchForm, '');
    const text = namespace.id === rootNamespace.id ? body : body.slice(0, -(namespace.id.length + 1));
    const entry = await this.#batch.open(this.#sys(namespace.id), text);
    if (!entry || !this.#alive(entry)) return undefined;
    if (entry.parent && !(await this.at(entry.parent))) return undefined;
    return this.#remember(tokenState(entry, this.digest(token), namespace));
  }

  /** One state per record in memory and namespace object, so that what is derived from it is found by identity. */
  #stateOfRecord(address: TokenAddress, namespace: Namespace, stored: Stored<TokenEntry>): TokenState {
    const kept = stored.memo as TokenState | undefined;
    if (kept?.namespace === namespace) return kept;
    const state = this.#remember(tokenState(stored.value, address.digest, namespace));
    stored.memo = state;
    return state;
  }

  #remember(state: TokenState): TokenState {
    this.#states.set(state.caller, state);
    return state;
  }

  async #servingNamespace(id: string): Promise<Namespace | undefined> {
    if (id === rootNamespace.id) return rootNamespace;
    const namespace = await this.#deps.namespaceById(id);
    return namespace?.tainted ? undefined : namespace;
  }

  #alive(entry: TokenEntry, used = false): boolean {
    return (
      (used || entry.numUses >= 0) && (entry.expiresMs === 0 || entry.expiresMs > this.#deps.clock.now())
    );
  }

  #sys(namespaceId: string): Records {
    return this.#deps.recordsOf(namespaceId, 'sys/');
  }
}

export function addressOf(state: TokenState): TokenAddress {
  return { namespaceId: state.namespace.id, digest: state.digest };
}
