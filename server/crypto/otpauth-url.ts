import { encodeBase32 } from './base32.ts';
import { type CodeAlgorithm, codeAlgorithms } from './totp.ts';

/** What an authenticator has to know, in the words of Google's key URI format. */
export interface OtpauthKey {
  readonly issuer: string;
  readonly accountName: string;
  readonly key: Uint8Array;
  readonly algorithm: CodeAlgorithm;
  readonly digits: 6 | 8;
  readonly periodSeconds: number;
}

/** The texts of an `otpauth://totp/` URL, unchecked; undefined for what it does not hold. */
export interface OtpauthTexts {
  readonly issuer: string;
  readonly accountName: string;
  readonly secret: string;
  readonly algorithm: string | undefined;
  readonly digits: string | undefined;
  readonly period: string | undefined;
}

/** `otpauth://totp/ISSUER:ACCOUNT?…` with its parameters in order, as Vault writes it. Holds the key: a secret. */
export function otpauthUrl({ issuer, accountName, key, ...form }: OtpauthKey): string {
  const parameters = [
    ['algorithm', form.algorithm],
    ['digits', String(form.digits)],
    ['issuer', issuer],
    ['period', String(form.periodSeconds)],
    ['secret', encodeBase32(key)],
  ] as const;
  const query = parameters.map(([name, value]) => `${name}=${encodeURIComponent(value)}`).join('&');
  return `otpauth://totp/${label(issuer)}:${label(accountName)}?${query}`;
}

/** Undefined for what is no `otpauth://totp/` URL. The issuer of the parameters wins over that of the label. */
export function parseOtpauthUrl(text: string): OtpauthTexts | undefined {
  const url = URL.parse(text);
  if (url?.protocol !== 'otpauth:' || url.host.toLowerCase() !== 'totp') return undefined;
  const path = decoded(url.pathname.replace(/^\//, ''));
  if (path === undefined) return undefined;
  const colon = path.indexOf(':');
  const parameter = (name: string) => url.searchParams.get(name) || undefined;
  return {
    issuer: parameter('issuer') ?? (colon < 0 ? '' : path.slice(0, colon)),
    accountName: path.slice(colon + 1).trimStart(),
    secret: parameter('secret') ?? '',
    algorithm: parameter('algorithm'),
    digits: parameter('digits'),
    period: parameter('period'),
  };
}

export function isCodeAlgorithm(text: string): text is CodeAlgorithm {
  return codeAlgorithms.some((algorithm) => algorithm === text);
}

function label(text: string): string {
  return encodeURIComponent(text).replaceAll('%40', '@');
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
