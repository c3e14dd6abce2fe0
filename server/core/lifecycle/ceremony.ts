import { invalidRequest } from '../../contracts/errors.ts';
import { equalText } from '../../crypto/constant-time.ts';
import type { LifecycleParts } from './parts.ts';
import type { ReadyRecord, StoredSealRecord } from './seal-record.ts';
import type { SubmissionLimit } from './submission-limit.ts';

/** What rekeying and root-token generation share: people bring shares, one after the other, for one attempt at a time. */
export interface Ceremony {
  readonly parts: LifecycleParts;
  readonly limit: SubmissionLimit;
  /** One thing at a time, with unsealing and sealing. */
  exclusive<T>(work: () => Promise<T>): Promise<T>;
  /** The seal record of an unsealed server; throws 'sealed' or 'not-initialized'. */
  requireReady(): Promise<StoredSealRecord<ReadyRecord>>;
}

/** Who asks to cancel: somebody whose token allowed it, or anybody, with the nonce when they know it. */
export type Canceller = 'authorised' | { readonly nonce: string };

/** After this long without a share anybody may clear an attempt away, as with Vault. */
const abandonedAfterMs = 10 * 60_000;

/**
 * Throws unless `canceller` may end an attempt that others work on. Vault's older clients send no nonce, so it is only
 * asked for once somebody has given a share: what a stranger can undo is never anybody's work.
 */
export function checkCancel(
  canceller: Canceller,
  attempt: {
    readonly progress: number;
    readonly nonces: readonly string[];
    readonly lastActiveMs: number;
    readonly nowMs: number;
  },
): void {
  if (canceller === 'authorised' || attempt.progress === 0) return;
  if (attempt.nowMs - attempt.lastActiveMs >= abandonedAfterMs) return;
  if (canceller.nonce !== '' && attempt.nonces.some((nonce) => equalText(nonce, canceller.nonce))) return;
  throw invalidRequest('key shares have been given already: to cancel, give the nonce of this operation', {
    hint: 'Or cancel with a token that may, through sys/rotate/… or sys/generate-root-token/attempt.',
  });
}

/** Throws in Vault's words. */
export function checkNonce(given: string, nonce: string, operation: string): void {
  if (equalText(given, nonce)) return;
  throw invalidRequest(
    `incorrect nonce supplied; nonce for this ${operation} operation is ${JSON.stringify(nonce)}`,
  );
}
