import type { AuthMethod } from '../../contracts/auth-method.ts';
import type { Clock } from '../../contracts/clock.ts';
import { CofferError, invalidRequest } from '../../contracts/errors.ts';
import type { AuthGrant, Caller } from '../../contracts/request.ts';
import type {
  IssuedToken,
  NewToken,
  RenewalOrigin,
  TokenFacts,
  TokenService,
} from '../../contracts/token-service.ts';
import type { LeaseTimes, Mount } from '../mounts/mount.ts';
import { type Namespace, rootNamespace } from '../namespaces/namespaces.ts';
import { type Lifetime, lifetimeFrom } from './lifetime.ts';
import { blankEntry, createdEntry, issuedToken, loginEntry } from './new-entry.ts';
import type { TokenEntry } from './token-entry.ts';
import { FactsOfTokens } from './token-facts.ts';
import type { TokenIdentity } from './token-identity.ts';
import { isAccessor } from './token-keys.ts';
import { newServiceToken, withNamespace } from './token-names.ts';
import type { TokenState } from './token-state.ts';
import { addressOf, type TokenStore } from './token-store.ts';

type Where = { readonly id: string; readonly path: string };

export interface TokensDependencies {
  readonly store: TokenStore;
  readonly clock: Clock;
  readonly namespaceById: (id: string) => Promise<Namespace | undefined>;
  readonly system: LeaseTimes;
  /** The mount behind a login, to ask whether its tokens may be renewed; undefined when it is gone. */
  readonly authMount: (namespace: Namespace, uuid: string) => Promise<Mount | undefined>;
  readonly sudo: (state: TokenState, path: string, namespace: Where) => Promise<boolean>;
  readonly policyExists: (namespaceId: string, name: string) => Promise<boolean>;
  readonly identity: TokenIdentity;
}

/** Vault's token operations over the store, as the `token` auth method and the pipeline need them. */
export class Tokens implements TokenService {
  readonly #deps: TokensDependencies;
  readonly #facts: FactsOfTokens;

  constructor(deps: TokensDependencies) {
    this.#deps = deps;
    this.#facts = new FactsOfTokens(deps.clock);
  }

  /** A root token without an end, as init and generate-root make it. `id` is for the dev server. */
  async createRoot(id?: string): Promise<string> {
    if (id?.includes('.')) throw invalidRequest('custom token ID cannot have a "." in the value');
    const token = id ?? newServiceToken(rootNamespace.id);
    const entry = {
      ...blankEntry(this.#now(), rootNamespace.id),
      policies: ['root'],
      displayName: 'root',
      path: 'auth/token/root',
    };
    await this.#deps.store.insert(token, entry, rootNamespace);
    return token;
  }

  async create(wanted: NewToken, parent: Caller, where: Where, mount: LeaseTimes): Promise<IssuedToken> {
    const namespace = await this.#namespace(where);
    const { entry, lifetime } = createdEntry(wanted, parent, namespace.id, mount, this.#now());
    const owned = await this.#deps.identity.ofNewToken(
      entry,
      wanted,
      await this.#deps.store.ofCaller(parent),
      namespace,
    );
    const warnings = [...lifetime.warnings, ...(await this.#missingPolicies(owned.policies, namespace))];
    return this.#issue(owned, { ...lifetime, warnings }, namespace, wanted.id);
  }

  /** Vault's warning: such a name is allowed, for a policy that comes later, and often a slip of the pen. */
  async #missingPolicies(names: readonly string[], namespace: Namespace): Promise<string[]> {
    const found = await Promise.all(names.map((name) => this.#deps.policyExists(namespace.id, name)));
    return names.filter((_, index) => !found[index]).map((name) => `Policy ${quote(name)} does not exist`);
  }

  /** The token of a login, as the auth method granted it. */
  async login(grant: AuthGrant, mount: Mount, namespace: Namespace, path: string): Promise<IssuedToken> {
    const { entry, lifetime } = loginEntry(grant, mount, namespace.id, path, this.#now());
    const owned = await this.#deps.identity.ofLogin(entry, grant, mount, namespace);
    return this.#issue(owned, lifetime, namespace);
  }

  async lookUp(token: string, where: Where): Promise<TokenFacts | undefined> {
    return this.#shown(await this.#reach(token, where));
  }

  async lookUpAccessor(accessor: string, where: Where): Promise<TokenFacts | undefined> {
    return this.#shown(await this.#reachAccessor(accessor, where));
  }

  async lookUpCaller(caller: Caller): Promise<TokenFacts | undefined> {
    return this.#shown(await this.#deps.store.ofCaller(caller));
  }

  async renew(
    token: string,
    incrementSeconds: number,
    where: Where,
    from?: RenewalOrigin,
  ): Promise<IssuedToken> {
    const state = await this.#reach(token, where);
    if (!state) throw invalidRequest('token not found');
    return this.#renew(state, token, incrementSeconds, from);
  }

  async renewAccessor(
    accessor: string,
    incrementSeconds: number,
    where: Where,
    from?: RenewalOrigin,
  ): Promise<IssuedToken> {
    const state = await this.#reachAccessor(accessor, where);
    if (!state) throw invalidRequest('1 error occurred:\n\t* invalid accessor\n\n');
    return this.#renew(state, '', incrementSeconds, from);
  }

  async renewCaller(caller: Caller, incrementSeconds: number, from?: RenewalOrigin): Promise<IssuedToken> {
    return this.#renew(await this.#own(caller), '', incrementSeconds, from);
  }

  async revoke(token: string, where: Where): Promise<boolean> {
    const state = await this.#reach(token, where);
    if (!state) return false;
    refuseBatch(state, 'revoked');
    return this.#deps.store.revokeTree(addressOf(state));
  }

  async revokeAccessor(accessor: string, where: Where): Promise<boolean> {
    const state = await this.#reachAccessor(accessor, where);
    return state ? this.#deps.store.revokeTree(addressOf(state)) : false;
  }

  async revokeOrphan(token: string, where: Where): Promise<boolean> {
    const state = await this.#reach(token, where);
    if (!state) return false;
    refuseBatch(state, 'revoked');
    return this.#deps.store.revocation.revokeOrphan(addressOf(state));
  }

  async revokeCaller(caller: Caller): Promise<void> {
    const state = await this.#own(caller);
    refuseBatch(state, 'revoked');
    await this.#deps.store.revokeTree(addressOf(state));
  }

  accessors(where: Where): Promise<string[]> {
    return this.#deps.store.accessors(where.id);
  }

  /** Only the root namespace's policy of that name is root. */
  isRoot(caller: Caller): boolean {
    const state = this.#deps.store.letIn(caller);
    return state?.namespace.id === rootNamespace.id && state.entry.policies.includes('root');
  }

  async hasSudo(caller: Caller, path: string, where: Where): Promise<boolean> {
    const state = await this.#deps.store.ofCaller(caller);
    return state !== undefined && this.#deps.sudo(state, path, where);
  }

  async tidy(where: Where): Promise<void> {
    await this.#deps.store.resume(where.id);
    await this.#deps.store.tidy(where.id);
  }

  async #issue(
    entry: TokenEntry,
    lifetime: Lifetime,
    namespace: Namespace,
    customId?: string,
  ): Promise<IssuedToken> {
    const policies = await this.#deps.identity.policiesOf(entry, namespace);
    if (entry.type === 'batch') {
      const sealed = { ...entry, accessor: '' };
      const text = await this.#deps.store.sealBatch(sealed, namespace);
      const token = withNamespace(`hvb.${text}`, namespace.id);
      return { ...issuedToken(token, sealed, lifetime, policies), fresh: true };
    }
    const token =
      customId === undefined ? newServiceToken(namespace.id) : withNamespace(customId, namespace.id);
    await this.#deps.store.insert(token, entry, namespace);
    return { ...issuedToken(token, entry, lifetime, policies), fresh: true };
  }

  async #renew(
    state: TokenState,
    shown: string,
    incrementSeconds: number,
    from: RenewalOrigin | undefined,
  ): Promise<IssuedToken> {
    refuseBatch(state, 'renewed');
    refuseUnrenewable(state.entry);
    await this.#deps.identity.policiesOf(state.entry, state.namespace);
    const { mount, grant } = await this.#agreeToRenewal(state, from);
    let lifetime: Lifetime = { ttlSeconds: 0, warnings: [] };
    const renewed = await this.#deps.store.update(addressOf(state), (entry) => {
      refuseUnrenewable(entry);
      const nowMs = this.#now();
      const periodSeconds = grant ? (grant.periodSeconds ?? 0) : entry.periodSeconds;
      lifetime = lifetimeFrom({
        ttlSeconds: incrementSeconds,
        defaultTtlSeconds: grant?.ttlSeconds ?? entry.creationTtlSeconds,
        periodSeconds,
        explicitMaxTtlSeconds: entry.explicitMaxTtlSeconds,
        maxTtlSeconds: grant ? (grant.maxTtlSeconds ?? 0) : entry.maxTtlSeconds,
        mount,
        createdMs: entry.createdMs,
        nowMs,
      });
      return { ...entry, periodSeconds, lastRenewalMs: nowMs, expiresMs: nowMs + lifetime.ttlSeconds * 1000 };
    });
    if (!renewed) throw invalidRequest('token not found');
    const policies = await this.#deps.identity.policiesOf(renewed, state.namespace);
    return issuedToken(shown, renewed, lifetime, policies);
  }

  /** The auth method that made a token says no when the login would no longer succeed (user deleted, role changed). */
  async #agreeToRenewal(
    state: TokenState,
    from: RenewalOrigin | undefined,
  ): Promise<{ mount: LeaseTimes; grant?: AuthGrant }> {
    const { login } = state.entry;
    if (!login) return { mount: this.#deps.system };
    const mount = await this.#deps.authMount(state.namespace, login.mountUuid);
    if (!mount) throw invalidRequest('the auth method that made this token is gone, so it cannot be renewed');
    await mount.load();
    // The mount's table says which of the two kinds of plug-in it is.
    const method = mount.engine as AuthMethod | undefined;
    const before = login.grant as AuthGrant;
    if (!method?.renew) return { mount: mount.info, grant: before };
    const grant = await method.renew({
      internal: login.internal,
      grant: before,
      clientCertificates: from?.clientCertificates ?? [],
    });
    await this.#deps.identity.renewed(grant, mount, state.namespace);
    return { mount: mount.info, grant };
  }

  /** The token if it lives in `where` or below; a token of another branch is as good as none. */
  async #reach(token: string, where: Where): Promise<TokenState | undefined> {
    const state = await this.#deps.store.find(token);
    return state?.namespace.path.startsWith(where.path) ? state : undefined;
  }

  async #reachAccessor(accessor: string, where: Where): Promise<TokenState | undefined> {
    if (!isAccessor(accessor)) return undefined;
    const dot = accessor.lastIndexOf('.');
    const namespace = dot < 0 ? rootNamespace : await this.#deps.namespaceById(accessor.slice(dot + 1));
    if (!namespace?.path.startsWith(where.path)) return undefined;
    return this.#deps.store.byAccessor(accessor, namespace.id);
  }

  async #own(caller: Caller): Promise<TokenState> {
    const state = await this.#deps.store.ofCaller(caller);
    if (!state) throw new CofferError('permission-denied');
    return state;
  }

  async #namespace(where: Where): Promise<Namespace> {
    const namespace = await this.#deps.namespaceById(where.id);
    if (!namespace) throw new CofferError('not-found');
    return namespace;
  }

  async #shown(state: TokenState | undefined): Promise<TokenFacts | undefined> {
    if (!state || state.entry.entityId === '') return state && this.#facts.of(state);
    return this.#facts.of(state, await this.#deps.identity.shownPolicies(state));
  }

  #now(): number {
    return this.#deps.clock.now();
  }
}

/** As Go's %q: a name cannot break out of the sentence. */
function quote(name: string): string {
  return JSON.stringify(name);
}

function refuseBatch(state: TokenState, verb: string): void {
  if (state.entry.type === 'batch') throw invalidRequest(`batch tokens cannot be ${verb}`);
}

function refuseUnrenewable(entry: TokenEntry): void {
  if (!entry.renewable || entry.expiresMs === 0) throw invalidRequest('lease is not renewable');
}
