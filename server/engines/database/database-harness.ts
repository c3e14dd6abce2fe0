import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { startPostgresql, type TestPostgresql } from '../../../tests/postgresql.ts';
import { startTestServer, type TestServer, type TestServerOptions } from '../../../tests/start-server.ts';

export const creation = `CREATE ROLE "{{name}}" WITH LOGIN PASSWORD '{{password}}' VALID UNTIL '{{expiration}}'; GRANT SELECT ON ALL TABLES IN SCHEMA public TO "{{name}}";`;

export interface DatabaseStage {
  readonly postgresql: TestPostgresql;
  readonly server: TestServer;
  /** Expects the status, and returns the body. */
  ok(method: string, path: string, body?: object, status?: number): Promise<TestAnswer>;
  dispose(): Promise<void>;
}

type TestAnswer = Awaited<ReturnType<TestServer['call']>>['body'];

/** A server with a `database/` mount, beside a PostgreSQL whose superuser is `vault-admin` with the password `admin-pass`. */
export async function databaseStage(options: TestServerOptions = {}): Promise<DatabaseStage> {
  const server = await startTestServer(options);
  const postgresql = await startPostgresql();
  await postgresql.query(`CREATE ROLE "vault-admin" WITH LOGIN SUPERUSER PASSWORD 'admin-pass'`);
  const ok: DatabaseStage['ok'] = async (method, path, body, status) => {
    const answer = await server.call(method, path, body ? { body } : {});
    assert.ok(
      status ? answer.status === status : answer.status < 300,
      `${method} ${path}: ${answer.status} ${answer.text}`,
    );
    return answer.body;
  };
  await ok('POST', 'sys/mounts/database', { type: 'database' });
  return {
    postgresql,
    server,
    ok,
    async dispose() {
      await server.stop();
      await postgresql.dispose();
    },
  };
}

/** A connection by which Coffer administers the stage's PostgreSQL. */
export function connectionTo({ port }: TestPostgresql, more: object = {}): object {
  return {
    plugin_name: 'postgresql-database-plugin',
    connection_url: `postgresql://{{username}}:{{password}}@127.0.0.1:${port}/postgres`,
    username: 'vault-admin',
    password: 'admin-pass',
    allowed_roles: '*',
    ...more,
  };
}

/** Looks until it is so. */
export async function eventually(check: () => Promise<boolean> | boolean, what: string): Promise<void> {
  for (let attempt = 0; attempt < 400; attempt++) {
    if (await check()) return;
    await sleep(25);
  }
  assert.fail(`never: ${what}`);
}

export async function roleNames(postgresql: TestPostgresql, pattern: string): Promise<string[]> {
  const rows = await postgresql.query('SELECT rolname FROM pg_roles WHERE rolname LIKE $1', {
    values: [pattern],
  });
  return rows.map(({ rolname }) => String(rolname));
}
