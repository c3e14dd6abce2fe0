import type { JsonObject } from '../../contracts/request.ts';
import type { TokenAddress } from '../tokens/token-entry.ts';
import { isNamespaceId } from '../tokens/token-keys.ts';

/** A lease as it is stored, under its id. Milliseconds since the epoch unless named otherwise. */
export interface LeaseEntry {
  readonly leaseId: string;
  readonly mountUuid: string;
  readonly internal: JsonObject;
  readonly issuedMs: number;
  readonly lastRenewalMs?: number;
  readonly expiresMs: number;
  /** The engine's own ceiling, 0 for none besides the mount's. */
  readonly maxTtlSeconds: number;
  readonly renewable: boolean;
  readonly token?: TokenAddress;
  /** Set once it has ended: it is only kept until its engine has taken back what it stood for. */
  readonly ending?: { readonly attempts: number; readonly lastError?: string; readonly nextTryMs: number };
}

/** When the due index looks at it next. */
export function dueTimeOf(entry: LeaseEntry): number {
  return entry.ending?.nextTryMs ?? entry.expiresMs;
}

export function isWaiting(entry: LeaseEntry): boolean {
  return (entry.ending?.attempts ?? 0) > 0;
}

/** Keys below a namespace's `sys/`. */
export const leaseKey = (leaseId: string) => `lease/${leaseId}`;
export const tokenLeasePrefix = (digest: string) => `token-lease/${digest}/`;
export const tokenLeaseKey = (token: TokenAddress, namespaceId: string, leaseId: string) =>
  `${tokenLeasePrefix(token.digest)}${namespaceId}/${leaseId}`;

export function parseTokenLease(
  key: string,
  prefix: string,
): { readonly namespaceId: string; readonly leaseId: string } {
  const cut = key.indexOf('/', prefix.length);
  return { namespaceId: key.slice(prefix.length, cut), leaseId: key.slice(cut + 1) };
}

const longestId = 3000;

/** Whether `text` could be a lease id at all: it comes from outside, and becomes part of a storage key. */
export function isLeaseId(text: string): boolean {
  return (
    text !== '' &&
    text.length <= longestId &&
    Buffer.byteLength(text) <= longestId &&
    text.isWellFormed() &&
    !text.includes('\0')
  );
}

/** What follows the last dot of a lease id's random part: the namespace that it belongs to. */
export function namespaceIdOfLease(leaseId: string): string {
  const name = leaseId.slice(leaseId.lastIndexOf('/') + 1);
  const dot = name.lastIndexOf('.');
  const id = dot < 0 ? 'root' : name.slice(dot + 1);
  return isNamespaceId(id) ? id : 'root';
}
