import { numberOf } from '../../formats/json/index.ts';
import type { Secret } from '../../sdk/secret.ts';

const share = 2 / 3;

/**
 * For how many seconds a secret is taken as it is: two thirds of a lease; of a certificate's or a token's remaining
 * life; of a static role's password until just after its rotation; otherwise `staticSeconds`.
 */
export function freshFor(secret: Secret | undefined, staticSeconds: number, nowMilliseconds: number): number {
  if (!secret) return staticSeconds;
  const { data } = secret;
  if (secret.lease_id !== '' && secret.lease_duration > 0) return Math.max(1, secret.lease_duration * share);
  const ttl = data && numberOf(data['ttl']);
  if (data && typeof ttl === 'number' && ('rotation_period' in data || 'rotation_schedule' in data))
    return Math.max(1, ttl + 1);
  const expiration = data && numberOf(data['expiration']);
  if (data && typeof expiration === 'number' && 'certificate' in data)
    return Math.max(1, (expiration - nowMilliseconds / 1000) * share);
  if (secret.auth && secret.auth.lease_duration > 0) return Math.max(1, secret.auth.lease_duration * share);
  return staticSeconds;
}
