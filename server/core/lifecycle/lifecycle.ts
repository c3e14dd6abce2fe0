import { CofferError, invalidRequest } from '../../contracts/errors.ts';
import { wipe } from '../../crypto/wipe.ts';
import { AutoUnseal, type LifecycleState, type StartOutcome } from './auto-unseal.ts';
import { GenerateRoot } from './generate-root.ts';
import { type InitRequest, type InitResult, initialise } from './initialise.ts';
import { decodeShare, ShareCollection } from './key-shares.ts';
import { migrateSeal, noRecoveryKeys } from './migrate-seal.ts';
import type { LifecycleParts } from './parts.ts';
import { unwrapRootKey } from './quorum-proof.ts';
import { Rekey } from './rekey.ts';
import { chooseSeal } from './seal-choice.ts';
import { type ReadyRecord, readSealRecord, type StoredSealRecord } from './seal-record.ts';
import { type SealStatus, sealStatusOf } from './seal-status.ts';
import { SubmissionLimit } from './submission-limit.ts';
import { chooseKeys, proveShares, refreshWrapping } from './unseal.ts';

const watchEveryMs = 5_000;

/**
 * Takes a server from uninitialised through sealed to unsealed and back, and changes its keys. Everything that
 * changes something runs one after the other. Shares and keys live in memory only, and no longer than needed.
 */
export class Lifecycle {
  readonly rekeyUnseal: Rekey;
  readonly rekeyRecovery: Rekey;
  readonly generateRoot: GenerateRoot;
  readonly #parts: LifecycleParts;
  readonly #limit: SubmissionLimit;
  readonly #autoUnseal: AutoUnseal;
  #shares = new ShareCollection('when started');
  #unsealed = false;
  #cancelWatch: () => void = () => {};
  /** Initialised is for ever, so storage is asked only until the first yes. */
  #ready: ReadyRecord | undefined;
  #queue: Promise<unknown> = Promise.resolve();

  constructor(parts: LifecycleParts) {
    this.#parts = parts;
    this.#limit = new SubmissionLimit(parts.clock);
    this.#autoUnseal = new AutoUnseal(parts, () => this.#exclusive(() => this.#unsealItself()));
    const ceremony = {
      parts,
      limit: this.#limit,
      exclusive: <T>(work: () => Promise<T>) => this.#exclusive(work),
      requireReady: () => this.#requireUnsealed(),
    };
    this.rekeyUnseal = new Rekey(ceremony, 'unseal');
    this.rekeyRecovery = new Rekey(ceremony, 'recovery');
    this.generateRoot = new GenerateRoot(ceremony);
  }

  /** Whether requests can be served. False from the moment sealing begins, or another process replaces the root key. */
  get unsealed(): boolean {
    return this.#unsealed && !this.#parts.barrier.sealed;
  }

  get parts(): Pick<LifecycleParts, 'barrier' | 'clock' | 'hooks' | 'program' | 'seal'> {
    return this.#parts;
  }

  /** Call once. Unseals when the seal does that by itself, and goes on trying while its key service is away. */
  start(): Promise<StartOutcome> {
    return this.#autoUnseal.start();
  }

  /** Stops retrying and seals. */
  async stop(): Promise<void> {
    this.#autoUnseal.stop();
    this.#cancelWatch();
    await this.seal();
  }

  async initialised(): Promise<boolean> {
    return this.#ready !== undefined || (await this.#readReady()) !== undefined;
  }

  /** Makes the store. A server that unseals itself is unsealed then; another waits for the shares it has just given out. */
  init(request: InitRequest): Promise<InitResult> {
    return this.#exclusive(async () => {
      if (this.unsealed) throw invalidRequest('Vault is already initialized');
      try {
        const result = await initialise(this.#parts, request);
        await this.#readReady();
        if (this.#parts.seal.mode === 'shares') await this.#close();
        else this.#opened();
        this.#parts.logger.info('the store is initialised', { seal: this.#parts.seal.type });
        return result;
      } catch (error) {
        if (!this.#parts.barrier.sealed) await this.#close();
        throw error;
      }
    });
  }

  /** From storage, so that what another process did shows; from memory when storage is away. */
  async status(): Promise<SealStatus> {
    const record = await this.#readReady().then(
      (stored) => stored?.record,
      (error: unknown) => {
        if (this.#ready) return this.#ready;
        throw error;
      },
    );
    const { progress, nonce } = this.#shares;
    return sealStatusOf(record, this.#parts, { unsealed: this.unsealed, progress, nonce });
  }

  /**
   * Takes one share, hex or base64; with the last one the server unseals. `source` is the address it came from. Throws 'invalid-request' for what is no
   * share and for shares that do not fit, 'not-initialized', 'rate-limited', `SealError`.
   */
  submitShare(
    text: string,
    options: { readonly migrate: boolean; readonly source?: string },
  ): Promise<SealStatus> {
    return this.#exclusive(async () => {
      this.#limit.take(options.source ?? '');
      const share = decodeShare(text);
      try {
        if (!this.unsealed) await this.#useShare(share, options);
      } catch (error) {
        wipe(share);
        throw error;
      }
      return this.status();
    });
  }

  /** Drops the shares given so far. */
  resetShares(): Promise<SealStatus> {
    return this.#exclusive(async () => {
      await this.#requireStored();
      if (this.unsealed) throw invalidRequest('vault is unsealed');
      this.#startOver();
      return this.status();
    });
  }

  /** Closes the barrier and drops every key. Nothing happens when it is closed already. */
  seal(): Promise<void> {
    return this.#exclusive(async () => {
      if (!this.unsealed) return;
      // Somebody wants it closed: a retry that is still waiting must not open it again.
      this.#autoUnseal.stop();
      this.#parts.logger.info('sealing');
      await this.#close();
    });
  }

  /** Runs after what was asked before, whatever became of it. */
  #exclusive<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#queue.then(async () => {
      if (this.#unsealed && !this.unsealed) {
        this.#parts.logger.warn('the root key was replaced by another process; sealed');
        await this.#close();
      }
      return work();
    });
    this.#queue = result.catch(() => undefined);
    return result;
  }

  async #readReady(): Promise<StoredSealRecord<ReadyRecord> | undefined> {
    const stored = await readSealRecord(this.#parts.barrier.plain);
    if (stored?.record.stage !== 'ready') return undefined;
    this.#ready = stored.record;
    return { record: stored.record, unchanged: stored.unchanged };
  }

  async #requireStored(): Promise<StoredSealRecord<ReadyRecord>> {
    const stored = await this.#readReady();
    if (!stored) throw new CofferError('not-initialized');
    return stored;
  }

  async #requireUnsealed(): Promise<StoredSealRecord<ReadyRecord>> {
    const stored = await this.#requireStored();
    if (!this.unsealed) throw new CofferError('sealed');
    return (await this.rekeyUnseal.settle(stored)) ? this.#requireStored() : stored;
  }

  async #useShare(share: Uint8Array, { migrate }: { readonly migrate: boolean }): Promise<void> {
    const stored = await this.#requireStored();
    const choice = chooseSeal(this.#parts, stored.record);
    if (migrate && choice.kind === 'same') {
      throw invalidRequest("can't perform a seal migration, no migration seal found");
    }
    if (!migrate && choice.kind === 'migration') {
      throw invalidRequest('migrate option not provided and seal migration is pending', {
        hint: `The configuration moves the store from seal "${choice.from.type}" to "${choice.to.type}".`,
      });
    }
    this.#shares.add(share);
    const from = choice.kind === 'same' ? choice.seal : choice.from;
    const proven = await proveShares(from, stored.record, this.#shares).catch((error: unknown) => {
      this.#startOver();
      throw error;
    });
    if (!proven) return;
    this.#startOver();
    const { reading, key, rootKey } = proven;
    try {
      await this.#open(rootKey, async () => {
        const read = { record: reading, unchanged: stored.unchanged };
        if (choice.kind === 'migration') await migrateSeal(this.#parts, choice, read, key);
        else if (stored.record.offered) await chooseKeys(this.#parts, stored, proven);
      });
    } finally {
      wipe(key, rootKey);
    }
  }

  /** For `AutoUnseal`. Throws `SealError`. */
  async #unsealItself(): Promise<LifecycleState> {
    if (this.unsealed) return 'unsealed';
    const stored = await this.#readReady();
    if (!stored) return 'uninitialised';
    const { record } = stored;
    const choice = chooseSeal(this.#parts, record);
    const from = choice.kind === 'same' ? choice.seal : choice.from;
    // Shares, or the consent of those who hold recovery keys to a migration, are people's to give.
    if (from.mode === 'shares' || (choice.kind === 'migration' && record.recovery)) return 'sealed';
    if (choice.kind === 'migration' && choice.to.mode === 'shares') throw noRecoveryKeys();
    const rootKey = await unwrapRootKey(from, record);
    try {
      await this.#open(rootKey, () =>
        choice.kind === 'migration'
          ? migrateSeal(this.#parts, choice, stored, undefined)
          : refreshWrapping(this.#parts, choice.seal, stored, rootKey),
      );
    } finally {
      wipe(rootKey);
    }
    return 'unsealed';
  }

  /** Opens the barrier, does `between`, and lets requests in; closes it again when any of that fails. */
  async #open(rootKey: Uint8Array, between: () => Promise<unknown>): Promise<void> {
    const { barrier, hooks, logger } = this.#parts;
    await barrier.unseal(rootKey);
    try {
      await between();
      await hooks.onUnsealed();
    } catch (error) {
      await this.#close();
      throw error;
    }
    this.#opened();
    logger.info('unsealed');
  }

  #opened(): void {
    this.#unsealed = true;
    this.#watch();
  }

  /** The barrier closes by itself when another process has replaced the root key: then unseal again, if the seal can. */
  #watch(): void {
    this.#cancelWatch();
    this.#cancelWatch = this.#parts.clock.after(watchEveryMs, () => {
      if (!this.#unsealed) return;
      if (this.unsealed) this.#watch();
      else {
        this.#autoUnseal.start().then(
          ({ problem }) => problem && this.#reportWatch(problem.message),
          (error: unknown) => this.#reportWatch(error instanceof Error ? error.message : 'unknown'),
        );
      }
    });
  }

  #reportWatch(error: string): void {
    this.#parts.logger.error('the server stays sealed', { error });
  }

  async #close(): Promise<void> {
    const { barrier, hooks, logger } = this.#parts;
    this.#unsealed = false;
    this.#startOver();
    this.rekeyUnseal.discard();
    this.rekeyRecovery.discard();
    this.generateRoot.discard();
    this.#cancelWatch();
    const whileOpen = (step: () => Promise<void>) => async () => {
      if (!barrier.sealed) await step();
    };
    const steps = [
      whileOpen(() => this.#settle()),
      () => hooks.onSealing(),
      whileOpen(() => barrier.persistCounts()),
    ];
    for (const step of steps) {
      await step().catch((error: unknown) => {
        logger.error('sealing did not go smoothly', {
          error: error instanceof Error ? error.message : 'unknown',
        });
      });
    }
    this.rekeyUnseal.forgetOffer();
    barrier.seal();
  }

  async #settle(): Promise<void> {
    const stored = await this.#readReady();
    if (stored) await this.rekeyUnseal.settle(stored);
  }

  #startOver(): void {
    this.#shares.clear();
    this.#shares = new ShareCollection('when started');
  }
}
