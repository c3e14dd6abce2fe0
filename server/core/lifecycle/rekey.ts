import { invalidRequest } from '../../contracts/errors.ts';
import { equalBytes } from '../../crypto/constant-time.ts';
import { wipe } from '../../crypto/wipe.ts';
import { type Canceller, type Ceremony, checkCancel, checkNonce } from './ceremony.ts';
import { makeSharedKey } from './initialise.ts';
import { decodeShare, ShareCollection } from './key-shares.ts';
import { type KeysBackup, keysBackupKey, readKeysBackup } from './keys-backup.ts';
import { backupOf, type NewKeys, offer, putInForce } from './new-keys.ts';
import { pgpFingerprints } from './pgp.ts';
import { quorumOf, requiredQuorum } from './quorum-proof.ts';
import type {
  RekeyProgress,
  RekeyResult,
  RekeyStatus,
  VerifyProgress,
  VerifyStatus,
} from './rekey-progress.ts';
import { checkRekeyRequest, type RekeyRequest, type RekeyTarget } from './rekey-request.ts';
import type { ReadyRecord, StoredSealRecord } from './seal-record.ts';
import type { IssuedShares } from './share-request.ts';
import { rootKeyForQuorum } from './unseal.ts';

interface Attempt {
  readonly request: RekeyRequest;
  readonly fingerprints: readonly string[] | undefined;
  readonly shares: ShareCollection;
  lastActiveMs: number;
  /** Shares were given out, and wait for verification. */
  pending?: { readonly keys: NewKeys; verification: ShareCollection };
}

/** By then the answer with the new shares has left, or the process has died and the old shares are needed. */
const settleAfterMs = 2_000;
const noShares: IssuedShares = { bytes: [], fingerprints: undefined };

/** Replaces keys with the consent of those who hold the old ones. One attempt at a time, in memory only. */
export class Rekey {
  readonly #ceremony: Ceremony;
  readonly #target: RekeyTarget;
  #attempt: Attempt | undefined;
  /** New keys that were handed out and open the store beside the old ones. */
  #offered: { readonly keys: NewKeys; readonly cancelTimer: () => void } | undefined;

  constructor(ceremony: Ceremony, target: RekeyTarget) {
    this.#ceremony = ceremony;
    this.#target = target;
  }

  status(): Promise<RekeyStatus> {
    return this.#ceremony.exclusive(async () => this.#status((await this.#requireTarget()).record));
  }

  /**
   * Throws 'invalid-request' when an attempt is under way or `request` is wrong. Somebody with a token that may can
   * make recovery keys where there are none; the result has them at once.
   */
  start(request: RekeyRequest, authorised: boolean): Promise<RekeyProgress> {
    return this.#ceremony.exclusive(async () => {
      const stored = await this.#requireTarget();
      const asked = await checkRekeyRequest(this.#target, request, stored.record);
      if (this.#attempt) throw invalidRequest('rekey already in progress');
      const firstKeys = this.#target === 'recovery' && quorumOf(stored.record) === undefined;
      if (!firstKeys || !authorised) requiredQuorum(stored.record);
      this.#attempt = {
        request: asked,
        fingerprints: await pgpFingerprints(asked.pgpKeys),
        shares: new ShareCollection('now'),
        lastActiveMs: this.#now(),
      };
      if (firstKeys) return { complete: true, result: await this.#finish(this.#attempt, stored, undefined) };
      return { complete: false, status: this.#status(stored.record) };
    });
  }

  /** Ends the attempt, if there is one that `canceller` may end. */
  cancel(canceller: Canceller): Promise<void> {
    return this.#ceremony.exclusive(async () => {
      await this.#requireTarget();
      const attempt = this.#attempt;
      if (!attempt) return;
      checkCancel(canceller, {
        progress: attempt.shares.progress + (attempt.pending ? 1 : 0),
        nonces: [attempt.shares.nonce, ...(attempt.pending ? [attempt.pending.verification.nonce] : [])],
        lastActiveMs: attempt.lastActiveMs,
        nowMs: this.#now(),
      });
      this.discard();
    });
  }

  /** Takes one of the old shares. With the last one the new shares come back. */
  provide(share: string, nonce: string, source = ''): Promise<RekeyProgress> {
    return this.#ceremony.exclusive(async () => {
      const stored = await this.#requireTarget();
      this.#ceremony.limit.take(source);
      const decoded = decodeShare(share);
      try {
        const attempt = this.#requireAttempt();
        if (attempt.pending)
          throw invalidRequest('the new keys were given out already and wait for verification');
        checkNonce(nonce, attempt.shares.nonce, 'rekey');
        attempt.lastActiveMs = this.#now();
        attempt.shares.add(decoded);
        const key = await attempt.shares.take(requiredQuorum(stored.record).threshold);
        if (!key) return { complete: false, status: this.#status(stored.record) };
        let rootKey: Uint8Array | undefined;
        try {
          rootKey = await rootKeyForQuorum(this.#ceremony.parts.seal, stored.record, key);
          return { complete: true, result: await this.#finish(attempt, stored, rootKey) };
        } finally {
          wipe(key, rootKey);
        }
      } catch (error) {
        // Taken shares are wiped by their collection; wiping this one again does no harm.
        if (!this.#attempt?.shares.holds(decoded)) wipe(decoded);
        throw error;
      }
    });
  }

  verifyStatus(): Promise<VerifyStatus> {
    return this.#ceremony.exclusive(async () => {
      await this.#requireTarget();
      return this.#verifyStatus(this.#requirePending().attempt);
    });
  }

  /** Takes one of the new shares. With enough of them the new keys are in force. */
  verify(share: string, nonce: string, source = ''): Promise<VerifyProgress> {
    return this.#ceremony.exclusive(async () => {
      await this.#requireTarget();
      this.#ceremony.limit.take(source);
      const { attempt, pending } = this.#requirePending();
      checkNonce(nonce, pending.verification.nonce, 'rekey verification');
      pending.verification.add(decodeShare(share));
      attempt.lastActiveMs = this.#now();
      const key = await pending.verification.take(attempt.request.threshold);
      if (!key) return { complete: false, status: this.#verifyStatus(attempt) };
      const right = pending.keys.key !== undefined && equalBytes(key, pending.keys.key);
      wipe(key);
      if (!right) throw invalidRequest('rekey verification failed; incorrect key shares supplied');
      const verified = pending.verification.nonce;
      await putInForce(this.#ceremony.parts, this.#target, await this.#requireTarget(), pending.keys);
      this.discard();
      return { complete: true, nonce: verified };
    });
  }

  /** Starts verification over, under another nonce; the new shares stay as they are. */
  restartVerification(canceller: Canceller): Promise<VerifyStatus> {
    return this.#ceremony.exclusive(async () => {
      await this.#requireTarget();
      const { attempt, pending } = this.#requirePending();
      const { progress, nonce } = pending.verification;
      checkCancel(canceller, {
        progress,
        nonces: [nonce],
        lastActiveMs: attempt.lastActiveMs,
        nowMs: this.#now(),
      });
      pending.verification.clear();
      pending.verification = new ShareCollection('now');
      return this.#verifyStatus(attempt);
    });
  }

  /** A fresh root key without asking anybody's shares: only where the server wraps it by itself, for a caller who may. */
  replaceRootKey(): Promise<void> {
    return this.#ceremony.exclusive(async () => {
      const stored = await this.#requireTarget();
      if (stored.record.seal.mode === 'shares') {
        throw invalidRequest('the root key of a server with unseal keys is replaced together with them', {
          hint: 'Use sys/rotate/root/init and sys/rotate/root/update.',
        });
      }
      const keys = { quorum: { shares: 1, threshold: 1 }, key: undefined, backup: undefined };
      await putInForce(this.#ceremony.parts, 'unseal', stored, keys);
    });
  }

  async backup(): Promise<KeysBackup> {
    await this.#requireTarget();
    const backup = await readKeysBackup(this.#ceremony.parts.barrier.plain, this.#target);
    if (!backup) throw invalidRequest('no backed-up keys found');
    return backup;
  }

  async deleteBackup(): Promise<void> {
    await this.#requireTarget();
    await this.#ceremony.parts.barrier.plain.commit({ remove: [keysBackupKey(this.#target)] });
  }

  /** Forgets the attempt and what it holds. */
  discard(): void {
    this.#attempt?.shares.clear();
    this.#attempt?.pending?.verification.clear();
    wipe(this.#attempt?.pending?.keys.key);
    this.#attempt = undefined;
  }

  #now(): number {
    return this.#ceremony.parts.clock.now();
  }

  async #requireTarget(): Promise<StoredSealRecord<ReadyRecord>> {
    const stored = await this.#ceremony.requireReady();
    if (this.#target === 'recovery' && stored.record.seal.mode === 'shares') {
      throw invalidRequest('recovery rekeying not supported', {
        hint: 'Recovery keys exist only where the server unseals itself.',
      });
    }
    return stored;
  }

  #requireAttempt(): Attempt {
    if (this.#attempt) return this.#attempt;
    throw invalidRequest(`no ${this.#target === 'recovery' ? 'recovery' : 'barrier'} rekey in progress`);
  }

  #requirePending() {
    const attempt = this.#attempt;
    if (!attempt) throw invalidRequest('no rekey configuration found');
    if (!attempt.pending) throw invalidRequest('no rekey verification in progress');
    return { attempt, pending: attempt.pending };
  }

  #status(record: ReadyRecord): RekeyStatus {
    const attempt = this.#attempt;
    return {
      started: attempt !== undefined,
      nonce: attempt?.shares.nonce ?? '',
      asked: { shares: attempt?.request.shares ?? 0, threshold: attempt?.request.threshold ?? 0 },
      progress: attempt?.shares.progress ?? 0,
      required: quorumOf(record)?.threshold ?? 0,
      fingerprints: attempt?.fingerprints,
      backup: attempt?.request.backup ?? false,
      verificationRequired: attempt?.request.requireVerification ?? false,
      verificationNonce: attempt?.pending?.verification.nonce ?? '',
    };
  }

  #verifyStatus(attempt: Attempt): VerifyStatus {
    return {
      nonce: attempt.pending?.verification.nonce ?? '',
      asked: { shares: attempt.request.shares, threshold: attempt.request.threshold },
      progress: attempt.pending?.verification.progress ?? 0,
    };
  }

  /**
   * Enough old shares were given: makes the new keys. With verification they wait for it; unseal keys are offered
   * beside the old ones until the answer has left; the rest is in force at once.
   */
  async #finish(
    attempt: Attempt,
    stored: StoredSealRecord<ReadyRecord>,
    rootKey: Uint8Array | undefined,
  ): Promise<RekeyResult> {
    const { parts } = this.#ceremony;
    const { request } = attempt;
    const { nonce } = attempt.shares;
    const rootKeyOnly = this.#target === 'unseal' && stored.record.seal.mode === 'auto';
    const made = rootKeyOnly ? undefined : await makeSharedKey(request);
    const issued = made?.issued ?? noShares;
    const keys: NewKeys = {
      quorum: { shares: request.shares, threshold: request.threshold },
      key: made?.key,
      backup: request.backup ? backupOf(nonce, issued) : undefined,
    };
    const result = {
      nonce,
      keys: issued,
      backup: request.backup,
      verificationRequired: request.requireVerification,
    };
    if (request.requireVerification) {
      const verification = new ShareCollection('now');
      attempt.pending = { keys, verification };
      return { ...result, verificationNonce: verification.nonce };
    }
    this.discard();
    try {
      if (this.#target === 'recovery' || !made || !rootKey)
        await putInForce(parts, this.#target, stored, keys);
      else {
        await offer(parts, stored, keys, rootKey);
        this.#settleSoon({ ...keys, key: Uint8Array.from(made.key) });
      }
    } finally {
      wipe(made?.key);
    }
    return { ...result, verificationNonce: '' };
  }

  #settleSoon(keys: NewKeys): void {
    const { clock, logger } = this.#ceremony.parts;
    const cancelTimer = clock.after(settleAfterMs, () => {
      // Asking for anything that needs keys settles.
      this.status().catch((error: unknown) => {
        const reason = error instanceof Error ? error.message : 'unknown';
        logger.warn('the old unseal keys still open the store beside the new ones', { reason });
      });
    });
    this.#offered = { keys, cancelTimer };
  }

  /**
   * Ends the time in which old and new unseal keys both open the store. Must run before anything else uses the keys.
   * When it fails it is tried again; after sealing, the shares that are brought decide. Says whether the record may have changed.
   */
  async settle(stored: StoredSealRecord<ReadyRecord>): Promise<boolean> {
    const { keys } = this.#offered ?? {};
    if (!keys) return false;
    // Another process may have replaced the keys since; then these are not to come back.
    if (stored.record.offered) await putInForce(this.#ceremony.parts, this.#target, stored, keys);
    this.forgetOffer();
    return true;
  }

  forgetOffer(): void {
    this.#offered?.cancelTimer();
    wipe(this.#offered?.keys.key);
    this.#offered = undefined;
  }
}
