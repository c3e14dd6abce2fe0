import { SealError } from '../../contracts/seal.ts';
import type { LifecycleState, StartOutcome } from './lifecycle.ts';
import type { LifecycleParts } from './parts.ts';

const firstRetryMs = 1_000;
const longestRetryMs = 60_000;

/** Unseals at start, and goes on trying for as long as the key service is away. */
export class AutoUnseal {
  readonly #parts: Pick<LifecycleParts, 'clock' | 'logger'>;
  readonly #attempt: () => Promise<LifecycleState>;
  #cancel: () => void = () => {};
  #stopped = false;

  constructor(parts: Pick<LifecycleParts, 'clock' | 'logger'>, attempt: () => Promise<LifecycleState>) {
    this.#parts = parts;
    this.#attempt = attempt;
  }

  /** The outcome of the first attempt. Rejects only with what is not a `SealError`: a damaged store, a hook that failed. */
  async start(): Promise<StartOutcome> {
    try {
      return { state: await this.#attempt() };
    } catch (error) {
      if (!(error instanceof SealError)) throw error;
      this.#parts.logger.error('the server could not unseal itself', {
        error: error.message,
        hint: error.hint,
      });
      if (error.kind === 'unavailable') this.#retryAfter(firstRetryMs);
      return { state: 'sealed', problem: error };
    }
  }

  stop(): void {
    this.#stopped = true;
    this.#cancel();
  }

  #retryAfter(delayMs: number): void {
    if (this.#stopped) return;
    this.#cancel = this.#parts.clock.after(delayMs, () => void this.#retry(delayMs));
  }

  async #retry(delayMs: number): Promise<void> {
    if (this.#stopped) return;
    try {
      await this.#attempt();
    } catch (error) {
      const message = error instanceof Error ? error.message : 'unknown';
      this.#parts.logger.error('the server could still not unseal itself', { error: message });
      this.#retryAfter(Math.min(delayMs * 2, longestRetryMs));
    }
  }
}
