import type { AuditSink } from '../../contracts/audit-device.ts';
import type { Clock } from '../../contracts/clock.ts';

const retryMs = 1000;

/**
 * A device that could not be opened when the server was unsealed. It records nothing and says why, tries again
 * at most once a second, and from the first success on is the device itself. So a missing folder never keeps a
 * server sealed, and never lets a request go unrecorded either.
 */
export class RestoredSink implements AuditSink {
  readonly #open: () => Promise<AuditSink>;
  readonly #clock: Clock;
  #sink: AuditSink | undefined;
  #error: unknown;
  #triedAtMs: number;
  #closed = false;

  constructor(open: () => Promise<AuditSink>, error: unknown, clock: Clock) {
    this.#open = open;
    this.#error = error;
    this.#clock = clock;
    this.#triedAtMs = clock.now();
  }

  async append(lines: Uint8Array): Promise<void> {
    this.#sink ??= await this.#retry(false);
    await this.#sink.append(lines);
  }

  async reopen(): Promise<void> {
    if (this.#sink) await this.#sink.reopen();
    else this.#sink = await this.#retry(true);
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#sink?.close();
  }

  async #retry(now: boolean): Promise<AuditSink> {
    const elapsed = this.#clock.now() - this.#triedAtMs;
    if (this.#closed || (!now && elapsed >= 0 && elapsed < retryMs)) throw this.#error;
    this.#triedAtMs = this.#clock.now();
    try {
      return await this.#open();
    } catch (error) {
      this.#error = error;
      throw error;
    }
  }
}
