import {
  closeSync,
  fstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { basename, dirname, extname, join } from 'node:path';
import type { Clock } from '../../contracts/clock.ts';

/** Where finished log lines go. Nothing here throws: a log that cannot be written must not stop the server. */
export interface LogOutput {
  write(line: string): void;
  /** Closes and opens again (SIGHUP), so that an external rotation takes hold. */
  reopen(): void;
  close(): void;
}

export interface LogFileSettings {
  /** A file, or a folder when it ends in `/` (then `coffer.log` in it). */
  readonly path: string;
  /** 0: never, as for the others. */
  readonly rotateBytes: number;
  readonly rotateSeconds: number;
  /** Old files kept beside the current one; 0 keeps all. */
  readonly rotateMaxFiles: number;
}

const fileMode = 0o600;

/**
 * A log file, rotated by size or age as Vault's `log_file` is: the full file becomes `NAME-<milliseconds>.log`.
 * Throws at once when the file cannot be made; later failures go to `onProblem`, once until a write works again.
 */
export class LogFile implements LogOutput {
  readonly #path: string;
  readonly #settings: LogFileSettings;
  readonly #clock: Clock;
  readonly #onProblem: (error: unknown) => void;
  #descriptor: number | undefined;
  #bytes = 0;
  #openedAtMs = 0;
  #failing = false;

  constructor(settings: LogFileSettings, clock: Clock, onProblem: (error: unknown) => void) {
    this.#path = settings.path.endsWith('/') ? join(settings.path, 'coffer.log') : settings.path;
    this.#settings = settings;
    this.#clock = clock;
    this.#onProblem = onProblem;
    this.#open();
  }

  write(line: string): void {
    this.#attempt(() => {
      if (this.#descriptor === undefined) this.#open();
      else if (this.#isDue(Buffer.byteLength(line))) this.#rotate();
      const bytes = Buffer.from(line);
      // A write may be cut short (a nearly full disk); the rest would otherwise be missing without a word.
      for (let done = 0; done < bytes.length; ) done += writeSync(this.#descriptor!, bytes, done);
      this.#bytes += bytes.length;
      this.#failing = false;
    });
  }

  reopen(): void {
    this.#attempt(() => {
      this.close();
      this.#open();
    });
  }

  close(): void {
    const descriptor = this.#descriptor;
    this.#descriptor = undefined;
    if (descriptor !== undefined) closeSync(descriptor);
  }

  #open(): void {
    mkdirSync(dirname(this.#path), { recursive: true, mode: 0o700 });
    this.#descriptor = openSync(this.#path, 'a', fileMode);
    this.#bytes = fstatSync(this.#descriptor).size;
    this.#openedAtMs = this.#clock.now();
  }

  #isDue(moreBytes: number): boolean {
    const { rotateBytes, rotateSeconds } = this.#settings;
    if (this.#bytes === 0) return false;
    if (rotateBytes > 0 && this.#bytes + moreBytes > rotateBytes) return true;
    return rotateSeconds > 0 && this.#clock.now() - this.#openedAtMs >= rotateSeconds * 1000;
  }

  #rotate(): void {
    this.close();
    const extension = extname(this.#path);
    const stem = basename(this.#path, extension);
    renameSync(
      this.#path,
      join(dirname(this.#path), `${stem}-${String(this.#clock.now()).padStart(15, '0')}${extension}`),
    );
    this.#removeOld(stem, extension);
    this.#open();
  }

  #removeOld(stem: string, extension: string): void {
    const keep = this.#settings.rotateMaxFiles;
    if (keep <= 0) return;
    const folder = dirname(this.#path);
    const old = readdirSync(folder)
      .filter((name) => name.startsWith(`${stem}-`) && name.endsWith(extension))
      .filter((name) => /^\d{15}$/.test(name.slice(stem.length + 1, name.length - extension.length)))
      .sort();
    for (const name of old.slice(0, Math.max(0, old.length - keep))) rmSync(join(folder, name));
  }

  #attempt(action: () => void): void {
    try {
      action();
    } catch (error) {
      if (!this.#failing) this.#onProblem(error);
      this.#failing = true;
    }
  }
}

/** Standard error. Writes to a terminal, a file or a pipe are synchronous on POSIX, so that a crash loses nothing. */
export function standardErrorOutput(stream: NodeJS.WritableStream = process.stderr): LogOutput {
  return { write: (line) => void stream.write(line), reopen() {}, close() {} };
}
