import { randomUUID } from 'node:crypto';
import type { AuditDevicePlugin, AuditSink, AuditSinkContext } from '../../contracts/audit-device.ts';
import type { Clock } from '../../contracts/clock.ts';
import { CofferError, invalidRequest } from '../../contracts/errors.ts';
import type { Logger } from '../../contracts/logger.ts';
import type { Records } from '../../contracts/records.ts';
import type { AuditBroker } from './audit-broker.ts';
import type { HeaderSettings } from './audited-headers.ts';
import { commonDeviceOptions, parseDeviceOptions } from './device-options.ts';
import { RestoredSink } from './restored-sink.ts';
import { newSalt, type SaltedHash } from './salted-hash.ts';
import {
  type DeviceDescription,
  type DeviceIdentity,
  newDevice,
  probe,
  type StoredDevice,
  sameDevice,
  slashed,
  withSlash,
} from './stored-device.ts';

export interface AuditDevicesParts {
  readonly broker: AuditBroker;
  /** By type. */
  readonly plugins: ReadonlyMap<string, AuditDevicePlugin>;
  /** Of the root namespace, and of nobody else. */
  readonly records: Records;
  readonly sinkContext: AuditSinkContext;
  readonly clock: Clock;
  readonly logger: Logger;
}

const devicesPrefix = 'devices/';
const declaredPrefix = 'declared/';
const headersKey = 'request-headers';
const pageSize = 200;

/** The table of audit devices and audited headers: kept in encrypted records, with one salt for each device. */
export class AuditDevices {
  readonly #parts: AuditDevicesParts;
  readonly #enabled = new Map<string, { readonly stored: StoredDevice; readonly salted: SaltedHash }>();
  #headers: HeaderSettings = {};
  /** Changes of the table, one after the other. */
  #changing: Promise<unknown> = Promise.resolve();

  constructor(parts: AuditDevicesParts) {
    this.#parts = parts;
  }

  /**
   * Puts the devices of the records and of the configuration into service: at unseal, and again whenever
   * another process may have changed the records. A device that cannot be opened now is in service all the
   * same, as one that fails, so that nothing goes unrecorded. Throws on a declaration that cannot be.
   */
  restore(declarations: readonly DeviceDescription[] = []): Promise<void> {
    return this.#alone(() => this.#restore(declarations.map(withSlash)));
  }

  /** Throws 'invalid-request' with Vault's words. Resolves with warnings when the device records. */
  enable(description: DeviceDescription): Promise<readonly string[]> {
    return this.#alone(() => this.#enable(withSlash(description)));
  }

  /** Unknown paths are no error, as in Vault. */
  disable(path: string): Promise<void> {
    return this.#alone(() => this.#disable(slashed(path)));
  }

  list(): readonly DeviceDescription[] {
    // Field by field: the stored record also holds the salt.
    return [...this.#enabled.values()].map(({ stored: { path, type, description, options, local } }) => ({
      path,
      type,
      description,
      options,
      local,
    }));
  }

  /** What `text` looks like in the log of the device at `path`. Throws 'invalid-request' when there is none. */
  hash(path: string, text: string): string {
    const device = this.#enabled.get(slashed(path));
    if (!device) throw invalidRequest(`unknown audit backend ${JSON.stringify(slashed(path))}`);
    return device.salted.text(text);
  }

  get headers(): HeaderSettings {
    return this.#headers;
  }

  setHeader(name: string, hmac: boolean): Promise<void> {
    const lower = name.toLowerCase();
    if (!/^[!#$%&'*+.^_`|~0-9a-z-]{1,200}$/.test(lower)) {
      throw invalidRequest('that is not the name of an HTTP header');
    }
    return this.#alone(() => this.#saveHeaders((headers) => ({ ...headers, [lower]: { hmac } })));
  }

  removeHeader(name: string): Promise<void> {
    return this.#alone(() =>
      this.#saveHeaders((headers) =>
        Object.fromEntries(Object.entries(headers).filter(([each]) => each !== name.toLowerCase())),
      ),
    );
  }

  /** Takes every device out of service, when sealing or stopping. The table stays. */
  close(): Promise<void> {
    return this.#alone(async () => {
      this.#enabled.clear();
      await this.#parts.broker.close();
    });
  }

  async #restore(declarations: readonly DeviceDescription[]): Promise<void> {
    const wanted = await this.#storedDevices();
    for (const declaration of declarations) {
      try {
        this.#checkNew(declaration, [...wanted.values()]);
      } catch (error) {
        throw invalidRequest(`audit device "${declaration.path}" of the configuration: ${messageOf(error)}`);
      }
      const identity = await this.#declaredIdentity(declaration.path);
      wanted.set(declaration.path, { ...declaration, ...identity, declared: true });
    }
    for (const [path, { stored: running }] of [...this.#enabled]) {
      const device = wanted.get(path);
      if (device?.uuid === running.uuid && sameDevice(device, running)) continue;
      this.#enabled.delete(path);
      await this.#parts.broker.remove(path);
    }
    for (const device of wanted.values()) {
      if (!this.#enabled.has(device.path)) await this.#start(device);
    }
    await this.#loadHeaders();
  }

  /** Kept for as long as the store, so that a declaration that comes back goes on with its salt. */
  async #declaredIdentity(path: string): Promise<DeviceIdentity> {
    const { records } = this.#parts;
    const key = declaredPrefix + path;
    const known = await records.get<DeviceIdentity>(key);
    if (known) return known.value;
    const identity: DeviceIdentity = { uuid: randomUUID(), salt: newSalt() };
    try {
      await records.commit({ expect: [{ key, stored: undefined }], put: [[key, identity]] });
      return identity;
    } catch (error) {
      // Another process declared it at the same moment: its salt is the salt.
      const other = await records.get<DeviceIdentity>(key);
      if (!other) throw error;
      return other.value;
    }
  }

  async #start(stored: StoredDevice): Promise<void> {
    const { broker, logger, clock } = this.#parts;
    let sink: AuditSink;
    try {
      sink = await this.#open(stored);
    } catch (error) {
      logger.error('audit device cannot be opened', { path: stored.path, error: messageOf(error) });
      sink = new RestoredSink(() => this.#open(stored), error, clock);
    }
    const device = newDevice(stored, sink);
    broker.add(device);
    this.#enabled.set(stored.path, { stored, salted: device.salted });
  }

  async #enable(description: DeviceDescription): Promise<readonly string[]> {
    const { broker, records, logger } = this.#parts;
    const stored: StoredDevice = { ...description, uuid: randomUUID(), salt: newSalt(), declared: false };
    const stillStored = [...(await this.#storedDevices()).values()];
    const warnings = this.#checkNew(stored, [...this.list(), ...stillStored]);
    let sink: AuditSink;
    try {
      sink = await this.#open(stored);
    } catch (error) {
      throw error instanceof CofferError ? error : invalidRequest(messageOf(error));
    }
    const device = newDevice(stored, sink);
    try {
      if (!device.options.skipTest) await sink.append(probe(device, this.#parts.clock));
      await records.commit({
        expect: [{ key: devicesPrefix + stored.path, stored: undefined }],
        put: [[devicesPrefix + stored.path, stored]],
      });
    } catch (error) {
      await sink.close();
      throw error instanceof CofferError || (error instanceof Error && error.name === 'StorageConflict')
        ? error
        : invalidRequest(`audit backend failed test message: ${messageOf(error)}`);
    }
    broker.add(device);
    this.#enabled.set(stored.path, { stored, salted: device.salted });
    logger.info('enabled audit device', { path: stored.path, type: stored.type });
    return warnings;
  }

  async #disable(path: string): Promise<void> {
    const { broker, records, logger } = this.#parts;
    const device = this.#enabled.get(path);
    if (!device) return;
    if (device.stored.declared) throw invalidRequest('cannot disable configuration-managed audit device');
    await records.commit({ remove: [devicesPrefix + path] });
    this.#enabled.delete(path);
    await broker.remove(path);
    logger.info('disabled audit device', { path });
  }

  /** Answers warnings; throws on what cannot be. */
  #checkNew(device: DeviceDescription, others: readonly DeviceDescription[]): string[] {
    if (!/^[^\u0000-\u0020\u007f]+$/.test(device.path) || device.path.startsWith('/')) {
      throw invalidRequest('backend path must be specified');
    }
    if (others.some((other) => other.path.startsWith(device.path) || device.path.startsWith(other.path))) {
      throw invalidRequest('path already in use');
    }
    checkOptionNames(device.options, this.#plugin(device.type));
    const { filter, isFallback } = parseDeviceOptions(device.options);
    const optionsOfOthers = others.map(({ options }) => parseDeviceOptions(options));
    const hasFallback = optionsOfOthers.some((options) => options.isFallback);
    if (isFallback && hasFallback)
      throw invalidRequest('a fallback audit device already exists', {
        hint: 'What no filter matches goes to one device.',
      });
    const isAllKept = isFallback || hasFallback || optionsOfOthers.some((options) => !options.filter);
    if (!filter || isAllKept) return [];
    return ['requests that no filter matches are not recorded; enable a device with fallback=true'];
  }

  #plugin(type: string): AuditDevicePlugin {
    const plugin = this.#parts.plugins.get(type);
    if (!plugin) throw invalidRequest(`unknown backend type: ${JSON.stringify(type)}`);
    return plugin;
  }

  async #open(stored: StoredDevice): Promise<AuditSink> {
    return this.#plugin(stored.type).open(stored.options, this.#parts.sinkContext);
  }

  async #storedDevices(): Promise<Map<string, StoredDevice>> {
    const found = new Map<string, StoredDevice>();
    let after: string | undefined;
    for (;;) {
      const page = await this.#parts.records.scan<StoredDevice>(devicesPrefix, {
        limit: pageSize,
        ...(after === undefined ? {} : { after }),
      });
      for (const [, { value }] of page) found.set(value.path, value);
      after = page[page.length - 1]?.[0];
      if (page.length < pageSize) return found;
    }
  }

  async #loadHeaders(): Promise<void> {
    const stored = await this.#parts.records.get<HeaderSettings>(headersKey);
    this.#headers = stored?.value ?? {};
    this.#parts.broker.headers.replace(this.#headers);
  }

  async #saveHeaders(change: (headers: HeaderSettings) => HeaderSettings): Promise<void> {
    const { records } = this.#parts;
    const stored = await records.get<HeaderSettings>(headersKey);
    const headers = change(stored?.value ?? {});
    await records.commit({ expect: [{ key: headersKey, stored }], put: [[headersKey, headers]] });
    await this.#loadHeaders();
  }

  #alone<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#changing.then(work, work);
    this.#changing = turn.catch(() => {});
    return turn;
  }
}

/** A misspelt option would otherwise be a setting that is not in force. Throws 'invalid-request' with its name. */
function checkOptionNames(options: Readonly<Record<string, string>>, plugin: AuditDevicePlugin): void {
  const known = Object.keys({ ...commonDeviceOptions, ...plugin.options });
  const unknown = Object.keys(options).filter((name) => !known.includes(name));
  if (unknown.length === 0) return;
  throw invalidRequest(`unknown option of the ${plugin.type} audit device: ${unknown.sort().join(', ')}`, {
    hint: `It has: ${known.sort().join(', ')}.`,
  });
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : 'unknown error';
}
