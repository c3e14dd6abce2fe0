import { CofferError, invalidRequest } from '../../contracts/errors.ts';
import type { Records, Stored } from '../../contracts/records.ts';
import { StorageConflict } from '../../contracts/storage.ts';
import { equalText } from '../../crypto/constant-time.ts';
import { randomText, randomUUID } from '../../crypto/random.ts';
import type { Digests } from './digests.ts';
import { newRole, type RoleRecord } from './role-record.ts';
import type { SecretIdStore } from './secret-id-store.ts';

const maxAttempts = 32;
const namePattern = /^\w(?:[\w.-]{0,254}\w)?$/;

/** Value of `role-id/<digest>`. */
interface RoleIdRecord {
  readonly role: string;
}

/** The roles of one mount: `role/<name>`, found by role id through `role-id/<digest>`. */
export class RoleStore {
  readonly #records: Records;
  readonly #digests: Digests;
  readonly #secretIds: SecretIdStore;

  constructor(records: Records, digests: Digests, secretIds: SecretIdStore) {
    this.#records = records;
    this.#digests = digests;
    this.#secretIds = secretIds;
  }

  /** By name in any case. */
  async find(name: string): Promise<RoleRecord | undefined> {
    return (await this.findStored(name))?.value;
  }

  async findStored(name: string): Promise<Stored<RoleRecord> | undefined> {
    const key = roleName(name);
    return key === undefined ? undefined : this.#get<RoleRecord>(roleKey(key));
  }

  async findByRoleId(roleId: string): Promise<RoleRecord | undefined> {
    const found = await this.#get<RoleIdRecord>(roleIdKey(this.#digests.ofRoleId(roleId)));
    if (!found) return undefined;
    const role = (await this.#get<RoleRecord>(roleKey(found.value.role)))?.value;
    return role && equalText(role.roleId, roleId) ? role : undefined;
  }

  /**
   * Commits what `change` makes of the role, asking it again when somebody else wrote meanwhile. Without a
   * role it is given a new one, unless `mustExist`: then the answer is false and nothing is written.
   */
  async change(
    name: string,
    change: (role: RoleRecord, isNew: boolean) => RoleRecord,
    mustExist: boolean,
  ): Promise<boolean> {
    const key = roleName(name);
    if (key === undefined) {
      if (mustExist) return false;
      throw invalidRequest(
        'a role name holds letters, digits, "_", "-" and ".", and begins and ends with none of the last two',
      );
    }
    for (let attempt = 1; attempt <= maxAttempts; attempt++) {
      const stored = await this.#records.get<RoleRecord>(roleKey(key));
      if (!stored && mustExist) return false;
      const before = stored?.value ?? newRole(key, randomText(20), randomUUID());
      const after = change(before, !stored);
      if (await this.#write(stored, after)) return true;
    }
    throw new CofferError('conflict');
  }

  /** The role and its secret ids. */
  async remove(name: string): Promise<void> {
    const key = roleName(name);
    if (key === undefined) return;
    for (let attempt = 1; attempt <= maxAttempts; attempt++) {
      const stored = await this.#records.get<RoleRecord>(roleKey(key));
      if (!stored) return;
      const { uid, roleId } = stored.value;
      const gone = this.#secretIds.markGone(uid);
      const done = await this.#tryCommit({
        expect: [{ key: roleKey(key), stored }],
        put: gone,
        remove: [roleKey(key), roleIdKey(this.#digests.ofRoleId(roleId))],
      });
      if (done) return this.#secretIds.removeOfGoneRole(uid);
    }
    throw new CofferError('conflict');
  }

  list(page: { after?: string; limit?: number }): Promise<string[]> {
    return this.#records.list('role/', page);
  }

  /** Said of the role in a commit that only makes sense while it stands as it was read. */
  expectation(stored: Stored<RoleRecord>): { key: string; stored: Stored<unknown> } {
    return { key: roleKey(stored.value.name), stored };
  }

  async #write(stored: Stored<RoleRecord> | undefined, after: RoleRecord): Promise<boolean> {
    const expect = [{ key: roleKey(after.name), stored: stored as Stored<unknown> | undefined }];
    if (stored?.value.roleId === after.roleId)
      return this.#tryCommit({ expect, put: [[roleKey(after.name), after]] });
    const idKey = roleIdKey(this.#digests.ofRoleId(after.roleId));
    if (await this.#records.get(idKey)) throw invalidRequest('role_id already in use');
    const index: RoleIdRecord = { role: after.name };
    return this.#tryCommit({
      expect: [...expect, { key: idKey, stored: undefined }],
      put: [
        [roleKey(after.name), after],
        [idKey, index],
      ],
      remove: stored ? [roleIdKey(this.#digests.ofRoleId(stored.value.roleId))] : [],
    });
  }

  async #tryCommit(change: Parameters<Records['commit']>[0]): Promise<boolean> {
    try {
      await this.#records.commit(change);
      return true;
    } catch (error) {
      if (error instanceof StorageConflict) return false;
      throw error;
    }
  }

  async #get<T>(key: string): Promise<Stored<T> | undefined> {
    return this.#records.peek<T>(key) ?? this.#records.get<T>(key);
  }
}

/** Lower-cased only once it is known to be ASCII: other letters have more than one lower case. */
function roleName(text: string): string | undefined {
  return namePattern.test(text) ? text.toLowerCase() : undefined;
}

function roleKey(name: string): string {
  return `role/${name}`;
}

function roleIdKey(digest: string): string {
  return `role-id/${digest}`;
}
