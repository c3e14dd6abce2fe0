import { AbsentRecord, type StoredRecord } from './stored-record.ts';

export type CacheEntry = StoredRecord | AbsentRecord;

/** One reading of a key that is under way; those who ask meanwhile share it. */
export interface PendingRead {
  readonly promise: Promise<StoredRecord | undefined>;
  /** Set when the key changed after the reading began: its result serves those who asked before, and no one else. */
  outdated: boolean;
}

interface Writer {
  inFlight: number;
  /** Two commits of one key overlapped: which of them was last is storage's secret. */
  contended: boolean;
}

/**
 * Records in memory, by storage key, bounded in bytes. It never answers with what was replaced by a commit
 * that was acknowledged before the question:
 * a reading that began before a change is never kept; of overlapping commits neither is kept.
 * Eviction is second-chance, so that a hit writes one flag and moves nothing.
 */
export class RecordCache {
  readonly #entries = new Map<string, CacheEntry>();
  readonly #pending = new Map<string, PendingRead>();
  readonly #writers = new Map<string, Writer>();
  readonly #maxBytes: number;
  #bytes = 0;
  #hits = 0;
  #misses = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** Since the process began. */
  get hits(): number {
    return this.#hits;
  }

  get misses(): number {
    return this.#misses;
  }

  get(key: string): CacheEntry | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined) this.#misses++;
    else {
      entry.used = true;
      this.#hits++;
    }
    return entry;
  }

  pending(key: string): PendingRead | undefined {
    return this.#pending.get(key);
  }

  /** Shares `promise` with others who ask for `key`, and keeps its result unless the key changes meanwhile. */
  share(key: string, promise: Promise<StoredRecord | undefined>): Promise<StoredRecord | undefined> {
    const read: PendingRead = { promise, outdated: false };
    this.#pending.set(key, read);
    const end = () => {
      if (this.#pending.get(key) === read) this.#pending.delete(key);
    };
    promise.then((record) => {
      end();
      if (!read.outdated) this.#set(key, record ?? new AbsentRecord());
    }, end);
    return promise;
  }

  /** Call before a commit of `keys` is handed to storage, and `endWrite` for each once its outcome is known. */
  beginWrite(keys: Iterable<string>): void {
    for (const key of keys) {
      const writer = this.#writers.get(key);
      if (writer) {
        writer.inFlight++;
        writer.contended = true;
      } else {
        this.#writers.set(key, { inFlight: 1, contended: false });
      }
    }
  }

  /** `entry` is what the key now holds, or undefined when that is not certain. */
  endWrite(key: string, entry: CacheEntry | undefined): void {
    this.drop(key);
    const writer = this.#writers.get(key);
    if (writer && --writer.inFlight === 0) this.#writers.delete(key);
    if (entry && writer && !writer.contended) this.#set(key, entry);
  }

  drop(key: string): void {
    const entry = this.#entries.get(key);
    if (entry) {
      this.#entries.delete(key);
      this.#bytes -= entry.bytes;
    }
    const read = this.#pending.get(key);
    if (read) {
      read.outdated = true;
      this.#pending.delete(key);
    }
  }

  dropAll(): void {
    this.#entries.clear();
    this.#bytes = 0;
    for (const read of this.#pending.values()) read.outdated = true;
    this.#pending.clear();
  }

  #set(key: string, entry: CacheEntry): void {
    const before = this.#entries.get(key);
    if (before) {
      this.#entries.delete(key);
      this.#bytes -= before.bytes;
    }
    // One huge record must not push out everything else.
    if (entry.bytes > this.#maxBytes / 8) return;
    this.#entries.set(key, entry);
    this.#bytes += entry.bytes;
    if (this.#bytes > this.#maxBytes) this.#evict();
  }

  #evict(): void {
    for (const [key, entry] of this.#entries) {
      if (this.#bytes <= this.#maxBytes) return;
      this.#entries.delete(key);
      if (entry.used) {
        entry.used = false;
        this.#entries.set(key, entry);
      } else {
        this.#bytes -= entry.bytes;
      }
    }
  }
}
