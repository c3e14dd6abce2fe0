/** Time as the server sees it. Injected everywhere, so that tests move it and jumps can be simulated. */
export interface Clock {
  /** Milliseconds since the Unix epoch. */
  now(): number;
  /** Calls `action` once after `delayMs`; never keeps the process alive. The result cancels it. */
  after(delayMs: number, action: () => void): () => void;
}

/** Delays above this overflow a 32-bit timer and would fire at once. */
const longestTimerMs = 2_147_483_647;

export const systemClock: Clock = {
  now: () => Date.now(),
  after(delayMs, action) {
    const timer = setTimeout(action, Math.min(Math.max(delayMs, 0), longestTimerMs));
    timer.unref();
    return () => clearTimeout(timer);
  },
};

/** A clock that stands still until `advance` or `set` moves it; timers that fall due run in order. */
export class ManualClock implements Clock {
  #now: number;
  #timers: { due: number; action: () => void }[] = [];

  constructor(startMs: number = Date.UTC(2026, 0, 1)) {
    this.#now = startMs;
  }

  now(): number {
    return this.#now;
  }

  after(delayMs: number, action: () => void): () => void {
    const timer = { due: this.#now + delayMs, action };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer);
    };
  }

  advance(ms: number): void {
    this.set(this.#now + ms);
  }

  /** Also goes backwards: a wall clock does. */
  set(ms: number): void {
    this.#now = ms;
    for (;;) {
      const due = this.#timers.filter((timer) => timer.due <= this.#now).sort((a, b) => a.due - b.due)[0];
      if (!due) return;
      this.#timers = this.#timers.filter((other) => other !== due);
      due.action();
    }
  }
}
