import { stringifyJson } from '../../formats/json/index.ts';
import { CofferError } from '../contracts/errors.ts';
import type { Logger } from '../contracts/logger.ts';
import type { Records } from '../contracts/records.ts';
import { type Expectation, type StorageBackend, StorageConflict, tagOf } from '../contracts/storage.ts';
import { rootNamespaceId } from './namespace-keys.ts';
import type { RecordStore } from './record-store.ts';
import { RecordsView } from './records-view.ts';
import { entriesBelow } from './storage-walk.ts';

export interface ReencryptOptions {
  /** Ends the run after the commit under way; the next run continues. */
  readonly signal?: AbortSignal;
  /** Records looked at between two turns of the event loop; 64. */
  readonly batch?: number;
  readonly onProgress?: (progress: ReencryptProgress) => void;
}

export interface ReencryptProgress {
  /** When finished: no record is under a term older than this one, unless `refused` says otherwise. */
  readonly term: number;
  /** Everything up to this storage key is done. */
  readonly cursor: string;
  readonly examined: number;
  readonly reencrypted: number;
  /** Written by somebody else meanwhile, under the newest key. */
  readonly overtaken: number;
  /** Records that do not open (the log names them) or belong to a destroyed namespace. */
  readonly refused: number;
  readonly finished: boolean;
}

const recordsPrefix = 'n/';
const progressPrefix = `${recordsPrefix}${rootNamespaceId}/barrier/`;
const progressKey = 'reencrypt';
const progressPlace = { namespaceId: rootNamespaceId, storageKey: progressPrefix + progressKey };
/** Progress is written down with every commit, and after so many records that needed none. */
const noteEvery = 10_000;

interface Replacement {
  readonly key: string;
  readonly record: Uint8Array;
  readonly expected: Expectation;
}

/** See `Barrier.reencrypt`. The cursor is a record like any other. */
export async function reencrypt(
  storage: StorageBackend,
  store: RecordStore,
  logger: Logger,
  options: ReencryptOptions,
): Promise<ReencryptProgress> {
  const { signal, batch = 64, onProgress } = options;
  let state = await startingPoint(store);
  let noted = state.examined;
  for await (const entries of entriesBelow(storage, recordsPrefix, state.cursor, batch)) {
    if (signal?.aborted) break;
    const { replacements, refused } = await prepare(store, logger, entries);
    const next = {
      ...state,
      cursor: entries.at(-1)?.[0] ?? state.cursor,
      examined: state.examined + entries.length,
      reencrypted: state.reencrypted + replacements.length,
      refused: state.refused + refused,
    };
    const noteNow = replacements.length > 0 || next.examined - noted >= noteEvery;
    state = noteNow ? await replaceAndNote(store, replacements, next) : next;
    if (noteNow) {
      noted = state.examined;
      onProgress?.(state);
    }
    await new Promise((resolve) => setImmediate(resolve));
  }
  state = await replaceAndNote(store, [], { ...state, finished: !signal?.aborted });
  onProgress?.(state);
  return state;
}

/** Undefined before the first run. */
export async function readProgress(store: RecordStore): Promise<ReencryptProgress | undefined> {
  const records: Records = new RecordsView(store, rootNamespaceId, progressPrefix);
  return (await records.get<ReencryptProgress>(progressKey))?.value;
}

async function startingPoint(store: RecordStore): Promise<ReencryptProgress> {
  const term = store.keys.newestTerm.id;
  const last = await readProgress(store);
  if (last && last.term === term && !last.finished) return last;
  return { term, cursor: '', examined: 0, reencrypted: 0, overtaken: 0, refused: 0, finished: false };
}

async function prepare(
  store: RecordStore,
  logger: Logger,
  entries: readonly (readonly [key: string, value: Uint8Array])[],
): Promise<{ replacements: Replacement[]; refused: number }> {
  const replacements: Replacement[] = [];
  let refused = 0;
  for (const [key, value] of entries) {
    const namespaceId = key.slice(recordsPrefix.length, key.indexOf('/', recordsPrefix.length));
    try {
      const record = await store.cipher.reencrypt({ namespaceId, storageKey: key }, value);
      if (record) replacements.push({ key, record, expected: { key, tag: tagOf(value) } });
    } catch (error) {
      if (!(error instanceof CofferError) || error.code === 'sealed') throw error;
      refused++;
      // The rows of a destroyed namespace wait for their removal; all others are worth a look.
      if (error.code !== 'not-found') logger.warn('a record was not re-encrypted', { key, code: error.code });
    }
  }
  return { replacements, refused };
}

/**
 * One commit for the records and for `next`, which says that they are done; or one by one when somebody wrote to one of
 * them. Returns what became of `next`.
 */
async function replaceAndNote(
  store: RecordStore,
  replacements: readonly Replacement[],
  next: ReencryptProgress,
): Promise<ReencryptProgress> {
  const note = (state: ReencryptProgress): [string, Uint8Array] => [
    progressPlace.storageKey,
    store.cipher.encrypt(progressPlace, stringifyJson(state)),
  ];
  if (await replace(store, replacements, note(next))) return next;
  let overtaken = 0;
  for (const replacement of replacements) if (!(await replace(store, [replacement]))) overtaken++;
  const state = {
    ...next,
    reencrypted: next.reencrypted - overtaken,
    overtaken: next.overtaken + overtaken,
  };
  await store.commitStorage({ put: [note(state)] });
  return state;
}

/** False, and nothing written, when one of the records is no longer what it was. */
async function replace(
  store: RecordStore,
  replacements: readonly Replacement[],
  note?: [string, Uint8Array],
): Promise<boolean> {
  const put = replacements.map(({ key, record }): [string, Uint8Array] => [key, record]);
  try {
    await store.commitStorage({
      expect: replacements.map(({ expected }) => expected),
      put: note ? [...put, note] : put,
    });
    return true;
  } catch (error) {
    if (error instanceof StorageConflict) return false;
    throw error;
  }
}
