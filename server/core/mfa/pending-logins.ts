import { hash, randomUUID } from 'node:crypto';
import type { Clock } from '../../contracts/clock.ts';
import type { Records, Stored } from '../../contracts/records.ts';
import type { AuthGrant } from '../../contracts/request.ts';
import { StorageConflict } from '../../contracts/storage.ts';
import { mfaPrefix } from './mfa-configs.ts';

/** A login whose first factor was right: everything that the token will be made of. */
export interface PendingLogin {
  readonly grant: AuthGrant;
  readonly mountUuid: string;
  /** Of the login, relative to its namespace. */
  readonly path: string;
  /** What the login asked for; 0 for no wrapping. */
  readonly wrapTtlSeconds: number;
  readonly expiresMs: number;
}

/** As Vault's. */
const lifetimeMs = 5 * 60_000;
/** Each login takes away so many that nobody finished, so that they do not pile up. */
const sweptAtOnce = 20;
const pendingPrefix = 'pending/';
const duePrefix = 'pending-due/';

/**
 * Logins that wait for their second factor, in the store, so that any node can finish what another began: the id that
 * the client was given finds one, in the namespace of the login and nowhere else, for five minutes, once.
 */
export class PendingLogins {
  readonly #recordsOf: (namespaceId: string, prefix: string) => Records;
  readonly #clock: Clock;

  constructor(recordsOf: (namespaceId: string, prefix: string) => Records, clock: Clock) {
    this.#recordsOf = recordsOf;
    this.#clock = clock;
  }

  /** Resolves with the request id once it is on disk. */
  async add(namespaceId: string, login: Omit<PendingLogin, 'expiresMs'>): Promise<string> {
    const records = this.#records(namespaceId);
    const nowMs = this.#clock.now();
    const id = randomUUID();
    const pending: PendingLogin = { ...login, expiresMs: nowMs + lifetimeMs };
    const overdue = await this.#overdue(records, nowMs);
    await records.commit({
      put: [[pendingKey(id), pending]],
      mark: [dueKey(pending.expiresMs, digest(id))],
      remove: overdue,
    });
    return id;
  }

  async find(namespaceId: string, id: string): Promise<Stored<PendingLogin> | undefined> {
    const stored = await this.#records(namespaceId).get<PendingLogin>(pendingKey(id));
    return stored && this.#clock.now() < stored.value.expiresMs ? stored : undefined;
  }

  /** Takes it away. False when somebody else did: only one may go on. */
  async take(namespaceId: string, id: string, stored: Stored<PendingLogin>): Promise<boolean> {
    const key = pendingKey(id);
    try {
      await this.#records(namespaceId).commit({
        expect: [{ key, stored }],
        remove: [key, dueKey(stored.value.expiresMs, digest(id))],
      });
      return true;
    } catch (error) {
      if (error instanceof StorageConflict) return false;
      throw error;
    }
  }

  /** Keys of logins whose time is over, with those that lead to them. */
  async #overdue(records: Records, nowMs: number): Promise<string[]> {
    const keys = await records.scanKeys(duePrefix, { limit: sweptAtOnce });
    const limit = dueKey(nowMs, '');
    return keys
      .filter((key) => key < limit)
      .flatMap((key) => [key, `${pendingPrefix}${key.slice(key.lastIndexOf('/') + 1)}`]);
  }

  #records(namespaceId: string): Records {
    return this.#recordsOf(namespaceId, mfaPrefix);
  }
}

/** The id is half a credential: who reads the storage medium shall not have it. */
function digest(id: string): string {
  return hash('sha256', id, 'base64url');
}

const pendingKey = (id: string) => `${pendingPrefix}${digest(id)}`;
const dueKey = (timeMs: number, of: string) =>
  `${duePrefix}${Math.trunc(timeMs).toString(16).padStart(12, '0')}/${of}`;
