import type { JsonObject, Operation } from '../../contracts/request.ts';
import type { AuditWindow } from './audit-window.ts';

/**
 * What one request tells the audit log, as the pipeline knows it before it acts.
 *
 * Nothing here is written as it stands but what Vault writes in clear (path, keys, numbers, names); every
 * string of `data`, the token and, unless a device says otherwise, accessors are hashed first.
 *
 * Objects marked "identity" are rendered once for each device and then found again by identity: pass the very
 * same frozen object for the same facts, and a new object when a fact changes.
 */
export interface AuditExchange {
  readonly requestId: string;
  /** Milliseconds since the epoch at which the request came. */
  readonly timeMs: number;
  readonly operation: Operation;
  /** Identity. `path` is empty for root, else ends in '/'. */
  readonly namespace: { readonly id: string; readonly path: string };
  /** Identity. Undefined when no mount serves the path. */
  readonly mount: AuditMount | undefined;
  /** Within the namespace, canonical. Written in clear. */
  readonly path: string;
  /** Identity. Body, or query of a read. */
  readonly data: JsonObject | undefined;
  readonly remoteAddress: string;
  readonly remotePort: number;
  /** All headers of the request, lower-cased names. Only those set for auditing are written. */
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  /** 0 when no wrapping was asked for. */
  readonly wrapTtlSeconds: number;
  /** As it was presented, valid or not. */
  readonly clientToken: string | undefined;
  /** Identity, and always with the same `clientToken`. Undefined for calls without a valid token. */
  readonly token: AuditToken | undefined;
  /** Identity. Undefined when no policy was asked. */
  readonly policyResults: AuditPolicyResults | undefined;
  /** Uses left of a token with a limited number of them. */
  readonly remainingUses?: number;
  /** Decimal, of the verified client certificate. */
  readonly clientCertificateSerialNumber?: string;
  /** A text made by us. Set when the request was refused before it acted. */
  readonly error?: string;
  /** The broker's: where the request entry went. */
  requestWindow?: AuditWindow;
}

export interface AuditMount {
  /** As users write it, ending in '/' (`auth/userpass/` for an auth method). */
  readonly path: string;
  readonly type: string;
  readonly accessor: string;
  readonly class: 'secret' | 'auth' | 'system';
  readonly runningVersion?: string;
  /** Keys whose strings the mount's tuning leaves in clear, at any depth. */
  readonly nonHmacRequestKeys?: readonly string[];
  readonly nonHmacResponseKeys?: readonly string[];
}

/** Facts of a token. Metadata, names and ids are written in clear, as Vault does. */
export interface AuditToken {
  readonly accessor: string;
  readonly displayName: string;
  /** All in force, then where they come from. */
  readonly policies: readonly string[];
  readonly tokenPolicies: readonly string[];
  readonly identityPolicies?: readonly string[];
  readonly noDefaultPolicy?: boolean;
  readonly metadata?: Readonly<Record<string, string>>;
  readonly entityId?: string;
  readonly entityCreated?: boolean;
  readonly type: 'service' | 'batch' | 'default';
  readonly ttlSeconds?: number;
  readonly issuedAtMs?: number;
  readonly numUses?: number;
  /** What client counting knows the caller as: the entity, or a digest of namespace and policies. */
  readonly clientId?: string;
}

export interface AuditPolicyResults {
  readonly allowed: boolean;
  readonly grantingPolicies?: readonly {
    readonly name: string;
    readonly namespaceId: string;
    readonly namespacePath?: string;
    readonly type: string;
  }[];
}

/** How a request ended. */
export interface AuditOutcome {
  readonly timeMs: number;
  /** Identity. What the answer holds (before wrapping), or undefined. */
  readonly data?: JsonObject | null | undefined;
  /** Identity. Top-level or nested keys of `data` that the operation declares as not secret. */
  readonly clearKeys?: readonly string[] | undefined;
  /** The token that a login or a token creation made. */
  readonly auth?: (AuditToken & { readonly clientToken: string }) | undefined;
  readonly leaseId?: string | undefined;
  readonly wrap?: AuditWrap | undefined;
  readonly warnings?: readonly string[] | undefined;
  readonly redirect?: string | undefined;
  /** A text made by us. */
  readonly error?: string | undefined;
}

export interface AuditWrap {
  readonly ttlSeconds: number;
  readonly token: string;
  readonly accessor: string;
  readonly createdAtMs: number;
  readonly creationPath: string;
  readonly wrappedAccessor?: string;
}
