import { invalidRequest } from '../../contracts/errors.ts';
import type { Records } from '../../contracts/records.ts';
import { entityById } from '../../core/identity/entities.ts';
import type { GroupRecord } from '../../core/identity/group-record.ts';
import { groupById, groupByName, removeGroup, writeGroup } from '../../core/identity/groups.ts';
import { changeIdentity, IdentityDraft } from '../../core/identity/identity-draft.ts';
import { identityPrefix } from '../../core/identity/identity-parts.ts';
import { type Role, roleName, roles } from './roles.ts';

/** What holds a role: an entity (person or machine) or a group, by its id. */
export interface Holder {
  readonly kind: 'entity' | 'group';
  readonly id: string;
}

export interface Member extends Holder {
  readonly role: Role;
  readonly name: string;
  /** What auth mounts call an entity. */
  readonly aliases: readonly { readonly mountAccessor: string; readonly name: string }[];
}

/** Who has which role, kept as identity groups of the root namespace: one for each role of a workspace. */
export class RoleGroups {
  readonly #recordsOf: (namespaceId: string, prefix: string) => Records;
  readonly #now: () => number;

  constructor(recordsOf: (namespaceId: string, prefix: string) => Records, now: () => number) {
    this.#recordsOf = recordsOf;
    this.#now = now;
  }

  get #records(): Records {
    return this.#recordsOf('root', identityPrefix);
  }

  /** New and empty, whatever groups of these names held before. */
  async create(workspace: string): Promise<void> {
    await this.change(async (draft) => {
      for (const role of roles) {
        const name = roleName(workspace, role);
        const before = await groupByName(draft, name);
        if (before?.type === 'external') throw invalidRequest(`the group "${name}" is in the way`);
        await writeGroup(
          draft,
          before,
          { name, type: 'internal', policies: [name], memberEntityIds: [], memberGroupIds: [] },
          this.#now(),
        );
      }
    });
  }

  async remove(workspace: string): Promise<void> {
    await this.change(async (draft) => {
      for (const role of roles) {
        const group = await groupByName(draft, roleName(workspace, role));
        if (group) await removeGroup(draft, group);
      }
    });
  }

  async anyOf(workspace: string): Promise<boolean> {
    const draft = new IdentityDraft(this.#records);
    for (const role of roles) if (await groupByName(draft, roleName(workspace, role))) return true;
    return false;
  }

  async exist(workspace: string): Promise<boolean> {
    const draft = new IdentityDraft(this.#records);
    for (const role of roles) if (!(await groupByName(draft, roleName(workspace, role)))) return false;
    return true;
  }

  change<T>(work: (draft: IdentityDraft) => Promise<T>): Promise<T> {
    return changeIdentity(this.#records, work);
  }

  /** Gives `holder` the role and takes any other of the workspace from it. Undefined takes all. Refuses to leave no owner. */
  async set(draft: IdentityDraft, workspace: string, holder: Holder, role: Role | undefined): Promise<void> {
    const before = await this.roleOf(draft, workspace, holder);
    if (before === role) return;
    if (before === 'owner') await this.#refuseLast(draft, workspace, holder);
    for (const one of roles) {
      const group = await this.#group(draft, workspace, one);
      const key = holder.kind === 'entity' ? 'memberEntityIds' : 'memberGroupIds';
      const held = group[key] ?? [];
      const isIn = held.includes(holder.id);
      if (isIn === (one === role)) continue;
      const next = one === role ? [...held, holder.id] : held.filter((id) => id !== holder.id);
      await writeGroup(draft, group, { [key]: next }, this.#now());
    }
  }

  async roleOf(draft: IdentityDraft, workspace: string, holder: Holder): Promise<Role | undefined> {
    for (const role of roles) {
      const group = await this.#group(draft, workspace, role);
      const held = holder.kind === 'entity' ? group.memberEntityIds : group.memberGroupIds;
      if (held?.includes(holder.id)) return role;
    }
    return undefined;
  }

  async members(workspace: string): Promise<Member[]> {
    const draft = new IdentityDraft(this.#records);
    const found: Member[] = [];
    for (const role of roles.toReversed()) {
      const group = await this.#group(draft, workspace, role);
      for (const id of group.memberEntityIds ?? []) {
        const entity = await entityById(draft, id);
        if (entity) found.push({ kind: 'entity', id, role, name: entity.name, aliases: entity.aliases });
      }
      for (const id of group.memberGroupIds ?? []) {
        const member = await groupById(draft, id);
        if (member) found.push({ kind: 'group', id, role, name: member.name, aliases: [] });
      }
    }
    return found;
  }

  async #group(draft: IdentityDraft, workspace: string, role: Role): Promise<GroupRecord> {
    const group = await groupByName(draft, roleName(workspace, role));
    if (group) return group;
    throw invalidRequest(`the workspace "${workspace}" has no roles`, {
      hint: `Give it roles with: coffer workspaces create ${workspace}`,
    });
  }

  async #refuseLast(draft: IdentityDraft, workspace: string, holder: Holder): Promise<void> {
    const owners = await this.#group(draft, workspace, 'owner');
    const others = [...(owners.memberEntityIds ?? []), ...(owners.memberGroupIds ?? [])];
    if (others.some((id) => id !== holder.id)) return;
    throw invalidRequest('the last owner of a workspace cannot go', {
      hint: 'Make somebody else owner first.',
    });
  }
}
