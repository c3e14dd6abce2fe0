import { CofferError, invalidRequest } from '../contracts/errors.ts';
import type { Records, Stored } from '../contracts/records.ts';
import { StorageConflict } from '../contracts/storage.ts';

const maxAttempts = 32;
const namePattern = /^\w(?:[\w.-]{0,254}\w)?$/;

/** The one form of a name: Vault's, lower-cased. Undefined for what nothing can be called. */
export function recordName(text: string): string | undefined {
  // Lower-cased only once it is known to be ASCII: other letters have more than one lower case.
  return namePattern.test(text) ? text.toLowerCase() : undefined;
}

/** Records of one kind, by name in any case, under `<prefix><name>`. */
export class NamedRecords<T> {
  readonly #records: Records;
  readonly #prefix: string;

  constructor(records: Records, prefix: string) {
    this.#records = records;
    this.#prefix = prefix;
  }

  async find(name: string): Promise<Stored<T> | undefined> {
    const key = this.#key(name);
    return key === undefined ? undefined : (this.#records.peek<T>(key) ?? this.#records.get<T>(key));
  }

  /** Commits what `change` makes of it, asking again when somebody else wrote meanwhile. Throws 'invalid-request' for a bad name. */
  async change(name: string, change: (before: T | undefined, name: string) => T | Promise<T>): Promise<void> {
    const key = this.#key(name);
    if (key === undefined)
      throw invalidRequest(
        'a name holds letters, digits, "_", "-" and ".", and begins and ends with none of the last two',
      );
    for (let attempt = 1; attempt <= maxAttempts; attempt++) {
      const stored = await this.#records.get<T>(key);
      const after = await change(stored?.value, key.slice(this.#prefix.length));
      try {
        await this.#records.commit({ expect: [{ key, stored }], put: [[key, after]] });
        return;
      } catch (error) {
        if (!(error instanceof StorageConflict)) throw error;
      }
    }
    throw new CofferError('conflict');
  }

  async remove(name: string): Promise<void> {
    const key = this.#key(name);
    if (key !== undefined) await this.#records.commit({ remove: [key] });
  }

  list(page: { after?: string; limit?: number }): Promise<string[]> {
    return this.#records.list(this.#prefix, page);
  }

  #key(name: string): string | undefined {
    const known = recordName(name);
    return known === undefined ? undefined : `${this.#prefix}${known}`;
  }
}
