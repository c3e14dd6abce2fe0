import { invalidRequest } from '../../contracts/errors.ts';
import { dueKey } from '../leases/due.ts';
import { dueNamespaceId, type RecordsOf, SystemChange } from './system-change.ts';
import type { TokenAddress, TokenEntry } from './token-entry.ts';
import { accessorKey, childKey, issuedKey, tokenKey } from './token-keys.ts';

/**
 * Everything that appears with a token, in one commit. Its parent must be there still, or the parent's
 * revocation would miss it. Throws 'invalid-request' when it is not.
 */
export async function insertionOf(
  recordsOf: RecordsOf,
  address: TokenAddress,
  entry: TokenEntry,
): Promise<SystemChange> {
  const { namespaceId, digest } = address;
  const change = new SystemChange(recordsOf);
  change.expect(namespaceId, tokenKey(digest), undefined);
  change.put(namespaceId, tokenKey(digest), entry);
  change.put(namespaceId, accessorKey(entry.accessor), digest);
  if (entry.expiresMs > 0) {
    change.mark(dueNamespaceId, dueKey(entry.expiresMs, 'token', namespaceId, digest));
    change.mark(namespaceId, issuedKey(entry.path, digest));
  }
  const { parent } = entry;
  if (!parent) return change;
  const key = tokenKey(parent.digest);
  const stored = await recordsOf(parent.namespaceId, 'sys/').get<TokenEntry>(key);
  if (!stored) throw invalidRequest('parent token lookup failed: no parent found');
  change.expect(parent.namespaceId, key, stored);
  change.mark(parent.namespaceId, childKey(parent, address));
  return change;
}
