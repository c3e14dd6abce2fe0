import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startPostgresql, withoutPostgresql } from '../postgresql.ts';
import { Program } from './program.ts';

/** As MISSION.md writes it; the shell takes its quotes and backslashes away. */
const creation = `CREATE ROLE "{{name}}" WITH LOGIN PASSWORD '{{password}}' VALID UNTIL '{{expiration}}'; GRANT SELECT ON ALL TABLES IN SCHEMA public TO "{{name}}";`;

test('the database commands of MISSION.md run as written and give a user that PostgreSQL takes', {
  skip: withoutPostgresql(),
  timeout: 60_000,
}, async () => {
  const postgresql = await startPostgresql();
  const program = new Program();
  try {
    await postgresql.query(`CREATE ROLE "vault-admin" LOGIN SUPERUSER PASSWORD 'admin-pass'`);
    await postgresql.query('CREATE DATABASE aidata');
    await postgresql.query('CREATE TABLE facts AS SELECT 42 AS fact', { database: 'aidata' });
    const server = await program.start(['start', '-address=127.0.0.1:0'], /Stop with Ctrl-C/);
    const coffer = async (...argv: string[]): Promise<string> => {
      const ended = await program.run(argv, { COFFER_ADDR: server.address });
      assert.equal(ended.code, 0, `${argv.slice(0, 2).join(' ')}: ${ended.out}${ended.err}`);
      return ended.out;
    };
    const url = `postgresql://vault-admin:admin-pass@127.0.0.1:${postgresql.port}/aidata`;
    assert.match(
      await coffer('secrets', 'enable', 'database'),
      /^Success! Enabled the database secrets engine at: database\/\n$/,
    );
    await coffer(
      'write',
      'database/config/ai-db',
      'plugin_name=postgresql-database-plugin',
      'allowed_roles=model-server',
      `connection_url=${url}`,
    );
    await coffer(
      'write',
      'database/roles/model-server',
      'db_name=ai-db',
      `creation_statements=${creation}`,
      'default_ttl=1h',
      'max_ttl=24h',
    );
    const out = await coffer('read', 'database/creds/model-server');
    assert.match(out, /^lease_id +database\/creds\/model-server\/\w+$/m);
    assert.match(out, /^lease_duration +1h$/m);
    const value = (name: string) => new RegExp(`^${name} +(\\S+)$`, 'm').exec(out)?.[1] ?? '';
    const login = { user: value('username'), password: value('password'), database: 'aidata' };
    assert.deepEqual(await postgresql.query('SELECT fact FROM facts', login), [{ fact: 42 }]);
    await coffer('lease', 'revoke', '-sync', value('lease_id'));
    assert.equal(await postgresql.accepts(login), false);
  } finally {
    await program.dispose();
    await postgresql.dispose();
  }
});
