import type { Clock } from '../../contracts/clock.ts';
import { CofferError, invalidRequest } from '../../contracts/errors.ts';
import type { Logger } from '../../contracts/logger.ts';
import type { Records } from '../../contracts/records.ts';
import type { JsonObject } from '../../contracts/request.ts';
import { StorageConflict } from '../../contracts/storage.ts';
import { Availability } from './availability.ts';
import {
  type ConnectionRecord,
  connectionKey,
  findConnection,
  type StoredConnection,
} from './connection-record.ts';
import type { DatabaseCatalog } from './database-catalog.ts';
import { type Database, DatabaseError, type DatabasePlugin, operationSeconds } from './database-plugin.ts';
import { dueKey } from './due-index.ts';
import { messageOf, noConnection } from './failures.ts';

interface OpenConnection {
  readonly tag: Uint8Array;
  readonly database: Database;
  readonly availability: Availability;
}

export interface ConnectionsContext {
  readonly records: Records;
  readonly clock: Clock;
  readonly logger: Logger;
}

/**
 * The databases behind `config/<name>`: opened on first use, and anew when the configuration has changed on any node.
 * Where a root password was being changed when Coffer stopped, the one that the database takes becomes the one in force.
 */
export class Connections {
  readonly catalog: DatabaseCatalog;
  readonly #context: ConnectionsContext;
  readonly #open = new Map<string, OpenConnection>();
  #isClosed = false;

  constructor(catalog: DatabaseCatalog, context: ConnectionsContext) {
    this.catalog = catalog;
    this.#context = context;
  }

  /** Throws 'invalid-request' when there is none of the name. */
  async find(name: string): Promise<StoredConnection> {
    const stored = await findConnection(this.#context.records, name);
    if (!stored) throw noConnection(name);
    return stored;
  }

  /** Throws when the folder of a database that is configured has gone. */
  pluginOf(record: Pick<ConnectionRecord, 'pluginName'>): DatabasePlugin {
    const plugin = this.catalog.find(record.pluginName);
    if (plugin) return plugin;
    throw invalidRequest(`plugin not found in the catalog: ${record.pluginName.slice(0, 100)}`, {
      hint: `This server has: ${this.catalog.pluginNames.join(', ')}.`,
    });
  }

  /** Runs one operation. Rejects with `DatabaseError` when it fails, and is bounded by `operationSeconds` however it hangs. */
  async use<T>(name: string, work: (database: Database) => Promise<T>): Promise<T> {
    const open = await this.#opened(name);
    try {
      return await this.#run(open, work);
    } catch (error) {
      if (!(error instanceof DatabaseError) || error.kind !== 'denied') throw error;
      if (!(await this.#hasOtherPassword(name, open))) throw error;
    }
    return this.#run(await this.#opened(name), work);
  }

  /** Whether the database takes these details now. Rejects with `DatabaseError`, or 'invalid-request' when they are wrong. */
  async verify(pluginName: string, details: JsonObject): Promise<void> {
    const database = this.pluginOf({ pluginName }).open({ pluginName, details });
    try {
      await this.#withDeadline(database.verify());
    } finally {
      this.#closeLater(database);
    }
  }

  /** Lets go of the connections; the next use opens them again. */
  reset(name: string): void {
    const open = this.#open.get(name);
    this.#open.delete(name);
    if (open) this.#closeLater(open.database);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    const all = [...this.#open.values()];
    this.#open.clear();
    await Promise.all(all.map(({ database }) => this.#withDeadline(database.close()).catch(() => undefined)));
  }

  async #opened(name: string): Promise<OpenConnection> {
    const stored = await this.find(name);
    const before = this.#open.get(name);
    if (before && Buffer.compare(before.tag, stored.tag) === 0) return before;
    if (this.#isClosed) throw new CofferError('unavailable');
    const { pluginName, details } = stored.value;
    const open: OpenConnection = {
      tag: stored.tag,
      database: this.pluginOf(stored.value).open({ pluginName, details }),
      availability: new Availability(this.#context.clock),
    };
    this.#open.set(name, open);
    if (before) this.#closeLater(before.database);
    return open;
  }

  #run<T>({ availability, database }: OpenConnection, work: (database: Database) => Promise<T>): Promise<T> {
    return availability.run(() => this.#withDeadline(work(database)));
  }

  /** True when a second try makes sense: the configuration has changed, or the pending password is the one in force. */
  async #hasOtherPassword(name: string, open: OpenConnection): Promise<boolean> {
    const stored = await this.find(name);
    if (Buffer.compare(open.tag, stored.tag) !== 0) return true;
    const { pending, details, pluginName } = stored.value;
    if (!pending) return false;
    try {
      await this.verify(pluginName, { ...details, password: pending.password });
    } catch (error) {
      if (error instanceof DatabaseError) return false;
      throw error;
    }
    await this.promotePending(name, pending.password);
    return true;
  }

  /** The pending root password is in force: it takes the place of the other, once and for all. */
  async promotePending(name: string, password: string): Promise<void> {
    await this.change(name, (record) => {
      if (record.pending?.password !== password) return undefined;
      const { pending: _settled, failures: _none, ...rest } = record;
      return { ...rest, details: { ...record.details, password } };
    });
    this.#context.logger.info('the root password of a connection has changed', { connection: name });
  }

  /** Rewrites the record with its due mark, as often as others are faster. `undefined` leaves it. */
  async change(
    name: string,
    next: (record: ConnectionRecord) => ConnectionRecord | undefined,
  ): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      const stored = await findConnection(this.#context.records, name);
      const record = stored && next(stored.value);
      if (!record) return;
      try {
        await this.write(name, stored, record);
        return;
      } catch (error) {
        if (!(error instanceof StorageConflict) || attempt >= 20) throw error;
      }
    }
  }

  /** Rejects with `StorageConflict` when `stored` is not what is there. */
  async write(
    name: string,
    stored: StoredConnection | undefined,
    record: ConnectionRecord | undefined,
  ): Promise<void> {
    const before = stored?.value.pending;
    const after = record?.pending;
    const mark = after && dueKey(after.dueMs, 'root', name);
    const old = before && dueKey(before.dueMs, 'root', name);
    await this.#context.records.commit({
      expect: [{ key: connectionKey(name), stored }],
      put: record ? [[connectionKey(name), record]] : [],
      mark: mark && mark !== old ? [mark] : [],
      remove: [...(old && old !== mark ? [old] : []), ...(record ? [] : [connectionKey(name)])],
    });
  }

  #closeLater(database: Database): void {
    database.close().catch((error: unknown) => {
      this.#context.logger.warn('a database connection did not close cleanly', { error: messageOf(error) });
    });
  }

  #withDeadline<T>(work: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const cancel = this.#context.clock.after(operationSeconds * 1000, () =>
        reject(new DatabaseError('unknown', `the database did not answer within ${operationSeconds} s`)),
      );
      work.then(resolve, reject).finally(cancel);
    });
  }
}
