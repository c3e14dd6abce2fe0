import type { JsonObject } from '../../contracts/request.ts';
import type { TokenAddress } from '../tokens/token-entry.ts';

/** A lease as it is stored, under its id. Milliseconds since the epoch unless named otherwise. */
export interface LeaseEntry {
  readonly leaseId: string;
  readonly mountUuid: string;
  readonly internal: JsonObject;
  readonly issuedMs: number;
  readonly lastRenewalMs?: number;
  readonly expiresMs: number;
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
