import type { Clock } from '../../../contracts/clock.ts';
import type { Records, Stored } from '../../../contracts/records.ts';
import type { RecordsOf } from '../../tokens/system-change.ts';
import { changeOidc, OidcDraft, oidcPrefix } from './oidc-draft.ts';
import { isName } from './oidc-names.ts';
import {
  type AssignmentRecord,
  allowAll,
  allowAllName,
  type ClientRecord,
  type ConfigRecord,
  defaultKey,
  defaultName,
  defaultProvider,
  type KeyRecord,
  type ProviderRecord,
  type RoleRecord,
  type ScopeRecord,
} from './oidc-records.ts';

export type Where = { readonly id: string; readonly path: string };

interface Kinds {
  key: KeyRecord;
  role: RoleRecord;
  scope: ScopeRecord;
  client: ClientRecord;
  provider: ProviderRecord;
  assignment: AssignmentRecord;
}
export type Kind = keyof Kinds;

/** Which keys the roles and the clients of a namespace sign with. */
export interface KeyUse {
  readonly byRoles: ReadonlySet<string>;
  /** Names of keys by client id. */
  readonly byClient: ReadonlyMap<string, string>;
}

const builtIn: { readonly [K in Kind]?: readonly [name: string, record: Kinds[K]] } = {
  key: [defaultName, defaultKey],
  provider: [defaultName, defaultProvider],
  assignment: [allowAllName, allowAll],
};

const batch = 500;

/** The records of the provider and of identity tokens, by namespace. */
export class OidcStore {
  readonly clock: Clock;
  readonly #recordsOf: RecordsOf;

  constructor(recordsOf: RecordsOf, clock: Clock) {
    this.#recordsOf = recordsOf;
    this.clock = clock;
  }

  records({ id }: { readonly id: string }): Records {
    return this.#recordsOf(id, 'sys/');
  }

  /** To read by; nothing is written through it. */
  reading({ id }: { readonly id: string }): OidcDraft {
    return new OidcDraft(this.#recordsOf, id);
  }

  change<T>(namespace: { readonly id: string }, work: (draft: OidcDraft) => Promise<T>): Promise<T> {
    return changeOidc(this.reading(namespace), work);
  }

  /** `change` of something that others refer to. */
  changeSettings<T>(namespace: { readonly id: string }, work: (draft: OidcDraft) => Promise<T>): Promise<T> {
    return this.change(namespace, async (draft) => {
      await draft.settings();
      return work(draft);
    });
  }

  /** Undefined for a name that cannot be one, too. */
  find<K extends Kind>(draft: OidcDraft, kind: K, name: string): Promise<Kinds[K] | undefined> {
    return isName(name) ? findIn(draft, kind, name) : Promise.resolve(undefined);
  }

  async read<K extends Kind>(
    namespace: { readonly id: string },
    kind: K,
    name: string,
  ): Promise<Kinds[K] | undefined> {
    if (!isName(name)) return undefined;
    const stored = await this.records(namespace).get<Kinds[K]>(`${oidcPrefix}${kind}/${name}`);
    return stored?.value ?? builtInOf(kind, name);
  }

  async issuer(namespace: { readonly id: string }): Promise<string> {
    const stored = await this.records(namespace).get<ConfigRecord>(`${oidcPrefix}config`);
    return stored?.value.issuer ?? '';
  }

  async clientById(namespace: { readonly id: string }, clientId: string): Promise<ClientRecord | undefined> {
    if (!isName(clientId)) return undefined;
    const name = await this.records(namespace).get<string>(`${oidcPrefix}client-id/${clientId}`);
    return name && this.read(namespace, 'client', name.value);
  }

  async names(namespace: { readonly id: string }, kind: Kind): Promise<string[]> {
    return this.namesIn(this.reading(namespace), kind);
  }

  async namesIn(draft: OidcDraft, kind: Kind): Promise<string[]> {
    const names = new Set(await draft.names(`${kind}/`));
    const own = builtIn[kind];
    if (own) names.add(own[0]);
    return [...names].sort();
  }

  /** Every record of a kind with its name, in order. */
  async all<K extends Kind>(
    namespace: { readonly id: string },
    kind: K,
  ): Promise<[name: string, record: Kinds[K]][]> {
    const names = await this.names(namespace, kind);
    const found: [string, Kinds[K]][] = [];
    for (let from = 0; from < names.length; from += batch) {
      const some = names.slice(from, from + batch);
      const stored = await this.records(namespace).getMany<Kinds[K]>(
        some.map((name) => `${oidcPrefix}${kind}/${name}`),
      );
      for (const [index, name] of some.entries()) {
        const record = stored[index]?.value ?? builtInOf(kind, name);
        if (record) found.push([name, record]);
      }
    }
    return found;
  }

  /** Kept beside the revision of the settings, as everybody may ask for what is made of it. */
  async keyUse(namespace: { readonly id: string }): Promise<KeyUse> {
    const revision = await this.records(namespace).get<number>(`${oidcPrefix}revision`);
    if (!revision) return { byRoles: new Set(), byClient: new Map() };
    const kept = useOf(revision);
    if (kept) return kept;
    const use = new MadeKeyUse(
      new Set((await this.all(namespace, 'role')).map(([, role]) => role.key)),
      new Map((await this.all(namespace, 'client')).map(([, { clientId, key }]) => [clientId, key])),
    );
    revision.memo = use;
    return use;
  }
}

class MadeKeyUse implements KeyUse {
  readonly byRoles: ReadonlySet<string>;
  readonly byClient: ReadonlyMap<string, string>;

  constructor(byRoles: ReadonlySet<string>, byClient: ReadonlyMap<string, string>) {
    this.byRoles = byRoles;
    this.byClient = byClient;
  }
}

function useOf({ memo }: Stored<number>): KeyUse | undefined {
  return memo instanceof MadeKeyUse ? memo : undefined;
}

async function findIn<K extends Kind>(
  draft: OidcDraft,
  kind: K,
  name: string,
): Promise<Kinds[K] | undefined> {
  return (await draft.get<Kinds[K]>(`${kind}/${name}`)) ?? builtInOf(kind, name);
}

function builtInOf<K extends Kind>(kind: K, name: string): Kinds[K] | undefined {
  const own: readonly [name: string, record: Kinds[K]] | undefined = builtIn[kind];
  return own?.[0] === name ? own[1] : undefined;
}
