import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { startPostgresql, type TestPostgresql, withoutPostgresql } from '../../../tests/postgresql.ts';
import { startTestServer, type TestServer } from '../../../tests/start-server.ts';

const creation = `CREATE ROLE "{{name}}" WITH LOGIN PASSWORD '{{password}}' VALID UNTIL '{{expiration}}'; GRANT SELECT ON ALL TABLES IN SCHEMA public TO "{{name}}";`;

describe('dynamic credentials on a real PostgreSQL', { skip: withoutPostgresql() }, () => {
  let postgresql: TestPostgresql;
  let server: TestServer;

  before(async () => {
    server = await startTestServer();
    postgresql = await startPostgresql();
    await postgresql.query('CREATE TABLE facts (fact text)');
    const enabled = await server.call('POST', 'sys/mounts/database', { body: { type: 'database' } });
    assert.equal(enabled.status, 204, enabled.text);
    const configured = await server.call('POST', 'database/config/ai-db', {
      body: {
        plugin_name: 'postgresql-database-plugin',
        allowed_roles: 'model-server',
        connection_url: `postgresql://{{username}}:{{password}}@127.0.0.1:${postgresql.port}/postgres`,
        username: postgresql.user,
        password: postgresql.password,
      },
    });
    assert.equal(configured.status, 204, configured.text);
  });

  after(async () => {
    await server?.stop();
    await postgresql?.dispose();
  });

  test('a credential works, may do what the role grants, and ends with its lease', async () => {
    const body = { db_name: 'ai-db', creation_statements: creation, default_ttl: '1h', max_ttl: '24h' };
    const role = await server.call('POST', 'database/roles/model-server', { body });
    assert.equal(role.status, 204, role.text);
    const answer = await server.call('GET', 'database/creds/model-server');
    assert.equal(answer.status, 200, answer.text);
    const { username, password } = answer.body.data as { username: string; password: string };
    assert.match(username, /^v-root-model-se-[A-Za-z0-9]{20}-\d{10}$/);
    assert.equal(answer.body['lease_duration'], 3600);
    assert.deepEqual(await postgresql.query('SELECT * FROM facts', { user: username, password }), []);
    await assert.rejects(postgresql.query("INSERT INTO facts VALUES ('x')", { user: username, password }));
    const revoked = await server.call('POST', 'sys/leases/revoke', {
      body: { lease_id: answer.body['lease_id'], sync: true },
    });
    assert.equal(revoked.status, 204, revoked.text);
    assert.equal(await postgresql.accepts({ user: username, password }), false);
    assert.deepEqual(
      await postgresql.query('SELECT 1 FROM pg_roles WHERE rolname = $1', { values: [username] }),
      [],
    );
  });
});
