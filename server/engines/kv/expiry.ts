import { CofferError } from '../../contracts/errors.ts';
import type { SecretRecord } from './secret-record.ts';

/** The custom metadata that says when a secret's value must no longer be used: RFC 3339. */
export const expiryKey = 'coffer.expires_at';

/**
 * A secret that has expired is refused by every way that shows its data, and stays where it is. A date that cannot be read counts as
 * passed: whoever set it meant an end.
 */
export function refuseExpired(record: SecretRecord, nowMs: number): void {
  const text = record.customMetadata?.[expiryKey];
  if (text === undefined) return;
  if (Date.parse(text) > nowMs) return;
  throw new CofferError('expired', `the secret expired at ${text}`, {
    hint: 'Give it a new value or a later expiry: coffer secrets:update NAME --expires-in 90d',
  });
}
