import type { Clock } from '../../contracts/clock.ts';
import { CofferError, invalidRequest } from '../../contracts/errors.ts';
import type { Origin } from '../../contracts/request.ts';
import { entityById, entityByName } from '../../core/identity/entities.ts';
import { aliasByFactors, writeAlias } from '../../core/identity/entity-aliases.ts';
import { groupByName } from '../../core/identity/groups.ts';
import type { IdentityDraft } from '../../core/identity/identity-draft.ts';
import type { Mounts } from '../../core/mounts/mounts.ts';
import { rootNamespace } from '../../core/namespaces/namespaces.ts';
import type { Requests } from '../requests.ts';
import type { Holder, Member, RoleGroups } from './role-groups.ts';
import type { Role } from './roles.ts';

export interface MembersDependencies {
  readonly groups: RoleGroups;
  readonly mounts: () => Mounts;
  readonly requests: Requests;
  readonly clock: Clock;
}

/** Who changes a member. */
export interface Changer {
  readonly origin: Origin;
  readonly mayManageOwners: boolean;
}

const form = /^(user|group|machine|entity):(.{1,256})$/u;

/**
 * People, groups and machines of a workspace. A subject is `user:NAME` (userpass), `group:NAME` (an identity group), `machine:ROLE`
 * (AppRole) or `entity:NAME-OR-ID`; all live in the root namespace.
 */
export class Members {
  readonly #deps: MembersDependencies;

  constructor(deps: MembersDependencies) {
    this.#deps = deps;
  }

  async list(workspace: string): Promise<Record<string, unknown>[]> {
    const table = await this.#deps.mounts().table(rootNamespace);
    const members = await this.#deps.groups.members(workspace);
    return members.map((member) => ({
      subject: subjectOf(member, (accessor) => table.byAccessor(accessor)?.entry.type),
      role: member.role,
      kind: member.kind,
      id: member.id,
      name: member.name,
    }));
  }

  /** Gives the role; undefined takes all. Throws 'permission-denied' where owners change and `mayManageOwners` is false. */
  async set(workspace: string, subject: string, role: Role | undefined, by: Changer): Promise<void> {
    const { origin, mayManageOwners } = by;
    const find = await this.#finder(subject, origin);
    await this.#deps.groups.change(async (draft) => {
      const holder = await find(draft, role !== undefined);
      const before = await this.#deps.groups.roleOf(draft, workspace, holder);
      if (!mayManageOwners && (role === 'owner' || before === 'owner'))
        throw new CofferError('permission-denied');
      if (role === undefined && before === undefined) throw unknown();
      await this.#deps.groups.set(draft, workspace, holder, role);
    });
  }

  /** The entity of a person or machine, made when it is not there yet. */
  async entityOf(subject: string, origin: Origin): Promise<string> {
    const find = await this.#finder(subject, origin);
    const { kind, id } = await this.#deps.groups.change((draft) => find(draft, true));
    if (kind === 'entity') return id;
    throw invalidRequest('access for a limited time is given to a person or a machine, not to a group');
  }

  async #finder(subject: string, origin: Origin): Promise<Finder> {
    const [, kind = '', name = ''] = form.exec(subject) ?? [];
    if (kind === '')
      throw invalidRequest('a member is user:NAME, group:NAME, machine:ROLE or entity:NAME', {
        hint: 'For example: user:alice',
      });
    if (kind === 'group') return groupFinder(name);
    if (kind === 'entity') return entityFinder(name);
    const mountPath = kind === 'user' ? 'auth/userpass/' : 'auth/approle/';
    const mounts = (await this.#deps.mounts().table(rootNamespace)).mounts;
    const mount = mounts.find(({ fullPath }) => fullPath === mountPath);
    if (!mount)
      throw invalidRequest(`there is no auth method at ${mountPath}`, {
        hint: `coffer auth enable ${mountPath.slice(5, -1)}`,
      });
    const alias = kind === 'user' ? name.toLowerCase() : await this.#roleId(name, origin);
    return this.#aliasFinder(mount.entry.accessor, alias);
  }

  #aliasFinder(accessor: string, name: string): Finder {
    return async (draft, mayMake) => {
      const owned = await aliasByFactors(draft, accessor, name);
      if (owned) return { kind: 'entity', id: owned.entity.id };
      if (!mayMake) throw unknown();
      const wish = { name, mountAccessor: accessor };
      const made = await writeAlias(draft, wish, async () => true, this.#deps.clock.now());
      if (!made) throw unknown();
      return { kind: 'entity', id: made.entity.id };
    };
  }

  /** Asked in the caller's name, so that nobody learns of a machine whom its own policies would not tell. */
  async #roleId(role: string, origin: Origin): Promise<string> {
    const reply = await this.#deps.requests.inNameOf(origin).ask({
      operation: 'read',
      namespace: '',
      path: `auth/approle/role/${role}/role-id`,
    });
    const id = reply?.['role_id'];
    if (typeof id === 'string') return id;
    throw unknown();
  }
}

type Finder = (draft: IdentityDraft, mayMake: boolean) => Promise<Holder>;

function groupFinder(name: string): Finder {
  return async (draft) => {
    const group = await groupByName(draft, name);
    if (group) return { kind: 'group', id: group.id };
    throw unknown();
  };
}

function entityFinder(name: string): Finder {
  return async (draft) => {
    const entity = (await entityById(draft, name)) ?? (await entityByName(draft, name));
    if (entity) return { kind: 'entity', id: entity.id };
    throw unknown();
  };
}

function unknown(): CofferError {
  return new CofferError('not-found', 'there is nobody of that name');
}

function subjectOf(member: Member, typeOf: (accessor: string) => string | undefined): string {
  if (member.kind === 'group') return `group:${member.name}`;
  const user = member.aliases.find(({ mountAccessor }) => typeOf(mountAccessor) === 'userpass');
  return user ? `user:${user.name}` : `entity:${member.name}`;
}
