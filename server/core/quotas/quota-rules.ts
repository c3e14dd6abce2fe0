import type { Quota } from './quota.ts';

/** Where a request goes, as quotas see it. */
export interface QuotaSubject {
  /** Empty for root, else ending in '/'. */
  readonly namespacePath: string;
  /** Relative to the namespace, ending in '/'; empty where there is no mount. */
  readonly mountPath: string;
  /** Relative to the namespace. */
  readonly path: string;
  /** Of a login; '' where there is none. */
  readonly role: string;
}

/**
 * Finds the one quota that applies: the most exact wins. In order: mount with role, path, longest beginning of a
 * path, mount, namespace, the nearest namespace above whose quota is inheritable.
 */
export class QuotaRules<Q extends Quota = Quota> {
  readonly #byRole = new Map<string, Q>();
  readonly #byPath = new Map<string, Q>();
  /** Longest first. */
  readonly #beginnings: readonly { readonly beginning: string; readonly quota: Q }[];

  constructor(quotas: readonly Q[]) {
    const beginnings: { beginning: string; quota: Q }[] = [];
    for (const quota of quotas) {
      if (quota.role !== '') this.#byRole.set(`${quota.path}\n${quota.role}`, quota);
      else if (quota.path.endsWith('*')) beginnings.push({ beginning: quota.path.slice(0, -1), quota });
      else this.#byPath.set(quota.path, quota);
    }
    this.#beginnings = beginnings.sort((a, b) => b.beginning.length - a.beginning.length);
  }

  get isEmpty(): boolean {
    return this.#byRole.size + this.#byPath.size + this.#beginnings.length === 0;
  }

  /** Whether to ask for the role of logins at a mount at all. */
  get hasRoles(): boolean {
    return this.#byRole.size > 0;
  }

  find(subject: QuotaSubject): Q | undefined {
    const { namespacePath, mountPath } = subject;
    if (mountPath !== '') {
      if (subject.role !== '' && this.hasRoles) {
        const found = this.#byRole.get(`${namespacePath}${mountPath}\n${subject.role}`);
        if (found) return found;
      }
      const path = `${namespacePath}${subject.path}`;
      const bare = path.endsWith('/') ? path.slice(0, -1) : path;
      const exact = this.#byPath.get(bare) ?? this.#beginningOf(path);
      if (exact) return exact;
      const ofMount = this.#byPath.get(`${namespacePath}${mountPath}`);
      if (ofMount) return ofMount;
    }
    return this.#byPath.get(namespacePath) ?? this.#inherited(namespacePath);
  }

  #beginningOf(path: string): Q | undefined {
    for (const { beginning, quota } of this.#beginnings) if (path.startsWith(beginning)) return quota;
    return undefined;
  }

  #inherited(namespacePath: string): Q | undefined {
    let path = namespacePath;
    while (path !== '') {
      path = path.slice(0, path.lastIndexOf('/', path.length - 2) + 1);
      const found = this.#byPath.get(path);
      if (found?.inheritable) return found;
    }
    return undefined;
  }
}
