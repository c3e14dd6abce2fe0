import type { Logger } from '../../../contracts/logger.ts';
import type { Caller } from '../../../contracts/request.ts';
import type { Namespace } from '../../namespaces/namespaces.ts';
import type { EntityView } from '../entity-views.ts';
import type { AccessTokens } from './access-tokens.ts';
import type { OidcStore, Where } from './oidc-store.ts';
import type { SigningKeys } from './signing-keys.ts';

/** Who asks, as far as claims may speak of them. */
export interface SignedIn {
  readonly view: EntityView;
  /** When the token was made: the last time that they signed in. */
  readonly signedInMs: number;
}

/** What the paths have in common. */
export interface OidcServices {
  readonly store: OidcStore;
  readonly keys: SigningKeys;
  readonly accessTokens: AccessTokens;
  /** Scheme, host and port under which clients reach the server; empty when that is not known. */
  readonly address: string;
  readonly logger: Logger;
  /** Undefined for a token without an entity. */
  readonly signedIn: (caller: Caller) => Promise<SignedIn | undefined>;
  /** The entity, or the one that it became part of; one that cannot be used says so itself. */
  readonly entity: (namespaceId: string, entityId: string) => Promise<EntityView>;
  /** The same, of the namespace or of one above it, whose tokens reach it too. */
  readonly entityAbove: (namespace: Where, entityId: string) => Promise<EntityView>;
  readonly namespaceById: (id: string) => Promise<Namespace | undefined>;
}

/** As `iss` says it. Without an address it is relative, as in Vault. */
export async function identityIssuer({ store, address }: OidcServices, namespace: Where): Promise<string> {
  return `${(await store.issuer(namespace)) || address}/v1/${encodeURI(namespace.path)}identity/oidc`;
}

export function providerIssuer(
  { address }: OidcServices,
  namespace: Where,
  name: string,
  own: string,
): string {
  return `${own || address}/v1/${encodeURI(namespace.path)}identity/oidc/provider/${name}`;
}
