import type { Clock } from '../../contracts/clock.ts';
import { CofferError } from '../../contracts/errors.ts';
import type { Call } from '../../contracts/paths.ts';
import type { Records } from '../../contracts/records.ts';
import type { MountTable } from '../mounts/mount-table.ts';
import type { IsMount } from './entity-aliases.ts';
import { changeIdentity, IdentityDraft } from './identity-draft.ts';
import type { MountOf } from './identity-shapes.ts';

type Where = Call<object>['namespace'];

export interface IdentityPartsOptions {
  readonly recordsOf: (namespaceId: string, prefix: string) => Records;
  readonly mountTable: (namespace: Where) => Promise<MountTable>;
  readonly clock: Clock;
  /** Whether the policies of the caller allow its operation on `path` of its namespace too. */
  readonly mayUse: (call: Call<object>, path: string) => Promise<boolean>;
}

export const identityPrefix = 'sys/identity/';

/** What the paths of identity have in common: the records, mounts and time of the namespace that is asked. */
export class IdentityParts {
  readonly #options: IdentityPartsOptions;

  constructor(options: IdentityPartsOptions) {
    this.#options = options;
  }

  records(namespace: { readonly id: string }): Records {
    return this.#options.recordsOf(namespace.id, identityPrefix);
  }

  now(): number {
    return this.#options.clock.now();
  }

  /** To read by; nothing is written through it. */
  reading(namespace: { readonly id: string }): IdentityDraft {
    return new IdentityDraft(this.records(namespace));
  }

  change<T>(namespace: { readonly id: string }, work: (draft: IdentityDraft) => Promise<T>): Promise<T> {
    return changeIdentity(this.records(namespace), work);
  }

  async mounts(namespace: Where): Promise<MountOf> {
    const table = await this.#options.mountTable(namespace);
    return (accessor) => {
      const mount = table.byAccessor(accessor);
      return mount && { mount_path: mount.fullPath, mount_type: mount.entry.type };
    };
  }

  isMount(namespace: Where): IsMount {
    return async (accessor) => (await this.#options.mountTable(namespace)).byAccessor(accessor) !== undefined;
  }

  /**
   * A name is the same in any case, and a policy's path is not: whoever reaches an object by another spelling
   * must be allowed its own too, so that no spelling goes round a deny. Throws 'permission-denied'.
   */
  async checkSpelling(call: Call<object>, folder: string, asked: string, stored: string): Promise<void> {
    if (asked === stored) return;
    if (!(await this.#options.mayUse(call, `identity/${folder}/${stored}`)))
      throw new CofferError('permission-denied', '1 error occurred:\n\t* permission denied\n\n');
  }
}
