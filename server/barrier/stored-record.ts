import { type JsonLimits, parseJson } from '../../formats/json/index.ts';
import type { Stored } from '../contracts/records.ts';
import { tagOf } from '../contracts/storage.ts';

/** What the barrier itself encrypted was limited when it came in. */
const trustedLimits: JsonLimits = { maxDepth: Number.POSITIVE_INFINITY };

/**
 * What an entry takes besides its text, and for each character of it: objects, map slot, key, tag, the parsed value,
 * and what hangs on it (a prepared reply, its encoding, its audit hashes). Measured: a small secret that has been
 * read takes about 2.5 KB in all.
 */
const entryBytes = 1500;
const bytesPerTextByte = 5;

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
  readonly bytes = 320;
  used = false;
}
