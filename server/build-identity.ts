import type { CoreParts } from './build-core.ts';
import type { PathDeclaration } from './contracts/paths.ts';
import type { SecretsEnginePlugin } from './contracts/secrets-engine.ts';
import { allowsToo, type EntityViews, identityPlugin } from './core/identity/index.ts';
import { buildOidc, type OidcUpkeep } from './core/identity/oidc/index.ts';
import type { Claims } from './core/leases/claims.ts';
import type { Mounts } from './core/mounts/mounts.ts';
import type { Namespaces } from './core/namespaces/namespaces.ts';
import type { Access } from './core/policies/access.ts';
import type { RecordsOf } from './core/tokens/system-change.ts';
import type { TokenIdentity } from './core/tokens/token-identity.ts';
import type { TokenStore } from './core/tokens/token-store.ts';
import { version } from './version.ts';

export interface IdentityRooms {
  readonly parts: CoreParts;
  readonly recordsOf: RecordsOf;
  readonly namespaces: Namespaces;
  readonly mounts: () => Mounts;
  readonly tokenStore: TokenStore;
  readonly tokenIdentity: TokenIdentity;
  readonly entityViews: EntityViews;
  readonly access: Access;
  readonly claims: Claims;
  /** Of other rooms, served by the same mount. */
  readonly otherPaths: readonly PathDeclaration[];
}

export interface BuiltIdentity {
  /** The `identity/` mount of every namespace. */
  readonly plugin: SecretsEnginePlugin;
  readonly oidc: OidcUpkeep;
}

/** Entities and groups, and what speaks of them to others: identity tokens and the OIDC provider. */
export function buildIdentity(rooms: IdentityRooms): BuiltIdentity {
  const { parts, recordsOf, namespaces, tokenStore, tokenIdentity, entityViews, claims } = rooms;
  const { clock, configuration } = parts;
  const oidc = buildOidc({
    recordsOf,
    clock,
    logger: parts.logger.named('identity.oidc'),
    claims,
    tokens: tokenStore,
    tokenIdentity,
    entityViews,
    namespaceById: (id) => namespaces.byId(id),
    namespaceAt: (path) => namespaces.find(path),
    address: configuration.apiAddress ?? parts.listenerAddress ?? '',
  });
  const plugin = identityPlugin(
    {
      recordsOf,
      clock,
      mountTable: (namespace) => rooms.mounts().table(namespace),
      mayUse: allowsToo(tokenStore, rooms.access),
    },
    version,
    [...oidc.paths, ...rooms.otherPaths],
  );
  return { plugin, oidc: oidc.upkeep };
}
