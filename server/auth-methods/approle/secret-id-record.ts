import { invalidRequest } from '../../contracts/errors.ts';
import type { JsonObject } from '../../contracts/request.ts';

/** What is kept of a secret id under `secret-id/<role uid>/<digest>`: never the secret id. Times in milliseconds since 1970. */
export interface SecretIdRecord {
  /** Base64url of the half of the digest that is not in the key. */
  readonly verifier: string;
  readonly accessor: string;
  /** 0 for no limit; with the last use the record goes. */
  readonly usesLeft: number;
  readonly ttlSeconds: number;
  readonly createdMs: number;
  readonly updatedMs: number;
  /** 0 for never. */
  readonly expiresMs: number;
  readonly metadata: Readonly<Record<string, string>>;
  readonly cidrList: readonly string[];
  /** Instead of the role's, when there are any. */
  readonly tokenBoundCidrs: readonly string[];
}

/** Go's zero time: how Vault shows that a secret id does not expire. */
const never = '0001-01-01T00:00:00Z';

export function shownSecretId(record: SecretIdRecord): JsonObject {
  return {
    cidr_list: record.cidrList,
    creation_time: new Date(record.createdMs).toISOString(),
    expiration_time: record.expiresMs === 0 ? never : new Date(record.expiresMs).toISOString(),
    last_updated_time: new Date(record.updatedMs).toISOString(),
    metadata: record.metadata,
    secret_id_accessor: record.accessor,
    secret_id_num_uses: record.usesLeft,
    secret_id_ttl: record.ttlSeconds,
    token_bound_cidrs: record.tokenBoundCidrs,
  };
}

/**
 * Metadata as Vault takes it: the text of a JSON object of strings, or `k=v,k=v`; either may be in base64.
 * Throws 'invalid-request' without repeating the text.
 */
export function parseMetadata(text: string): Readonly<Record<string, string>> {
  const trimmed = text.trim();
  if (trimmed === '') return {};
  const found = fromJson(trimmed) ?? fromPairs(trimmed) ?? fromBase64(trimmed);
  if (found) return found;
  throw invalidRequest('failed to parse metadata: neither a JSON object of strings nor key=value pairs', {
    hint: 'For example metadata=\'{"team":"blue"}\'.',
  });
}

function fromJson(text: string): Readonly<Record<string, string>> | undefined {
  if (!text.startsWith('{')) return undefined;
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof parsed !== 'object' || parsed === null) return undefined;
  const pairs = Object.entries(parsed);
  return pairs.every(([, value]) => typeof value === 'string') ? Object.fromEntries(pairs) : undefined;
}

function fromPairs(text: string): Readonly<Record<string, string>> | undefined {
  const pairs: [string, string][] = [];
  for (const item of text.split(',')) {
    const cut = item.indexOf('=');
    const key = item.slice(0, cut).trim();
    const value = item.slice(cut + 1).trim();
    // Padding of base64 is not a pair.
    if (cut < 1 || key === '' || /^=*$/.test(value)) return undefined;
    pairs.push([key, value]);
  }
  return Object.fromEntries(pairs);
}

function fromBase64(text: string): Readonly<Record<string, string>> | undefined {
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(text)) return undefined;
  const decoded = Buffer.from(text, 'base64').toString();
  return fromJson(decoded) ?? fromPairs(decoded);
}
