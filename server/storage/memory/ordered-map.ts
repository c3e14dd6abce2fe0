import { compareKeys } from '../keys.ts';

const maxBlockLength = 512;

interface Block {
  /** In order, never empty. */
  readonly keys: string[];
}

/**
 * A map that is also ordered by its keys' UTF-8 bytes. Keys stand in blocks of at most 512, so that inserting
 * into a million moves a few kilobytes.
 */
export class OrderedMap<V> {
  readonly #values = new Map<string, V>();
  readonly #blocks: Block[] = [];

  get(key: string): V | undefined {
    return this.#values.get(key);
  }

  set(key: string, value: V): void {
    const known = this.#values.has(key);
    this.#values.set(key, value);
    if (!known) this.#insert(key);
  }

  delete(key: string): void {
    if (!this.#values.delete(key)) return;
    const at = this.#blockOf(key);
    const keys = this.#blocks[at]!.keys;
    keys.splice(lowerBound(keys, key), 1);
    if (keys.length === 0) this.#blocks.splice(at, 1);
  }

  clear(): void {
    this.#values.clear();
    this.#blocks.length = 0;
  }

  /** Keys from `from` (included) on, in order. The map must not change while they are read. */
  *keysFrom(from: string): Generator<string, undefined> {
    let at = this.#blockOf(from);
    let i = at < this.#blocks.length ? lowerBound(this.#blocks[at]!.keys, from) : 0;
    for (; at < this.#blocks.length; at++, i = 0) {
      const { keys } = this.#blocks[at]!;
      for (; i < keys.length; i++) yield keys[i]!;
    }
  }

  #insert(key: string): void {
    const at = this.#blockOf(key);
    const block = this.#blocks[at];
    if (block === undefined) {
      this.#blocks.push({ keys: [key] });
      return;
    }
    block.keys.splice(lowerBound(block.keys, key), 0, key);
    if (block.keys.length > maxBlockLength) {
      // Ascending inserts are common (time-ordered keys): the last block is cut near its end, which leaves it full.
      const cut = at === this.#blocks.length - 1 ? maxBlockLength - 16 : maxBlockLength / 2;
      this.#blocks.splice(at + 1, 0, { keys: block.keys.splice(cut) });
    }
  }

  /** The last block that starts at or before `key`, or the first. */
  #blockOf(key: string): number {
    let low = 0;
    let high = this.#blocks.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (compareKeys(this.#blocks[middle]!.keys[0]!, key) <= 0) low = middle + 1;
      else high = middle;
    }
    return Math.max(0, low - 1);
  }
}

function lowerBound(keys: readonly string[], key: string): number {
  let low = 0;
  let high = keys.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (compareKeys(keys[middle]!, key) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}
