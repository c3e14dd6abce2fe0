import type { Records } from '../../contracts/records.ts';

/** A token role: what tokens made through `create/<role>` may be. Durations in seconds, 0 for unset. */
export interface TokenRole {
  readonly name: string;
  readonly allowedPolicies: readonly string[];
  readonly disallowedPolicies: readonly string[];
  readonly allowedPoliciesGlob: readonly string[];
  readonly disallowedPoliciesGlob: readonly string[];
  readonly orphan: boolean;
  readonly renewable: boolean;
  readonly pathSuffix: string;
  readonly allowedEntityAliases: readonly string[] | null;
  readonly boundCidrs: readonly string[];
  readonly explicitMaxTtlSeconds: number;
  readonly periodSeconds: number;
  readonly noDefaultPolicy: boolean;
  readonly tokenType: string;
  readonly numUses: number;
  /** Settings that were given by their names from before `token_…`, which read back under both. */
  readonly olderNames: readonly string[];
}

/** The roles of one token mount, under `role/<name>`. */
export class Roles {
  readonly #records: Records;

  constructor(records: Records) {
    this.#records = records;
  }

  async find(name: string): Promise<TokenRole | undefined> {
    return name === '' ? undefined : (await this.#records.get<TokenRole>(`role/${name}`))?.value;
  }

  write(role: TokenRole): Promise<void> {
    return this.#records.commit({ put: [[`role/${role.name}`, role]] });
  }

  remove(name: string): Promise<void> {
    return this.#records.commit({ remove: [`role/${name}`] });
  }

  list(): Promise<string[]> {
    return this.#records.list('role/', { limit: 1_000_000 });
  }
}
