import { type Revision, StorageConflict, StorageError } from '../../contracts/storage.ts';
import type { Outcome } from './group-writer.ts';
import type { PackedChanges } from './packed-changes.ts';

/** What the writer thread is told, one at a time; it answers each group with one reply. */
export type WriterRequest = { readonly group: PackedChanges } | 'close';

/** An outcome as it crosses between threads, where errors would lose their class. */
export type PlainOutcome =
  | Revision
  | { readonly conflict: string }
  | { readonly kind: StorageError['kind']; readonly message: string; readonly hint: string };

export type WriterReply =
  | 'ready'
  /** One outcome per change of the group, and the block that the group came in. */
  | { readonly outcomes: readonly PlainOutcome[]; readonly spare: ArrayBuffer }
  /** Not an answer: the writer found out between groups that it can't go on. */
  | { readonly failure: PlainOutcome };

export function plainOf(outcome: Outcome): PlainOutcome {
  if (typeof outcome === 'number') return outcome;
  if (outcome instanceof StorageConflict) return { conflict: outcome.key };
  return { kind: outcome.kind, message: outcome.message, hint: outcome.hint };
}

export function outcomeOf(plain: PlainOutcome): Outcome {
  if (typeof plain === 'number') return plain;
  if ('conflict' in plain) return new StorageConflict(plain.conflict);
  return new StorageError(plain.kind, plain.message, plain.hint);
}
