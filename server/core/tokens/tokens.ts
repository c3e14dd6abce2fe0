import type { AuthMethod } from '../../contracts/auth-method.ts';
import type { Clock } from '../../contracts/clock.ts';
import { CofferError, invalidRequest } from '../../contracts/errors.ts';
import type { AuthGrant, Caller } from '../../contracts/request.ts';
import type { IssuedToken, NewToken, TokenFacts, TokenService } from '../../contracts/token-service.ts';
import type { LeaseTimes, Mount } from '../mounts/mount.ts';
import { type Namespace, rootNamespace } from '../namespaces/namespaces.ts';
import { lifetimeFrom } from './lifetime.ts';
import { normalizePolicies, type TokenEntry } from './token-entry.ts';
import { newServiceToken, randomName, withNamespace } from './token-names.ts';
import type { TokenState } from './token-state.ts';
import type { TokenStore } from './token-store.ts';

type Where = { readonly id: string; readonly path: string };

export interface TokensDependencies {
  readonly store: TokenStore;
  readonly clock: Clock;
  readonly namespaceById: (id: string) => Promise<Namespace | undefined>;
  readonly system: LeaseTimes;
  /** The mount behind a login, to ask whether its tokens may be renewed; undefined when it is gone. */
  readonly authMount: (namespace: Namespace, uuid: string) => Promise<Mount | undefined>;
  readonly sudo: (state: TokenState, path: string, namespace: Where) => Promise<boolean>;
}

/** Vault's token operations over the store, as the `token` auth method and the pipeline need them. */
export class Tokens implements TokenService {
  readonly #deps: TokensDependencies;

  constructor(deps: TokensDependencies) {
    this.#deps = deps;
  }

  /** A root token without an end, as init and generate-root make it. `id` is for the dev server. */
  async createRoot(id?: string): Promise<string> {
    const token = id ?? newServiceToken(rootNamespace.id);
    await this.#deps.store.insert(
      token,
      { ...blankEntry(this.#now(), rootNamespace.id), policies: ['root'], displayName: 'root', path: 'auth/token/root' },
      rootNamespace,
    );
    return token;
  }

  async create(wanted: NewToken, parent: Caller, where: Where, mount: LeaseTimes): Promise<IssuedToken> {
    const namespace = await this.#namespace(where);
    const nowMs = this.#now();
    const root = wanted.policies.includes('root');
    const unlimited =
      root && wanted.ttlSeconds === 0 && wanted.periodSeconds === 0 && wanted.explicitMaxTtlSeconds === 0;
    const lifetime = unlimited
      ? { ttlSeconds: 0, warnings: [] }
      : lifetimeFrom({ ...wanted, mount, createdMs: nowMs, nowMs });
    const entry: TokenEntry = {
      ...blankEntry(nowMs, namespace.id),
      type: wanted.type,
      policies: wanted.policies,
      displayName: wanted.displayName,
      metadata: wanted.metadata,
      path: wanted.path,
      creationTtlSeconds: lifetime.ttlSeconds,
      explicitMaxTtlSeconds: wanted.explicitMaxTtlSeconds,
      periodSeconds: wanted.periodSeconds,
      maxTtlSeconds: mount.maxLeaseTtlSeconds,
      expiresMs: unlimited ? 0 : nowMs + lifetime.ttlSeconds * 1000,
      renewable: wanted.renewable && !unlimited && wanted.type === 'service',
      numUses: wanted.numUses,
      role: wanted.role,
      boundCidrs: wanted.boundCidrs,
      ...(wanted.orphan ? {} : { parent: { digest: parent.tokenHandle, namespaceId: parent.namespaceId } }),
    };
    const token = await this.#store(wanted, entry, namespace);
    return { ...issued(token, entry, lifetime.ttlSeconds), warnings: lifetime.warnings, fresh: true };
  }

  /** The token of a login, as the auth method granted it. */
  async login(grant: AuthGrant, mount: Mount, namespace: Namespace, path: string): Promise<IssuedToken> {
    const nowMs = this.#now();
    const type = tokenTypeOf(grant.tokenType, mount.entry.config.tokenType);
    const lifetime = lifetimeFrom({
      ttlSeconds: grant.ttlSeconds ?? 0,
      periodSeconds: grant.periodSeconds ?? 0,
      explicitMaxTtlSeconds: grant.explicitMaxTtlSeconds ?? 0,
      maxTtlSeconds: grant.maxTtlSeconds ?? 0,
      mount: mount.info,
      createdMs: nowMs,
      nowMs,
    });
    const policies = normalizePolicies(grant.policies, !(grant.noDefaultPolicy ?? false));
    if (policies.includes('root'))
      throw new CofferError('permission-denied', undefined, {
        detail: 'an auth method may not hand out the root policy',
      });
    if (type === 'batch' && (grant.numUses || grant.periodSeconds))
      throw invalidRequest('batch tokens cannot have a period or a number of uses');
    const entry: TokenEntry = {
      ...blankEntry(nowMs, namespace.id),
      type,
      policies,
      displayName: `${mount.entry.path.slice(0, -1).replaceAll('/', '-')}-${grant.displayName}`.replace(
        /-$/,
        '',
      ),
      metadata: grant.metadata,
      path,
      creationTtlSeconds: lifetime.ttlSeconds,
      explicitMaxTtlSeconds: grant.explicitMaxTtlSeconds ?? 0,
      periodSeconds: grant.periodSeconds ?? 0,
      maxTtlSeconds: grant.maxTtlSeconds
        ? Math.min(grant.maxTtlSeconds, mount.info.maxLeaseTtlSeconds)
        : mount.info.maxLeaseTtlSeconds,
      expiresMs: nowMs + lifetime.ttlSeconds * 1000,
      renewable: grant.renewable && type === 'service',
      numUses: grant.numUses ?? 0,
      boundCidrs: grant.boundCidrs ?? [],
      login: {
        mountUuid: mount.entry.uuid,
        internal: grant.internal ?? {},
        grant: { ...grant, internal: undefined },
      },
    };
    const token = await this.#store({ type }, entry, namespace);
    return { ...issued(token, entry, lifetime.ttlSeconds), warnings: lifetime.warnings, fresh: true };
  }

  async lookUp(token: string, where: Where): Promise<TokenFacts | undefined> {
    return this.#facts(await this.#reach(token, where));
  }

  async lookUpAccessor(accessor: string, where: Where): Promise<TokenFacts | undefined> {
    return this.#facts(await this.#reachAccessor(accessor, where));
  }

  async lookUpCaller(caller: Caller): Promise<TokenFacts | undefined> {
    return this.#facts(await this.#own(caller));
  }

  async renew(token: string, incrementSeconds: number, where: Where): Promise<IssuedToken> {
    const state = await this.#reach(token, where);
    if (!state) throw new CofferError('permission-denied', 'bad token');
    return this.#renew(state, token, incrementSeconds);
  }

  async renewAccessor(accessor: string, incrementSeconds: number, where: Where): Promise<IssuedToken> {
    const state = await this.#reachAccessor(accessor, where);
    if (!state) throw invalidRequest('invalid accessor');
    return this.#renew(state, '', incrementSeconds);
  }

  async renewCaller(caller: Caller, incrementSeconds: number): Promise<IssuedToken> {
    const state = await this.#own(caller);
    if (!state) {
      if (caller.tokenType === 'batch') throw invalidRequest('batch tokens cannot be renewed');
      throw new CofferError('permission-denied');
    }
    return this.#renew(state, '', incrementSeconds);
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
    return this.#deps.store.revokeOrphan(addressOf(state));
  }

  async revokeCaller(caller: Caller): Promise<void> {
    if (caller.tokenType === 'batch') throw invalidRequest('batch tokens cannot be revoked');
    await this.#deps.store.revokeTree({ namespaceId: caller.namespaceId, digest: caller.tokenHandle });
  }

  accessors(where: Where): Promise<string[]> {
    return this.#deps.store.accessors(where.id);
  }

  isRoot(caller: Caller): boolean {
    return caller.policies.includes('root');
  }

  async hasSudo(caller: Caller, path: string, where: Where): Promise<boolean> {
    const state = await this.#own(caller);
    return state !== undefined && this.#deps.sudo(state, path, where);
  }

  async tidy(where: Where): Promise<void> {
    await this.#deps.store.resume(where.id);
    await this.#deps.store.tidy(where.id);
  }

  async #renew(state: TokenState, shown: string, incrementSeconds: number): Promise<IssuedToken> {
    refuseBatch(state, 'renewed');
    let current: TokenState | undefined = state;
    while (current) {
      const { entry } = current;
      if (!entry.renewable || entry.expiresMs === 0) throw invalidRequest('lease is not renewable');
      const mount = await this.#agreeToRenewal(current);
      const nowMs = this.#now();
      const lifetime = lifetimeFrom({
        ttlSeconds: incrementSeconds,
        periodSeconds: entry.periodSeconds,
        explicitMaxTtlSeconds: entry.explicitMaxTtlSeconds,
        maxTtlSeconds: entry.maxTtlSeconds,
        mount,
        createdMs: entry.createdMs,
        nowMs,
      });
      const renewed: TokenEntry = {
        ...entry,
        lastRenewalMs: nowMs,
        expiresMs: nowMs + lifetime.ttlSeconds * 1000,
      };
      if (await this.#deps.store.replace(current, renewed))
        return { ...issued(shown, renewed, lifetime.ttlSeconds), warnings: lifetime.warnings };
      current = await this.#deps.store.at(addressOf(current));
    }
    throw new CofferError('permission-denied', 'bad token');
  }

  /** The auth method that made a token says no when the login would no longer succeed (user deleted, role changed). */
  async #agreeToRenewal(state: TokenState): Promise<LeaseTimes> {
    const { login } = state.entry;
    if (!login) return this.#deps.system;
    const mount = await this.#deps.authMount(state.namespace, login.mountUuid);
    if (!mount) throw invalidRequest('the auth method that made this token is gone, so it cannot be renewed');
    await mount.load();
    const method = mount.engine as AuthMethod | undefined;
    if (method?.renew) await method.renew({ internal: login.internal, grant: login.grant as AuthGrant });
    return mount.info;
  }

  async #store(
    wanted: { readonly id?: string; readonly type: 'service' | 'batch' },
    entry: TokenEntry,
    namespace: Namespace,
  ): Promise<string> {
    if (wanted.type === 'batch') {
      const text = await this.#deps.store.sealBatch({ ...entry, accessor: '' }, namespace);
      return withNamespace(`hvb.${text}`, namespace.id);
    }
    const token =
      wanted.id === undefined ? newServiceToken(namespace.id) : withNamespace(wanted.id, namespace.id);
    await this.#deps.store.insert(token, entry, namespace);
    return token;
  }

  /** The token if it lives in `where` or below; a token of another branch is as good as none. */
  async #reach(token: string, where: Where): Promise<TokenState | undefined> {
    const state = await this.#deps.store.find(token);
    return state?.namespace.path.startsWith(where.path) ? state : undefined;
  }

  async #reachAccessor(accessor: string, where: Where): Promise<TokenState | undefined> {
    const dot = accessor.lastIndexOf('.');
    const namespace = dot < 0 ? where : await this.#deps.namespaceById(accessor.slice(dot + 1));
    if (!namespace?.path.startsWith(where.path)) return undefined;
    return this.#deps.store.byAccessor(accessor, namespace.id);
  }

  async #own(caller: Caller): Promise<TokenState | undefined> {
    if (caller.tokenType !== 'service') return undefined;
    return this.#deps.store.at({ namespaceId: caller.namespaceId, digest: caller.tokenHandle });
  }

  async #namespace(where: Where): Promise<Namespace> {
    const namespace = await this.#deps.namespaceById(where.id);
    if (!namespace) throw new CofferError('not-found');
    return namespace;
  }

  #facts(state: TokenState | undefined): TokenFacts | undefined {
    if (!state) return undefined;
    const { entry } = state;
    return {
      accessor: entry.accessor,
      createdMs: entry.createdMs,
      issuedMs: entry.createdMs,
      lastRenewalMs: entry.lastRenewalMs,
      creationTtlSeconds: entry.creationTtlSeconds,
      explicitMaxTtlSeconds: entry.explicitMaxTtlSeconds,
      periodSeconds: entry.periodSeconds,
      expiresMs: entry.expiresMs,
      ttlSeconds: entry.expiresMs === 0 ? 0 : Math.max(0, Math.floor((entry.expiresMs - this.#now()) / 1000)),
      displayName: entry.displayName,
      entityId: entry.entityId,
      metadata: entry.metadata,
      numUses: entry.numUses,
      orphan: entry.parent === undefined,
      path: entry.path,
      policies: entry.policies,
      renewable: entry.renewable,
      type: entry.type,
      role: entry.role,
      boundCidrs: entry.boundCidrs,
      namespacePath: state.namespace.path,
    };
  }

  #now(): number {
    return this.#deps.clock.now();
  }
}

function blankEntry(nowMs: number, namespaceId: string): TokenEntry {
  return {
    accessor: withNamespace(randomName(), namespaceId),
    type: 'service',
    policies: [],
    displayName: '',
    metadata: null,
    path: '',
    createdMs: nowMs,
    creationTtlSeconds: 0,
    explicitMaxTtlSeconds: 0,
    periodSeconds: 0,
    maxTtlSeconds: 0,
    expiresMs: 0,
    renewable: false,
    numUses: 0,
    entityId: '',
    role: '',
    boundCidrs: [],
  };
}

function issued(token: string, entry: TokenEntry, ttlSeconds: number): IssuedToken {
  return {
    clientToken: token,
    accessor: entry.type === 'batch' ? '' : entry.accessor,
    policies: entry.policies,
    tokenPolicies: entry.policies,
    metadata: entry.metadata,
    leaseDurationSeconds: ttlSeconds,
    renewable: entry.renewable,
    entityId: entry.entityId,
    tokenType: entry.type,
    orphan: entry.parent === undefined,
    numUses: entry.numUses,
  };
}

function addressOf(state: TokenState): { namespaceId: string; digest: string } {
  return { namespaceId: state.namespace.id, digest: state.digest };
}

function refuseBatch(state: TokenState, verb: string): void {
  if (state.entry.type === 'batch') throw invalidRequest(`batch tokens cannot be ${verb}`);
}

/** Vault's rule: a mount set to service or batch decides; its defaults give way to what the login asks for. */
function tokenTypeOf(asked: AuthGrant['tokenType'], mount: string | undefined): 'service' | 'batch' {
  if (mount === 'service' || mount === 'batch') return mount;
  if (asked === 'service' || asked === 'batch') return asked;
  if (asked === 'default-batch' || mount === 'default-batch') return 'batch';
  return 'service';
}
