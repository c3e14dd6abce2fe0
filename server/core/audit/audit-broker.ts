import type { AuditSink } from '../../contracts/audit-device.ts';
import type { Clock } from '../../contracts/clock.ts';
import { CofferError } from '../../contracts/errors.ts';
import type { Logger } from '../../contracts/logger.ts';
import { AuditDevice, type DeviceHealth, type DeviceLimits } from './audit-device.ts';
import { AuditWindow, auditFailure } from './audit-window.ts';
import { AuditedHeaders } from './audited-headers.ts';
import type { CommonDeviceOptions } from './device-options.ts';
import { EntryFormatter, type SharedRendering } from './entry-formatter.ts';
import type { AuditExchange, AuditOutcome } from './exchange.ts';
import { Timestamps } from './json-text.ts';
import { PlainFragments } from './plain-fragments.ts';
import type { SaltedHash } from './salted-hash.ts';

export interface AuditBrokerOptions extends Partial<DeviceLimits> {
  readonly clock: Clock;
  readonly logger: Logger;
  /** Serve nothing while no device is enabled. Vault, and we by default, serve until the first is. */
  readonly requireDevice?: boolean;
}

/** What makes an enabled device. */
export interface NewDevice {
  /** Ends in '/'. */
  readonly path: string;
  readonly type: string;
  readonly options: CommonDeviceOptions;
  readonly salted: SaltedHash;
  readonly sink: AuditSink;
}

const defaultLimits: DeviceLimits = { writeTimeoutMs: 2000, maxQueuedCharacters: 16 * 1024 * 1024 };

/**
 * Sends every entry to every enabled device, and answers whether at least one of them has recorded it.
 *
 * Entries enqueued in one turn of the event loop go to a device in one write. A caller enqueues its entries and
 * calls `flush` in the same turn, and acts or answers only when that resolves.
 */
export class AuditBroker {
  readonly headers = new AuditedHeaders();
  readonly #options: AuditBrokerOptions;
  readonly #limits: DeviceLimits;
  readonly #shared: SharedRendering;
  #devices: readonly AuditDevice[] = [];
  #open: AuditWindow | undefined;
  /** The one before `#open`, for a flush that comes when there is none. */
  #last: AuditWindow | undefined;
  /** Some device does not get every entry. */
  #isSelective = false;
  #writesSoon = false;

  constructor(options: AuditBrokerOptions) {
    this.#options = options;
    this.#limits = {
      writeTimeoutMs: options.writeTimeoutMs ?? defaultLimits.writeTimeoutMs,
      maxQueuedCharacters: options.maxQueuedCharacters ?? defaultLimits.maxQueuedCharacters,
    };
    this.#shared = {
      clock: options.clock,
      timestamps: new Timestamps(),
      fragments: new PlainFragments(),
      headers: this.headers,
    };
  }

  /** True when requests are recorded at all; lets the pipeline skip building an exchange. */
  get records(): boolean {
    return this.#devices.length > 0;
  }

  /** Enqueues the entry of a request that is about to act. Throws 'audit-failure' when it cannot be rendered. */
  recordRequest(exchange: AuditExchange): void {
    const window = this.#record(exchange, (device) => device.formatter.requestLine(exchange));
    if (window !== undefined) exchange.requestWindow = window;
  }

  /**
   * Enqueues the entry of a request that is about to be answered. Throws 'audit-failure' when it cannot be
   * rendered, or when the request entry is known to be lost.
   */
  recordResponse(exchange: AuditExchange, outcome: AuditOutcome): void {
    const window = this.#record(exchange, (device) => device.formatter.responseLine(exchange, outcome));
    const earlier = exchange.requestWindow;
    if (earlier === undefined || earlier === window || earlier.state === 'recorded') return;
    if (earlier.state === 'failed') throw auditFailure('the request entry could not be recorded');
    window?.needs(earlier);
  }

  /**
   * Resolves when the entries that the caller enqueued in this turn have been recorded by at least one device,
   * and so has the request entry of every response among them, whenever that was enqueued.
   * Rejects with `CofferError` 'audit-failure' when every device failed, is stuck or has no room: then the
   * request must not be served.
   */
  flush(): Promise<void> {
    if (this.#devices.length === 0) return this.#withoutDevice();
    return (this.#open ?? this.#last)?.outcome ?? Promise.resolve();
  }

  health(): readonly DeviceHealth[] {
    return this.#devices.map((device) => device.health);
  }

  /** Puts a device into service. Entries enqueued from now on go to it too. */
  add(device: NewDevice): void {
    if (this.#devices.some(({ path }) => path === device.path)) {
      throw new TypeError(`an audit device at ${device.path} already`);
    }
    // A window counts the devices there were when it opened.
    this.#close();
    const made = new AuditDevice({
      ...this.#limits,
      path: device.path,
      type: device.type,
      sink: device.sink,
      formatter: new EntryFormatter(device.salted, device.options, this.#shared),
      filter: device.options.filter,
      isFallback: device.options.isFallback ?? false,
      clock: this.#options.clock,
      logger: this.#options.logger,
      onWrite: () => this.#close(),
    });
    this.#setDevices([...this.#devices, made]);
  }

  /** Takes a device out of service, after what it was given has been written. */
  async remove(path: string): Promise<void> {
    const device = this.#devices.find((each) => each.path === path);
    if (device === undefined) return;
    this.#close();
    this.#setDevices(this.#devices.filter((each) => each !== device));
    await device.close();
  }

  /** Every device closes and opens what it writes to (SIGHUP after a log rotation). Failures are logged. */
  async reopen(): Promise<void> {
    await Promise.all(
      this.#devices.map(async (device) => {
        try {
          await device.reopen();
        } catch (error) {
          const reason = error instanceof Error ? error.message : 'unknown';
          this.#options.logger.error('audit device cannot be reopened', { path: device.path, error: reason });
        }
      }),
    );
  }

  /** Writes what is waiting and lets go of every device: when sealing or stopping. */
  async close(): Promise<void> {
    const devices = this.#devices;
    this.#close();
    this.#setDevices([]);
    await Promise.all(devices.map((device) => device.close()));
  }

  #setDevices(devices: readonly AuditDevice[]): void {
    this.#devices = devices;
    this.#isSelective = devices.some(({ filter, isFallback }) => filter !== undefined || isFallback);
  }

  #record(exchange: AuditExchange, line: (device: AuditDevice) => string): AuditWindow | undefined {
    const devices = this.#devices;
    if (devices.length === 0) return undefined;
    if (this.#isSelective) return this.#recordSelected(exchange, line);
    // All lines first: once a window knows of an entry, every device must take it or refuse it.
    const lines = devices.map((device) => rendered(device, line));
    const window = this.#open ?? this.#newWindow();
    for (const [index, device] of devices.entries()) device.add(lines[index] ?? '', window);
    return window;
  }

  /**
   * An entry goes to the devices that want it, or else to the fallback. It has a window of its own, as another entry
   * of this turn may be for other devices. What nobody wants counts as recorded, as in Vault.
   */
  #recordSelected(exchange: AuditExchange, line: (device: AuditDevice) => string): AuditWindow {
    const wanted = this.#devices.filter(
      ({ filter, isFallback }) => !isFallback && (filter?.(exchange) ?? true),
    );
    const takers = wanted.length > 0 ? wanted : this.#devices.filter(({ isFallback }) => isFallback);
    const lines = takers.map((device) => rendered(device, line));
    const window = new AuditWindow(takers.length);
    if (takers.length === 0) window.recorded();
    for (const [index, device] of takers.entries()) device.add(lines[index] ?? '', window);
    this.#last = window;
    this.#writeSoon();
    return window;
  }

  #newWindow(): AuditWindow {
    const window = new AuditWindow(this.#devices.length);
    this.#open = window;
    this.#writeSoon();
    return window;
  }

  #writeSoon(): void {
    if (this.#writesSoon) return;
    this.#writesSoon = true;
    setImmediate(() => {
      this.#writesSoon = false;
      for (const device of this.#devices) device.write();
    });
  }

  #close(): void {
    if (this.#open === undefined) return;
    this.#last = this.#open;
    this.#open = undefined;
  }

  #withoutDevice(): Promise<void> {
    if (!this.#options.requireDevice) return Promise.resolve();
    return Promise.reject(
      new CofferError('audit-failure', 'no audit device is enabled, so the request was not served', {
        hint: 'Enable one: `coffer audit enable file file_path=…`, or declare one in the configuration.',
      }),
    );
  }
}

function rendered(device: AuditDevice, line: (device: AuditDevice) => string): string {
  try {
    return line(device);
  } catch (error) {
    throw auditFailure(`audit device ${device.path} cannot render the entry`, error);
  }
}
