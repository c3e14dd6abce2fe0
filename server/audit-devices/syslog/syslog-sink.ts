import { lstat } from 'node:fs/promises';
import { hostname } from 'node:os';
import type { AuditSink, AuditSinkContext } from '../../contracts/audit-device.ts';
import { openConnectedSink } from '../connected-sink.ts';
import { type Destination, parseDestination, parseWriteTimeoutMs } from '../destination.ts';
import {
  parsePriority,
  parseTag,
  type SyslogFramingName,
  syslogFraming,
  syslogHostName,
} from './syslog-framing.ts';

/** Where daemons listen for the programs of their machine. */
export const localSyslogSockets: readonly string[] = ['/dev/log', '/var/run/syslog', '/var/run/log'];

const hint =
  'Set address to a syslog receiver on TCP, UDP or a unix stream socket (rsyslog: imtcp on 127.0.0.1), ' +
  'or let the daemon read the log of a file device.';

interface SyslogSettings {
  readonly priority: number;
  readonly tag: string;
  readonly writeTimeoutMs: number;
  /** Undefined: the daemon of this machine. */
  readonly destination: Destination | undefined;
  readonly framing: 'octet-counting' | 'newline' | undefined;
}

/** Opens the device that `options` describe; throws an `Error` for the operator when it cannot. */
export async function openSyslogSink(
  options: Readonly<Record<string, string>>,
  context: AuditSinkContext,
  localSockets: readonly string[] = localSyslogSockets,
): Promise<AuditSink> {
  const settings = syslogSettings(options);
  if (settings.destination !== undefined) return openAt(settings.destination, settings, context);
  return openLocal(settings, context, localSockets);
}

function syslogSettings(options: Readonly<Record<string, string>>): SyslogSettings {
  return {
    priority: parsePriority(options['facility'] || 'AUTH'),
    tag: parseTag(options['tag'] || 'coffer'),
    writeTimeoutMs: parseWriteTimeoutMs(options['write_timeout']),
    ...whereTo(options),
  };
}

function whereTo(options: Readonly<Record<string, string>>): Pick<SyslogSettings, 'destination' | 'framing'> {
  const { address, framing } = options;
  const type =
    options['socket_type']?.toLowerCase() || (address && !address.startsWith('/') ? 'tcp' : 'unix');
  if (!address && type !== 'unix') throw new Error('address is required with this socket_type');
  const destination = address ? parseDestination(address, type) : undefined;
  if (!framing) return { destination, framing: undefined };
  if (framing !== 'octet-counting' && framing !== 'newline') {
    throw new Error('framing is neither octet-counting nor newline');
  }
  if (destination?.transport === 'udp') throw new Error('framing has no meaning over udp');
  return { destination, framing };
}

function openAt(
  destination: Destination,
  settings: SyslogSettings,
  context: AuditSinkContext,
): Promise<AuditSink> {
  const { priority, tag, writeTimeoutMs } = settings;
  const { clock } = context;
  const identity = { priority, tag, hostName: syslogHostName(hostname()), processId: process.pid };
  const framing = syslogFraming(identity, settings.framing ?? usualFraming(destination), clock);
  return openConnectedSink({ destination, framing, writeTimeoutMs, clock });
}

/** Daemons count octets on TCP. On local stream sockets none that we know does: they part messages at line ends. */
function usualFraming({ transport }: Destination): SyslogFramingName {
  if (transport === 'udp') return 'datagram';
  return transport === 'tcp' ? 'octet-counting' : 'newline';
}

async function openLocal(
  settings: SyslogSettings,
  context: AuditSinkContext,
  localSockets: readonly string[],
): Promise<AuditSink> {
  let found: unknown;
  for (const path of localSockets) {
    if (!(await exists(path))) continue;
    try {
      return await openAt({ transport: 'unix', path }, settings, context);
    } catch (error) {
      found ??= error;
    }
  }
  const why = found instanceof Error ? found.message : `no local syslog socket (${localSockets.join(', ')})`;
  throw new Error(`${why}. ${hint}`, { cause: found });
}

async function exists(path: string): Promise<boolean> {
  try {
    await lstat(path);
    return true;
  } catch {
    return false;
  }
}
