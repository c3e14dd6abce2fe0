import { randomBytes } from 'node:crypto';
import { invalidRequest } from '../../contracts/errors.ts';
import { decodeBase32, encodeBase32 } from '../../crypto/base32.ts';
import { isCodeAlgorithm, parseOtpauthUrl } from '../../crypto/otpauth-url.ts';
import type { TimedCodeForm } from '../../crypto/totp.ts';

/** A key as it is stored, `key/<name>`. */
export interface KeyRecord extends TimedCodeForm {
  /** Base32 without padding. */
  readonly key: string;
  readonly issuer: string;
  readonly accountName: string;
}

/** The fields of a write, as far as they say what the key is. */
export interface KeyWish {
  readonly generate: boolean;
  readonly key: string;
  readonly url: string;
  readonly key_size: number;
  readonly issuer: string;
  readonly account_name: string;
  readonly period: number;
  readonly algorithm: string;
  readonly digits: number;
  readonly skew: number;
}

/** Beyond a digest's block a longer key adds nothing, and a URL with it would fit no QR code. */
const mostKeyBytes = 512;
const longestName = 512;

/** The key that a write asks for. Throws 'invalid-request', in Vault's words where it has some. */
export function keyRecordOf(wish: KeyWish): KeyRecord {
  if (wish.generate) {
    if (wish.key !== '') throw invalidRequest('a key should not be passed if generate is true');
    if (wish.url !== '') throw invalidRequest('a url should not be passed if generate is true');
  }
  const asked = wish.url === '' ? wish : wishOfUrl(wish);
  const form = formOf(asked);
  if (asked.key_size <= 0) throw invalidRequest('the key_size value must be greater than zero');
  if (asked.key_size > mostKeyBytes)
    throw invalidRequest(`the key_size value must not be greater than ${mostKeyBytes}`);
  const { issuer, account_name: accountName } = asked;
  if (wish.generate && issuer === '') throw invalidRequest('the issuer value is required for generated keys');
  if (wish.generate && accountName === '')
    throw invalidRequest('the account_name value is required for generated keys');
  if (issuer.length > longestName || accountName.length > longestName)
    throw invalidRequest(`issuer and account_name cannot be longer than ${longestName} characters`);
  const key = wish.generate ? encodeBase32(randomBytes(asked.key_size)) : givenKey(asked.key);
  return { key, issuer, accountName, ...form };
}

export function keyBytes({ key }: KeyRecord): Uint8Array {
  const bytes = decodeBase32(key);
  if (typeof bytes === 'number') throw new TypeError('a stored key is no base32');
  return bytes;
}

/** What a URL says stands in for the fields of that name, whether they were given or not. */
function wishOfUrl(wish: KeyWish): KeyWish {
  const found = parseOtpauthUrl(wish.url);
  if (!found) throw invalidRequest('an error occurred while parsing url string');
  return {
    ...wish,
    key: found.secret,
    issuer: found.issuer,
    account_name: found.accountName,
    algorithm: found.algorithm ?? wish.algorithm,
    digits: numberOf(found.digits, 'digits') ?? wish.digits,
    period: numberOf(found.period, 'period') ?? wish.period,
  };
}

function numberOf(text: string | undefined, name: string): number | undefined {
  if (text === undefined) return undefined;
  if (!/^-?[0-9]{1,9}$/.test(text))
    throw invalidRequest(`an error occurred while parsing ${name} value in url`);
  return Number(text);
}

function formOf({ digits, algorithm, period, skew }: KeyWish): TimedCodeForm {
  if (digits !== 6 && digits !== 8) throw invalidRequest('the digits value can only be 6 or 8');
  if (!isCodeAlgorithm(algorithm)) throw invalidRequest('the algorithm value is not valid');
  if (period <= 0) throw invalidRequest('the period value must be greater than zero');
  if (skew !== 0 && skew !== 1) throw invalidRequest('the skew value must be 0 or 1');
  return { digits, algorithm, periodSeconds: period, skew };
}

/** As people paste it: in any case. Says where it is wrong and never what it is. */
function givenKey(text: string): string {
  if (text === '') throw invalidRequest('the key value is required');
  const bytes = decodeBase32(text);
  if (typeof bytes === 'number')
    throw invalidRequest(`invalid key value: illegal base32 data at input byte ${bytes}`);
  if (bytes.length === 0) throw invalidRequest('the key value is required');
  if (bytes.length > mostKeyBytes)
    throw invalidRequest(`the key value must not be longer than ${mostKeyBytes} bytes`);
  return encodeBase32(bytes);
}
