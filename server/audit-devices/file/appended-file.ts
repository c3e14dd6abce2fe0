import { read, write } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import type { Clock } from '../../contracts/clock.ts';

const lineEnd = 0x0a;
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

  /** `path` is given for a regular file, whose last byte is then looked at. A bare number is never closed. */
  constructor(file: FileHandle | number, path: string | undefined, clock: Clock) {
    this.#handle = typeof file === 'number' ? undefined : file;
    this.#fd = typeof file === 'number' ? file : file.fd;
    this.#clock = clock;
    this.#cutShort = path === undefined ? false : endsMidway(path);
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
        written += await this.#writeSome(bytes, written);
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
