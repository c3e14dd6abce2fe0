import { createSecretKey } from 'node:crypto';
import { keyringKey, openKeyring } from '../../barrier/keyring.ts';
import { namespaceKeyPrefix } from '../../barrier/namespace-keys.ts';
import { RecordCipher } from '../../barrier/record-cipher.ts';
import { UnsealedKeys } from '../../barrier/unsealed-keys.ts';
import { systemClock } from '../../contracts/clock.ts';
import { CofferError } from '../../contracts/errors.ts';
import { silentLogger } from '../../contracts/logger.ts';
import { type ReadOnlyStore, reasonOf } from './read-only-store.ts';

/** A key of the store whose value cannot be trusted. Keys are not secret; values never stand here. */
export interface Damage {
  readonly key: string;
  readonly reason: string;
}

export interface RecordsReport {
  readonly checked: number;
  /** What was found, in the order of keys; at most `mostNamed`. */
  readonly damaged: readonly Damage[];
  readonly damagedCount: number;
  /** Why the walk ended before the last key; undefined when it did not. */
  readonly endedEarly: string | undefined;
}

export const mostNamed = 1000;

/** Opens every record of the store with `rootKey`, which remains the caller's to wipe. Throws what a keyring that does not open throws. */
export async function checkRecords(
  store: ReadOnlyStore,
  rootKey: Uint8Array,
  progress: (checked: number) => void,
): Promise<RecordsReport> {
  const key = createSecretKey(rootKey);
  const keyring = store.value(keyringKey);
  if (!keyring) throw new CofferError('not-initialized');
  const options = {
    storage: store,
    commit: () => store.commit(),
    clock: systemClock,
    logger: silentLogger,
    onLockedOut: () => {},
  };
  const keys = new UnsealedKeys(options, key, openKeyring(keyring, key));
  const cipher = new RecordCipher(keys, false);
  const damaged: Damage[] = [];
  let damagedCount = 0;
  let checked = 0;
  const walk = async (): Promise<void> => {
    for (const storageKey of store.keys()) {
      const reason = await problemOf(store, keys, cipher, storageKey);
      if (reason !== undefined && ++damagedCount <= mostNamed) damaged.push({ key: storageKey, reason });
      checked++;
      if (checked % 256 === 0) progress(checked);
    }
  };
  let endedEarly: string | undefined;
  await walk().catch((error: unknown) => {
    endedEarly = reasonOf(error);
  });
  progress(checked);
  return { checked, damaged, damagedCount, endedEarly };
}

/** Why the record at `storageKey` cannot be read; undefined when it can. */
async function problemOf(
  store: ReadOnlyStore,
  keys: UnsealedKeys,
  cipher: RecordCipher,
  storageKey: string,
): Promise<string | undefined> {
  try {
    const value = store.value(storageKey);
    if (value === undefined) return 'the index names it and the table does not have it';
    if (storageKey.startsWith(namespaceKeyPrefix))
      await keys.loadNamespace(storageKey.slice(namespaceKeyPrefix.length));
    const namespaceId = /^n\/([^/]+)\//.exec(storageKey)?.[1];
    // An empty value is a mark of an index; what is left under core/ is read in clear.
    if (namespaceId !== undefined && value.length > 0)
      await cipher.decrypt({ namespaceId, storageKey }, value);
    return undefined;
  } catch (error) {
    if (!(error instanceof CofferError)) return reasonOf(error);
    if (error.code === 'not-found') return 'its namespace has no key: destroyed and not yet purged, or lost';
    return error.detail ?? error.message;
  }
}
