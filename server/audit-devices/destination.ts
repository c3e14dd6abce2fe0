import { isIPv4, isIPv6 } from 'node:net';
import { parseDurationSeconds } from '../../formats/duration/index.ts';

/** Where a device sends its entries to. */
export type Destination = LocalDestination | NetworkDestination;

/** A unix stream socket. */
export interface LocalDestination {
  readonly transport: 'unix';
  readonly path: string;
}

export interface NetworkDestination {
  readonly transport: 'tcp' | 'udp';
  readonly host: string;
  readonly port: number;
  /** 0: whichever the name resolves to. */
  readonly family: 0 | 4 | 6;
}

/** What `sun_path` holds on the narrowest system we know, without its terminating NUL. */
const longestSocketPathBytes = 103;
const defaultWriteTimeoutMs = 2000;
const longestWriteTimeoutMs = 60_000;

/**
 * Reads `address` under `socketType`, which is one of Go's network names as Vault takes them: tcp, tcp4, tcp6,
 * udp, udp4, udp6, unix. Throws an `Error` for the operator.
 */
export function parseDestination(address: string, socketType: string): Destination {
  if (socketType === 'unix') return { transport: 'unix', path: checkedPath(address) };
  if (socketType === 'unixgram' || socketType === 'unixpacket') {
    throw new Error(`socket_type ${socketType} cannot be used by this server; use unix, tcp or udp`);
  }
  const match = /^(tcp|udp)([46]?)$/.exec(socketType);
  if (match === null) throw new Error('socket_type is none of tcp, tcp4, tcp6, udp, udp4, udp6 and unix');
  const transport = match[1] === 'tcp' ? 'tcp' : 'udp';
  const family = match[2] === '4' ? 4 : match[2] === '6' ? 6 : 0;
  const { host, port } = parseHostAndPort(address);
  if ((family === 4 && isIPv6(host)) || (family === 6 && isIPv4(host))) {
    throw new Error(`address is not one of IPv${family}, which socket_type asks for`);
  }
  return { transport, family, host, port };
}

/** A destination as an operator would write it. */
export function describeDestination(destination: Destination): string {
  if (destination.transport === 'unix') return `unix ${destination.path}`;
  const { transport, host, port } = destination;
  return `${transport} ${isIPv6(host) ? `[${host}]` : host}:${port}`;
}

/** `write_timeout` in milliseconds; the default is Vault's two seconds. Throws an `Error` for the operator. */
export function parseWriteTimeoutMs(text: string | undefined): number {
  if (text === undefined || text === '') return defaultWriteTimeoutMs;
  let ms: number;
  try {
    ms = parseDurationSeconds(text) * 1000;
  } catch {
    throw new Error('write_timeout is not a duration such as 2s or 500ms');
  }
  if (ms < 1 || ms > longestWriteTimeoutMs) throw new Error('write_timeout must lie between 1ms and 1m');
  return ms;
}

function checkedPath(path: string): string {
  if (!path.startsWith('/')) throw new Error('address of a unix socket must be an absolute path');
  if (path.includes('\0')) throw new Error('address holds a NUL character');
  if (Buffer.byteLength(path) > longestSocketPathBytes) {
    throw new Error(`address of a unix socket must not be longer than ${longestSocketPathBytes} bytes`);
  }
  return path;
}

function parseHostAndPort(address: string): { host: string; port: number } {
  const match = /^(?:\[([^\]]*)\]|([^:[\]]*)):(\d{1,5})$/.exec(address);
  const port = Number(match?.[3]);
  if (match === null || port < 1 || port > 65_535) {
    throw new Error('address is not host:port, such as 127.0.0.1:9090 or [::1]:9090');
  }
  const bracketed = match[1];
  const host = bracketed ?? match[2] ?? '';
  const isHost = bracketed === undefined ? /^[A-Za-z0-9._-]{1,253}$/.test(host) : isIPv6(host);
  if (!isHost) throw new Error('address names no host; write a name, an IPv4 address, or IPv6 in brackets');
  return { host, port };
}
