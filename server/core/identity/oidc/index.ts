import type { Clock } from '../../../contracts/clock.ts';
import type { Logger } from '../../../contracts/logger.ts';
import type { PathDeclaration } from '../../../contracts/paths.ts';
import type { Claims } from '../../leases/claims.ts';
import { type Namespace, rootNamespace } from '../../namespaces/namespaces.ts';
import type { RecordsOf } from '../../tokens/system-change.ts';
import type { TokenIdentity } from '../../tokens/token-identity.ts';
import type { TokenStore } from '../../tokens/token-store.ts';
import type { EntityViews } from '../entity-views.ts';
import { AccessTokens } from './access-tokens.ts';
import { assignmentPaths } from './assignment-paths.ts';
import { authorizePath } from './authorize-path.ts';
import { clientPaths } from './client-paths.ts';
import { Codes } from './codes.ts';
import { configPath } from './config-path.ts';
import { exchangePath } from './exchange-path.ts';
import { identityTokenPaths } from './identity-token-paths.ts';
import { keyPaths } from './key-paths.ts';
import type { OidcServices } from './oidc-services.ts';
import { OidcStore, type Where } from './oidc-store.ts';
import { providerPaths } from './provider-paths.ts';
import { rolePaths } from './role-paths.ts';
import { scopePaths } from './scope-paths.ts';
import { SigningKeys } from './signing-keys.ts';
import { OidcUpkeep } from './upkeep.ts';
import { userInfoPath } from './userinfo-path.ts';
import { wellKnownPaths } from './well-known-paths.ts';

export { OidcUpkeep } from './upkeep.ts';

export interface OidcOptions {
  readonly recordsOf: RecordsOf;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly claims: Claims;
  readonly tokens: TokenStore;
  readonly tokenIdentity: TokenIdentity;
  readonly entityViews: EntityViews;
  readonly namespaceById: (id: string) => Promise<Namespace | undefined>;
  /** By its path without a trailing slash. */
  readonly namespaceAt: (path: string) => Promise<Namespace | undefined>;
  /** Scheme, host and port under which clients reach the server; empty when that is not known. */
  readonly address: string;
}

export interface Oidc {
  /** Below the `identity/` mount of every namespace. */
  readonly paths: readonly PathDeclaration[];
  readonly upkeep: OidcUpkeep;
}

/** Identity tokens and the OpenID Connect provider, as Vault has them. */
export function buildOidc(options: OidcOptions): Oidc {
  const { recordsOf, clock, logger, claims, tokens, namespaceById } = options;
  const store = new OidcStore(recordsOf, clock);
  const keys = new SigningKeys(store);
  const codes = new Codes(store);
  const services: OidcServices = {
    store,
    keys,
    accessTokens: new AccessTokens(tokens, clock),
    address: options.address.replace(/\/+$/, ''),
    logger,
    namespaceById,
    ...readersOf(options),
  };
  return {
    paths: [
      configPath(services),
      ...keyPaths(services),
      ...rolePaths(services),
      ...identityTokenPaths(services),
      ...wellKnownPaths(services),
      ...assignmentPaths(services),
      ...scopePaths(services),
      ...clientPaths(services),
      ...providerPaths(services),
      authorizePath(services, codes),
      exchangePath(services, codes),
      userInfoPath(services),
    ],
    upkeep: new OidcUpkeep({
      due: recordsOf(rootNamespace.id, 'sys/'),
      claims,
      namespaceById,
      store,
      keys,
      codes,
      clock,
      logger,
    }),
  };
}

function readersOf({
  tokens,
  tokenIdentity,
  entityViews,
  namespaceById,
  namespaceAt,
}: OidcOptions): Pick<OidcServices, 'signedIn' | 'entity' | 'entityAbove'> {
  const entity = async (namespaceId: string, entityId: string) =>
    entityViews.of((await namespaceById(namespaceId)) ?? { id: namespaceId, path: '' }, entityId);
  return {
    entity,
    async signedIn(caller) {
      const state = await tokens.ofCaller(caller);
      const view = state && (await tokenIdentity.viewOf(state));
      return view && { view, signedInMs: state.entry.createdMs };
    },
    async entityAbove(namespace: Where, entityId: string) {
      let path = namespace.path;
      for (;;) {
        const at = path === '' ? rootNamespace : await namespaceAt(path.slice(0, -1));
        const view = await entity(at?.id ?? '', entityId);
        if (view.entityId !== '' || path === '') return view;
        path = path.slice(0, path.slice(0, -1).lastIndexOf('/') + 1);
      }
    },
  };
}
