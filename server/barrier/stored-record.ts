import { type JsonLimits, parseJson } from '../../formats/json/index.ts';
import type { Stored } from '../contracts/records.ts';
import { tagOf } from '../contracts/storage.ts';

/** What the barrier itself encrypted was limited when it came in. */
const trustedLimits: JsonLimits = { maxDepth: Number.POSITIVE_INFINITY };

/** Objects, map slot, key and tag of an entry, and what a parsed value takes for each byte of its text: estimates on the high side. */
const entryBytes = 320;
const bytesPerTextByte = 3;

/**
 * A record as the cache and its readers share it. Its text is parsed when somebody first looks, so that a
 * write costs no parsing.
 */
export class StoredRecord implements Stored<unknown> {
  memo: unknown = undefined;
  readonly tag: Uint8Array;
  /** Roughly what this takes in memory. */
  readonly bytes: number;
  /** Looked at since the cache last considered evicting it. */
  used = false;
  #text: string | undefined;
  #value: unknown;

  constructor(text: string, record: Uint8Array) {
    this.#text = text;
    // A copy: a view would keep all of the ciphertext in memory.
    this.tag = Uint8Array.from(tagOf(record));
    this.bytes = entryBytes + text.length * bytesPerTextByte;
  }

  /** Whether `record` is this very writing, and not only this value. */
  isWriting(record: Uint8Array): boolean {
    return Buffer.compare(tagOf(record), this.tag) === 0;
  }

  get value(): unknown {
    if (this.#text !== undefined) {
      this.#value = parseJson(this.#text, trustedLimits);
      this.#text = undefined;
    }
    return this.#value;
  }
}

/** Remembered in the cache: there is no such record. */
export class AbsentRecord {
  readonly bytes = entryBytes / 2;
  used = false;
}
