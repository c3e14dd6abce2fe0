import type pg from 'pg';
import { DatabaseError } from '../../database-plugin.ts';
import { connectionProblem } from './postgresql-errors.ts';
import type { PostgresqlSettings } from './settings.ts';

const connectMs = 8_000;
/** A connection that nobody used for so long is closed. */
const idleMs = 30_000;
/** What the server did not answer by then is given up, with its connection. */
const answerMs = 20_000;

export type Session = pg.PoolClient;

/** Connections to one server, opened when needed and closed when idle. The driver is loaded with the first. */
export class SessionPool {
  readonly #settings: PostgresqlSettings;
  #pool: Promise<pg.Pool> | undefined;
  #isPlain: boolean;
  #isClosed = false;

  constructor(settings: PostgresqlSettings) {
    this.#settings = settings;
    this.#isPlain = settings.tls.options === undefined;
  }

  /** Runs `work` on a connection of the pool. A connection on which something failed is not used again. */
  async use<T>(work: (session: Session) => Promise<T>): Promise<T> {
    const { pool, session } = await this.#connect();
    try {
      const result = await work(session);
      session.release(pool.idleCount >= this.#settings.maxIdle);
      return result;
    } catch (error) {
      session.release(true);
      throw error;
    }
  }

  /** A connection outside the pool, opened and closed: whether the credentials are good now. */
  async tryLogin(): Promise<void> {
    const { default: driver } = await import('pg');
    for (;;) {
      const client = new driver.Client(this.#clientConfig());
      client.on('error', () => undefined);
      try {
        await client.connect();
        await client.query('SELECT 1');
        return;
      } catch (error) {
        if (!this.#fallsBack(error)) throw connectionProblem(error, this.#settings.target);
      } finally {
        await client.end().catch(() => undefined);
      }
    }
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    const pool = this.#pool;
    this.#pool = undefined;
    await (await pool?.catch(() => undefined))?.end();
  }

  async #connect(): Promise<{ pool: pg.Pool; session: Session }> {
    for (;;) {
      if (this.#isClosed) throw new DatabaseError('away', 'the connection was closed');
      this.#pool ??= this.#open();
      const pool = await this.#pool;
      try {
        return { pool, session: await pool.connect() };
      } catch (error) {
        if (!this.#fallsBack(error)) throw connectionProblem(error, this.#settings.target);
        // Not another pool: callers wait in this one.
        pool.options.ssl = false;
      }
    }
  }

  async #open(): Promise<pg.Pool> {
    const config = this.#clientConfig();
    const { default: driver } = await import('pg');
    const pool = new driver.Pool({
      ...config,
      max: this.#settings.maxOpen,
      idleTimeoutMillis: idleMs,
      maxLifetimeSeconds: this.#settings.maxLifetimeSeconds,
      allowExitOnIdle: true,
    });
    // An idle connection that breaks is gone from the pool already.
    pool.on('error', () => undefined);
    return pool;
  }

  #clientConfig(): pg.ClientConfig {
    const { target, tls } = this.#settings;
    return {
      host: target.host,
      port: target.port,
      user: target.user,
      password: target.password,
      database: target.database,
      application_name: target.applicationName,
      ssl: this.#isPlain ? false : (tls.options ?? false),
      connectionTimeoutMillis: Math.min((target.connectTimeoutSeconds ?? 3600) * 1000, connectMs),
      query_timeout: answerMs,
      keepAlive: true,
    };
  }

  /** `prefer`: the server has no TLS, so the next attempt is without, and never ends here again. */
  #fallsBack(error: unknown): boolean {
    const isRefused = error instanceof Error && /does not support SSL/i.test(error.message);
    if (!isRefused || !this.#settings.tls.mayFallBack) return false;
    this.#isPlain = true;
    return true;
  }
}
