import { startPostgresql, withoutPostgresql } from '../../../../../tests/postgresql.ts';
import type { SubjectDeclaration } from '../../database-suite.ts';

const creation = `CREATE ROLE "{{name}}" WITH LOGIN PASSWORD '{{password}}' VALID UNTIL '{{expiration}}'`;

/** A PostgreSQL of its own. */
export const subject: SubjectDeclaration = {
  skip: withoutPostgresql(),
  async open() {
    const postgresql = await startPostgresql();
    await postgresql.query(`CREATE ROLE "vault-admin" LOGIN SUPERUSER PASSWORD 'admin-pass'`);
    const count = async (sql: string, values: readonly unknown[]): Promise<number> =>
      (await postgresql.query(sql, { values })).length;
    return {
      details: {
        connection_url: `postgresql://{{username}}:{{password}}@127.0.0.1:${postgresql.port}/postgres`,
        username: 'vault-admin',
        password: 'admin-pass',
      },
      creation: [creation],
      brokenCreation: [creation, `SELECT '{{password}}'::int`],
      accepts: ({ username, password }) => postgresql.accepts({ user: username, password }),
      exists: async (username) => (await count('SELECT 1 FROM pg_roles WHERE rolname = $1', [username])) > 0,
      connections: () => count('SELECT 1 FROM pg_stat_activity WHERE usename = $1', ['vault-admin']),
      stop: () => postgresql.stop(),
      start: () => postgresql.start(),
      dispose: () => postgresql.dispose(),
    };
  },
};
