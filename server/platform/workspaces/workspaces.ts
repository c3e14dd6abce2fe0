import type { Clock } from '../../contracts/clock.ts';
import { CofferError, invalidRequest } from '../../contracts/errors.ts';
import type { Logger } from '../../contracts/logger.ts';
import { newEntry } from '../../core/mounts/mount-entry.ts';
import type { Mounts } from '../../core/mounts/mounts.ts';
import { type Namespace, type Namespaces, rootNamespace } from '../../core/namespaces/namespaces.ts';
import type { PolicyStore } from '../../core/policies/policy-store.ts';
import type { Grants } from '../grants/grants.ts';
import type { RoleGroups } from './role-groups.ts';
import { roleName, rolePolicy, roles } from './roles.ts';
import { checkWorkspaceName } from './workspace-name.ts';

export interface WorkspaceDependencies {
  readonly namespaces: Namespaces;
  readonly mounts: () => Mounts;
  readonly policies: PolicyStore;
  readonly groups: RoleGroups;
  readonly grants: Grants;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** What people say of a workspace; kept as metadata of its namespace. */
export interface WorkspaceDetails {
  readonly description?: string | undefined;
  readonly environment?: string | undefined;
  readonly region?: string | undefined;
}

const deletionKey = 'coffer.deleted_after';
const longestDetailBytes = 512;

/** Workspaces: namespaces right below the root, each with its own key, `secret/` (KV version 2) and four roles. */
export class Workspaces {
  readonly #deps: WorkspaceDependencies;

  constructor(deps: WorkspaceDependencies) {
    this.#deps = deps;
  }

  async find(name: string): Promise<Namespace | undefined> {
    checkWorkspaceName(name);
    const namespace = await this.#deps.namespaces.find(name);
    return namespace?.tainted ? undefined : namespace;
  }

  async get(name: string): Promise<Namespace> {
    const found = await this.find(name);
    if (found) return found;
    throw new CofferError('not-found', `there is no workspace "${name}"`, {
      hint: 'coffer workspaces list shows those that there are.',
    });
  }

  async list(): Promise<Namespace[]> {
    const names = await this.#deps.namespaces.children(rootNamespace);
    const found = await Promise.all(names.map((name) => this.#deps.namespaces.find(name)));
    return found.filter((one): one is Namespace => one !== undefined && !one.tainted);
  }

  /** Goes on with one that a crash left half made, and gives roles to a namespace that has none. */
  async create(name: string, details: WorkspaceDetails): Promise<Namespace> {
    checkWorkspaceName(name);
    const metadata = withDetails({}, details);
    const { namespaces, groups } = this.#deps;
    const before = await this.find(name);
    if (before && (await groups.exist(name)))
      throw new CofferError('conflict', `there is a workspace "${name}" already`);
    const namespace = before ?? (await namespaces.create(rootNamespace, name, metadata));
    await this.#mountSecrets(namespace);
    for (const role of roles) {
      await this.#deps.policies.write('root', roleName(name, role), rolePolicy(name, role, `${name}/`));
      await this.#deps.policies.write(namespace.id, role, rolePolicy(name, role, ''));
    }
    // Last: who finds the groups finds the rest.
    await this.#deps.grants.endAll(name);
    await groups.create(name);
    return namespace;
  }

  async edit(name: string, details: WorkspaceDetails): Promise<Namespace> {
    const namespace = await this.get(name);
    return this.#deps.namespaces.setMetadata(namespace, (before) => withDetails(before, details));
  }

  /** Refuses every request in it at once; the key and all it opens are destroyed after `graceSeconds`. */
  async scheduleRemoval(name: string, graceSeconds: number): Promise<Namespace> {
    const namespace = await this.get(name);
    if (isLeaving(namespace)) throw invalidRequest(`the workspace "${name}" is being deleted already`);
    const endsAt = new Date(this.#deps.clock.now() + graceSeconds * 1000).toISOString();
    if (namespace.lock === undefined) await this.#deps.namespaces.lock(namespace);
    return this.#deps.namespaces.setMetadata(namespace, (before) => ({ ...before, [deletionKey]: endsAt }));
  }

  async restore(name: string): Promise<Namespace> {
    const namespace = await this.get(name);
    if (!isLeaving(namespace)) throw invalidRequest(`the workspace "${name}" is not being deleted`);
    const restored = await this.#deps.namespaces.setMetadata(
      namespace,
      ({ [deletionKey]: _gone, ...rest }) => rest,
    );
    await this.#deps.namespaces.unlock(restored, undefined);
    return restored;
  }

  /** Its key is destroyed; no copy of the store opens its values any more. */
  async remove(name: string): Promise<void> {
    const namespace = await this.get(name);
    // First, as it may be refused. What a crash leaves of the rest, `create` makes anew before anybody has it.
    await this.#deps.namespaces.remove(namespace);
    await this.#deps.groups.remove(name);
    await this.#deps.grants.endAll(name);
    for (const role of roles) await this.#deps.policies.remove('root', roleName(name, role));
  }

  /**
   * Before a namespace is made: who had a role in one of that name which `sys/namespaces` removed, or in one that a crash
   * left half removed, has none in the new one.
   */
  async forget({ path }: Namespace): Promise<void> {
    const name = path.slice(0, -1);
    if (name.includes('/')) return;
    const { groups, grants, policies } = this.#deps;
    if (await groups.anyOf(name)) await groups.remove(name);
    await grants.endAll(name);
    for (const role of roles) {
      const made = await policies.find('root', roleName(name, role));
      if (made?.text === rolePolicy(name, role, path)) await policies.remove('root', roleName(name, role));
    }
  }

  /** Ends those whose grace is over, and clears away grants that have ended. Safe to repeat, on any node. */
  async sweep(): Promise<void> {
    await this.#deps.grants.sweep();
    for (const namespace of await this.list()) {
      const endsAtMs = Date.parse(namespace.customMetadata[deletionKey] ?? '');
      if (!(endsAtMs <= this.#deps.clock.now())) continue;
      const name = namespace.path.slice(0, -1);
      await this.remove(name).catch((error: unknown) =>
        this.#deps.logger.warn('a workspace could not be removed yet', {
          workspace: name,
          error: error instanceof Error ? error.message : 'unknown',
        }),
      );
    }
  }

  async #mountSecrets(namespace: Namespace): Promise<void> {
    const mounts = this.#deps.mounts();
    if ((await mounts.table(namespace)).overlaps('secret/')) return;
    const options = { version: '2' };
    await mounts.enable(
      namespace,
      newEntry('secret', 'secret/', 'kv', { options, description: 'secrets of the workspace' }),
    );
  }
}

export function isLeaving(namespace: Namespace): boolean {
  return namespace.customMetadata[deletionKey] !== undefined;
}

/** A workspace as the API shows it. */
export function shownWorkspace({ id, path, customMetadata }: Namespace): Record<string, unknown> {
  return {
    name: path.slice(0, -1),
    id,
    description: customMetadata['description'] ?? '',
    environment: customMetadata['environment'] ?? '',
    region: customMetadata['region'] ?? '',
    deleted_after: customMetadata[deletionKey] ?? null,
  };
}

/** An empty text removes. */
function withDetails(
  before: Readonly<Record<string, string>>,
  details: WorkspaceDetails,
): Record<string, string> {
  const after = { ...before };
  for (const [key, value] of Object.entries(details) as [string, string | undefined][]) {
    if (value === undefined) continue;
    if (Buffer.byteLength(value) > longestDetailBytes)
      throw invalidRequest(`the ${key} is longer than ${longestDetailBytes} bytes`);
    if (value === '') delete after[key];
    else after[key] = value;
  }
  return after;
}
