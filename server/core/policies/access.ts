import type { Clock } from '../../contracts/clock.ts';
import type { Namespace } from '../namespaces/namespaces.ts';
import type { TokenState } from '../tokens/token-state.ts';
import type { Acl } from './acl.ts';
import { rootPolicy } from './built-in-policies.ts';
import { compileAcl } from './compile-acl.ts';
import type { Policy } from './parse-policy.ts';
import { type PolicyStore, policyPrefix } from './policy-store.ts';

interface Compiled {
  readonly acl: Acl;
  readonly epoch: number;
}

const mostKept = 10_000;

/**
 * The compiled policies of a token, kept per set of policies and per token, and dropped whenever a policy
 * changes anywhere (they change rarely, and compiling is cheap beside that).
 */
export class Access {
  readonly #store: PolicyStore;
  readonly #clock: Clock;
  #epoch = 0;
  #bySet = new Map<string, Compiled>();
  #byToken = new WeakMap<TokenState, Compiled>();

  constructor(store: PolicyStore, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
  }

  /** Told of every changed storage key before the change is visible to requests that come later. */
  changed(keys: readonly string[] | 'all'): void {
    if (keys !== 'all' && !keys.some((key) => key.includes(`/sys/${policyPrefix}`))) return;
    this.#epoch++;
    this.#bySet.clear();
  }

  /** What `of` would answer, when nothing has to be read or compiled for it. */
  peek(token: TokenState): Acl | undefined {
    const kept = this.#byToken.get(token);
    return kept && this.#isCurrent(kept) ? kept.acl : undefined;
  }

  async of(token: TokenState): Promise<Acl> {
    const kept = this.peek(token);
    if (kept) return kept;
    const compiled = await this.#compiled(token.entry.policies, token.namespace);
    this.#byToken.set(token, compiled);
    return compiled.acl;
  }

  async #compiled(names: readonly string[], namespace: Namespace): Promise<Compiled> {
    const key = `${namespace.id}${JSON.stringify(names)}`;
    const kept = this.#bySet.get(key);
    if (kept && this.#isCurrent(kept)) return kept;
    const epoch = this.#epoch;
    const policies: Policy[] = [];
    for (const name of names) {
      const policy =
        name === 'root' && namespace.id === 'root' ? rootPolicy : await this.#store.parsed(namespace, name);
      if (policy) policies.push(policy);
    }
    const compiled: Compiled = { acl: compileAcl(policies, this.#clock.now()), epoch };
    if (this.#bySet.size >= mostKept) this.#bySet.clear();
    if (epoch === this.#epoch) this.#bySet.set(key, compiled);
    return compiled;
  }

  #isCurrent(compiled: Compiled): boolean {
    const { expiresAtMs } = compiled.acl;
    return compiled.epoch === this.#epoch && (expiresAtMs === undefined || expiresAtMs > this.#clock.now());
  }
}
