import { randomUUID } from 'node:crypto';
import type { RecordChange, Stored } from '../../contracts/records.ts';
import type { LeaseGrant } from '../../contracts/request.ts';
import type { MountContext } from '../../contracts/secrets-engine.ts';
import { StorageConflict } from '../../contracts/storage.ts';
import type { Connections } from './connections.ts';
import { operationSeconds } from './database-plugin.ts';
import { dueKey } from './due-index.ts';
import { messageOf } from './failures.ts';
import { retryDelayMs } from './retry-delay.ts';

/** Written down before a user is made, struck out by the commit of its lease. What is left has no lease. */
interface MadeUser {
  readonly connection: string;
  readonly username: string;
  /** How to take it back; the database's own way when empty. */
  readonly statements: readonly string[];
  readonly dueMs: number;
  readonly attempts: number;
}

export interface MadeUserNote {
  readonly id: string;
  readonly stored: Stored<MadeUser>;
}

const madeKey = (id: string): string => `made/${id}`;
/** After so long whoever made it has written its lease, or is gone. */
const graceMs = (operationSeconds + 20) * 1000;

/**
 * The write-ahead record of users, so that none lives on without a lease: killed between "made in the database" and
 * "lease written", the next start finds the note and takes the user back, for as long as that takes.
 */
export class MadeUsers {
  readonly #context: MountContext;
  readonly #connections: Connections;

  constructor(context: MountContext, connections: Connections) {
    this.#context = context;
    this.#connections = connections;
  }

  /** Before the user is made. Durable when it resolves. */
  async note(user: Pick<MadeUser, 'connection' | 'username' | 'statements'>): Promise<MadeUserNote> {
    const id = randomUUID();
    const made: MadeUser = { ...user, dueMs: this.#context.clock.now() + graceMs, attempts: 0 };
    await this.#context.records.commit({
      expect: [{ key: madeKey(id), stored: undefined }],
      put: [[madeKey(id), made]],
      mark: [dueKey(made.dueMs, 'made', id)],
    });
    const stored = await this.#context.records.get<MadeUser>(madeKey(id));
    if (!stored) throw new StorageConflict(madeKey(id));
    return { id, stored };
  }

  /** For the commit of the lease. */
  struckOut({ id, stored }: MadeUserNote): NonNullable<LeaseGrant['alongside']> {
    return { records: this.#context.records, change: removal(id, stored) };
  }

  /** The user was certainly not made. */
  async forget({ id, stored }: MadeUserNote): Promise<void> {
    await this.#context.records.commit(removal(id, stored));
  }

  /** Takes the user of a note back, now or later. Never rejects. */
  async takeBack(id: string): Promise<void> {
    const stored = await this.#context.records.get<MadeUser>(madeKey(id));
    if (!stored) return;
    const { connection, username, statements } = stored.value;
    try {
      await this.#connections.use(connection, (database) => database.deleteUser({ username, statements }));
    } catch (error) {
      await this.#postpone(id, stored, error);
      return;
    }
    await this.#commitOrLeave(removal(id, stored));
    this.#context.logger.info('a database user without a lease was removed', { connection, username });
  }

  async #postpone(id: string, stored: Stored<MadeUser>, error: unknown): Promise<void> {
    const { connection, username, dueMs } = stored.value;
    const attempts = stored.value.attempts + 1;
    const waitMs = retryDelayMs(attempts);
    const next: MadeUser = { ...stored.value, attempts, dueMs: this.#context.clock.now() + waitMs };
    await this.#commitOrLeave({
      expect: [{ key: madeKey(id), stored }],
      put: [[madeKey(id), next]],
      mark: [dueKey(next.dueMs, 'made', id)],
      remove: next.dueMs === dueMs ? [] : [dueKey(dueMs, 'made', id)],
    });
    this.#context.logger[attempts >= 3 ? 'error' : 'warn'](
      'a database user without a lease could not be removed; trying again',
      { connection, username, attempts, next_try_seconds: waitMs / 1000, error: messageOf(error) },
    );
  }

  /** Another node was faster. */
  async #commitOrLeave(change: RecordChange): Promise<void> {
    try {
      await this.#context.records.commit(change);
    } catch (error) {
      if (!(error instanceof StorageConflict)) throw error;
    }
  }
}

function removal(id: string, stored: Stored<MadeUser>): RecordChange {
  return {
    expect: [{ key: madeKey(id), stored }],
    remove: [madeKey(id), dueKey(stored.value.dueMs, 'made', id)],
  };
}
