import { randomUUID } from 'node:crypto';
import type { Clock } from '../../contracts/clock.ts';
import { CofferError, invalidRequest } from '../../contracts/errors.ts';
import type { Records } from '../../contracts/records.ts';
import { entityById, writeEntity } from '../../core/identity/entities.ts';
import type { PolicyStore } from '../../core/policies/policy-store.ts';
import { checkSecretName } from '../secrets/secret-name.ts';
import type { RoleGroups } from '../workspaces/role-groups.ts';

/** Access of one person or machine to the value of one secret, until a time. Milliseconds since the epoch. */
export interface Grant {
  readonly id: string;
  readonly workspace: string;
  readonly secret: string;
  readonly subject: string;
  readonly entityId: string;
  readonly grantedBy: string;
  readonly createdMs: number;
  readonly expiresMs: number;
}

export interface GrantDependencies {
  readonly recordsOf: (namespaceId: string, prefix: string) => Records;
  readonly policies: PolicyStore;
  readonly groups: RoleGroups;
  readonly clock: Clock;
}

const longestSeconds = 30 * 24 * 3600;
const pageSize = 500;
const form = /^[0-9a-f-]{36}$/;

/**
 * Grants are policies of one person whose rules carry their own end, so that the matcher refuses from that very moment, on every node
 * and for every token, whether or not anything has been cleared away.
 */
export class Grants {
  readonly #deps: GrantDependencies;

  constructor(deps: GrantDependencies) {
    this.#deps = deps;
  }

  async create(wish: Omit<Grant, 'id' | 'createdMs' | 'expiresMs'>, seconds: number): Promise<Grant> {
    checkGrantable(wish.secret);
    if (seconds < 1 || seconds > longestSeconds)
      throw invalidRequest('access is granted for a second to thirty days');
    const createdMs = this.#deps.clock.now();
    const grant: Grant = { ...wish, id: randomUUID(), createdMs, expiresMs: createdMs + seconds * 1000 };
    // First what is needed to clear it away, last what makes it count.
    await this.#records.commit({ put: [[keyOf(grant.workspace, grant.id), grant]] });
    await this.#deps.policies.write('root', policyOf(grant), textOf(grant));
    await this.#bind(grant, true);
    return grant;
  }

  async list(workspace: string): Promise<Grant[]> {
    const now = this.#deps.clock.now();
    return (await this.#all(`${workspace}/`)).filter(({ expiresMs }) => expiresMs > now);
  }

  /** Ends one before its time. */
  async end(workspace: string, id: string): Promise<void> {
    const stored = form.test(id) ? await this.#records.get<Grant>(keyOf(workspace, id)) : undefined;
    if (!stored) throw new CofferError('not-found', 'there is no such grant');
    await this.#remove(stored.value);
  }

  async endAll(workspace: string): Promise<void> {
    for (const grant of await this.#all(`${workspace}/`)) await this.#remove(grant);
  }

  /** Clears away what has ended. Safe to repeat. */
  async sweep(): Promise<void> {
    const now = this.#deps.clock.now();
    for (const grant of await this.#all('')) if (grant.expiresMs <= now) await this.#remove(grant);
  }

  get #records(): Records {
    return this.#deps.recordsOf('root', 'sys/platform/grants/');
  }

  async #all(prefix: string): Promise<Grant[]> {
    const all: Grant[] = [];
    for (let after: string | undefined; ; ) {
      const page = await this.#records.scan<Grant>(prefix, {
        limit: pageSize,
        ...(after === undefined ? {} : { after }),
      });
      all.push(...page.map(([, { value }]) => value));
      if (page.length < pageSize) return all;
      after = page.at(-1)?.[0];
    }
  }

  async #remove(grant: Grant): Promise<void> {
    await this.#deps.policies.remove('root', policyOf(grant));
    await this.#bind(grant, false);
    await this.#records.commit({ remove: [keyOf(grant.workspace, grant.id)] });
  }

  async #bind(grant: Grant, isOn: boolean): Promise<void> {
    const name = policyOf(grant);
    await this.#deps.groups.change(async (draft) => {
      const entity = await entityById(draft, grant.entityId);
      if (!entity) return;
      const others = entity.policies.filter((policy) => policy !== name);
      const policies = isOn ? [...others, name] : others;
      await writeEntity(draft, { id: entity.id, policies }, this.#deps.clock.now());
    });
  }
}

function keyOf(workspace: string, id: string): string {
  return `${workspace}/${id}`;
}

function policyOf({ workspace, id }: Grant): string {
  return `workspace-${workspace}-grant-${id}`;
}

/** A name becomes the path of a policy, where these would mean more than themselves. */
function checkGrantable(secret: string): void {
  checkSecretName(secret);
  if (/[*+{}"\\$]/.test(secret))
    throw invalidRequest('access to a secret with * + { } $ or quotes in its name cannot be granted');
}

function textOf({ workspace, secret, expiresMs }: Grant): string {
  const expiration = new Date(expiresMs).toISOString();
  const rule = { capabilities: ['read'], expiration };
  return JSON.stringify({
    path: {
      [`${workspace}/secret/data/${secret}`]: rule,
      [`${workspace}/secret/metadata/${secret}`]: rule,
    },
  });
}
