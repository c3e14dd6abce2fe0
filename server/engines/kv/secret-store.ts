import { CofferError } from '../../contracts/errors.ts';
import type { RecordChange, Records, Stored } from '../../contracts/records.ts';
import type { JsonObject } from '../../contracts/request.ts';
import { StorageConflict } from '../../contracts/storage.ts';
import type { KvEvents, KvOperation } from './kv-events.ts';
import {
  defaultConfig,
  type KvConfig,
  recordOfVersionOne,
  type SecretChange,
  type SecretRecord,
} from './secret-record.ts';
import { Turns } from './turns.ts';
import { versionOneKey, versionOnePrefix } from './version-one-records.ts';

const secretPrefix = 'k/';
const configKey = 'config';
/** Enough for nodes that write the same secret in a burst; within one process writers take turns. */
const maxAttempts = 32;
const scanPageSize = 1000;

/** What a writer decided after it saw the secret. Without a change nothing is written. */
export interface Decision<T> {
  readonly change?: SecretChange | undefined;
  readonly result: T;
}

interface Seen {
  readonly stored: Stored<SecretRecord> | undefined;
  readonly versionOne: Stored<JsonObject> | undefined;
  readonly record: SecretRecord | undefined;
}

/** How far an upgrade from KV v1 is. While it is pending, records of both layouts are looked at. */
export interface UpgradeState {
  readonly pending: boolean;
  /** Milliseconds since 1970; stands for the unknown time at which a v1 record was written. */
  readonly since: number;
}

/**
 * The records of a KV v2 mount: `k/<path>` (see `SecretRecord`), `v/<path>/<version>` with the data of older
 * versions, `config`. Every change of a secret is one commit that expects the main record as it was read, so
 * writers on any node never lose a version.
 */
export class SecretStore {
  readonly #records: Records;
  readonly #upgrade: UpgradeState;
  readonly #events: KvEvents | undefined;
  readonly #turns = new Turns();

  constructor(records: Records, upgrade: UpgradeState, events?: KvEvents) {
    this.#records = records;
    this.#upgrade = upgrade;
    this.#events = events;
  }

  /** `get` when memory knows the answer. */
  peek(path: string): Stored<SecretRecord> | undefined {
    return this.#records.peek<SecretRecord>(secretPrefix + path);
  }

  async get(path: string): Promise<Stored<SecretRecord> | undefined> {
    if (!this.#upgrade.pending) return this.#records.get<SecretRecord>(secretPrefix + path);
    // In this order: the upgrade moves a record from the second to the first in one commit.
    const versionOne = await this.#records.get<JsonObject>(versionOneKey(path));
    const stored = await this.#records.get<SecretRecord>(secretPrefix + path);
    return stored ?? (versionOne && asSecret(versionOne, this.#upgrade.since));
  }

  /** The data of a version that is neither current nor destroyed. */
  async archived(path: string, version: number): Promise<JsonObject | null | undefined> {
    return (await this.#records.get<JsonObject | null>(archiveKey(path, version)))?.value;
  }

  /**
   * Calls `decide` with the secret as it is, again when somebody else wrote meanwhile, and commits what it decided.
   * Once that is durable, subscribers are told of `operation`; undefined tells nobody.
   */
  change<T>(
    path: string,
    operation: KvOperation | undefined,
    decide: (record: SecretRecord | undefined) => Decision<T> | Promise<Decision<T>>,
    versions?: readonly number[],
  ): Promise<T> {
    return this.#turns.take(path, async () => {
      for (let attempt = 1; ; attempt++) {
        const seen = await this.#see(path);
        const { change, result } = await decide(seen.record);
        if (!change) return result;
        try {
          await this.#records.commit(recordChange(path, seen, change));
          if (operation) this.#events?.changed(operation, path, change.record, versions);
          return result;
        } catch (error) {
          if (!(error instanceof StorageConflict)) throw error;
          if (attempt === maxAttempts) throw new CofferError('conflict', undefined, { cause: error });
        }
      }
    });
  }

  /** The names directly below `folder` (empty, or without a '/' at its end). */
  async list(folder: string, page: { after?: string; limit?: number }): Promise<string[]> {
    const below = folder === '' ? '' : `${folder}/`;
    // Asked first: the upgrade may end while this looks.
    const { pending } = this.#upgrade;
    const names = await this.#records.list(secretPrefix + below, page);
    if (!pending) return names;
    const older = await this.#records.list(versionOnePrefix + below, page);
    const again = await this.#records.list(secretPrefix + below, page);
    return mergeSorted([names, older, again], page.limit);
  }

  /** All paths below `folder` at any depth, relative to it. */
  async scan(folder: string, page: { after?: string; limit?: number }): Promise<string[]> {
    const below = folder === '' ? '' : `${folder}/`;
    // Asked first: the upgrade may end while this looks.
    const { pending } = this.#upgrade;
    const names = await this.#scan(secretPrefix + below, page);
    if (!pending) return names;
    const older = await this.#scan(versionOnePrefix + below, page);
    const again = await this.#scan(secretPrefix + below, page);
    return mergeSorted([names, older, again], page.limit);
  }

  async config(): Promise<KvConfig> {
    const stored = this.#records.peek<KvConfig>(configKey) ?? (await this.#records.get<KvConfig>(configKey));
    return stored?.value ?? defaultConfig;
  }

  changeConfig(change: (before: KvConfig) => KvConfig): Promise<void> {
    // No secret has an empty path, so this takes turns with other writers of the configuration only.
    return this.#turns.take('', async () => {
      for (let attempt = 1; ; attempt++) {
        const stored = await this.#records.get<KvConfig>(configKey);
        try {
          await this.#records.commit({
            expect: [{ key: configKey, stored }],
            put: [[configKey, change(stored?.value ?? defaultConfig)]],
          });
          this.#events?.configured();
          return;
        } catch (error) {
          if (!(error instanceof StorageConflict)) throw error;
          if (attempt === maxAttempts) throw new CofferError('conflict', undefined, { cause: error });
        }
      }
    });
  }

  async #see(path: string): Promise<Seen> {
    const versionOne = this.#upgrade.pending
      ? await this.#records.get<JsonObject>(versionOneKey(path))
      : undefined;
    const stored = await this.#records.get<SecretRecord>(secretPrefix + path);
    const record = stored?.value ?? (versionOne && recordOfVersionOne(versionOne.value, this.#upgrade.since));
    return { stored, versionOne, record };
  }

  async #scan(prefix: string, page: { after?: string; limit?: number }): Promise<string[]> {
    const { limit = Number.POSITIVE_INFINITY } = page;
    const found: string[] = [];
    let after = page.after === undefined ? undefined : prefix + page.after;
    while (found.length < limit) {
      const size = Math.min(scanPageSize, limit - found.length);
      const keys = await this.#records.scanKeys(
        prefix,
        after === undefined ? { limit: size } : { after, limit: size },
      );
      for (const key of keys) found.push(key.slice(prefix.length));
      if (keys.length < size) break;
      after = keys.at(-1);
    }
    return found;
  }
}

function archiveKey(path: string, version: number): string {
  return `v/${path}/${version}`;
}

function recordChange(path: string, seen: Seen, change: SecretChange): RecordChange {
  const key = secretPrefix + path;
  const expect: { key: string; stored: Stored<unknown> | undefined }[] = [{ key, stored: seen.stored }];
  const put: [string, unknown][] = [];
  const remove = change.drop.map((version) => archiveKey(path, version));
  if (change.record) put.push([key, change.record]);
  else if (seen.stored) remove.push(key);
  if (change.archive) put.push([archiveKey(path, change.archive[0]), change.archive[1]]);
  if (seen.versionOne) {
    expect.push({ key: versionOneKey(path), stored: seen.versionOne });
    remove.push(versionOneKey(path));
  }
  return { expect, put, remove };
}

/** The same object for the same v1 record, so that what hangs on it is kept. */
function asSecret(versionOne: Stored<JsonObject>, since: number): Stored<SecretRecord> {
  if (versionOne.memo instanceof Upgraded) return versionOne.memo;
  const secret = new Upgraded(recordOfVersionOne(versionOne.value, since), versionOne.tag);
  versionOne.memo = secret;
  return secret;
}

class Upgraded implements Stored<SecretRecord> {
  readonly value: SecretRecord;
  readonly tag: Uint8Array;
  memo: unknown = undefined;

  constructor(value: SecretRecord, tag: Uint8Array) {
    this.value = value;
    this.tag = tag;
  }
}

function mergeSorted(lists: readonly (readonly string[])[], limit: number | undefined): string[] {
  const names = [...new Set(lists.flat())];
  return names.sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b))).slice(0, limit);
}
