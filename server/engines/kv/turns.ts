/** Lets work on the same name happen one after another, in the order of asking; different names do not wait. */
export class Turns {
  readonly #last: Map<string, Promise<unknown>> = new Map();

  async take<T>(name: string, work: () => Promise<T>): Promise<T> {
    const before = this.#last.get(name);
    const mine = before ? before.then(work, work) : work();
    this.#last.set(name, mine);
    try {
      return await mine;
    } finally {
      if (this.#last.get(name) === mine) this.#last.delete(name);
    }
  }
}
