import { invalidRequest } from '../../contracts/errors.ts';
import type { JsonObject } from '../../contracts/request.ts';
import { type RotationPolicy, readRotationPolicy, storedRotationPolicy } from './rotation-policy.ts';
import { type SecretType, secretTypeOf } from './secret-value.ts';

/** What people say of a secret, beside its value. */
export interface SecretDetails {
  readonly type: SecretType;
  readonly description: string;
  readonly tags: readonly string[];
  readonly metadata: Readonly<Record<string, string>>;
  /** RFC 3339. */
  readonly expiresAt: string | undefined;
  readonly rotationPolicy: RotationPolicy | undefined;
}

/** What a request changes of them; undefined leaves as it is. */
export interface DetailsWish {
  readonly type?: string | undefined;
  readonly description?: string | undefined;
  readonly tags?: readonly string[] | undefined;
  readonly metadata?: Readonly<Record<string, string>> | undefined;
  readonly expires_in?: number | undefined;
  readonly expires_at?: number | undefined;
  readonly no_expiry?: boolean | undefined;
  readonly rotation_policy?: JsonObject | undefined;
}

type Custom = Readonly<Record<string, string>>;

/** Names in KV's custom metadata that are the platform's; the engine reads the expiry too. */
const prefix = 'coffer.';
const keys = {
  type: 'coffer.type',
  description: 'coffer.description',
  tags: 'coffer.tags',
  expiresAt: 'coffer.expires_at',
  rotation: 'coffer.rotation',
} as const;
const longestBytes = 512;

export function detailsOf(custom: unknown): SecretDetails {
  const texts = Object.entries(isRecord(custom) ? custom : {}).filter(
    (pair): pair is [string, string] => typeof pair[1] === 'string',
  );
  const all = new Map(texts);
  return {
    type: secretTypeOf(all.get(keys.type)),
    description: all.get(keys.description) ?? '',
    tags: (all.get(keys.tags) ?? '').split(',').filter((tag) => tag !== ''),
    metadata: Object.fromEntries(texts.filter(([key]) => !key.startsWith(prefix))),
    expiresAt: all.get(keys.expiresAt),
    rotationPolicy: storedRotationPolicy(all.get(keys.rotation)),
  };
}

/** The custom metadata after a change. Free metadata are merged; an empty text removes one. */
export function customAfter(before: unknown, wish: DetailsWish, nowMs: number): Custom {
  const after = new Map(
    Object.entries(isRecord(before) ? before : {}).filter(
      (pair): pair is [string, string] => typeof pair[1] === 'string',
    ),
  );
  const set = (key: string, text: string | undefined): void => {
    if (text === undefined) return;
    if (Buffer.byteLength(text) > longestBytes)
      throw invalidRequest(`${key.replace(prefix, '')} is longer than ${longestBytes} bytes`);
    if (text === '') after.delete(key);
    else after.set(key, text);
  };
  set(keys.type, wish.type);
  set(keys.description, wish.description);
  set(keys.tags, wish.tags && tagsText(wish.tags));
  for (const [key, text] of Object.entries(wish.metadata ?? {})) {
    if (key.startsWith(prefix)) throw invalidRequest(`metadata names cannot begin with "${prefix}"`);
    set(key, text);
  }
  if (wish.rotation_policy) set(keys.rotation, JSON.stringify(readRotationPolicy(wish.rotation_policy)));
  const expiry = expiryOf(wish, nowMs);
  if (expiry !== undefined) set(keys.expiresAt, new Date(expiry).toISOString());
  if (wish.no_expiry) after.delete(keys.expiresAt);
  return Object.fromEntries(after);
}

export function changesDetails(wish: DetailsWish): boolean {
  return Object.values(wish).some((value) => value !== undefined && value !== false);
}

export function isExpired({ expiresAt }: SecretDetails, nowMs: number): boolean {
  return expiresAt !== undefined && !(Date.parse(expiresAt) > nowMs);
}

function expiryOf({ expires_in, expires_at, no_expiry }: DetailsWish, nowMs: number): number | undefined {
  const given = [expires_in, expires_at, no_expiry || undefined].filter((one) => one !== undefined);
  if (given.length > 1) throw invalidRequest('only one of expires_in, expires_at and no_expiry can be given');
  const endMs = expires_in === undefined ? expires_at : nowMs + expires_in * 1000;
  if (endMs === undefined) return undefined;
  if (!(endMs > nowMs) || endMs > 253_402_300_799_000)
    throw invalidRequest('the expiry must be in the future');
  return endMs;
}

function tagsText(tags: readonly string[]): string {
  const trimmed = tags.map((tag) => tag.trim()).filter((tag) => tag !== '');
  for (const tag of trimmed)
    if (/[,\p{C}]/u.test(tag)) throw invalidRequest('a tag cannot hold a comma or control characters');
  return [...new Set(trimmed)].join(',');
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}
