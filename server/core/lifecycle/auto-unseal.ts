import { SealError } from '../../contracts/seal.ts';
import type { LifecycleParts } from './parts.ts';

export type LifecycleState = 'uninitialised' | 'sealed' | 'unsealed';

export type StartOutcome =
  | { readonly state: LifecycleState; readonly problem?: undefined }
  /** Sealed, and why: a lost or wrong key ('wrong-key', 'invalid'), or a key service that is away ('unavailable': retried). */
  | { readonly state: 'sealed'; readonly problem: SealError };

const firstRetryMs = 1_000;
const longestRetryMs = 60_000;
/** How often to look whether another server has initialised the store that both share. */
const lookAgainMs = 5_000;

/** Unseals at start, and goes on trying while the key service is away or the store is not initialised yet. */
export class AutoUnseal {
  readonly #parts: Pick<LifecycleParts, 'clock' | 'logger' | 'seal'>;
  readonly #attempt: () => Promise<LifecycleState>;
  #cancel: () => void = () => {};
  #stopped = false;

  constructor(
    parts: Pick<LifecycleParts, 'clock' | 'logger' | 'seal'>,
    attempt: () => Promise<LifecycleState>,
  ) {
    this.#parts = parts;
    this.#attempt = attempt;
  }

  /** The outcome of the first attempt; who starts the server shows its problem, and only what is tried again is logged. Rejects only with what is not a `SealError`: a damaged store, a hook that failed. */
  async start(): Promise<StartOutcome> {
    this.#stopped = false;
    try {
      const state = await this.#attempt();
      this.#lookAgain(state);
      return { state };
    } catch (error) {
      if (!(error instanceof SealError)) throw error;
      if (error.kind === 'unavailable') {
        this.#parts.logger.error('the server could not unseal itself', {
          error: error.message,
          hint: error.hint,
        });
        this.#again(firstRetryMs, firstRetryMs);
      }
      return { state: 'sealed', problem: error };
    }
  }

  stop(): void {
    this.#stopped = true;
    this.#cancel();
  }

  #lookAgain(state: LifecycleState): void {
    if (state === 'uninitialised' && this.#parts.seal.mode === 'auto') this.#again(lookAgainMs, firstRetryMs);
  }

  #again(delayMs: number, backOffMs: number): void {
    if (this.#stopped) return;
    this.#cancel = this.#parts.clock.after(delayMs, () => void this.#retry(backOffMs));
  }

  async #retry(backOffMs: number): Promise<void> {
    if (this.#stopped) return;
    try {
      this.#lookAgain(await this.#attempt());
    } catch (error) {
      const message = error instanceof Error ? error.message : 'unknown';
      this.#parts.logger.error('the server could still not unseal itself', { error: message });
      const nextMs = Math.min(backOffMs * 2, longestRetryMs);
      this.#again(nextMs, nextMs);
    }
  }
}
