/** Vault's operations. `create` or `update` is decided by the path's existence check. */
export type Operation = 'create' | 'update' | 'read' | 'delete' | 'list' | 'patch' | 'scan' | 'help';

export type JsonObject = { readonly [key: string]: unknown };

/** Who is asking, once the token has been checked. */
export interface Caller {
  /** Empty for calls that need no token. */
  readonly tokenAccessor: string;
  readonly displayName: string;
  readonly entityId: string;
  /** Names of the policies in force, sorted; for display, never for decisions. */
  readonly policies: readonly string[];
  readonly tokenType: 'service' | 'batch' | 'none';
  readonly metadata: Readonly<Record<string, string>>;
  /** A stable handle of the token that reveals nothing; keys what belongs to one token (cubbyhole). */
  readonly tokenHandle: string;
  /** Namespace the token lives in: path, empty for root, else ending in '/'. */
  readonly namespacePath: string;
  readonly namespaceId: string;
}

/** Where a request came from. Forwarded headers count only when the peer is a configured proxy. */
export interface Origin {
  readonly requestId: string;
  readonly remoteAddress: string;
  readonly remotePort: number;
  /** Client certificates offered over TLS, DER, leaf first. */
  readonly clientCertificates: readonly Uint8Array[];
  /** Only the headers that the mount passes through, lower-cased names. */
  readonly headers: Readonly<Record<string, readonly string[]>>;
  /** The client token as it came; only the token method and core's own paths are given it. */
  readonly token?: string;
  /** The Authorization header as it came; only core's own identity paths are given it. */
  readonly authorization?: string;
  /** What X-Vault-Wrap-TTL asked for; core's own paths are given it. */
  readonly wrapTtlSeconds?: number;
  /** The request asks to go on as a WebSocket; core's own paths are told. */
  readonly isWebSocket?: boolean;
}

/**
 * What a handler answers. `undefined` instead of a Reply means: nothing there (404 with no errors) to a read
 * or list, nothing to say (204) to a write.
 */
export interface Reply {
  /**
   * Keys of the answer. Return the very same object for the same unchanged record: encodings and audit
   * hashes are kept per object identity.
   */
  readonly data?: JsonObject | null;
  readonly warnings?: readonly string[];
  /** A login: core makes the token. */
  readonly auth?: AuthGrant;
  /** A token that was made already (the token auth method). */
  readonly token?: import('./token-service.ts').IssuedToken;
  /** A dynamic secret: core registers the lease, and calls the engine's `revoke` when it ends. */
  readonly lease?: LeaseGrant;
  /** `lease_duration` of an answer that has no lease: how soon to read a static secret again (KV v1). */
  readonly leaseDurationSeconds?: number;
  /** A lease that was renewed. */
  readonly renewed?: { readonly id: string; readonly ttlSeconds: number; readonly renewable: boolean };
  /** A new wrapping token for an answer that was wrapped before; the answer carries only this. */
  readonly wrap?: {
    readonly token: string;
    readonly accessor: string;
    readonly ttlSeconds: number;
    readonly creationTimeMs: number;
    readonly creationPath: string;
    readonly wrappedAccessor?: string;
  };
  /** The answer is wrapped for so long although this request did not ask: an earlier part of it did. */
  readonly wrapTtlSeconds?: number;
  /** Overrides the status (KV v2 answers 404 with data for a deleted version). */
  readonly status?: number;
  /** A body that is not JSON. */
  readonly raw?: {
    readonly contentType: string;
    readonly body: Uint8Array | string;
    readonly status?: number;
  };
  readonly headers?: Readonly<Record<string, string>>;
  /** The answer goes on; nothing else of the reply is then sent. */
  readonly stream?: import('./streams.ts').ReplyStream;
}

export interface LeaseGrant {
  readonly ttlSeconds: number;
  readonly maxTtlSeconds?: number;
  readonly renewable: boolean;
  /** What `renew` and `revoke` need to know; encrypted, never shown. */
  readonly internal: JsonObject;
  /**
   * A change of the engine's own records that happens in the very commit which writes the lease: an engine that wrote
   * down what it was about to make, so that a crash leaves nothing unknown behind, strikes that out here. When
   * one of its expectations does not hold, the lease is not written and the request fails. Not for renewals.
   */
  readonly alongside?: {
    readonly records: import('./records.ts').Records;
    readonly change: import('./records.ts').RecordChange;
  };
}

export interface AuthGrant {
  readonly policies: readonly string[];
  readonly displayName: string;
  readonly metadata: Readonly<Record<string, string>>;
  /** Names the person or machine at this mount; joins identity. */
  readonly alias?: { readonly name: string; readonly metadata?: Readonly<Record<string, string>> };
  readonly groupAliases?: readonly string[];
  readonly ttlSeconds?: number;
  readonly maxTtlSeconds?: number;
  readonly explicitMaxTtlSeconds?: number;
  readonly periodSeconds?: number;
  readonly renewable: boolean;
  readonly numUses?: number;
  readonly boundCidrs?: readonly string[];
  readonly noDefaultPolicy?: boolean;
  readonly tokenType?: 'default' | 'service' | 'batch' | 'default-service' | 'default-batch';
  /** What `renew` needs to check again; encrypted, never shown. */
  readonly internal?: JsonObject;
}
