import { CofferError } from '../../contracts/errors.ts';
import type { Records } from '../../contracts/records.ts';
import { StorageConflict } from '../../contracts/storage.ts';
import { type Namespace, type Namespaces, rootNamespace } from '../namespaces/namespaces.ts';
import { type EnforcementRecord, emptyConfig, type MethodRecord, type MfaConfig } from './mfa-record.ts';

export const mfaPrefix = 'sys/mfa/';
const configKey = 'config';
const mostAttempts = 50;

type RecordsOf = (namespaceId: string, prefix: string) => Records;
type Where = Pick<Namespace, 'id' | 'path'>;

/** Something of a namespace that counts in those below it too. */
export interface Inherited<T> {
  readonly namespace: Where;
  readonly value: T;
}

/** Methods and enforcements of all namespaces. What is configured in a namespace holds in those below it. */
export class MfaConfigs {
  readonly #recordsOf: RecordsOf;
  readonly #namespaces: Pick<Namespaces, 'find' | 'below'>;

  constructor(recordsOf: RecordsOf, namespaces: Pick<Namespaces, 'find' | 'below'>) {
    this.#recordsOf = recordsOf;
    this.#namespaces = namespaces;
  }

  /** From memory but for the first time. */
  async of(namespaceId: string): Promise<MfaConfig> {
    return (await this.#records(namespaceId).get<MfaConfig>(configKey))?.value ?? emptyConfig;
  }

  /** Changes the configuration of one namespace in one commit. `work` may run more than once. */
  async change(namespaceId: string, work: (before: MfaConfig) => MfaConfig | undefined): Promise<void> {
    const records = this.#records(namespaceId);
    for (let attempt = 1; ; attempt++) {
      const stored = await records.get<MfaConfig>(configKey);
      const after = work(stored?.value ?? emptyConfig);
      if (!after) return;
      try {
        await records.commit({ expect: [{ key: configKey, stored }], put: [[configKey, after]] });
        return;
      } catch (error) {
        if (!(error instanceof StorageConflict)) throw error;
        if (attempt >= mostAttempts) throw new CofferError('conflict');
      }
    }
  }

  /** Those that hold for logins in a namespace: its own and those of the namespaces above. */
  async enforcements(namespace: Where): Promise<Inherited<EnforcementRecord>[]> {
    return this.#inherited(namespace, ({ enforcements }) => enforcements);
  }

  /** Those that can be named in a namespace. */
  async methods(namespace: Where): Promise<Inherited<MethodRecord>[]> {
    return this.#inherited(namespace, ({ methods }) => methods);
  }

  /** The enforcement that names a method, in its namespace or below. */
  async enforcementWith(methodId: string, namespace: Namespace): Promise<EnforcementRecord | undefined> {
    const names = (config: MfaConfig) =>
      config.enforcements.find(({ mfaMethodIds }) => mfaMethodIds.includes(methodId));
    const own = names(await this.of(namespace.id));
    if (own) return own;
    for await (const { id } of this.#namespaces.below(namespace)) {
      const found = names(await this.of(id));
      if (found) return found;
    }
    return undefined;
  }

  async #inherited<T>(namespace: Where, pick: (config: MfaConfig) => readonly T[]): Promise<Inherited<T>[]> {
    const found: Inherited<T>[] = [];
    for (const each of await this.#lineage(namespace))
      for (const value of pick(await this.of(each.id))) found.push({ namespace: each, value });
    return found;
  }

  /** From root to the namespace itself. One of them that is gone is a login that should not be. */
  async #lineage({ id, path }: Where): Promise<Where[]> {
    if (path === '') return [rootNamespace];
    const line: Where[] = [rootNamespace];
    const own = path.length - 1;
    for (let cut = path.indexOf('/'); cut >= 0 && cut < own; cut = path.indexOf('/', cut + 1)) {
      const above = await this.#namespaces.find(path.slice(0, cut));
      if (!above) throw new CofferError('permission-denied');
      line.push(above);
    }
    return [...line, { id, path }];
  }

  #records(namespaceId: string): Records {
    return this.#recordsOf(namespaceId, mfaPrefix);
  }
}
