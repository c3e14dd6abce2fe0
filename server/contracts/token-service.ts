import type { Caller } from './request.ts';

/** What a client is told of a token that was just made or renewed: Vault's `auth` block. */
export interface IssuedToken {
  /** Empty where the caller may not learn it (renewal by accessor). */
  readonly clientToken: string;
  readonly accessor: string;
  readonly policies: readonly string[];
  readonly tokenPolicies: readonly string[];
  readonly identityPolicies?: readonly string[];
  readonly metadata: Readonly<Record<string, string>> | null;
  readonly leaseDurationSeconds: number;
  readonly renewable: boolean;
  readonly entityId: string;
  readonly tokenType: 'service' | 'batch';
  readonly orphan: boolean;
  readonly numUses: number;
  readonly warnings?: readonly string[];
  /** Made by this very request, so it is taken back when the answer cannot be given. */
  readonly fresh?: boolean;
}

/** A token as `lookup` shows it. Times in milliseconds since the epoch, 0 for never. */
export interface TokenFacts {
  readonly accessor: string;
  readonly createdMs: number;
  readonly issuedMs: number;
  readonly lastRenewalMs: number | undefined;
  readonly creationTtlSeconds: number;
  readonly explicitMaxTtlSeconds: number;
  readonly periodSeconds: number;
  readonly expiresMs: number;
  readonly ttlSeconds: number;
  readonly displayName: string;
  readonly entityId: string;
  /** Of the entity and its groups, where it has any. */
  readonly identityPolicies?: readonly string[];
  readonly metadata: Readonly<Record<string, string>> | null;
  /** Uses left, 0 for unlimited, -1 when this was the last. */
  readonly numUses: number;
  readonly orphan: boolean;
  readonly path: string;
  readonly policies: readonly string[];
  readonly renewable: boolean;
  readonly type: 'service' | 'batch';
  readonly role: string;
  readonly boundCidrs: readonly string[];
  readonly namespacePath: string;
}

/** What to make; all checked by the caller against the parent's rights, except what `TokenService.create` says. */
export interface NewToken {
  readonly id?: string;
  readonly policies: readonly string[];
  readonly displayName: string;
  readonly metadata: Readonly<Record<string, string>> | null;
  readonly ttlSeconds: number;
  readonly explicitMaxTtlSeconds: number;
  readonly periodSeconds: number;
  readonly numUses: number;
  readonly renewable: boolean;
  readonly orphan: boolean;
  readonly type: 'service' | 'batch';
  readonly role: string;
  readonly boundCidrs: readonly string[];
  /** Ties it to the entity of this alias instead of the parent's; the entity is made when there is none. */
  readonly entityAlias?: { readonly name: string; readonly mountAccessor: string };
  /** Where it was made, for lookup and leases: `auth/token/create`. */
  readonly path: string;
}

type Where = { readonly id: string; readonly path: string };

/**
 * What the `token` auth method needs of core. Tokens live in namespaces; a caller in a namespace reaches
 * tokens of that namespace and of those below it. "Not there" and "not yours" are answered alike.
 */
/** Who asks for a renewal, as far as auth methods look at it. */
export interface RenewalOrigin {
  readonly clientCertificates: readonly Uint8Array[];
}

export interface TokenService {
  /** TTLs are capped by the mount's and by `explicitMaxTtlSeconds`, with a warning that says so. */
  create(
    token: NewToken,
    parent: Caller,
    namespace: Where,
    mount: { readonly defaultLeaseTtlSeconds: number; readonly maxLeaseTtlSeconds: number },
  ): Promise<IssuedToken>;
  lookUp(token: string, namespace: Where): Promise<TokenFacts | undefined>;
  lookUpAccessor(accessor: string, namespace: Where): Promise<TokenFacts | undefined>;
  /**
   * 0 seconds means what the token was made with. `from` is who asks, for methods that look at the connection. Throws
   * 'invalid-request' for what cannot be renewed.
   */
  renew(
    token: string,
    incrementSeconds: number,
    namespace: Where,
    from?: RenewalOrigin,
  ): Promise<IssuedToken>;
  renewAccessor(
    accessor: string,
    incrementSeconds: number,
    namespace: Where,
    from?: RenewalOrigin,
  ): Promise<IssuedToken>;
  /** Ends the token, everything it made, and their leases, before it returns. False when there is no such token. */
  revoke(token: string, namespace: Where): Promise<boolean>;
  revokeAccessor(accessor: string, namespace: Where): Promise<boolean>;
  /** Ends the token alone; its children become orphans. */
  revokeOrphan(token: string, namespace: Where): Promise<boolean>;
  accessors(namespace: Where): Promise<string[]>;
  /** The caller's own token string is not kept; these act on the handle instead. */
  lookUpCaller(caller: Caller): Promise<TokenFacts | undefined>;
  renewCaller(caller: Caller, incrementSeconds: number, from?: RenewalOrigin): Promise<IssuedToken>;
  revokeCaller(caller: Caller): Promise<void>;
  /** True when the caller holds the root policy. */
  isRoot(caller: Caller): boolean;
  /** True when a policy grants the caller sudo on `path`. */
  hasSudo(caller: Caller, path: string, namespace: Where): Promise<boolean>;
  /** Removes what refers to tokens that are gone. Runs in the background. */
  tidy(namespace: Where): Promise<void>;
}
