import { read, write, writeSync } from 'node:fs';
import { type FileHandle, open, statfs } from 'node:fs/promises';
import type { Clock } from '../../contracts/clock.ts';

const lineEnd = 0x0a;
/**
 * Kernel magic numbers of local file systems (statfs(2)): ext2–4, XFS, Btrfs, tmpfs, overlay, F2FS, ZFS. There a
 * write is a copy into the page cache, which costs a tenth of the way through the thread pool and back.
 */
const localFileSystems = new Set([
  0xef53, 0x58465342, 0x9123683e, 0x01021994, 0x794c7630, 0xf2f52010, 0x2fc12fc1,
]);
/** A direct write that took longer is a warning: the thread pool takes over for a while, longer each time it comes soon again. */
const slowWriteMs = 20;
const shortestAwayMs = 500;
const longestAwayMs = 30_000;
/** A pipe whose reader is behind is asked again after this. */
const retryMs = 10;

/**
 * An open file that lines are appended to, one call at a time. A line that was cut short, by an error or by a
 * crash before this process began, is ended before the next one is written.
 */
export class AppendedFile {
  readonly #handle: FileHandle | undefined;
  readonly #fd: number;
  readonly #clock: Clock;
  #cutShort: Promise<boolean> | boolean;
  #completed = 0;
  #users = 0;
  #closing = false;
  /** Writes go directly while this is over; network, FUSE and unknown file systems, and pipes, always take the thread pool. */
  #indirectUntil = Number.POSITIVE_INFINITY;
  #awayMs = shortestAwayMs;
  #backSince = 0;

  /** `path` is given for a regular file, whose last byte is then looked at. A bare number is never closed. */
  constructor(file: FileHandle | number, path: string | undefined, clock: Clock) {
    this.#handle = typeof file === 'number' ? undefined : file;
    this.#fd = typeof file === 'number' ? file : file.fd;
    this.#clock = clock;
    this.#cutShort = path === undefined ? false : this.#prepare(path);
  }

  async #prepare(path: string): Promise<boolean> {
    const { type } = await statfs(path);
    if (localFileSystems.has(type >>> 0)) this.#indirectUntil = 0;
    return endsMidway(path);
  }

  /** Bytes of whole lines that the last `append` has written, for one that failed. */
  get completedBytes(): number {
    return this.#completed;
  }

  async append(lines: Uint8Array): Promise<void> {
    this.#users++;
    this.#completed = 0;
    try {
      if (typeof this.#cutShort !== 'boolean') this.#cutShort = await this.#cutShort;
      if (this.#cutShort) await this.#writeAll(Uint8Array.of(lineEnd));
      this.#cutShort = false;
      await this.#writeAll(lines);
      this.#completed = lines.length;
    } finally {
      this.#users--;
      if (this.#closing) await this.#closeWhenUnused();
    }
  }

  /** At once, or when the write in flight has ended: its file descriptor must not become another file's. */
  async close(): Promise<void> {
    if (this.#closing) return;
    this.#closing = true;
    await this.#closeWhenUnused();
  }

  async #closeWhenUnused(): Promise<void> {
    if (this.#users === 0) await this.#handle?.close();
  }

  async #writeAll(bytes: Uint8Array): Promise<void> {
    let written = 0;
    while (written < bytes.length) {
      try {
        written += this.#isDirect()
          ? this.#writeDirectly(bytes, written)
          : await this.#writeSome(bytes, written);
      } catch (error) {
        if (isBusy(error) && !this.#closing) {
          await new Promise<void>((resolve) => this.#clock.after(retryMs, resolve));
          continue;
        }
        const wholeLines = bytes.lastIndexOf(lineEnd, written - 1) + 1;
        this.#completed = written === 0 ? 0 : wholeLines;
        this.#cutShort = written > this.#completed || (written === 0 && this.#cutShort);
        throw error;
      }
    }
  }

  #isDirect(): boolean {
    return this.#indirectUntil === 0 || performance.now() > this.#indirectUntil;
  }

  #writeDirectly(bytes: Uint8Array, from: number): number {
    const startedAt = performance.now();
    const count = writeSync(this.#fd, bytes, from, bytes.length - from, null);
    const endedAt = performance.now();
    if (this.#indirectUntil !== 0) {
      this.#indirectUntil = 0;
      this.#backSince = startedAt;
    }
    if (endedAt - startedAt > slowWriteMs) this.#stayAway(endedAt);
    return count;
  }

  #stayAway(now: number): void {
    const isSoonAgain = now - this.#backSince < longestAwayMs;
    this.#awayMs = isSoonAgain ? Math.min(2 * this.#awayMs, longestAwayMs) : shortestAwayMs;
    this.#indirectUntil = now + this.#awayMs;
  }

  #writeSome(bytes: Uint8Array, from: number): Promise<number> {
    return new Promise((resolve, reject) => {
      write(this.#fd, bytes, from, bytes.length - from, null, (error, count) =>
        error ? reject(error) : resolve(count),
      );
    });
  }
}

async function endsMidway(path: string): Promise<boolean> {
  const file = await open(path, 'r');
  try {
    const { size } = await file.stat();
    if (size === 0) return false;
    const last = Buffer.alloc(1);
    await new Promise<void>((resolve, reject) => {
      read(file.fd, last, 0, 1, size - 1, (error) => (error ? reject(error) : resolve()));
    });
    return last[0] !== lineEnd;
  } finally {
    await file.close();
  }
}

function isBusy(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'EAGAIN';
}
