import type { Records } from '../../contracts/records.ts';
import type { TemplateIdentity } from '../policies/render-templates.ts';
import type { EntityRecord } from './entity-record.ts';
import { entityKey, entityPrefix, isIdentityId, mergedKey } from './identity-keys.ts';
import { identityPrefix } from './identity-parts.ts';
import { membershipsOf } from './memberships.ts';

/** What a token's policies need to know of its entity. One object while nothing of it changes. */
export interface EntityView {
  readonly namespace: { readonly id: string; readonly path: string };
  /** The entity that it is now, which it may have become part of; empty when it is gone. */
  readonly entityId: string;
  /** Exists and is not disabled. */
  readonly isUsable: boolean;
  /** Its own and its groups', sorted, each once, of its namespace. */
  readonly policies: readonly string[];
  /** For templates. */
  readonly identity: TemplateIdentity;
  /** False once something of it has changed, or it is no longer watched: then another has to be asked for. */
  readonly isCurrent: boolean;
}

interface WatchedView extends EntityView {
  isCurrent: boolean;
}

type Where = EntityView['namespace'];

const mostKept = 10_000;
const inKey = `/${identityPrefix}`;

/**
 * Views of the entities whose tokens were used lately, each made when it is first asked for and dropped when the
 * entity changes; a change of any group drops them all.
 */
export class EntityViews {
  readonly #recordsOf: (namespaceId: string, prefix: string) => Records;
  readonly #kept = new Map<string, WatchedView>();
  #epoch = 0;

  constructor(recordsOf: (namespaceId: string, prefix: string) => Records) {
    this.#recordsOf = recordsOf;
  }

  /** Told of every changed storage key before the change is visible to requests that come later. */
  changed(keys: readonly string[] | 'all'): void {
    if (keys === 'all') this.#dropAll();
    else for (const key of keys) this.#changedKey(key);
  }

  async of(namespace: Where, entityId: string): Promise<EntityView> {
    const key = watchKey(namespace.id, entityId);
    const kept = this.#kept.get(key);
    if (kept?.isCurrent) return kept;
    const epoch = this.#epoch;
    const view = await this.#make(namespace, entityId);
    if (epoch !== this.#epoch) return view;
    view.isCurrent = true;
    this.#keep(key, view);
    // Changes are told of the entity that it is now.
    if (view.entityId !== entityId && view.entityId !== '')
      this.#keep(watchKey(namespace.id, view.entityId), view);
    return view;
  }

  async #make(namespace: Where, entityId: string): Promise<WatchedView> {
    const records = this.#recordsOf(namespace.id, identityPrefix);
    const entity = await findEntity(records, entityId);
    if (!entity) return goneView(namespace);
    const { direct, inherited } = await membershipsOf(records, entity);
    const groups = [...direct, ...inherited];
    const policies = new Set([...entity.policies, ...groups.flatMap((group) => group.policies ?? [])]);
    policies.delete('root');
    return {
      namespace,
      entityId: entity.id,
      isUsable: !entity.disabled,
      policies: Object.freeze([...policies].sort()),
      identity: {
        entity: {
          id: entity.id,
          name: entity.name,
          metadata: entity.metadata ?? {},
          aliases: entity.aliases.map((alias) => ({
            mountAccessor: alias.mountAccessor,
            id: alias.id,
            name: alias.name,
            metadata: alias.metadata ?? {},
            customMetadata: alias.customMetadata ?? {},
          })),
        },
        groups: groups.map(({ id, name, metadata }) => ({
          id,
          name,
          metadata: metadata ?? {},
          namespace: namespace.path,
        })),
      },
      isCurrent: false,
    };
  }

  #changedKey(key: string): void {
    const at = key.indexOf(inKey);
    if (at < 0) return;
    this.#epoch++;
    const rest = key.slice(at + inKey.length);
    if (rest.startsWith(entityPrefix)) this.#drop(`${key.slice(0, at)}/${rest.slice(entityPrefix.length)}`);
    else if (rest.startsWith('group')) this.#dropAll();
  }

  #keep(key: string, view: WatchedView): void {
    const before = this.#kept.get(key);
    if (before && before !== view) before.isCurrent = false;
    this.#kept.delete(key);
    this.#kept.set(key, view);
    if (this.#kept.size <= mostKept) return;
    const [oldest] = this.#kept.keys();
    if (oldest !== undefined) this.#drop(oldest);
  }

  #drop(key: string): void {
    const view = this.#kept.get(key);
    if (!view) return;
    view.isCurrent = false;
    this.#kept.delete(key);
  }

  #dropAll(): void {
    this.#epoch++;
    for (const view of this.#kept.values()) view.isCurrent = false;
    this.#kept.clear();
  }
}

/** The entity, or the one that it was merged into. */
async function findEntity(records: Records, id: string): Promise<EntityRecord | undefined> {
  if (!isIdentityId(id)) return undefined;
  const own = await records.get<EntityRecord>(entityKey(id));
  if (own) return own.value;
  const heir = await records.get<string>(mergedKey(id));
  return heir && (await records.get<EntityRecord>(entityKey(heir.value)))?.value;
}

function goneView(namespace: Where): WatchedView {
  return {
    namespace,
    entityId: '',
    isUsable: false,
    policies: [],
    identity: { entity: undefined, groups: [] },
    isCurrent: false,
  };
}

/** As the storage key of the entity's record has it. */
function watchKey(namespaceId: string, entityId: string): string {
  return `n/${namespaceId}/${entityId}`;
}
