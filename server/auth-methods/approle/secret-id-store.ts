import type { Clock } from '../../contracts/clock.ts';
import { CofferError, invalidRequest } from '../../contracts/errors.ts';
import type { Records, Stored } from '../../contracts/records.ts';
import { StorageConflict } from '../../contracts/storage.ts';
import { equalBytes } from '../../crypto/constant-time.ts';
import { randomUUID } from '../../crypto/random.ts';
import type { Digests, SecretIdDigest } from './digests.ts';
import type { SecretIdRecord } from './secret-id-record.ts';
import { SharedUses } from './shared-uses.ts';

const maxAttempts = 64;
const page = 500;
/** Removed while the deletion of a role is waited for; what is left goes in `tidy`. */
const removedAtOnce = 5000;

/** Value of `accessor/<role uid>/<accessor>`. */
interface AccessorRecord {
  readonly digest: string;
}

/** A secret id that is valid now. `key` is its record's. */
export interface FoundSecretId {
  readonly key: string;
  readonly record: SecretIdRecord;
}

export type NewSecretId = Pick<
  SecretIdRecord,
  'usesLeft' | 'ttlSeconds' | 'metadata' | 'cidrList' | 'tokenBoundCidrs'
>;

/**
 * Secret ids under digests: `secret-id/<role uid>/<digest>`, `accessor/<role uid>/<accessor>`, the marks
 * `ending/<time>/<role uid>/<digest>` in order of expiry, and `gone/<role uid>` while what a deleted role
 * leaves is being removed. One that has expired is not there, whether or not it was removed yet.
 */
export class SecretIdStore {
  readonly #records: Records;
  readonly #digests: Digests;
  readonly #clock: Clock;
  readonly #uses: SharedUses;

  constructor(records: Records, digests: Digests, clock: Clock) {
    this.#records = records;
    this.#digests = digests;
    this.#clock = clock;
    this.#uses = new SharedUses((key, count) => this.#consume(key, count));
  }

  /** The valid record of `digest`; compares in constant time. */
  async find(roleUid: string, digest: SecretIdDigest): Promise<FoundSecretId | undefined> {
    const key = secretIdKey(roleUid, digest.key);
    const stored = this.#records.peek<SecretIdRecord>(key) ?? (await this.#records.get<SecretIdRecord>(key));
    if (!stored || !equalBytes(Buffer.from(stored.value.verifier, 'base64url'), digest.verifier))
      return undefined;
    return this.#isOver(stored.value) ? undefined : { key, record: stored.value };
  }

  findText(roleUid: string, secretId: string): Promise<FoundSecretId | undefined> {
    return this.find(roleUid, this.#digests.ofSecretId(roleUid, secretId));
  }

  async findByAccessor(roleUid: string, accessor: string): Promise<FoundSecretId | undefined> {
    if (!/^[0-9a-f-]{36}$/.test(accessor)) return undefined;
    const index = await this.#records.get<AccessorRecord>(accessorKey(roleUid, accessor));
    if (!index) return undefined;
    const key = secretIdKey(roleUid, index.value.digest);
    const stored = await this.#records.get<SecretIdRecord>(key);
    return stored && !this.#isOver(stored.value) ? { key, record: stored.value } : undefined;
  }

  /** Takes one use of a limited secret id. False when none was left, or it ended meanwhile. */
  use(found: FoundSecretId): Promise<boolean> {
    return this.#uses.take(found.key);
  }

  /**
   * Writes a secret id; `role` is what the commit expects of its role. Undefined when the role changed, so
   * that the caller decides again. Throws 'invalid-request' when the role has this secret id already.
   */
  async create(
    roleUid: string,
    secretId: string,
    wanted: NewSecretId,
    role: { readonly key: string; readonly stored: Stored<unknown> },
  ): Promise<SecretIdRecord | undefined> {
    const digest = this.#digests.ofSecretId(roleUid, secretId);
    const key = secretIdKey(roleUid, digest.key);
    const before = await this.#records.get<SecretIdRecord>(key);
    if (before && !this.#isOver(before.value))
      throw invalidRequest('failed to store secret_id: SecretID is already registered');
    const nowMs = this.#clock.now();
    const record: SecretIdRecord = {
      ...wanted,
      verifier: digest.verifier.toString('base64url'),
      accessor: randomUUID(),
      createdMs: nowMs,
      updatedMs: nowMs,
      expiresMs: wanted.ttlSeconds > 0 ? nowMs + wanted.ttlSeconds * 1000 : 0,
    };
    const ending = endingMark(key, record);
    const index: AccessorRecord = { digest: digest.key };
    const done = await this.#tryCommit({
      expect: [role, { key, stored: before }],
      put: [
        [key, record],
        [accessorKey(roleUid, record.accessor), index],
      ],
      mark: ending,
      remove: before ? keysBeside(key, before.value).filter((name) => !ending.includes(name)) : [],
    });
    return done ? record : undefined;
  }

  async destroy(found: FoundSecretId): Promise<void> {
    for (let attempt = 1; attempt <= maxAttempts; attempt++) {
      const stored = await this.#records.get<SecretIdRecord>(found.key);
      // One with another accessor was made since, and is another secret id.
      if (!stored || stored.value.accessor !== found.record.accessor) return;
      const remove = [found.key, ...keysBeside(found.key, stored.value)];
      if (await this.#tryCommit({ expect: [{ key: found.key, stored }], remove })) return;
    }
    throw new CofferError('conflict');
  }

  accessors(roleUid: string, range: { after?: string; limit?: number }): Promise<string[]> {
    return this.#records.list(`accessor/${roleUid}/`, range);
  }

  /** Goes into the commit that deletes a role. */
  markGone(roleUid: string): (readonly [key: string, value: unknown])[] {
    return [[`gone/${roleUid}`, true]];
  }

  /** What a deleted role left; nobody can log in with it any more. */
  async removeOfGoneRole(roleUid: string, limit = removedAtOnce): Promise<void> {
    for (let removed = 0; removed < limit; removed += page) {
      const found = await this.#records.scan<SecretIdRecord>(`secret-id/${roleUid}/`, { limit: page });
      const remove = found.flatMap(([key, stored]) => [key, ...keysBeside(key, stored.value)]);
      if (found.length < page) {
        await this.#records.commit({ remove: [...remove, `gone/${roleUid}`] });
        return;
      }
      await this.#records.commit({ remove });
    }
  }

  /** Removes what has expired and what deleted roles left. Safe to repeat and to stop anywhere. */
  async tidy(): Promise<void> {
    for (const uid of await this.#records.list('gone/'))
      await this.removeOfGoneRole(uid, Number.POSITIVE_INFINITY);
    let after: string | undefined;
    for (;;) {
      const marks = await this.#records.scanKeys('ending/', {
        limit: page,
        ...(after === undefined ? {} : { after }),
      });
      for (const mark of marks) {
        const [, time = '', roleUid = '', digest = ''] = mark.split('/');
        if (Number.parseInt(time, 16) > this.#clock.now()) return;
        await this.#endOne(mark, secretIdKey(roleUid, digest));
      }
      if (marks.length < page) return;
      after = marks.at(-1);
    }
  }

  /** Marks are hints: the record itself says whether it has expired. */
  async #endOne(mark: string, key: string): Promise<void> {
    const stored = await this.#records.get<SecretIdRecord>(key);
    if (stored && this.#isOver(stored.value)) {
      const remove = [key, ...keysBeside(key, stored.value)];
      await this.#tryCommit({ expect: [{ key, stored }], remove: [...new Set([...remove, mark])] });
    } else if (!stored || !endingMark(key, stored.value).includes(mark)) {
      await this.#tryCommit({ expect: [{ key, stored }], remove: [mark] });
    }
  }

  async #consume(key: string, count: number): Promise<number> {
    for (let attempt = 1; attempt <= maxAttempts; attempt++) {
      const stored = await this.#records.get<SecretIdRecord>(key);
      if (!stored || this.#isOver(stored.value)) return 0;
      const { usesLeft } = stored.value;
      if (usesLeft === 0) return count;
      const granted = Math.min(count, usesLeft);
      const expect = [{ key, stored }];
      const after = { ...stored.value, usesLeft: usesLeft - granted, updatedMs: this.#clock.now() };
      const done = await this.#tryCommit(
        granted === usesLeft
          ? { expect, remove: [key, ...keysBeside(key, stored.value)] }
          : { expect, put: [[key, after]] },
      );
      if (done) return granted;
    }
    throw new CofferError('conflict');
  }

  #isOver(record: SecretIdRecord): boolean {
    return record.expiresMs !== 0 && record.expiresMs <= this.#clock.now();
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
}

function secretIdKey(roleUid: string, digest: string): string {
  return `secret-id/${roleUid}/${digest}`;
}

function accessorKey(roleUid: string, accessor: string): string {
  return `accessor/${roleUid}/${accessor}`;
}

/** Everything else that a secret id's record stands under. */
function keysBeside(key: string, record: SecretIdRecord): string[] {
  const [, roleUid = ''] = key.split('/');
  return [accessorKey(roleUid, record.accessor), ...endingMark(key, record)];
}

function endingMark(key: string, record: SecretIdRecord): string[] {
  if (record.expiresMs === 0) return [];
  return [`ending/${record.expiresMs.toString(16).padStart(12, '0')}/${key.slice('secret-id/'.length)}`];
}
