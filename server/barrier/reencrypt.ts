import { CofferError } from '../contracts/errors.ts';
import type { Logger } from '../contracts/logger.ts';
import type { Records } from '../contracts/records.ts';
import { type Expectation, type StorageBackend, StorageConflict, tagOf } from '../contracts/storage.ts';
import type { RecordStore } from './record-store.ts';
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

export const progressKey = 'reencrypt';
const recordsPrefix = 'n/';
/** Progress is written down with every commit, and after so many records that needed none. */
const noteEvery = 10_000;

interface Replacement {
  readonly key: string;
  readonly record: Uint8Array;
  readonly expected: Expectation;
}

/** See `Barrier.reencrypt`. `progress` is where the cursor is kept, encrypted like everything else. */
export async function reencrypt(
  storage: StorageBackend,
  store: RecordStore,
  progress: Records,
  logger: Logger,
  options: ReencryptOptions,
): Promise<ReencryptProgress> {
  const { signal, batch = 64, onProgress } = options;
  let state = await startingPoint(store, progress);
  let noted = state.examined;
  const note = async (next: ReencryptProgress) => {
    state = next;
    noted = next.examined;
    await progress.commit({ put: [[progressKey, next]] });
    onProgress?.(next);
  };
  for await (const entries of entriesBelow(storage, recordsPrefix, state.cursor, batch)) {
    if (signal?.aborted) {
      await note(state);
      return state;
    }
    const { replacements, refused } = await prepare(store, logger, entries);
    const done = replacements.length > 0 ? await replace(store, replacements) : 0;
    state = {
      ...state,
      cursor: entries.at(-1)?.[0] ?? state.cursor,
      examined: state.examined + entries.length,
      reencrypted: state.reencrypted + done,
      overtaken: state.overtaken + replacements.length - done,
      refused: state.refused + refused,
    };
    if (done > 0 || state.examined - noted >= noteEvery) await note(state);
    await new Promise((resolve) => setImmediate(resolve));
  }
  await note({ ...state, finished: true });
  return state;
}

async function startingPoint(store: RecordStore, progress: Records): Promise<ReencryptProgress> {
  const term = store.keys.newestTerm.id;
  const last = (await progress.get<ReencryptProgress>(progressKey))?.value;
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

/** How many were replaced: all in one commit, or one by one when somebody wrote to one of them. */
async function replace(store: RecordStore, replacements: readonly Replacement[]): Promise<number> {
  try {
    await store.commitStorage({
      expect: replacements.map(({ expected }) => expected),
      put: replacements.map(({ key, record }) => [key, record]),
    });
    return replacements.length;
  } catch (error) {
    if (!(error instanceof StorageConflict)) throw error;
    if (replacements.length === 1) return 0;
  }
  let done = 0;
  for (const replacement of replacements) done += await replace(store, [replacement]);
  return done;
}
