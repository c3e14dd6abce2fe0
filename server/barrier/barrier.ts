import { createSecretKey, type KeyObject } from 'node:crypto';
import { type Clock, systemClock } from '../contracts/clock.ts';
import { CofferError } from '../contracts/errors.ts';
import { type Logger, silentLogger } from '../contracts/logger.ts';
import type { Records } from '../contracts/records.ts';
import { type StorageBackend, StorageConflict } from '../contracts/storage.ts';
import {
  keyringKey,
  newKeyring,
  openKeyring,
  type RotationConfig,
  sealKeyring,
  WrongRootKey,
  withNewWrappingKey,
} from './keyring.ts';
import {
  checkNamespaceId,
  namespaceKeyKey,
  namespaceKeyPrefix,
  newNamespaceSecret,
  rewrapNamespaceSecret,
  rootNamespaceId,
} from './namespace-keys.ts';
import { type PlainChange, PlainRecords, storageChangeOf } from './plain-records.ts';
import { type ChangeListener, RecordStore } from './record-store.ts';
import { RecordsView } from './records-view.ts';
import { type ReencryptOptions, type ReencryptProgress, readProgress, reencrypt } from './reencrypt.ts';
import { walkKeys } from './storage-walk.ts';
import { UnsealedKeys } from './unsealed-keys.ts';

export interface BarrierOptions {
  readonly storage: StorageBackend;
  readonly clock?: Clock;
  readonly logger?: Logger;
  /** Memory for decrypted records and what is derived from them, roughly; 32 MiB. */
  readonly cacheBytes?: number;
  /** No other process opens this storage, so the cache is always fresh. */
  readonly exclusiveStore?: boolean;
  /** Read rows that an older store left in plaintext (and encrypt them when they are next written). Off: whoever can write to the store could plant them. */
  readonly acceptPlaintextRecords?: boolean;
  /** The barrier sealed itself, because another process put the keyring under a new root key. */
  readonly onLockedOut?: () => void;
}

export interface KeyStatus {
  readonly term: number;
  readonly installTimeMs: number;
  /** Under this term, by all processes; others' are counted when they write theirs down. */
  readonly encryptions: number;
}

const rootKeyBytes = 32;

/**
 * Between the server and its storage, which is not trusted: everything is encrypted and authenticated on its way through.
 * Sealed when made; `sealed` and 'not-initialized' are the errors of what needs keys before `unseal`.
 */
export class Barrier {
  /** Unencrypted records for what has to be read while sealed. */
  readonly plain: PlainRecords;
  readonly #storage: StorageBackend;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #store: RecordStore;
  readonly #onLockedOut: (() => void) | undefined;

  constructor(options: BarrierOptions) {
    this.#storage = options.storage;
    this.#onLockedOut = options.onLockedOut;
    this.#clock = options.clock ?? systemClock;
    this.#logger = options.logger ?? silentLogger;
    this.#store = new RecordStore({
      storage: options.storage,
      cacheBytes: options.cacheBytes ?? 32 * 1024 * 1024,
      exclusiveStore: options.exclusiveStore ?? false,
      acceptPlaintextRecords: options.acceptPlaintextRecords ?? false,
    });
    this.plain = new PlainRecords(options.storage, (change) => this.#store.commitStorage(change));
  }

  get sealed(): boolean {
    return !this.#store.isOpen;
  }

  async initialized(): Promise<boolean> {
    const [stored] = await this.#storage.read([keyringKey]);
    return stored !== undefined;
  }

  /**
   * Makes keyring and root namespace, in one commit with `plain`. Stays sealed. `rootKey` has 32 bytes and remains the
   * caller's to wipe, here and below.
   */
  async initialize(rootKey: Uint8Array, plain: PlainChange = {}): Promise<void> {
    const keyring = newKeyring(this.#clock.now());
    const { expect, put, remove } = storageChangeOf(plain);
    try {
      await this.#store.commitStorage({
        expect: [{ key: keyringKey, tag: undefined }, ...expect],
        put: [
          [keyringKey, sealKeyring(keyring, rootKeyOf(rootKey))],
          [namespaceKeyKey(rootNamespaceId), newNamespaceSecret(keyring, rootNamespaceId)],
          ...put,
        ],
        remove,
      });
    } catch (error) {
      if (error instanceof StorageConflict && error.key === keyringKey) {
        throw new CofferError('invalid-request', 'Vault is already initialized');
      }
      throw error;
    }
  }

  /** Throws `WrongRootKey`, 'not-initialized', or 'storage-corrupt' when the key is right and the keyring is not. */
  async unseal(rootKey: Uint8Array): Promise<void> {
    const key = rootKeyOf(rootKey);
    const keys = new UnsealedKeys(
      {
        storage: this.#storage,
        commit: (change) => this.#store.commitStorage(change),
        clock: this.#clock,
        logger: this.#logger,
        onLockedOut: () => {
          this.seal();
          this.#onLockedOut?.();
        },
      },
      key,
      openKeyring(await this.#storedKeyring(), key),
    );
    await keys.loadNamespace(rootNamespaceId);
    await this.#store.open(keys);
  }

  /** Drops keys and decrypted records at once. Requests under way end with 'sealed'. */
  seal(): void {
    this.#store.close();
  }

  /** Whether `rootKey` is the one that opens this store now. */
  async verifyRoot(rootKey: Uint8Array): Promise<boolean> {
    try {
      openKeyring(await this.#storedKeyring(), rootKeyOf(rootKey));
      return true;
    } catch (error) {
      if (error instanceof WrongRootKey) return false;
      throw error;
    }
  }

  /** Puts the keyring under another root key, in one commit with `plain`. Conflicts of `plain` reject with `StorageConflict`. */
  async rekeyRoot(newRootKey: Uint8Array, plain: PlainChange = {}): Promise<void> {
    const rootKey = rootKeyOf(newRootKey);
    const change = storageChangeOf(plain);
    await this.#store.keys.change((keyring) => ({ keyring, rootKey, change }));
  }

  /** The records of a namespace below `prefix`, which ends in `/`. Storage keys are `n/<namespace id>/<prefix><key>`. */
  records(namespaceId: string, prefix: string): Records {
    checkNamespaceId(namespaceId);
    return new RecordsView(this.#store, namespaceId, `n/${namespaceId}/${prefix}`);
  }

  /** Resolves when the cache reflects every commit acknowledged anywhere before the call. */
  freshen(): Promise<void> {
    return this.#store.freshen();
  }

  /** What the cache has answered since the process began, and holds now. */
  get cacheFacts(): { hits: number; misses: number; entries: number; bytes: number } {
    return this.#store.cacheFacts;
  }

  /** Whether a commit or another process changed something; called before the change is visible here. The result stops it. */
  onChange(listener: ChangeListener): () => void {
    return this.#store.onChange(listener);
  }

  /** Gives a namespace its secret. Does nothing when it has one. */
  async createNamespace(namespaceId: string): Promise<void> {
    checkNamespaceId(namespaceId);
    const storageKey = namespaceKeyKey(namespaceId);
    await this.#store.keys.change(async (keyring) => {
      const [stored] = await this.#storage.read([storageKey]);
      if (stored) return { keyring };
      // In one commit with the keyring, so that a wrapping key replaced meanwhile is noticed.
      const secret = newNamespaceSecret(keyring, namespaceId);
      return {
        keyring,
        change: { expect: [{ key: storageKey, tag: undefined }], put: [[storageKey, secret]] },
      };
    });
  }

  /**
   * Makes every record of a namespace unreadable for ever, older copies of the store included: its secret goes, and the
   * key that wrapped it is replaced in the keyring. Its rows stay until `purgeNamespace`.
   */
  async destroyNamespace(namespaceId: string): Promise<void> {
    checkNamespaceId(namespaceId);
    if (namespaceId === rootNamespaceId) throw new TypeError('the root namespace cannot be destroyed');
    await this.#store.keys.change(async (keyring) => {
      const next = withNewWrappingKey(keyring);
      const keys = await walkKeys(this.#storage, namespaceKeyPrefix, undefined, Number.POSITIVE_INFINITY);
      const values = await this.#storage.read(keys);
      const put: [string, Uint8Array][] = [];
      for (const [index, key] of keys.entries()) {
        const id = key.slice(namespaceKeyPrefix.length);
        const stored = values[index];
        if (id !== namespaceId && stored) put.push([key, rewrapNamespaceSecret(stored, id, keyring, next)]);
      }
      const remove = keys.filter((key) => key === namespaceKeyKey(namespaceId));
      return { keyring: next, change: { put, remove } };
    });
    this.#store.keys.forgetNamespaces();
    this.#store.changed('all');
  }

  /** Removes the rows of a destroyed namespace. May be interrupted and called again. */
  async purgeNamespace(namespaceId: string): Promise<void> {
    checkNamespaceId(namespaceId);
    const [stored] = await this.#storage.read([namespaceKeyKey(namespaceId)]);
    if (stored) throw new TypeError('only a destroyed namespace can be purged');
    for (;;) {
      const remove = await walkKeys(this.#storage, `n/${namespaceId}/`, undefined, 500);
      if (remove.length === 0) return;
      await this.#store.commitStorage({ remove });
    }
  }

  /** A new term of the keyring: what is written from now on has new keys. */
  rotate(): Promise<void> {
    return this.#store.keys.rotate();
  }

  /** Rotates when `setRotation`'s interval or count says so. Call now and then: writes look at it too, but an idle server writes nothing. */
  async rotateIfDue(): Promise<boolean> {
    const { keys } = this.#store;
    if (!keys.rotationIsDue()) return false;
    await keys.rotate(keys.newestTerm.id);
    return true;
  }

  keyStatus(): KeyStatus {
    const { newestTerm, encryptions } = this.#store.keys;
    return { term: newestTerm.id, installTimeMs: newestTerm.createdMs, encryptions };
  }

  rotation(): RotationConfig {
    return this.#store.keys.keyring.rotation;
  }

  async setRotation(rotation: RotationConfig): Promise<void> {
    await this.#store.keys.change((keyring) => ({ keyring: { ...keyring, rotation } }));
  }

  /** Writes down how often each key was used. Worth calling before `seal`; else it happens now and then. */
  async persistCounts(): Promise<void> {
    await this.#store.keys.change((keyring) => ({ keyring }));
  }

  /**
   * Brings every record of an older term under the newest, in small commits; a write that comes between wins. Started anew
   * after a crash or an abort, it goes on where it stopped.
   */
  reencrypt(options: ReencryptOptions = {}): Promise<ReencryptProgress> {
    return reencrypt(this.#storage, this.#store, this.#logger, options);
  }

  /** Of the run that is under way or was the last; undefined before the first. */
  reencryptProgress(): Promise<ReencryptProgress | undefined> {
    return readProgress(this.#store);
  }

  async #storedKeyring(): Promise<Uint8Array> {
    const [stored] = await this.#storage.read([keyringKey]);
    if (!stored) throw new CofferError('not-initialized');
    return stored;
  }
}

function rootKeyOf(bytes: Uint8Array): KeyObject {
  if (bytes.length !== rootKeyBytes) throw new TypeError('a root key has 32 bytes');
  return createSecretKey(bytes);
}
