import { isDeepStrictEqual } from 'node:util';
import type { Clock } from '../../contracts/clock.ts';
import { CofferError } from '../../contracts/errors.ts';
import type { Records } from '../../contracts/records.ts';
import { freeEntityName, newEntity, putEntity } from './entities.ts';
import { aliasByFactors, newAlias, type OwnedAlias } from './entity-aliases.ts';
import type { AliasRecord, Metadata } from './entity-record.ts';
import { changeIdentity, type IdentityDraft } from './identity-draft.ts';
import { checkAliasName } from './identity-input.ts';
import { identityPrefix } from './identity-parts.ts';

/** What an auth mount says of who logs in. Undefined: it says nothing, and what it said before stays. */
export interface LoginIdentity {
  readonly mountAccessor: string;
  readonly name: string;
  readonly metadata?: Metadata | undefined;
  readonly groupNames?: readonly string[] | undefined;
}

const mostGroups = 10_000;

/** Finds or makes the entity behind a login. */
export class IdentityLogins {
  readonly #recordsOf: (namespaceId: string, prefix: string) => Records;
  readonly #clock: Clock;

  constructor(recordsOf: (namespaceId: string, prefix: string) => Records, clock: Clock) {
    this.#recordsOf = recordsOf;
    this.#clock = clock;
  }

  /**
   * The id of the entity, with what the mount says of it now. Logins of one alias at once, on any node, find one
   * entity. Throws 'permission-denied' when it is disabled.
   */
  async enter(namespaceId: string, login: LoginIdentity): Promise<string> {
    checkAliasName(login.name);
    return changeIdentity(this.#recordsOf(namespaceId, identityPrefix), async (draft) => {
      const owned = await aliasByFactors(draft, login.mountAccessor, login.name);
      if (!owned) return this.#create(draft, login);
      if (owned.entity.disabled) throw new CofferError('permission-denied');
      await this.#update(draft, owned, login);
      return owned.entity.id;
    });
  }

  /** What the mount says when a token is renewed. An alias that went meanwhile stays away. */
  async refresh(namespaceId: string, login: LoginIdentity): Promise<void> {
    await changeIdentity(this.#recordsOf(namespaceId, identityPrefix), async (draft) => {
      const owned = await aliasByFactors(draft, login.mountAccessor, login.name);
      if (owned) await this.#update(draft, owned, login);
    });
  }

  async #create(draft: IdentityDraft, login: LoginIdentity): Promise<string> {
    const nowMs = this.#clock.now();
    const entity = newEntity(await freeEntityName(draft), nowMs);
    const { metadata = null } = login;
    const more = { metadata, groupNames: sorted(login.groupNames ?? []) };
    const alias = newAlias(login.name, login.mountAccessor, more, nowMs);
    await putEntity(draft, undefined, { ...entity, aliases: [alias] });
    return entity.id;
  }

  /** Writes nothing when nothing is new, as nearly always. */
  async #update(draft: IdentityDraft, { entity, alias }: OwnedAlias, login: LoginIdentity): Promise<void> {
    const next: AliasRecord = {
      ...alias,
      metadata: login.metadata ?? alias.metadata,
      groupNames: login.groupNames ? sorted(login.groupNames) : alias.groupNames,
    };
    if (isDeepStrictEqual(next, alias)) return;
    const changed = { ...next, updatedMs: this.#clock.now() };
    const aliases = entity.aliases.map((other) => (other === alias ? changed : other));
    await putEntity(draft, entity, { ...entity, aliases });
  }
}

/** One order, each once: another order in an answer of a directory is no change. */
function sorted(names: readonly string[]): string[] {
  const wellFormed = names.filter((name) => name !== '' && name.isWellFormed());
  return [...new Set(wellFormed)].sort().slice(0, mostGroups);
}
