import { type Database, DatabaseError, type NewUser } from '../../database-plugin.ts';
import { closeLogins, cutConnections, dropRole, lockUser, roleExists, runRevocation } from './delete-user.ts';
import { fillStatements } from './fill-statements.ts';
import { statementProblem } from './postgresql-errors.ts';
import { scramVerifier } from './scram.ts';
import { type Session, SessionPool } from './session-pool.ts';
import type { PostgresqlSettings } from './settings.ts';

/** The server's own limits on what Coffer does, so that a lock that others hold does not keep a connection for ever. */
const statementMs = 15_000;
const defaultPasswordStatement = `ALTER ROLE "{{name}}" WITH PASSWORD '{{password}}'`;
const defaultExpiryStatement = `ALTER ROLE "{{name}}" VALID UNTIL '{{expiration}}'`;

/** Users of one PostgreSQL server. Every operation is one transaction, but for the end of a user: see `deleteUser`. */
export class PostgresqlDatabase implements Database {
  readonly #settings: PostgresqlSettings;
  readonly #sessions: SessionPool;

  constructor(settings: PostgresqlSettings) {
    this.#settings = settings;
    this.#sessions = new SessionPool(settings);
  }

  verify(): Promise<void> {
    return this.#sessions.tryLogin();
  }

  async createUser({ username, credential, expiresAtMs, statements }: NewUser): Promise<void> {
    if (credential.type !== 'password') throw new DatabaseError('refused', 'only passwords are known here');
    const password = await this.#stored(credential.password);
    const values = { name: username, password, expiration: timestamp(expiresAtMs) };
    await this.#runAll(fillStatements(statements, values), [credential.password, password]);
  }

  async setPassword(user: {
    readonly username: string;
    readonly password: string;
    readonly statements: readonly string[];
  }): Promise<void> {
    const password = await this.#stored(user.password);
    const statements = user.statements.length > 0 ? user.statements : [defaultPasswordStatement];
    await this.#runAll(fillStatements(statements, { name: user.username, password }), [
      user.password,
      password,
    ]);
  }

  async setExpiry(user: {
    readonly username: string;
    readonly expiresAtMs: number;
    readonly statements: readonly string[];
  }): Promise<void> {
    const statements = user.statements.length > 0 ? user.statements : [defaultExpiryStatement];
    const values = { name: user.username, expiration: timestamp(user.expiresAtMs) };
    await this.#runAll(fillStatements(statements, values), []);
  }

  async deleteUser({
    username,
    statements,
  }: {
    readonly username: string;
    readonly statements: readonly string[];
  }): Promise<void> {
    await this.#sessions.use(async (session) => {
      const step = (work: () => Promise<void>) =>
        this.#inTransaction(session, async () => {
          await lockUser(session, username);
          await work();
        }, []);
      try {
        if (statements.length > 0) await step(() => runRevocation(session, username, statements));
        else if (await this.#isThere(session, username)) {
          await step(() => closeLogins(session, username));
          await step(() => cutConnections(session, username));
          await step(() => dropRole(session, username));
        }
      } catch (error) {
        // Another node was faster, or the statements drop what is not there.
        if (await this.#isThere(session, username)) throw error;
      }
    });
  }

  close(): Promise<void> {
    return this.#sessions.close();
  }

  #isThere(session: Session, username: string): Promise<boolean> {
    return this.#inTransaction(session, () => roleExists(session, username), []);
  }

  async #runAll(statements: readonly string[], secrets: readonly string[]): Promise<void> {
    await this.#sessions.use((session) =>
      this.#inTransaction(
        session,
        async () => {
          for (const statement of statements) await session.query(statement);
        },
        secrets,
      ),
    );
  }

  /** Rejects with `DatabaseError`: 'refused' when the server said no before the commit, so that nothing stays. */
  async #inTransaction<T>(session: Session, work: () => Promise<T>, secrets: readonly string[]): Promise<T> {
    let isCommitting = false;
    try {
      await session.query(
        `BEGIN; SET LOCAL standard_conforming_strings = on; SET LOCAL statement_timeout = ${statementMs}`,
      );
      const result = await work();
      isCommitting = true;
      await session.query('COMMIT');
      return result;
    } catch (error) {
      const problem = statementProblem(error, secrets, isCommitting);
      if (problem.kind === 'refused') await session.query('ROLLBACK').catch(() => undefined);
      throw problem;
    }
  }

  #stored(password: string): Promise<string> | string {
    return this.#settings.hashesPasswords ? scramVerifier(password) : password;
  }
}

/** `2026-11-22 04:36:30+0000` */
function timestamp(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19).replace('T', ' ')}+0000`;
}
