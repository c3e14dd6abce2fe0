import type { Clock } from '../../contracts/clock.ts';

interface Gate {
  running: number;
  /** Nothing came back for a while: who comes now is sent away at once. */
  isStuck: boolean;
  readonly waiting: ((isLetIn: boolean) => void)[];
}

const patienceMs = 1000;

/**
 * Lets so many calls into each engine at a time, so that one which hangs leaves room for others. Who finds an
 * engine full waits for a moment, and is sent away when nothing came back in it.
 */
export class EngineGate {
  readonly #clock: Clock;
  readonly #mostAtOnce: number;
  readonly #gates = new Map<string, Gate>();

  constructor(clock: Clock, mostAtOnce: number) {
    this.#clock = clock;
    this.#mostAtOnce = mostAtOnce;
  }

  /** False: not now. True: call `leave` afterwards. */
  async enter(engine: string): Promise<boolean> {
    let gate = this.#gates.get(engine);
    if (!gate) {
      gate = { running: 0, isStuck: false, waiting: [] };
      this.#gates.set(engine, gate);
    }
    if (gate.running < this.#mostAtOnce) {
      gate.running++;
      return true;
    }
    return gate.isStuck ? false : this.#wait(gate);
  }

  leave(engine: string): void {
    const gate = this.#gates.get(engine);
    if (!gate) return;
    gate.isStuck = false;
    const next = gate.waiting.shift();
    if (next) next(true);
    else if (--gate.running === 0) this.#gates.delete(engine);
  }

  #wait(gate: Gate): Promise<boolean> {
    return new Promise((resolve) => {
      const letIn = (isLetIn: boolean) => {
        cancel();
        resolve(isLetIn);
      };
      const cancel = this.#clock.after(patienceMs, () => {
        gate.isStuck = true;
        for (const waiting of gate.waiting.splice(0)) waiting(false);
      });
      gate.waiting.push(letIn);
    });
  }
}
