import { formatGoDuration, parseDurationSeconds } from '../formats/duration/index.ts';
import type { Flags } from './arguments/parse-flags.ts';
import { Failure } from './failure.ts';
import { variablePrefixes } from './program-name.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

export const formats = ['table', 'json', 'yaml', 'raw', 'pretty'] as const;
export type Format = (typeof formats)[number];

/** Where and how to reach the server, out of flags and environment. */
export interface Connection {
  readonly address: string;
  readonly namespace: string;
  readonly headers: Readonly<Record<string, string>>;
  /** In Go's form. */
  readonly wrapTtl: string | undefined;
  readonly maxRetries: number;
  readonly rateLimit?: RateLimit | undefined;
  /** True unless set. */
  readonly followsRedirects?: boolean;
  /** URL of a proxy for every request; without it what the environment names for other machines. */
  readonly proxy?: string | undefined;
  readonly timeoutMilliseconds: number;
  readonly tls: TlsSettings;
}

export interface RateLimit {
  readonly perSecond: number;
  /** Requests that need not wait. */
  readonly burst: number;
}

export interface TlsSettings {
  readonly caFile: string | undefined;
  readonly caFolder: string | undefined;
  readonly certificateFile: string | undefined;
  readonly keyFile: string | undefined;
  readonly serverName: string | undefined;
  readonly skipVerify: boolean;
}

/** `COFFER_X`, then `VAULT_X`, then `BAO_X` (called `vault` or `bao`, its own first); one that is set to nothing counts as not set. */
export function fromEnvironment(environment: Environment, name: string): string | undefined {
  for (const prefix of variablePrefixes(environment)) {
    const value = environment[prefix + name];
    if (value !== undefined && value !== '') return value;
  }
  return undefined;
}

/** Throws `Failure` with exit code 1 for a value that cannot be read. */
export function readConnection(flags: Flags, environment: Environment): Connection {
  const text = (flag: string, variable: string): string | undefined =>
    flags.text(flag) ?? fromEnvironment(environment, variable);
  const address = text('address', 'ADDR') ?? 'http://127.0.0.1:8200';
  const certificateFile = text('client-cert', 'CLIENT_CERT');
  const keyFile = text('client-key', 'CLIENT_KEY');
  if ((certificateFile === undefined) !== (keyFile === undefined))
    throw new Failure(1, 'failed to setup TLS config: both client cert and client key must be provided');
  return {
    address,
    namespace: flags.text('namespace') ?? fromEnvironment(environment, 'NAMESPACE') ?? '',
    headers: { ...readHeaders(flags.map('header') ?? {}), ...secondFactors(flags) },
    wrapTtl: flags.text('wrap-ttl') ?? duration(environment, 'WRAP_TTL'),
    maxRetries: number(environment, 'MAX_RETRIES') ?? 2,
    rateLimit: rateLimit(environment),
    followsRedirects: !boolean(environment, 'DISABLE_REDIRECTS'),
    proxy: fromEnvironment(environment, 'PROXY_ADDR') ?? fromEnvironment(environment, 'HTTP_PROXY'),
    timeoutMilliseconds: (seconds(environment, 'CLIENT_TIMEOUT') ?? 60) * 1000,
    tls: {
      caFile: text('ca-cert', 'CACERT'),
      caFolder: text('ca-path', 'CAPATH'),
      certificateFile,
      keyFile,
      serverName: text('tls-server-name', 'TLS_SERVER_NAME'),
      skipVerify: flags.boolean('tls-skip-verify') ?? boolean(environment, 'SKIP_VERIFY'),
    },
  };
}

/** Throws `Failure` with exit code 1 for a format that does not exist. */
export function readFormat(flags: Flags, environment: Environment): Format {
  const given = flags.has('format') ? flags.text('format') : undefined;
  const name = (given ?? fromEnvironment(environment, 'FORMAT') ?? 'table').toLowerCase();
  const format = name === 'yml' ? 'yaml' : formats.find((one) => one === name);
  if (format === undefined)
    throw new Failure(1, `Invalid output format: ${name}`, 'Choose table, json or yaml.');
  return format;
}

function readHeaders(headers: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  for (const [name, value] of Object.entries(headers)) {
    if (/^x-vault-/i.test(name))
      throw new Failure(
        2,
        `failed to setup Headers[${name}]: headers that begin with X-Vault- are the client's own`,
      );
    if (!/^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/.test(name) || /[\r\n\0]/.test(value))
      throw new Failure(1, 'invalid value for flag -header: it is no HTTP header');
  }
  return headers;
}

/** Several stand in one header, with commas between, as any proxy may join them. */
function secondFactors(flags: Flags): Readonly<Record<string, string>> {
  const given = flags.has('mfa') ? (flags.list('mfa') ?? []) : [];
  if (given.length === 0) return {};
  if (given.some((factor) => !/^[\x21-\x7e]+$/.test(factor)))
    throw new Failure(1, 'invalid value for flag -mfa: it is METHOD:PASSCODE');
  return { 'X-Vault-MFA': given.join(', ') };
}

function variableProblem(name: string, expected: string): Failure {
  return new Failure(
    1,
    `failed to read environment: COFFER_${name}, VAULT_${name} or BAO_${name} must be ${expected}`,
  );
}

function seconds(environment: Environment, name: string): number | undefined {
  const value = fromEnvironment(environment, name);
  if (value === undefined) return undefined;
  try {
    return parseDurationSeconds(value);
  } catch {
    throw variableProblem(name, 'a duration, such as 60s');
  }
}

function duration(environment: Environment, name: string): string | undefined {
  const value = seconds(environment, name);
  return value === undefined ? undefined : formatGoDuration(value);
}

function number(environment: Environment, name: string): number | undefined {
  const value = fromEnvironment(environment, name);
  if (value === undefined) return undefined;
  if (!/^\d{1,6}$/.test(value)) throw variableProblem(name, 'a whole number');
  return Number(value);
}

/** `rate`, or `rate:burst`, as Vault reads it. */
function rateLimit(environment: Environment): RateLimit | undefined {
  const value = fromEnvironment(environment, 'RATE_LIMIT');
  if (value === undefined) return undefined;
  const [, rate = '', burst] = /^(\d{1,6}(?:\.\d{1,6})?)(?::(\d{1,6}))?$/.exec(value) ?? [];
  const perSecond = Number(rate);
  if (!(perSecond > 0)) throw variableProblem('RATE_LIMIT', 'a rate such as 10 or 10:20');
  return { perSecond, burst: Math.max(1, burst === undefined ? Math.floor(perSecond) : Number(burst)) };
}

function boolean(environment: Environment, name: string): boolean {
  const value = fromEnvironment(environment, name);
  if (value === undefined) return false;
  if (/^(?:1|t|true)$/i.test(value)) return true;
  if (/^(?:0|f|false)$/i.test(value)) return false;
  throw variableProblem(name, 'true or false');
}
