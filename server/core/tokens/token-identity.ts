import { CofferError } from '../../contracts/errors.ts';
import type { AuthGrant } from '../../contracts/request.ts';
import type { NewToken } from '../../contracts/token-service.ts';
import type { EntityView, EntityViews, IdentityLogins, LoginIdentity } from '../identity/index.ts';
import type { Mount } from '../mounts/mount.ts';
import type { Namespace } from '../namespaces/namespaces.ts';
import type { TokenEntry } from './token-entry.ts';
import type { TokenState } from './token-state.ts';

/** One list, since what is shown is kept by identity. */
const none: readonly string[] = Object.freeze([]);

/** Whose a token is: the one place where logins and tokens meet identity. */
export class TokenIdentity {
  readonly #logins: IdentityLogins;
  readonly #views: EntityViews;
  readonly #namespaceById: (id: string) => Promise<Namespace | undefined>;

  constructor(
    logins: IdentityLogins,
    views: EntityViews,
    namespaceById: (id: string) => Promise<Namespace | undefined>,
  ) {
    this.#logins = logins;
    this.#views = views;
    this.#namespaceById = namespaceById;
  }

  /** Undefined for a token without an entity. One whose namespace is gone is an entity that is gone. */
  viewOf({ entry, namespace }: Pick<TokenState, 'entry' | 'namespace'>): Promise<EntityView> | undefined {
    return entry.entityId === '' ? undefined : this.#view(entry, namespace);
  }

  /** The entry of a login's token, tied to who logged in. Throws 'permission-denied' when they are disabled. */
  async ofLogin(
    entry: TokenEntry,
    grant: AuthGrant,
    mount: Mount,
    namespace: Namespace,
  ): Promise<TokenEntry> {
    const login = loginOf(grant, mount);
    return login ? { ...entry, entityId: await this.#logins.enter(namespace.id, login) } : entry;
  }

  /** The id of the entity behind a login, made when it is its first; undefined for one that names nobody. */
  async enter(grant: AuthGrant, mount: Mount, namespace: Namespace): Promise<string | undefined> {
    const login = loginOf(grant, mount);
    return login && this.#logins.enter(namespace.id, login);
  }

  /** The entry of a token made from a token: a child is its parent's entity's too, an orphan nobody's. */
  async ofNewToken(
    entry: TokenEntry,
    { entityAlias, orphan }: NewToken,
    parent: TokenState | undefined,
    namespace: Namespace,
  ): Promise<TokenEntry> {
    if (entityAlias) return { ...entry, entityId: await this.#logins.enter(namespace.id, entityAlias) };
    if (orphan || !parent || parent.entry.entityId === '') return entry;
    const { entityId, entityNamespaceId = parent.namespace.id } = parent.entry;
    return entityNamespaceId === namespace.id
      ? { ...entry, entityId }
      : { ...entry, entityId, entityNamespaceId };
  }

  /** What the auth method says at a renewal of who is in which group. */
  async renewed(grant: AuthGrant, mount: Mount, namespace: Namespace): Promise<void> {
    const login = grant.groupAliases && loginOf(grant, mount);
    if (login) await this.#logins.refresh(namespace.id, login);
  }

  /** Policies that the token has by its entity. Throws 'permission-denied' when the entity is disabled or gone. */
  async policiesOf(entry: TokenEntry, namespace: Namespace): Promise<readonly string[]> {
    const view = await this.viewOf({ entry, namespace });
    if (view && !view.isUsable) throw new CofferError('permission-denied');
    return view && sharesPolicies(entry) ? view.policies : none;
  }

  /** The same for who looks at a token, who may see one that cannot be used. */
  async shownPolicies(state: TokenState): Promise<readonly string[]> {
    const view = await this.viewOf(state);
    return view && sharesPolicies(state.entry) ? view.policies : none;
  }

  async #view(entry: TokenEntry, namespace: Namespace): Promise<EntityView> {
    const home = isOwn(entry) ? namespace : await this.#namespaceById(entry.entityNamespaceId ?? '');
    return this.#views.of(home ?? { id: entry.entityNamespaceId ?? '', path: '' }, entry.entityId);
  }
}

/** Names of policies of another namespace would read as if they were of the token's; one with its own has no others. */
function sharesPolicies(entry: TokenEntry): boolean {
  return isOwn(entry) && entry.inlinePolicy === undefined;
}

function isOwn(entry: TokenEntry): boolean {
  return entry.entityNamespaceId === undefined;
}

function loginOf({ alias, groupAliases }: AuthGrant, mount: Mount): LoginIdentity | undefined {
  if (!alias) return undefined;
  const mountAccessor = mount.entry.accessor;
  return { mountAccessor, name: alias.name, metadata: alias.metadata, groupNames: groupAliases };
}
