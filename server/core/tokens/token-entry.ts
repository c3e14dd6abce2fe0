/** A token as it is stored, under the digest of its string. Milliseconds since the epoch, or seconds where named so. */
export interface TokenEntry {
  readonly accessor: string;
  readonly type: 'service' | 'batch';
  /** Sorted, lower-case. */
  readonly policies: readonly string[];
  readonly displayName: string;
  readonly metadata: Readonly<Record<string, string>> | null;
  readonly path: string;
  readonly createdMs: number;
  readonly lastRenewalMs?: number;
  readonly creationTtlSeconds: number;
  readonly explicitMaxTtlSeconds: number;
  readonly periodSeconds: number;
  /** The ceiling that the mount set when it was made. */
  readonly maxTtlSeconds: number;
  /** 0: never. */
  readonly expiresMs: number;
  readonly renewable: boolean;
  /** 0: unlimited; -1: the last use is going on. */
  readonly numUses: number;
  /** Digest and namespace id of the parent; absent for orphans. */
  readonly parent?: TokenAddress;
  readonly entityId: string;
  /** Where the entity lives, when that is not where the token lives. */
  readonly entityNamespaceId?: string;
  readonly role: string;
  /** A policy of its own, as HCL, in place of those of its entity and groups. */
  readonly inlinePolicy?: string;
  /** An access token of the OIDC provider: for which client, with which scopes. */
  readonly oidcAccess?: { readonly clientId: string; readonly scopes: readonly string[] };
  readonly boundCidrs: readonly string[];
  /** The auth mount that must agree to a renewal, with what it needs to know. */
  readonly login?: {
    readonly mountUuid: string;
    readonly internal: Readonly<Record<string, unknown>>;
    readonly grant: unknown;
  };
}

/** Where a token lives beside its string: nothing here is secret, and nothing opens anything. */
export interface TokenAddress {
  readonly namespaceId: string;
  readonly digest: string;
}

/** Held by wrapping tokens alone: they make neither children nor leases. */
export const wrappingPolicy = 'response-wrapping';

const prefixes = /^(?:hvs|hvb|hvr|s|b|r)\./;

/** The namespace id that a token's string names: what follows its last dot, after the type's prefix. */
export function namespaceIdOf(token: string): string {
  const rest = token.replace(prefixes, '');
  const dot = rest.lastIndexOf('.');
  return dot < 0 ? 'root' : rest.slice(dot + 1);
}

export function isWrapping(entry: TokenEntry): boolean {
  return entry.policies.length === 1 && entry.policies[0] === wrappingPolicy;
}

/** Sorted, unique, lower-case, with `default` unless it is refused; `root` stands alone. */
export function normalizePolicies(policies: readonly string[], withDefault: boolean): string[] {
  const names = new Set(
    policies.map((policy) => policy.trim().toLowerCase()).filter((policy) => policy !== ''),
  );
  if (names.has('root')) return ['root'];
  if (withDefault) names.add('default');
  return [...names].sort();
}
