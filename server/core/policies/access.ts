import type { Clock } from '../../contracts/clock.ts';
import { CofferError } from '../../contracts/errors.ts';
import type { EntityView } from '../identity/index.ts';
import type { Namespace } from '../namespaces/namespaces.ts';
import type { TokenIdentity } from '../tokens/token-identity.ts';
import type { TokenState } from '../tokens/token-state.ts';
import type { Acl } from './acl.ts';
import { rootPolicy } from './built-in-policies.ts';
import { compileAcl } from './compile-acl.ts';
import { type Policy, parsePolicy } from './parse-policy.ts';
import { type PolicyStore, policyPrefix } from './policy-store.ts';
import { renderTemplates } from './render-templates.ts';

interface Compiled {
  readonly acl: Acl;
  readonly epoch: number;
  /** The entity that it was compiled for. */
  readonly view?: EntityView;
}

type Where = Pick<Namespace, 'id' | 'path'>;

const mostKept = 10_000;

/**
 * The compiled policies of a token, kept per set of policies and per token, and dropped whenever a policy
 * changes anywhere (they change rarely, and compiling is cheap beside that). With an entity, its policies and its
 * groups' join the token's, templates are filled in, and all is dropped when anything of the entity changes.
 */
export class Access {
  readonly #store: PolicyStore;
  readonly #clock: Clock;
  readonly #identity: TokenIdentity;
  #epoch = 0;
  #bySet = new Map<string, Compiled>();
  #byView = new WeakMap<EntityView, Map<string, Compiled>>();
  #byToken = new WeakMap<TokenState, Compiled>();

  constructor(store: PolicyStore, clock: Clock, identity: TokenIdentity) {
    this.#store = store;
    this.#clock = clock;
    this.#identity = identity;
  }

  /** Told of every changed storage key before the change is visible to requests that come later. */
  changed(keys: readonly string[] | 'all'): void {
    if (keys !== 'all' && !keys.some((key) => key.includes(`/sys/${policyPrefix}`))) return;
    this.#epoch++;
    this.#bySet.clear();
    this.#byView = new WeakMap();
  }

  /** What `of` would answer, when nothing has to be read or compiled for it. */
  peek(token: TokenState): Acl | undefined {
    const kept = this.#byToken.get(token);
    return kept && this.#isCurrent(kept) ? kept.acl : undefined;
  }

  /** Policies that the token had by its entity when it was let in. */
  identityPolicies(token: TokenState): readonly string[] | undefined {
    const { entityId, inlinePolicy } = token.entry;
    if (entityId === '' || inlinePolicy !== undefined) return undefined;
    return this.#byToken.get(token)?.view?.policies;
  }

  /** Throws 'permission-denied' when the token's entity is disabled or gone. */
  async of(token: TokenState): Promise<Acl> {
    const kept = this.peek(token);
    if (kept) return kept;
    const view = await this.#identity.viewOf(token);
    if (view && !view.isUsable) throw new CofferError('permission-denied');
    const { entry, namespace } = token;
    const { inlinePolicy } = entry;
    if (inlinePolicy !== undefined) {
      const acl = compileAcl([parsePolicy('inline', inlinePolicy, namespace.path)], this.#clock.now());
      this.#byToken.set(token, { acl, epoch: this.#epoch, ...(view ? { view } : {}) });
      return acl;
    }
    const compiled = view
      ? await this.#compiledFor(view, entry.policies, namespace)
      : await this.#compiled(entry.policies, namespace);
    this.#byToken.set(token, compiled);
    return compiled.acl;
  }

  async #compiled(names: readonly string[], namespace: Namespace): Promise<Compiled> {
    const key = `${namespace.id}${JSON.stringify(names)}`;
    const kept = this.#bySet.get(key);
    if (kept && this.#isCurrent(kept)) return kept;
    const epoch = this.#epoch;
    const policies = await this.#parsed(names, namespace);
    const compiled: Compiled = { acl: compileAcl(policies, this.#clock.now()), epoch };
    if (this.#bySet.size >= mostKept) this.#bySet.clear();
    if (epoch === this.#epoch) this.#bySet.set(key, compiled);
    return compiled;
  }

  /** A root token stays one: nothing can be added to it. */
  async #compiledFor(view: EntityView, names: readonly string[], namespace: Namespace): Promise<Compiled> {
    const key = `${namespace.id}${JSON.stringify(names)}`;
    const kept = this.#byView.get(view)?.get(key);
    if (kept && this.#isCurrent(kept)) return kept;
    const epoch = this.#epoch;
    const own = await this.#parsed(names, namespace);
    const isRoot = own.includes(rootPolicy);
    const added = isRoot
      ? []
      : view.policies.filter((name) => view.namespace.id !== namespace.id || !names.includes(name));
    const policies = [...own, ...(await this.#parsed(added, view.namespace))];
    const rendered = isRoot ? policies : policies.map((policy) => renderTemplates(policy, view.identity));
    const compiled: Compiled = { acl: compileAcl(rendered, this.#clock.now()), epoch, view };
    if (epoch !== this.#epoch) return compiled;
    const sets = this.#byView.get(view) ?? new Map<string, Compiled>();
    if (sets.size >= mostKept) sets.clear();
    this.#byView.set(view, sets.set(key, compiled));
    return compiled;
  }

  async #parsed(names: readonly string[], namespace: Where): Promise<Policy[]> {
    const policies: Policy[] = [];
    for (const name of names) {
      const policy =
        name === 'root' && namespace.id === 'root' ? rootPolicy : await this.#store.parsed(namespace, name);
      if (policy) policies.push(policy);
    }
    return policies;
  }

  #isCurrent(compiled: Compiled): boolean {
    const { expiresAtMs } = compiled.acl;
    if (compiled.view && !compiled.view.isCurrent) return false;
    return compiled.epoch === this.#epoch && (expiresAtMs === undefined || expiresAtMs > this.#clock.now());
  }
}
