import type { Records } from '../../contracts/records.ts';
import type { EntityRecord } from '../identity/entity-record.ts';
import { entityKey, isIdentityId, mergedKey } from '../identity/identity-keys.ts';
import { identityPrefix } from '../identity/identity-parts.ts';
import { membershipsOf } from '../identity/memberships.ts';
import type { EnforcementRecord } from './mfa-record.ts';

/** Whose login it is. */
export interface Subject {
  readonly entity: EntityRecord;
  /** Of the entity and of those that were merged into it: an enforcement on one of them stays in force. */
  readonly entityIds: ReadonlySet<string>;
  /** Direct and inherited. */
  readonly groupIds: ReadonlySet<string>;
}

/** Entities as enforcements look at them. */
export class Subjects {
  readonly #recordsOf: (namespaceId: string, prefix: string) => Records;

  constructor(recordsOf: (namespaceId: string, prefix: string) => Records) {
    this.#recordsOf = recordsOf;
  }

  async of(namespaceId: string, entityId: string): Promise<Subject | undefined> {
    const entity = await this.entity(namespaceId, entityId);
    if (!entity) return undefined;
    const { direct, inherited } = await membershipsOf(this.#recordsOf(namespaceId, identityPrefix), entity);
    return {
      entity,
      entityIds: new Set([entity.id, ...entity.mergedEntityIds]),
      groupIds: new Set([...direct, ...inherited].map(({ id }) => id)),
    };
  }

  /** The entity, or the one that it was merged into. */
  async entity(namespaceId: string, id: string): Promise<EntityRecord | undefined> {
    if (!isIdentityId(id)) return undefined;
    const records = this.#recordsOf(namespaceId, identityPrefix);
    const own = await records.get<EntityRecord>(entityKey(id));
    if (own) return own.value;
    const heir = await records.get<string>(mergedKey(id));
    return heir && (await records.get<EntityRecord>(entityKey(heir.value)))?.value;
  }
}

/** Whether an enforcement is about a login: any of its four lists decides. */
export function isTargeted(
  enforcement: EnforcementRecord,
  mount: { readonly accessor: string; readonly type: string },
  subject: Subject | undefined,
): boolean {
  return (
    enforcement.authMethodAccessors.includes(mount.accessor) ||
    enforcement.authMethodTypes.includes(mount.type) ||
    (subject !== undefined &&
      (enforcement.identityEntityIds.some((id) => subject.entityIds.has(id)) ||
        enforcement.identityGroupIds.some((id) => subject.groupIds.has(id))))
  );
}
