/** npm passes a Ctrl-C on to a process that the terminal has told already: two within this time are one. */
const sameStopMs = 300;

/** The signals of a server. Make it early: until then they end the process in the system's way. */
export class Signals {
  /** Resolves at the first SIGTERM or SIGINT. */
  readonly stop: Promise<void>;
  readonly #handlers: (readonly [NodeJS.Signals, () => void])[];
  #reload: (() => Promise<void>) | undefined;
  #reloading: Promise<void> = Promise.resolve();
  #secondStop: (() => void) | undefined;
  #stoppedAt: number | undefined;

  constructor() {
    let resolve = (): void => {};
    this.stop = new Promise((done) => {
      resolve = done;
    });
    const onStop = (): void => {
      const now = performance.now();
      if (this.#stoppedAt === undefined) {
        this.#stoppedAt = now;
        resolve();
      } else if (now - this.#stoppedAt > sameStopMs) {
        this.#secondStop?.();
      }
    };
    // One reload after the other: each reads files that the next may have changed again.
    const onReload = (): void => {
      this.#reloading = this.#reloading.then(() => this.#reload?.());
    };
    this.#handlers = [
      ['SIGTERM', onStop],
      ['SIGINT', onStop],
      ['SIGHUP', onReload],
    ];
    for (const [signal, handler] of this.#handlers) process.on(signal, handler);
  }

  onReload(action: () => Promise<void>): void {
    this.#reload = action;
  }

  onSecondStop(action: () => void): void {
    this.#secondStop = action;
  }

  close(): void {
    for (const [signal, handler] of this.#handlers) process.off(signal, handler);
  }
}
