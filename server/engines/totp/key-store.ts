import type { Clock } from '../../contracts/clock.ts';
import { CofferError, invalidRequest } from '../../contracts/errors.ts';
import type { Records } from '../../contracts/records.ts';
import { StorageConflict } from '../../contracts/storage.ts';
import { judgeCode } from '../../crypto/totp.ts';
import { type KeyRecord, keyBytes } from './key-record.ts';

/** Steps whose codes were used, beside the key that they are of: `used/<name>`. */
interface UsedRecord {
  readonly steps: readonly number[];
}

const mostAttempts = 50;
/** Vault's names of keys, which become storage keys as they are. */
const namePattern = /^\w(?:[\w.@-]*\w)?$/;
const longestName = 512;

/** The keys of one mount, and which of their codes were used. */
export class KeyStore {
  readonly #records: Records;
  readonly #clock: Clock;

  constructor(records: Records, clock: Clock) {
    this.#records = records;
    this.#clock = clock;
  }

  async find(name: string): Promise<KeyRecord | undefined> {
    return isName(name) ? (await this.#records.get<KeyRecord>(keyOf(name)))?.value : undefined;
  }

  /** Replaces the key of that name; the codes of the new one are unused. */
  async put(name: string, record: KeyRecord): Promise<void> {
    if (!isName(name))
      throw invalidRequest('a key name has letters, digits, "_", and "-", "." or "@" inside');
    await this.#records.commit({ put: [[keyOf(name), record]], remove: [usedOf(name)] });
  }

  async remove(name: string): Promise<void> {
    if (isName(name)) await this.#records.commit({ remove: [keyOf(name), usedOf(name)] });
  }

  names(page: { after?: string; limit?: number }): Promise<string[]> {
    return this.#records.list('key/', page);
  }

  /**
   * Whether `code` is good now; if so it is on disk as used before this resolves, so that of any number of attempts
   * at once, on any node, one succeeds. Undefined when there is no such key.
   */
  async spend(name: string, code: string): Promise<'accepted' | 'wrong' | 'used' | undefined> {
    for (let attempt = 1; isName(name); attempt++) {
      const [key, used] = await Promise.all([
        this.#records.get<KeyRecord>(keyOf(name)),
        this.#records.get<UsedRecord>(usedOf(name)),
      ]);
      if (!key) break;
      const { value } = key;
      if (code.length !== value.digits) throw invalidRequest('invalid number of digits for the code');
      const verdict = judgeCode(keyBytes(value), code, this.#clock.now(), value, used?.value.steps ?? []);
      if (verdict.outcome !== 'accepted') return verdict.outcome;
      try {
        await this.#records.commit({
          expect: [
            { key: keyOf(name), stored: key },
            { key: usedOf(name), stored: used },
          ],
          put: [[usedOf(name), { steps: verdict.usedSteps } satisfies UsedRecord]],
        });
        return 'accepted';
      } catch (error) {
        if (!(error instanceof StorageConflict)) throw error;
        if (attempt >= mostAttempts) throw new CofferError('conflict');
      }
    }
    return undefined;
  }
}

const keyOf = (name: string) => `key/${name}`;
const usedOf = (name: string) => `used/${name}`;

function isName(name: string): boolean {
  return name.length <= longestName && namePattern.test(name);
}
