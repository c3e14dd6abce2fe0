import { detailsOf, isExpired } from './secret-details.ts';
import { isDeleted, type StoredSecret } from './stored-secret.ts';

export interface Filter {
  readonly prefix: string;
  readonly text: string | undefined;
  readonly type: string | undefined;
  readonly tags: readonly string[];
  readonly metadata: Readonly<Record<string, string>>;
  readonly expired: boolean | undefined;
  readonly expiresBeforeMs: number | undefined;
  readonly deleted: boolean;
}

/** Looks at names and what is said of a secret; there is no value here to look at. */
export function matches(secret: StoredSecret, filter: Filter, nowMs: number): boolean {
  if (secret.currentVersion === 0 || !secret.name.startsWith(filter.prefix)) return false;
  if (isDeleted(secret, nowMs) !== filter.deleted) return false;
  const details = detailsOf(secret.custom);
  if (filter.type !== undefined && details.type !== filter.type) return false;
  if (!filter.tags.every((tag) => details.tags.includes(tag))) return false;
  if (!Object.entries(filter.metadata).every(([key, text]) => details.metadata[key] === text)) return false;
  if (filter.expired !== undefined && isExpired(details, nowMs) !== filter.expired) return false;
  if (filter.expiresBeforeMs !== undefined) {
    const endsMs = Date.parse(details.expiresAt ?? '');
    if (!(endsMs < filter.expiresBeforeMs)) return false;
  }
  const text = filter.text?.toLowerCase();
  return !text || `${secret.name}\n${details.description}`.toLowerCase().includes(text);
}
