import { isIP } from 'node:net';
import type { HclBlock } from '../../../formats/hcl/index.ts';
import { suggestion } from '../../../formats/nearest-word/index.ts';
import type {
  CommonListenerConfiguration,
  ForwardedForConfiguration,
  ListenerConfiguration,
  TcpListenerConfiguration,
  TlsConfiguration,
  UnixListenerConfiguration,
} from './configuration.ts';
import type { CompleteValues } from './key-declaration.ts';
import {
  commonListenerKeys,
  listenerProfilingKeys,
  listenerTelemetryKeys,
  tcpListenerKeys,
  unixListenerKeys,
} from './listener-keys.ts';
import { type Findings, readKeys, withDefaults } from './read-keys.ts';
import { readResponseHeaders } from './response-headers.ts';
import { parseBlockList } from './trusted-addresses.ts';

const largestRequestBytes = 33_554_432;
const tcpKeys = { ...commonListenerKeys, ...tcpListenerKeys };
const unixKeys = { ...commonListenerKeys, ...unixListenerKeys };

/** One `listener "TYPE" { … }`; undefined when it cannot be understood, which `findings` then says. */
export function readListener(block: HclBlock, findings: Findings): ListenerConfiguration | undefined {
  const [kind = ''] = block.labels;
  if (kind === 'tcp') return readTcpListener(block, findings);
  if (kind === 'unix') return readUnixListener(block, findings);
  findings.problem(block, 'listener', `a listener is "tcp" or "unix".${suggestion(kind, ['tcp', 'unix'])}`);
  return undefined;
}

function readTcpListener(block: HclBlock, findings: Findings): TcpListenerConfiguration | undefined {
  const before = findings.problems.length;
  const values = withDefaults(tcpKeys, readKeys(block, tcpKeys, findings));
  const common = readCommon(block, values, findings);
  const address = parseListenAddress(values.address);
  if (typeof address === 'string') findings.problem(block, 'address', address);
  // What cannot be read here makes no statement about certificates.
  const isUnclear = findings.problems.slice(before).some(({ key }) => key === 'tls_disable');
  const tls = values.tls_disable || isUnclear ? undefined : readTls(block, values, findings);
  if (values.tls_disable && values.tls_require_and_verify_client_cert) {
    findings.problem(block, 'tls_require_and_verify_client_cert', 'cannot be kept with tls_disable.');
  }
  const forwardedFor = readForwardedFor(block, values, findings);
  if (typeof address === 'string' || findings.problems.length > before) return undefined;
  return { kind: 'tcp', ...address, clusterAddress: values.cluster_address, tls, ...common, forwardedFor };
}

function readUnixListener(block: HclBlock, findings: Findings): UnixListenerConfiguration | undefined {
  const before = findings.problems.length;
  const values = withDefaults(unixKeys, readKeys(block, unixKeys, findings));
  const common = readCommon(block, values, findings);
  if (values.address === undefined) {
    findings.problem(block, 'address', 'is needed: the path of the socket, for example "/run/coffer.sock".');
  }
  // 107 bytes is what Linux takes; a longer path would be cut and the socket made somewhere else.
  if (Buffer.byteLength(values.address ?? '') > 107) {
    findings.problem(block, 'address', 'is too long for a socket; the system takes 107 bytes.');
  }
  if (!/^0?[0-7]{3}$/.test(values.socket_mode)) {
    findings.problem(block, 'socket_mode', 'must be octal permissions, for example "0660".');
  }
  if (values.address === undefined || findings.problems.length > before) return undefined;
  return {
    kind: 'unix',
    path: values.address,
    mode: Number.parseInt(values.socket_mode, 8),
    user: values.socket_user,
    group: values.socket_group,
    ...common,
    forwardedFor: undefined,
  };
}

function readCommon(
  block: HclBlock,
  values: CompleteValues<typeof commonListenerKeys>,
  findings: Findings,
): Omit<CommonListenerConfiguration, 'forwardedFor'> {
  const size = values.max_request_size;
  if (size > largestRequestBytes) {
    findings.problem(block, 'max_request_size', 'must be at most 32 MiB (33554432).');
  }
  if (values.max_json_depth < 1 || values.max_json_depth > 1000) {
    findings.problem(block, 'max_json_depth', 'must be between 1 and 1000.');
  }
  return {
    maxRequestBytes: size === 0 ? largestRequestBytes : size,
    maxRequestSeconds: values.max_request_duration ?? inheritedDuration,
    maxRequestJsonDepth: values.max_json_depth,
    readTimeoutSeconds: values.http_read_timeout,
    readHeaderTimeoutSeconds: values.http_read_header_timeout,
    idleTimeoutSeconds: values.http_idle_timeout,
    writeTimeoutSeconds: values.http_write_timeout,
    responseHeaders: readResponseHeaders(block, findings),
    unauthenticatedMetricsAccess: readSwitch(block, 'telemetry', 'unauthenticated_metrics_access', findings),
    unauthenticatedInFlightAccess:
      readSwitch(block, 'profiling', 'unauthenticated_in_flight_request_access', findings) ||
      readSwitch(block, 'inflight_requests_logging', 'unauthenticated_in_flight_request_access', findings),
  };
}

/** Stands for `default_max_request_duration` until all files are merged. */
export const inheritedDuration = -1;

function readSwitch(
  block: HclBlock,
  stanza: 'telemetry' | 'profiling' | 'inflight_requests_logging',
  key: 'unauthenticated_metrics_access' | 'unauthenticated_in_flight_request_access',
  findings: Findings,
): boolean {
  const inner = findings.attempt(block, stanza, () => block.block(stanza));
  if (!inner) return false;
  if (key === 'unauthenticated_metrics_access')
    return readKeys(inner, listenerTelemetryKeys, findings)[key] ?? false;
  return readKeys(inner, listenerProfilingKeys, findings)[key] ?? false;
}

const localhost = '127.0.0.1';

/** HOST:PORT as Vault writes it, or a sentence that says what is wrong. An empty host is every address. */
export function parseListenAddress(text: string): { host: string; port: number } | string {
  if (text.includes('{{')) return 'templates are not evaluated; write the address itself.';
  const match = /^(?:\[([^\]]+)\]|([^:]*)):(\d{1,5})$/.exec(text);
  if (!match) return 'must be HOST:PORT, for example "127.0.0.1:8200" or "[::]:8200".';
  const [, bracketed, plain = '', digits] = match;
  const port = Number(digits);
  if (port > 65_535) return 'has a port above 65535.';
  if (bracketed !== undefined && isIP(bracketed) !== 6) return 'has no IPv6 address in its brackets.';
  const host = bracketed ?? plain;
  if (host !== '' && !/^[A-Za-z0-9._:%-]+$/.test(host)) return 'has a host that cannot be one.';
  return { host: host === '' ? '::' : host === 'localhost' ? localhost : host, port };
}

function readTls(
  block: HclBlock,
  values: CompleteValues<typeof tcpListenerKeys>,
  findings: Findings,
): TlsConfiguration | undefined {
  const { tls_cert_file: certificateFile, tls_key_file: keyFile, tls_client_ca_file: clientCaFile } = values;
  const required = values.tls_require_and_verify_client_cert;
  for (const key of ['tls_cert_file', 'tls_key_file'] as const) {
    if (values[key] === undefined) {
      findings.problem(block, key, 'is needed for TLS. To serve plain HTTP, write tls_disable = true.');
    }
  }
  if (required && values.tls_disable_client_certs) {
    findings.problem(
      block,
      'tls_disable_client_certs',
      'and tls_require_and_verify_client_cert contradict each other.',
    );
  }
  if (required && clientCaFile === undefined) {
    findings.problem(block, 'tls_client_ca_file', 'is needed to verify client certificates.');
  }
  if (values.tls_min_version === 'tls10' || values.tls_min_version === 'tls11') {
    findings.warning(block, 'tls_min_version', 'is read as tls12: older versions are not safe (RFC 8996).');
  }
  const minVersion = values.tls_min_version === 'tls13' ? 'TLSv1.3' : 'TLSv1.2';
  const maxVersion = values.tls_max_version === 'tls12' ? 'TLSv1.2' : 'TLSv1.3';
  if (minVersion > maxVersion) findings.problem(block, 'tls_max_version', 'is older than tls_min_version.');
  const cipherSuites = readCipherSuites(block, values.tls_cipher_suites, findings);
  if (certificateFile === undefined || keyFile === undefined) return undefined;
  const clientCertificates = required ? 'require' : values.tls_disable_client_certs ? 'none' : 'ask';
  return { certificateFile, keyFile, minVersion, maxVersion, cipherSuites, clientCaFile, clientCertificates };
}

/** IANA's names of the suites of TLS 1.2 with forward secrecy and authenticated encryption, and OpenSSL's. */
const cipherSuites: Readonly<Record<string, string>> = {
  TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256: 'ECDHE-RSA-AES128-GCM-SHA256',
  TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256: 'ECDHE-ECDSA-AES128-GCM-SHA256',
  TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384: 'ECDHE-RSA-AES256-GCM-SHA384',
  TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384: 'ECDHE-ECDSA-AES256-GCM-SHA384',
  TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305: 'ECDHE-RSA-CHACHA20-POLY1305',
  TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256: 'ECDHE-RSA-CHACHA20-POLY1305',
  TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305: 'ECDHE-ECDSA-CHACHA20-POLY1305',
  TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256: 'ECDHE-ECDSA-CHACHA20-POLY1305',
  TLS_AES_128_GCM_SHA256: 'TLS_AES_128_GCM_SHA256',
  TLS_AES_256_GCM_SHA384: 'TLS_AES_256_GCM_SHA384',
  TLS_CHACHA20_POLY1305_SHA256: 'TLS_CHACHA20_POLY1305_SHA256',
};

function readCipherSuites(block: HclBlock, names: readonly string[], findings: Findings): string[] {
  const chosen = new Set<string>();
  for (const name of names) {
    const suite = cipherSuites[name.trim().toUpperCase()];
    if (suite !== undefined) chosen.add(suite);
    else {
      findings.problem(
        block,
        'tls_cipher_suites',
        `names a suite that is unknown or not safe. Known: ${Object.keys(cipherSuites).join(', ')}.`,
      );
    }
  }
  return [...chosen];
}

function readForwardedFor(
  block: HclBlock,
  values: CompleteValues<typeof tcpListenerKeys>,
  findings: Findings,
): ForwardedForConfiguration | undefined {
  const authorizedAddresses = values.x_forwarded_for_authorized_addrs;
  if (authorizedAddresses === undefined || authorizedAddresses.length === 0) return undefined;
  if (!parseBlockList(authorizedAddresses)) {
    findings.problem(
      block,
      'x_forwarded_for_authorized_addrs',
      'must be a list of addresses or CIDR blocks, for example "10.0.0.0/8".',
    );
  }
  return {
    authorizedAddresses,
    hopSkips: values.x_forwarded_for_hop_skips,
    rejectNotAuthorized: values.x_forwarded_for_reject_not_authorized,
    rejectNotPresent: values.x_forwarded_for_reject_not_present,
  };
}
