interface Waiting {
  resolve(isGranted: boolean): void;
  reject(error: unknown): void;
}

/**
 * Takes uses of one thing for many callers at once: those who ask while a commit is under way share the
 * next one, so that a busy secret id costs one commit a turn and its callers never fight each other.
 */
export class SharedUses {
  readonly #consume: (key: string, count: number) => Promise<number>;
  readonly #waiting: Map<string, Waiting[]> = new Map();

  /** `consume` takes up to `count` uses, durably, and says how many it got. */
  constructor(consume: (key: string, count: number) => Promise<number>) {
    this.#consume = consume;
  }

  /** Whether this caller got a use. Earlier callers come first. */
  take(key: string): Promise<boolean> {
    return new Promise((resolve, reject) => {
      const waiting = this.#waiting.get(key);
      if (waiting) {
        waiting.push({ resolve, reject });
        return;
      }
      this.#waiting.set(key, [{ resolve, reject }]);
      void this.#serve(key);
    });
  }

  async #serve(key: string): Promise<void> {
    for (;;) {
      const batch = this.#waiting.get(key) ?? [];
      if (batch.length === 0) break;
      this.#waiting.set(key, []);
      try {
        const granted = await this.#consume(key, batch.length);
        for (const [index, caller] of batch.entries()) caller.resolve(index < granted);
      } catch (error) {
        for (const caller of batch) caller.reject(error);
      }
    }
    this.#waiting.delete(key);
  }
}
