import { CofferError, invalidRequest } from '../../contracts/errors.ts';
import type { Records, Stored } from '../../contracts/records.ts';
import { StorageConflict } from '../../contracts/storage.ts';
import { noTokenSettings } from '../../contracts/token-fields.ts';
import { randomText } from '../../crypto/random.ts';
import type { UserRecord } from './user-record.ts';

const maxAttempts = 32;
const namePattern = /^\w(?:[\w.@-]{0,254}\w)?$/;

/** The one form of a user name: Vault's names and `@`, lower-cased. Undefined for what nobody can be called. */
export function userName(text: string): string | undefined {
  // Lower-cased only once it is known to be ASCII: other letters have more than one lower case.
  return namePattern.test(text) ? text.toLowerCase() : undefined;
}

/** The users of one mount, under `user/<name>`. */
export class UserStore {
  readonly #records: Records;

  constructor(records: Records) {
    this.#records = records;
  }

  /** By name in any case. */
  async find(name: string): Promise<Stored<UserRecord> | undefined> {
    const key = userName(name);
    if (key === undefined) return undefined;
    return this.#records.peek<UserRecord>(userKey(key)) ?? this.#records.get<UserRecord>(userKey(key));
  }

  /** Commits what `change` makes of a user, asking it again when somebody else wrote meanwhile. False when there is none. */
  async change(name: string, change: (user: UserRecord) => UserRecord): Promise<boolean> {
    return this.#commit(name, (user) => user && change(user));
  }

  /** The same, with a new user when there is none. `passwordHash` is what a new one needs. */
  async createOrChange(
    name: string,
    passwordHash: string | undefined,
    change: (user: UserRecord) => UserRecord,
  ): Promise<void> {
    await this.#commit(name, (user, key) => {
      if (user) return change(passwordHash === undefined ? user : { ...user, passwordHash });
      if (passwordHash === undefined) throw invalidRequest('must provide either password or password_hash');
      return change({ uid: randomText(20), name: key, passwordHash, token: noTokenSettings });
    });
  }

  /** Puts a costlier hash of the same password in place of the one that was read; a user changed since stays as it is. */
  async replaceHash(stored: Stored<UserRecord>, passwordHash: string): Promise<void> {
    const key = userKey(stored.value.name);
    try {
      await this.#records.commit({
        expect: [{ key, stored }],
        put: [[key, { ...stored.value, passwordHash }]],
      });
    } catch (error) {
      if (!(error instanceof StorageConflict)) throw error;
    }
  }

  async remove(name: string): Promise<void> {
    const key = userName(name);
    if (key !== undefined) await this.#records.commit({ remove: [userKey(key)] });
  }

  list(page: { after?: string; limit?: number }): Promise<string[]> {
    return this.#records.list('user/', page);
  }

  async #commit(
    name: string,
    decide: (user: UserRecord | undefined, key: string) => UserRecord | undefined,
  ): Promise<boolean> {
    const key = userName(name);
    if (key === undefined)
      throw invalidRequest(
        'a user name holds letters, digits, "_", "-", "." and "@", and begins and ends with a letter, a digit or "_"',
      );
    for (let attempt = 1; attempt <= maxAttempts; attempt++) {
      const stored = await this.#records.get<UserRecord>(userKey(key));
      const after = decide(stored?.value, key);
      if (!after) return false;
      try {
        await this.#records.commit({ expect: [{ key: userKey(key), stored }], put: [[userKey(key), after]] });
        return true;
      } catch (error) {
        if (!(error instanceof StorageConflict)) throw error;
      }
    }
    throw new CofferError('conflict');
  }
}

function userKey(name: string): string {
  return `user/${name}`;
}
