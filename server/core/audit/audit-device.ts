import type { AuditSink } from '../../contracts/audit-device.ts';
import type { Clock } from '../../contracts/clock.ts';
import type { Logger } from '../../contracts/logger.ts';
import type { AuditWindow } from './audit-window.ts';
import type { EntryFilter } from './entry-filter.ts';
import type { EntryFormatter } from './entry-formatter.ts';

export interface DeviceHealth {
  /** Path of the device, ending in '/'. */
  readonly device: string;
  readonly type: string;
  readonly healthy: boolean;
  /** What went wrong last, kept after recovery; undefined when nothing ever did. */
  readonly lastError: string | undefined;
  /** Milliseconds since the epoch of the last change between healthy and not. */
  readonly since: number;
  /** Entries that this device alone is missing, since it was enabled. */
  readonly lostEntries: number;
}

export interface DeviceLimits {
  /** How long one write may take before the device counts as stuck. */
  readonly writeTimeoutMs: number;
  /** Characters of lines that wait while a write is in flight. */
  readonly maxQueuedCharacters: number;
}

export interface AuditDeviceParts extends DeviceLimits {
  readonly path: string;
  readonly type: string;
  readonly formatter: EntryFormatter;
  readonly filter: EntryFilter | undefined;
  readonly isFallback: boolean;
  readonly sink: AuditSink;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Called whenever gathered lines are taken into a write. */
  readonly onWrite: () => void;
}

interface Batch {
  lines: string;
  entries: number;
  windows: AuditWindow[];
}

/** Of one write: those of some fifty requests. */
const keptBytes = 128 * 1024;

/**
 * One enabled device: lines gather while a write is in flight, and all that gathered is the next write. A write
 * that fails or takes too long makes the device unhealthy until one succeeds; while stuck it promises nothing,
 * and keeps a bounded number of lines for when it comes back.
 */
export class AuditDevice {
  readonly path: string;
  readonly type: string;
  readonly formatter: EntryFormatter;
  readonly filter: EntryFilter | undefined;
  readonly isFallback: boolean;
  readonly #parts: AuditDeviceParts;
  #gathering: Batch = { lines: '', entries: 0, windows: [] };
  #inFlight: Batch | undefined;
  #memory: Buffer | undefined;
  #idle: PromiseWithResolvers<void> | undefined;
  /** The window that lines come from now, and whether this device has refused it. */
  #current: AuditWindow | undefined;
  #refused = false;
  #stuck = false;
  #watching = false;
  #stopWatching: (() => void) | undefined;
  #closed = false;
  #healthy = true;
  #lastError: string | undefined;
  #since: number;
  #lost = 0;

  constructor(parts: AuditDeviceParts) {
    this.#parts = parts;
    this.path = parts.path;
    this.type = parts.type;
    this.formatter = parts.formatter;
    this.filter = parts.filter;
    this.isFallback = parts.isFallback;
    this.#since = parts.clock.now();
  }

  get health(): DeviceHealth {
    return {
      device: this.path,
      type: this.type,
      healthy: this.#healthy,
      lastError: this.#lastError,
      since: this.#since,
      lostEntries: this.#lost,
    };
  }

  /** Takes a line of `window` into the next write, or tells the window that it cannot. */
  add(line: string, window: AuditWindow): void {
    const batch = this.#gathering;
    if (window !== this.#current) {
      this.#current = window;
      this.#refused = this.#stuck || this.#closed;
      if (this.#refused) window.failed();
      else batch.windows.push(window);
    }
    const room = this.#parts.maxQueuedCharacters - batch.lines.length;
    if (this.#closed || (line.length > room && batch.lines !== '')) {
      this.#lost++;
      this.#refuseCurrent();
      return;
    }
    batch.lines += line;
    batch.entries++;
  }

  /** Writes what has gathered, unless a write is in flight, which then does so when it ends. */
  write(): void {
    const batch = this.#gathering;
    if (this.#inFlight !== undefined || batch.lines === '') return;
    this.#gathering = { lines: '', entries: 0, windows: [] };
    this.#inFlight = batch;
    this.#current = undefined;
    this.#parts.onWrite();
    this.#watch();
    const bytes = this.#encoded(batch.lines);
    batch.lines = '';
    this.#append(bytes).then(
      () => this.#wrote(batch),
      (error: unknown) => this.#failed(batch, error),
    );
  }

  async reopen(): Promise<void> {
    await this.#parts.sink.reopen();
  }

  /** Writes what has gathered, waits for it within the bound, and lets go of the sink. */
  async close(): Promise<void> {
    this.#closed = true;
    this.write();
    if (this.#inFlight !== undefined) {
      this.#idle = Promise.withResolvers();
      const giveUp = this.#parts.clock.after(this.#parts.writeTimeoutMs, () => this.#idle?.resolve());
      await this.#idle.promise;
      giveUp();
    }
    this.#stopWatching?.();
    await this.#parts.sink.close();
  }

  /** In memory that the write before has given back, since fresh memory for each write costs more than the copy. */
  #encoded(lines: string): Uint8Array {
    const size = Buffer.byteLength(lines);
    if (size > keptBytes) return Buffer.from(lines);
    const memory = this.#memory ?? Buffer.allocUnsafeSlow(keptBytes);
    this.#memory = undefined;
    memory.write(lines, 0, size === lines.length ? 'latin1' : 'utf8');
    return memory.subarray(0, size);
  }

  async #append(bytes: Uint8Array): Promise<void> {
    await this.#parts.sink.append(bytes);
    // Not after a failure: a sink that gave up may still be looking at it.
    if (bytes.buffer.byteLength === keptBytes) this.#memory = Buffer.from(bytes.buffer);
  }

  #wrote(batch: Batch): void {
    this.#inFlight = undefined;
    this.#stuck = false;
    for (const window of batch.windows) window.recorded();
    if (!this.#healthy) this.#change(true, this.#lastError);
    this.#next();
  }

  #failed(batch: Batch, error: unknown): void {
    this.#inFlight = undefined;
    this.#stuck = false;
    this.#lost += batch.entries;
    for (const window of batch.windows) window.failed();
    const text = error instanceof Error ? error.message : 'the write failed';
    if (this.#healthy) this.#change(false, text);
    this.#lastError = text;
    this.#next();
  }

  #next(): void {
    this.write();
    if (this.#inFlight === undefined) this.#idle?.resolve();
  }

  /**
   * One timer serves many writes: a write seen at three ticks in a row, half a bound apart, has taken longer
   * than the bound and less than one and a half. Ticks, unlike times of day, do not jump.
   */
  #watch(): void {
    if (this.#watching) return;
    this.#watching = true;
    this.#tick(undefined, 0);
  }

  #tick(seen: Batch | undefined, times: number): void {
    const batch = this.#inFlight;
    if (batch === undefined || this.#stuck) {
      this.#watching = false;
      return;
    }
    const now = batch === seen ? times + 1 : 1;
    if (now > 2) {
      this.#watching = false;
      this.#becomeStuck(batch);
      return;
    }
    const half = this.#parts.writeTimeoutMs / 2;
    this.#stopWatching = this.#parts.clock.after(half, () => this.#tick(batch, now));
  }

  #becomeStuck(batch: Batch): void {
    this.#stuck = true;
    for (const waiting of [batch, this.#gathering]) {
      for (const window of waiting.windows) window.failed();
      waiting.windows = [];
    }
    this.#refused = true;
    const text = `a write has taken longer than ${this.#parts.writeTimeoutMs} ms`;
    if (this.#healthy) this.#change(false, text);
    this.#lastError = text;
  }

  #refuseCurrent(): void {
    if (this.#refused) return;
    this.#refused = true;
    this.#gathering.windows.pop();
    this.#current?.failed();
  }

  #change(healthy: boolean, error: string | undefined): void {
    const { logger, clock } = this.#parts;
    this.#healthy = healthy;
    this.#since = clock.now();
    const fields = { path: this.path, type: this.type, lostEntries: this.#lost };
    if (healthy) logger.info('audit device records again', fields);
    else logger.error('audit device cannot record', { ...fields, error });
  }
}
