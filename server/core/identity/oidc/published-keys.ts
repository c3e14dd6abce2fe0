import { randomInt } from 'node:crypto';
import type { JWK } from 'jose';
import type { Reply } from '../../../contracts/request.ts';
import { verificationKeys } from './key-ring.ts';
import { plainReply } from './oauth-reply.ts';
import type { OidcServices } from './oidc-services.ts';
import type { Where } from './oidc-store.ts';

export interface PublishedKeys {
  readonly jwks: readonly JWK[];
  /** How long verifiers may keep them. */
  readonly maxAgeSeconds: number;
}

/** Of all keys that some role signs with. */
export async function publishedForRoles(services: OidcServices, namespace: Where): Promise<PublishedKeys> {
  const { byRoles } = await services.store.keyUse(namespace);
  return publish(services, namespace, byRoles);
}

/** Of all keys that some client of the provider signs with. */
export async function publishedForClients(
  services: OidcServices,
  namespace: Where,
  allowedClientIds: readonly string[],
): Promise<PublishedKeys> {
  const { byClient } = await services.store.keyUse(namespace);
  const names = allowedClientIds.includes('*')
    ? byClient.values()
    : allowedClientIds.map((id) => byClient.get(id)).filter((name) => name !== undefined);
  return publish(services, namespace, new Set(names));
}

/**
 * Vault's answer: kept for a random part of the shortest period, so that verifiers do not all come back at once, and
 * no longer than the next key is published before it signs.
 */
export function keysReply({ jwks, maxAgeSeconds }: PublishedKeys): Reply {
  const headers =
    jwks.length > 0 && maxAgeSeconds > 1
      ? { 'Cache-Control': `max-age=${randomInt(1, maxAgeSeconds)}` }
      : undefined;
  return plainReply({ keys: jwks }, 200, headers);
}

async function publish(
  { store }: OidcServices,
  namespace: Where,
  names: Iterable<string>,
): Promise<PublishedKeys> {
  const nowMs = store.clock.now();
  const found = await Promise.all(
    [...new Set(names)].sort().map((name) => store.read(namespace, 'key', name)),
  );
  const there = found.filter((key) => key !== undefined);
  return {
    jwks: there.flatMap((key) => verificationKeys(key, nowMs).map(({ jwk }) => jwk)),
    maxAgeSeconds: Math.min(
      ...there.flatMap((key) => [key.rotationPeriodSeconds, key.verificationTtlSeconds]),
    ),
  };
}
