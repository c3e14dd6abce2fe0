import { fillStatements, quoteIdentifier } from './fill-statements.ts';
import type { Session } from './session-pool.ts';

export async function roleExists(session: Session, username: string): Promise<boolean> {
  const { rows } = await session.query('SELECT 1 FROM pg_catalog.pg_roles WHERE rolname = $1', [username]);
  return rows.length > 0;
}

/** Until the transaction ends: two nodes that end one user at a time wait for each other instead of failing. */
export async function lockUser(session: Session, username: string): Promise<void> {
  await session.query('SELECT pg_catalog.pg_advisory_xact_lock(pg_catalog.hashtextextended($1, 0))', [
    `coffer ${username}`,
  ]);
}

/**
 * The end of a user's logins, in a transaction of its own: whatever keeps the role from being dropped, nobody can use
 * it any more.
 */
export async function closeLogins(session: Session, username: string): Promise<void> {
  await session.query(`ALTER ROLE ${quoteIdentifier(username)} WITH NOLOGIN`);
}

/**
 * Cuts the connections that are open, after `closeLogins`, so that none can be opened behind it. As far as Coffer's
 * user may: one that is no superuser makes itself a member of the role first.
 */
export async function cutConnections(session: Session, username: string): Promise<void> {
  const open = await session.query<{ pid: number }>(
    'SELECT pid FROM pg_catalog.pg_stat_activity WHERE usename = $1',
    [username],
  );
  if (open.rows.length === 0) return;
  const cut = open.rows.map(({ pid }) => `SELECT pg_catalog.pg_terminate_backend(${Number(pid)})`);
  if (await attempt(session, cut)) return;
  await attempt(session, [`GRANT ${quoteIdentifier(username)} TO CURRENT_USER`, ...cut]);
}

/**
 * Drops a role with what it was granted. What it owns is given to Coffer's user and stays, as data has no lease. Where
 * Coffer's user may not do that, the grants are revoked one by one, as Vault does.
 */
export async function dropRole(session: Session, username: string): Promise<void> {
  const role = quoteIdentifier(username);
  const isCleared =
    (await attempt(session, [`REASSIGN OWNED BY ${role} TO CURRENT_USER`, `DROP OWNED BY ${role}`])) ||
    (await attempt(session, [
      `GRANT ${role} TO CURRENT_USER`,
      `REASSIGN OWNED BY ${role} TO CURRENT_USER`,
      `DROP OWNED BY ${role}`,
    ]));
  if (!isCleared)
    for (const statement of await revocations(session, username)) await session.query(statement);
  await session.query(`DROP ROLE IF EXISTS ${role}`);
}

/** False, and as if nothing had been tried, when one fails. */
async function attempt(session: Session, statements: readonly string[]): Promise<boolean> {
  await session.query('SAVEPOINT attempt');
  try {
    for (const statement of statements) await session.query(statement);
    await session.query('RELEASE SAVEPOINT attempt');
    return true;
  } catch {
    await session.query('ROLLBACK TO SAVEPOINT attempt');
    return false;
  }
}

/** Names come from the catalogue, where anybody may have put anything: quoted by the server itself. */
async function revocations(session: Session, username: string): Promise<string[]> {
  const role = quoteIdentifier(username);
  const { rows } = await session.query<{ schema: string; base: string }>(
    `SELECT DISTINCT pg_catalog.quote_ident(table_schema) AS schema, pg_catalog.quote_ident(current_database()) AS base
       FROM information_schema.role_table_grants WHERE grantee = $1
     UNION SELECT 'public', pg_catalog.quote_ident(current_database())`,
    [username],
  );
  return [
    ...rows.flatMap(({ schema }) => [
      `REVOKE ALL PRIVILEGES ON ALL TABLES IN SCHEMA ${schema} FROM ${role}`,
      `REVOKE ALL PRIVILEGES ON ALL SEQUENCES IN SCHEMA ${schema} FROM ${role}`,
      `REVOKE USAGE ON SCHEMA ${schema} FROM ${role}`,
    ]),
    `REVOKE CONNECT ON DATABASE ${rows[0]?.base ?? ''} FROM ${role}`,
  ];
}

/** The statements of a Coffer role for taking a user back. */
export async function runRevocation(
  session: Session,
  username: string,
  statements: readonly string[],
): Promise<void> {
  for (const statement of fillStatements(statements, { name: username })) await session.query(statement);
}
