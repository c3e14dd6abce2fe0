import { randomUUID } from 'node:crypto';
import type { AuditSink } from '../../contracts/audit-device.ts';
import type { Clock } from '../../contracts/clock.ts';
import type { NewDevice } from './audit-broker.ts';
import { parseDeviceOptions } from './device-options.ts';
import { Timestamps } from './json-text.ts';
import { jsonxOf } from './jsonx.ts';
import { SaltedHash } from './salted-hash.ts';

/** A device as users describe it. */
export interface DeviceDescription {
  /** One word or more, with or without '/' at the end. */
  readonly path: string;
  readonly type: string;
  readonly description: string;
  readonly options: Readonly<Record<string, string>>;
  readonly local: boolean;
}

export interface DeviceIdentity {
  readonly uuid: string;
  readonly salt: string;
}

export interface StoredDevice extends DeviceDescription, DeviceIdentity {
  /** Comes from the configuration file, and cannot be changed through the API. */
  readonly declared: boolean;
}

export function newDevice(stored: StoredDevice, sink: AuditSink): NewDevice {
  const { path, type } = stored;
  return {
    path,
    type,
    sink,
    options: parseDeviceOptions(stored.options),
    salted: new SaltedHash(stored.salt),
  };
}

/** The entry that Vault, too, writes to find out whether a new device works. */
export function probe(device: NewDevice, clock: Clock): Uint8Array {
  const request = {
    id: randomUUID(),
    operation: 'update',
    namespace: { id: 'root' },
    path: 'sys/audit/test',
  };
  const time = new Timestamps().text(clock.now());
  const entry = JSON.stringify({ time, type: 'request', auth: { token_type: 'default' }, request });
  const { format, prefix } = device.options;
  return Buffer.from(`${prefix}${format === 'json' ? entry : jsonxOf(entry)}\n`);
}

export function withSlash(description: DeviceDescription): DeviceDescription {
  return { ...description, path: slashed(description.path) };
}

export function slashed(path: string): string {
  return path.endsWith('/') ? path : `${path}/`;
}

export function sameDevice(a: DeviceDescription, b: DeviceDescription): boolean {
  const facts = ({ type, description, options, local }: DeviceDescription) =>
    JSON.stringify([type, description, Object.entries(options).sort(), local]);
  return facts(a) === facts(b);
}
