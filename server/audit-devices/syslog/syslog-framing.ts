import type { Clock } from '../../contracts/clock.ts';
import type { Framing } from '../connected-sink.ts';
import { splitLines } from '../split-lines.ts';

/** Who a message is from, in terms of RFC 5424. */
export interface SyslogIdentity {
  /** Facility times eight, plus severity. */
  readonly priority: number;
  readonly hostName: string;
  readonly tag: string;
  readonly processId: number;
}

/**
 * How messages are told apart: `octet-counting` (RFC 6587 §3.4.1), `newline` (§3.4.2), or `datagram`, where each
 * is one (RFC 5426).
 */
export type SyslogFramingName = 'octet-counting' | 'newline' | 'datagram';

const lineEnd = 0x0a;
const informational = 6;

/** Numerical codes of RFC 5424 §6.2.1, under the names that Vault takes. */
const facilities: Readonly<Record<string, number>> = {
  KERN: 0,
  USER: 1,
  MAIL: 2,
  DAEMON: 3,
  AUTH: 4,
  SYSLOG: 5,
  LPR: 6,
  NEWS: 7,
  UUCP: 8,
  CRON: 9,
  AUTHPRIV: 10,
  FTP: 11,
  LOCAL0: 16,
  LOCAL1: 17,
  LOCAL2: 18,
  LOCAL3: 19,
  LOCAL4: 20,
  LOCAL5: 21,
  LOCAL6: 22,
  LOCAL7: 23,
};

/** PRI for messages of severity `informational`, as Vault's are. Throws an `Error` for the operator. */
export function parsePriority(facility: string): number {
  const name = facility.toUpperCase();
  const code = Object.hasOwn(facilities, name) ? facilities[name] : undefined;
  if (code === undefined) {
    throw new Error(`facility is none of ${Object.keys(facilities).join(', ')}`);
  }
  return code * 8 + informational;
}

/** APP-NAME: 1 to 48 characters that print and are no space (RFC 5424 §6). Throws an `Error` for the operator. */
export function parseTag(tag: string): string {
  if (!/^[!-~]{1,48}$/.test(tag)) {
    throw new Error('tag must be 1 to 48 printable ASCII characters without spaces');
  }
  return tag;
}

/** HOSTNAME: a name as RFC 5424 §6 wants it; `-` when nothing is left of it. */
export function syslogHostName(name: string): string {
  return name.replace(/[^!-~]/g, '').slice(0, 255) || '-';
}

/**
 * Every entry as one RFC 5424 message, with the line itself, byte for byte, as MSG. No byte order mark stands
 * before it (MSG-ANY, §6.4): it would keep receivers from reading the entry as JSON.
 */
export function syslogFraming(identity: SyslogIdentity, name: SyslogFramingName, clock: Clock): Framing {
  const { priority, hostName, tag, processId } = identity;
  const messages = (lines: Uint8Array): Uint8Array[] => {
    const time = new Date(clock.now()).toISOString();
    const header = Buffer.from(`<${priority}>1 ${time} ${hostName} ${tag} ${processId} audit - `);
    return splitLines(lines).map((line) => framed(header, withoutEnd(line), name));
  };
  return name === 'newline' ? { messages, afterBreak: Uint8Array.of(lineEnd) } : { messages };
}

function framed(header: Uint8Array, entry: Uint8Array, name: SyslogFramingName): Uint8Array {
  if (name === 'datagram') return Buffer.concat([header, entry]);
  if (name === 'newline') return Buffer.concat([header, entry, Uint8Array.of(lineEnd)]);
  return Buffer.concat([Buffer.from(`${header.length + entry.length} `), header, entry]);
}

function withoutEnd(line: Uint8Array): Uint8Array {
  return line.at(-1) === lineEnd ? line.subarray(0, -1) : line;
}
