import type { KeyObject } from 'node:crypto';
import type { Clock } from '../contracts/clock.ts';
import { CofferError } from '../contracts/errors.ts';
import type { Logger } from '../contracts/logger.ts';
import { type Change, type StorageBackend, tagOf } from '../contracts/storage.ts';
import {
  defaultRotation,
  type Keyring,
  keyringKey,
  newestTerm,
  openKeyring,
  sealKeyring,
  type Term,
  WrongRootKey,
  withNewTerm,
} from './keyring.ts';
import { NamespaceKeys, namespaceKeyKey, rootNamespaceId, wrappingIdOf } from './namespace-keys.ts';
import { corrupt } from './record-format.ts';

/** What a change of the keyring writes; `change` joins it in one commit. */
export interface KeyringChange {
  readonly keyring: Keyring;
  readonly change?: Change;
  readonly rootKey?: KeyObject;
}

/** Called again, with the keyring of then, when another process was faster. */
export type NextKeyring = (stored: Keyring) => KeyringChange | Promise<KeyringChange>;

export interface UnsealedKeysOptions {
  readonly storage: StorageBackend;
  /** Commits for the barrier, which then knows the revision as its own. */
  readonly commit: (change: Change) => Promise<unknown>;
  readonly clock: Clock;
  readonly logger: Logger;
  /** The root key in memory no longer opens the keyring: another process replaced it. */
  readonly onLockedOut: () => void;
}

/** Encryptions after which the count is written down. */
const countStep = 1 << 20;
const attempts = 20;

/** All keys of an unsealed barrier. Dropping the object is what sealing does to them. */
export class UnsealedKeys {
  readonly #storage: StorageBackend;
  readonly #commit: (change: Change) => Promise<unknown>;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #onLockedOut: () => void;
  #rootKey: KeyObject;
  #keyring: Keyring;
  #newest: Term;
  readonly #namespaces = new Map<string, NamespaceKeys>();
  /** Encryptions by term that the stored keyring does not count yet. */
  readonly #uncounted = new Map<number, number>();
  #changes: Promise<unknown> = Promise.resolve();
  #reloading: Promise<void> | undefined;
  #upkeep: Promise<void> | undefined;
  #upkeepNotBefore = 0;

  constructor(options: UnsealedKeysOptions, rootKey: KeyObject, keyring: Keyring) {
    this.#storage = options.storage;
    this.#commit = options.commit;
    this.#clock = options.clock;
    this.#logger = options.logger;
    this.#onLockedOut = options.onLockedOut;
    this.#rootKey = rootKey;
    this.#keyring = keyring;
    this.#newest = newestTerm(keyring);
  }

  get keyring(): Keyring {
    return this.#keyring;
  }

  get newestTerm(): Term {
    return this.#newest;
  }

  /** Encryptions under the newest term, this process's own included. */
  get encryptions(): number {
    return this.#newest.encryptions + (this.#uncounted.get(this.#newest.id) ?? 0);
  }

  hasNamespace(namespaceId: string): boolean {
    return this.#namespaces.has(namespaceId);
  }

  /** The key for writing a record; counts it. Undefined until `loadNamespace`. */
  encryptionKey(namespaceId: string): { key: KeyObject; termId: number } | undefined {
    const namespace = this.#namespaces.get(namespaceId);
    if (!namespace) return undefined;
    const term = this.#newest;
    const count = (this.#uncounted.get(term.id) ?? 0) + 1;
    this.#uncounted.set(term.id, count);
    this.#keepUp(term, count);
    return { key: namespace.forTerm(term), termId: term.id };
  }

  /** The key of a stored record, when it is in memory. */
  decryptionKey(namespaceId: string, termId: number): KeyObject | undefined {
    const term =
      this.#newest.id === termId ? this.#newest : this.#keyring.terms.find(({ id }) => id === termId);
    return term && this.#namespaces.get(namespaceId)?.forTerm(term);
  }

  /** The same, asking storage for what another process may have added: at most one reload of the keyring. */
  async findDecryptionKey(namespaceId: string, termId: number, storageKey: string): Promise<KeyObject> {
    await this.loadNamespace(namespaceId);
    if (!this.#keyring.terms.some(({ id }) => id === termId)) await this.reload();
    const key = this.decryptionKey(namespaceId, termId);
    if (!key) throw corrupt(storageKey, 'its key is not in the keyring');
    return key;
  }

  /** Throws 'not-found' when the namespace has no key: never created, or destroyed. */
  async loadNamespace(namespaceId: string): Promise<void> {
    for (let attempt = 1; !this.#namespaces.has(namespaceId); attempt++) {
      const [stored] = await this.#storage.read([namespaceKeyKey(namespaceId)]);
      if (!stored && namespaceId === rootNamespaceId) throw corrupt(namespaceKeyKey(namespaceId), 'missing');
      if (!stored) throw new CofferError('not-found', 'the namespace does not exist');
      // Another wrapping key: some namespace was destroyed. Both are read again, since either may be the older.
      if (attempt < 3 && wrappingIdOf(stored, namespaceId) !== this.#keyring.wrapping.id) await this.reload();
      else this.#namespaces.set(namespaceId, new NamespaceKeys(this.#keyring, namespaceId, stored));
    }
  }

  forgetNamespaces(): void {
    this.#namespaces.clear();
  }

  /** Reads the keyring again, after the changes under way. Callers who wait for the same reading share it. */
  reload(): Promise<void> {
    this.#reloading ??= this.#inTurn(async () => {
      this.#reloading = undefined;
      this.#adopt((await this.#readKeyring()).keyring);
    });
    return this.#reloading;
  }

  /**
   * Rewrites the keyring in one commit with `change`, computed anew from the stored keyring whenever another
   * process was faster. Changes run one after the other. Other expectations' conflicts reach the caller
   * when the keyring itself was not what changed.
   */
  change(next: NextKeyring): Promise<void> {
    return this.#inTurn(() => this.#change(next));
  }

  /** Adds a term unless one was added since `seen` by somebody else. */
  rotate(seen?: number): Promise<void> {
    return this.change((stored) => ({
      keyring:
        seen === undefined || newestTerm(stored).id === seen
          ? withNewTerm(stored, this.#clock.now())
          : stored,
    }));
  }

  rotationIsDue(): boolean {
    const { enabled, maxOperations, intervalMs } = this.#keyring.rotation;
    // What random nonces allow is not a matter of configuration.
    if (this.encryptions >= defaultRotation.maxOperations) return true;
    if (!enabled) return false;
    if (this.encryptions >= maxOperations) return true;
    return intervalMs > 0 && this.#clock.now() - this.#newest.createdMs >= intervalMs;
  }

  /** One after the other, so that what is in memory is never older than what was last read or written. */
  #inTurn(action: () => Promise<void>): Promise<void> {
    const result = this.#changes.then(action);
    this.#changes = result.catch(() => undefined);
    return result;
  }

  async #change(next: NextKeyring): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      const { keyring, tag } = await this.#readKeyring();
      try {
        await this.#write(await next(keyring), tag);
        return;
      } catch (error) {
        // `next` may have read, and the commit met, what another process wrote together with a newer keyring.
        if (attempt === attempts || isSame(tag, (await this.#readKeyring()).tag)) throw error;
      }
    }
  }

  async #write(
    { keyring, change = {}, rootKey = this.#rootKey }: KeyringChange,
    tag: Uint8Array,
  ): Promise<void> {
    const counted = new Map(this.#uncounted);
    const written = withCounts(keyring, counted);
    await this.#commit({
      expect: [{ key: keyringKey, tag }, ...(change.expect ?? [])],
      put: [[keyringKey, sealKeyring(written, rootKey)], ...(change.put ?? [])],
      ...(change.remove && { remove: change.remove }),
    });
    for (const [id, count] of counted) {
      const left = (this.#uncounted.get(id) ?? 0) - count;
      if (left > 0) this.#uncounted.set(id, left);
      else this.#uncounted.delete(id);
    }
    this.#rootKey = rootKey;
    this.#adopt(written);
  }

  async #readKeyring(): Promise<{ keyring: Keyring; tag: Uint8Array }> {
    const [stored] = await this.#storage.read([keyringKey]);
    if (!stored) throw corrupt(keyringKey, 'missing');
    try {
      return { keyring: openKeyring(stored, this.#rootKey), tag: tagOf(stored) };
    } catch (error) {
      if (!(error instanceof WrongRootKey)) throw error;
      this.#onLockedOut();
      throw new CofferError('sealed', undefined, {
        detail: 'another process replaced the root key; unseal with the new one',
      });
    }
  }

  #adopt(keyring: Keyring): void {
    this.#keyring = keyring;
    this.#newest = newestTerm(keyring);
  }

  /** Rotates when the newest term has served long enough, and writes the count down now and then; in the background. */
  #keepUp(term: Term, uncounted: number): void {
    if (this.#upkeep !== undefined || uncounted < this.#upkeepNotBefore) return;
    const due = this.rotationIsDue();
    if (!due && uncounted < countStep) return;
    this.#upkeep = (due ? this.rotate(term.id) : this.change((keyring) => ({ keyring })))
      .then(
        () => {
          this.#upkeepNotBefore = 0;
        },
        (error: unknown) => {
          // Not at once again: whatever is wrong will not pass with the next record.
          this.#upkeepNotBefore = uncounted + 1000;
          this.#logger.warn('the keyring could not be rotated or its count written; it will be tried again', {
            error: error instanceof Error ? error.name : 'unknown',
          });
        },
      )
      .finally(() => {
        this.#upkeep = undefined;
      });
  }
}

function isSame(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}

function withCounts(keyring: Keyring, counts: ReadonlyMap<number, number>): Keyring {
  const terms = keyring.terms.map((term) => ({
    ...term,
    encryptions: term.encryptions + (counts.get(term.id) ?? 0),
  }));
  return { ...keyring, terms };
}
