import { createPublicKey, type KeyObject, X509Certificate } from 'node:crypto';
import type { JWK } from 'jose';
import { isObject, objectOf } from './outbound-request.ts';

/** Asymmetric signatures only: a public key can then never be taken for a shared secret, and `none` is no algorithm. */
export const signatureAlgorithms = [
  'RS256',
  'RS384',
  'RS512',
  'ES256',
  'ES384',
  'ES512',
  'PS256',
  'PS384',
  'PS512',
  'EdDSA',
] as const;

export type Claims = Readonly<Record<string, unknown>>;

/** A key that may have signed: from a published set with its `kid`, or a configured one without. */
export type TrustedKey = JWK | KeyObject;

/** Why a JWT is not accepted; the message quotes nothing of it but names of claims. */
export class JwtProblem extends Error {
  constructor(reason: string) {
    super(reason);
    this.name = 'JwtProblem';
  }
}

const longestJwt = 64 * 1024;
const badSignature =
  'error verifying token signature: no known key successfully validated the token signature';

export interface JwtHeader {
  readonly alg: string;
  readonly kid: string | undefined;
}

/** Of a JWS in compact form (RFC 7515), before anything is trusted. Throws `JwtProblem`. */
export function readHeader(jwt: string): JwtHeader {
  if (jwt.length > longestJwt) throw new JwtProblem('error verifying token signature: the token is too long');
  const parts = jwt.split('.');
  if (parts.length !== 3)
    throw new JwtProblem('error verifying token signature: compact JWS format must have three parts');
  const header = objectOf(Buffer.from(parts[0] ?? '', 'base64url').toString('utf8'));
  if (typeof header?.['alg'] !== 'string') throw new JwtProblem(badSignature);
  const kid = header['kid'];
  return { alg: header['alg'], kid: typeof kid === 'string' ? kid : undefined };
}

/** The claims, once a key of `keys` and one of `algorithms` have verified the signature. Throws `JwtProblem`. */
export async function verifiedClaims(
  jwt: string,
  keys: readonly TrustedKey[],
  algorithms: readonly string[],
): Promise<Claims> {
  const { alg, kid } = readHeader(jwt);
  const known: readonly string[] = signatureAlgorithms;
  if (!known.includes(alg) || !algorithms.includes(alg)) throw new JwtProblem(badSignature);
  const { compactVerify } = await import('jose');
  for (const key of candidates(keys, alg, kid)) {
    try {
      const { payload } = await compactVerify(jwt, key, { algorithms: [alg] });
      const claims = objectOf(Buffer.from(payload).toString('utf8'));
      if (!claims) throw new JwtProblem('error verifying token: the claims are no JSON object');
      return claims;
    } catch (error) {
      if (error instanceof JwtProblem) throw error;
    }
  }
  throw new JwtProblem(badSignature);
}

/** Whether a published key could have made the signature, so that it makes sense to look. */
export function candidates(
  keys: readonly TrustedKey[],
  alg: string,
  kid: string | undefined,
): readonly TrustedKey[] {
  return keys.filter((key) => {
    if (!('kty' in key)) return true;
    if (kid !== undefined && key.kid !== undefined && key.kid !== kid) return false;
    if (key.kty !== keyTypeOf(alg) || (key.alg !== undefined && key.alg !== alg)) return false;
    return key.use === undefined || key.use === 'sig';
  });
}

function keyTypeOf(alg: string): string {
  if (alg.startsWith('ES')) return 'EC';
  return alg === 'EdDSA' ? 'OKP' : 'RSA';
}

/** The keys of a published set (RFC 7517), without what is not public or not understood. Undefined when it is none. */
export function publishedKeys(set: Claims): readonly JWK[] | undefined {
  const keys = set['keys'];
  if (!Array.isArray(keys)) return undefined;
  const asymmetric = ['RSA', 'EC', 'OKP'];
  return keys.slice(0, 200).flatMap((key: unknown): JWK[] => {
    if (!isObject(key) || typeof key['kty'] !== 'string' || !asymmetric.includes(key['kty'])) return [];
    const wanted = ['kty', 'kid', 'alg', 'use', 'n', 'e', 'crv', 'x', 'y'];
    const texts = wanted.flatMap((name) => (typeof key[name] === 'string' ? [[name, key[name]]] : []));
    return [{ kty: key['kty'], ...Object.fromEntries(texts) }];
  });
}

/** A public key in PEM, or that of a certificate in PEM. Undefined for anything else, private keys too. */
export function publicKeyOf(pem: string): KeyObject | undefined {
  try {
    if (pem.includes('PRIVATE KEY')) return undefined;
    if (pem.includes('BEGIN CERTIFICATE')) return new X509Certificate(pem).publicKey;
    return createPublicKey(pem);
  } catch {
    return undefined;
  }
}

export interface Leeways {
  readonly expirationSeconds: number;
  readonly notBeforeSeconds: number;
  readonly clockSkewSeconds: number;
}

/** Vault's: 0 is the default (150, 150, 60 seconds), below 0 is none. */
export const defaultLeeways: Leeways = { expirationSeconds: 0, notBeforeSeconds: 0, clockSkewSeconds: 0 };

/** As Vault judges times: one of `iat`, `nbf`, `exp` has to be there, and stands in for the others. Throws `JwtProblem`. */
export function checkTimes(claims: Claims, leeways: Leeways, nowMs: number): void {
  const issued = timeOf(claims, 'iat');
  const begins = timeOf(claims, 'nbf');
  const ends = timeOf(claims, 'exp');
  if (issued === 0 && begins === 0 && ends === 0)
    throw new JwtProblem('no issued at (iat), not before (nbf), or expiration time (exp) claims in token');
  const now = nowMs / 1000;
  const skew = orDefault(leeways.clockSkewSeconds, 60);
  const end = ends || Math.max(issued, begins) + orDefault(leeways.expirationSeconds, 150);
  const begin = begins || issued || end - orDefault(leeways.notBeforeSeconds, 150);
  if (now - skew > end) throw new JwtProblem('invalid expiration time (exp) claim: token is expired');
  if (now + skew < begin) throw new JwtProblem('invalid not before (nbf) claim: token not yet valid');
  if (now + skew < issued) throw new JwtProblem('invalid issued at (iat) claim: token issued in the future');
}

/** Throws `JwtProblem` unless one of `expected` is among the token's audiences. */
export function checkAudience(claims: Claims, expected: readonly string[]): void {
  if (!audiencesOf(claims).some((audience) => expected.includes(audience)))
    throw new JwtProblem('invalid audience (aud) claim: audience claim does not match any expected audience');
}

export function audiencesOf(claims: Claims): readonly string[] {
  const audience = Object.hasOwn(claims, 'aud') ? claims['aud'] : undefined;
  const all: readonly unknown[] = Array.isArray(audience) ? audience : [audience];
  return all.filter((each) => typeof each === 'string');
}

function timeOf(claims: Claims, name: string): number {
  const value = Object.hasOwn(claims, name) ? claims[name] : undefined;
  if (value === undefined || value === null) return 0;
  if (typeof value !== 'number' || !Number.isFinite(value) || value < 0)
    throw new JwtProblem(`the claim ${name} is no time`);
  return value;
}

function orDefault(seconds: number, otherwise: number): number {
  return seconds === 0 ? otherwise : Math.max(seconds, 0);
}
