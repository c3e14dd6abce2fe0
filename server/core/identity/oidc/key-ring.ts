import type { AlgorithmName, KeyRecord, PublicKey } from './oidc-records.ts';

/** What a change of a key ring leaves, and whose private parts are no longer needed. */
export interface RingChange {
  readonly key: KeyRecord;
  readonly discarded: readonly string[];
}

/** A ring whose signing key is the one that was announced; the one before verifies for `verificationTtlSeconds` more. */
export function rotate(
  key: KeyRecord,
  fresh: PublicKey,
  nowMs: number,
  verificationTtlSeconds: number = key.verificationTtlSeconds,
): RingChange {
  const { signing, next, ...rest } = key;
  return {
    key: {
      ...rest,
      ...(next ? { signing: next } : {}),
      next: fresh,
      retired: withRetired(key, nowMs, verificationTtlSeconds),
      nextRotationMs: nowMs + key.rotationPeriodSeconds * 1000,
    },
    discarded: signing ? [signing.kid] : [],
  };
}

/**
 * Both keys anew, of another algorithm: what signed until now verifies for its time, what was only announced is
 * forgotten.
 */
export function replace(
  key: KeyRecord,
  algorithm: AlgorithmName,
  [signing, next]: readonly [PublicKey, PublicKey],
  nowMs: number,
): RingChange {
  const discarded = [key.signing, key.next].flatMap((old) => (old ? [old.kid] : []));
  const retired = withRetired(key, nowMs, key.verificationTtlSeconds);
  return { key: { ...key, algorithm, signing, next, retired }, discarded };
}

/** Without keys whose time to verify is over. The same object when there are none. */
export function withoutExpired(key: KeyRecord, nowMs: number): KeyRecord {
  const retired = key.retired.filter(({ expiresMs }) => expiresMs > nowMs);
  return retired.length === key.retired.length ? key : { ...key, retired };
}

/** All that verify now: what has expired is left out, whether the background job has come by or not. */
export function verificationKeys(key: KeyRecord, nowMs: number): PublicKey[] {
  const { retired } = withoutExpired(key, nowMs);
  return [key.signing, key.next, ...retired].filter((each) => each !== undefined);
}

/** When something has to be done about it. Undefined for a key that has never signed. */
export function dueAt(key: KeyRecord | undefined): number | undefined {
  if (!key?.signing) return undefined;
  return Math.min(key.nextRotationMs, ...key.retired.map(({ expiresMs }) => expiresMs));
}

function withRetired(key: KeyRecord, nowMs: number, ttlSeconds: number): KeyRecord['retired'] {
  const { retired } = withoutExpired(key, nowMs);
  if (!key.signing || ttlSeconds <= 0) return retired;
  return [...retired, { ...key.signing, expiresMs: nowMs + ttlSeconds * 1000 }];
}
