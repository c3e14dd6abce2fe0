import { CofferError } from '../../contracts/errors.ts';

/**
 * The entries of one stretch of time, waited for together. It ends well as soon as one device has recorded all
 * of them, and badly once every device has failed to.
 */
export class AuditWindow {
  #left: number;
  #state: 'open' | 'recorded' | 'failed' = 'open';
  #waiting: PromiseWithResolvers<void> | undefined;
  #needed: AuditWindow[] | undefined;

  constructor(devices: number) {
    this.#left = devices;
  }

  get state(): 'open' | 'recorded' | 'failed' {
    return this.#state;
  }

  /** Whoever waits from now on also waits for `earlier`, which holds the first entry of the same exchange. */
  needs(earlier: AuditWindow): void {
    this.#needed ??= [];
    this.#needed.push(earlier);
  }

  get outcome(): Promise<void> {
    if (this.#needed === undefined) return this.#own;
    return Promise.all([this.#own, ...this.#needed.map((earlier) => earlier.#own)]).then(() => {});
  }

  /** Made only when somebody waits, so that nobody's failure is an unhandled rejection. */
  get #own(): Promise<void> {
    if (this.#state === 'recorded') return Promise.resolve();
    if (this.#state === 'failed') return Promise.reject(auditFailure());
    this.#waiting ??= Promise.withResolvers();
    return this.#waiting.promise;
  }

  /** A device has recorded all entries of this window. */
  recorded(): void {
    if (this.#state !== 'open') return;
    this.#state = 'recorded';
    this.#waiting?.resolve();
  }

  /** A device will not record all of them. Called at most once by each. */
  failed(): void {
    this.#left--;
    if (this.#left > 0 || this.#state !== 'open') return;
    this.#state = 'failed';
    this.#waiting?.reject(auditFailure());
  }
}

export function auditFailure(detail?: string, cause?: unknown): CofferError {
  return new CofferError('audit-failure', undefined, {
    hint: 'See the audit devices in sys/health and in the server log.',
    ...(detail === undefined ? {} : { detail }),
    cause,
  });
}
