import { type MfaCredentials, passcodeOf } from './credentials.ts';
import type { Inherited } from './mfa-configs.ts';
import type { EnforcementRecord, MethodRecord, TotpMethodRecord } from './mfa-record.ts';

/** One attempt of one login: each method is tried once, however many enforcements name it. */
export class ProofOfFactors {
  readonly #methods: readonly Inherited<MethodRecord>[];
  readonly #credentials: MfaCredentials;
  readonly #check: (method: TotpMethodRecord, passcode: string) => Promise<string | undefined>;
  readonly #tried = new Map<string, string | undefined>();

  /** `check` says undefined when a code is right, else why not. */
  constructor(
    methods: readonly Inherited<MethodRecord>[],
    credentials: MfaCredentials,
    check: (method: TotpMethodRecord, passcode: string) => Promise<string | undefined>,
  ) {
    this.#methods = methods;
    this.#credentials = credentials;
    this.#check = check;
  }

  /** Undefined when one of the methods of the enforcement is satisfied; else why not, as Vault says it. */
  async of({ name, mfaMethodIds }: EnforcementRecord): Promise<string | undefined> {
    const problems: string[] = [];
    for (const id of mfaMethodIds) {
      const method = this.#methods.find(({ value }) => value.id === id);
      const offered = method ? this.#offered(method) : this.#credentials.get(id);
      if (!offered) continue;
      const problem = method
        ? await this.#try(method.value, offered)
        : 'MFA method configuration not present';
      if (problem === undefined) return undefined;
      problems.push(problem);
    }
    problems.push(`login MFA validation failed for methodID: [${mfaMethodIds.join(' ')}]`);
    const errors = problems.length === 1 ? '1 error' : `${problems.length} errors`;
    return `failed to satisfy enforcement ${name}. error: ${errors} occurred:\n${problems.map((problem) => `\t* ${problem}\n`).join('')}\n`;
  }

  async #try(method: MethodRecord, offered: readonly string[]): Promise<string | undefined> {
    if (!this.#tried.has(method.id)) this.#tried.set(method.id, await this.#judge(method, offered));
    return this.#tried.get(method.id);
  }

  async #judge(method: MethodRecord, offered: readonly string[]): Promise<string | undefined> {
    if (method.type !== 'totp')
      return `MFA method type "${method.type}" is kept by this server and cannot be checked`;
    const given = passcodeOf(offered);
    return 'problem' in given ? given.problem : this.#check(method, given.passcode);
  }

  /** By id; else by name, with the path of its namespace or without. */
  #offered({ namespace, value: { id, name } }: Inherited<MethodRecord>): readonly string[] | undefined {
    const byId = this.#credentials.get(id);
    if (byId || name === '') return byId;
    return this.#credentials.get(`${namespace.path}${name}`) ?? this.#credentials.get(name);
  }
}
