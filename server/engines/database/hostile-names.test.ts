import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { withoutPostgresql } from '../../../tests/postgresql.ts';
import {
  connectionTo,
  creation,
  type DatabaseStage,
  databaseStage,
  eventually,
  roleNames,
} from './database-harness.ts';

const hostile = `x"; DROP TABLE canary; --'; DROP TABLE canary; $$ /* \\'`;
const quoted = (name: string) => `"${name.replaceAll('"', '""')}"`;

interface Made {
  readonly username: string;
  readonly password: string;
  readonly leaseId: string;
}

describe('names and passwords that would be SQL', { skip: withoutPostgresql() }, () => {
  let stage: DatabaseStage;
  const sql = (text: string) => stage.postgresql.query(text);
  const canaryLives = async () => assert.equal((await sql('SELECT 1 FROM canary')).length, 1);
  const make = async (role: string, token?: string): Promise<Made> => {
    const { status, text, body } = await stage.server.call('GET', `database/creds/${role}`, {
      ...(token === undefined ? {} : { token }),
    });
    assert.equal(status, 200, text);
    const { username, password } = body.data as { username: string; password: string };
    return { username, password, leaseId: String(body['lease_id']) };
  };
  const revoke = ({ leaseId }: Made) => stage.ok('PUT', 'sys/leases/revoke', { lease_id: leaseId });
  const works = async ({ username, password }: Made) =>
    assert.equal(await stage.postgresql.accepts({ user: username, password }), true, username);
  const isGone = async ({ username }: Made) =>
    assert.deepEqual(await roleNames(stage.postgresql, username), []);

  before(async () => {
    stage = await databaseStage();
    await sql('CREATE TABLE canary AS SELECT 1 AS alive');
    await stage.ok('POST', 'database/config/pg', connectionTo(stage.postgresql));
    await stage.ok('POST', 'database/roles/app', { db_name: 'pg', creation_statements: creation });
    const policy = `length = 30\nrule "charset" {\n  charset = "'\\"\\\\$;-/*{}%"\n  min-chars = 20\n}\nrule "charset" {\n  charset = "ab"\n  min-chars = 1\n}\n`;
    await stage.ok('PUT', 'sys/policies/password/hostile', { policy });
  });
  after(() => stage?.dispose());

  test('a display name of quotes and comments becomes harmless characters of the user name', async () => {
    const body = { policies: ['root'], display_name: hostile };
    const token = String((await stage.ok('POST', 'auth/token/create', body)).auth?.['client_token']);
    for (const template of [
      '',
      '{{.DisplayName}}{{random 4}}',
      '{{.DisplayName | uppercase}}-{{unix_time}}',
    ]) {
      await stage.ok('POST', 'database/config/pg', { username_template: template });
      const made = await make('app', token);
      assert.match(made.username, /^[\w.@-]+$/);
      assert.doesNotMatch(made.username, /--/);
      await works(made);
      await revoke(made);
      await isGone(made);
    }
    await stage.ok('POST', 'database/config/pg', { username_template: '' });
    await canaryLives();
  });

  test('a role of such a name cannot be written, and a template that makes one makes no user', async () => {
    const path = `database/roles/${encodeURIComponent('a"; DROP TABLE canary; --')}`;
    const role = { db_name: 'pg', creation_statements: creation };
    const refused = await stage.server.call('POST', path, { body: role });
    assert.equal(refused.status, 400, refused.text);
    for (const part of ['"', "'", '\\', ';', ' ', '$$', '/*', '\\u0000', '\u2028']) {
      const username_template = `v${part}{{random 8}}`;
      const written = await stage.server.call('POST', 'database/config/pg', { body: { username_template } });
      if (written.status >= 300) continue;
      const answer = await stage.server.call('GET', 'database/creds/app');
      assert.equal(answer.status, 500, `${part}: ${answer.text}`);
      assert.match(answer.text, /failed to generate username/);
    }
    await stage.ok('POST', 'database/config/pg', { username_template: '' });
    await canaryLives();
  });

  test('a password of quotes, backslashes and dollars stays one value wherever its placeholder stands', async () => {
    await stage.ok('POST', 'database/config/pg', { password_policy: 'hostile' });
    const places: Record<string, string> = {
      quoted: `CREATE ROLE "{{name}}" LOGIN PASSWORD '{{password}}' VALID UNTIL '{{expiration}}'`,
      bare: `CREATE ROLE {{name}} LOGIN PASSWORD {{password}} VALID UNTIL {{expiration}}`,
      escape: `CREATE ROLE "{{username}}" LOGIN PASSWORD E'{{password}}'; COMMENT ON ROLE "{{name}}" IS E'it\\'s {{name}}; DROP TABLE canary'`,
      'several-in-one': `CREATE ROLE "{{name}}" /* it's; -- */ LOGIN PASSWORD '{{password}}'; -- DROP "x\n SELECT 'a;b"c', $a$;'$a$`,
    };
    for (const [name, creation_statements] of Object.entries(places)) {
      await stage.ok('POST', `database/roles/${name}`, { db_name: 'pg', creation_statements });
      for (let round = 0; round < 5; round++) {
        const made = await make(name);
        assert.match(made.password, /["'\\$;*{}%/]/);
        await works(made);
        await revoke(made);
        await isGone(made);
      }
    }
    const block = `DO $do$ BEGIN EXECUTE 'CREATE ROLE "{{name}}" LOGIN PASSWORD ''{{password}}'''; END $do$`;
    await stage.ok('POST', 'database/roles/block', { db_name: 'pg', creation_statements: block });
    const refused = await stage.server.call('GET', 'database/creds/block');
    assert.equal(refused.status, 500);
    assert.match(refused.text, /inside a dollar quote or a comment/);
    await stage.ok('POST', 'database/config/pg', { password_policy: '' });
    await works(await make('block'));
    await canaryLives();
  });

  test('users, schemas and databases that have such names already are served as any other', async () => {
    await sql(`CREATE ROLE ${quoted(hostile)} LOGIN PASSWORD 'old' SUPERUSER`);
    await sql(`CREATE DATABASE ${quoted(hostile)}`);
    await stage.postgresql.query(
      `CREATE SCHEMA ${quoted(hostile)}; CREATE TABLE ${quoted(hostile)}.${quoted(hostile)} (a int); CREATE TABLE canary ()`,
      { database: hostile },
    );
    const static_role = { db_name: 'pg', username: hostile, rotation_period: '1h' };
    await stage.ok('POST', 'database/static-roles/odd', static_role);
    const { data } = await stage.ok('GET', 'database/static-creds/odd');
    assert.equal(
      await stage.postgresql.accepts({ user: hostile, password: String(data?.['password']) }),
      true,
    );
    await stage.ok('DELETE', 'database/static-roles/odd');

    const connection = connectionTo(stage.postgresql, {
      connection_url: `postgresql://{{username}}:{{password}}@127.0.0.1:${stage.postgresql.port}/${encodeURIComponent(hostile)}`,
      username: hostile,
      password: data?.['password'],
    });
    await stage.ok('POST', 'database/config/odd', connection);
    await stage.ok('POST', 'database/rotate-root/odd');
    const grants = `${creation}; GRANT ALL ON SCHEMA ${quoted(hostile)} TO "{{name}}"; GRANT ALL ON ALL TABLES IN SCHEMA ${quoted(hostile)} TO "{{name}}"; GRANT CONNECT ON DATABASE ${quoted(hostile)} TO "{{name}}"`;
    await stage.ok('POST', 'database/roles/odd', { db_name: 'odd', creation_statements: grants });
    const made = await make('odd');
    await works(made);
    await revoke(made);
    await isGone(made);
    await stage.postgresql.query('SELECT * FROM canary', { database: hostile });
    await canaryLives();
  });

  test('what the database refuses is told without the password', async () => {
    const creation_statements = `CREATE ROLE "{{name}}" LOGIN PASSWORD '{{password}}' BOGUS '{{password}}'`;
    await stage.ok('POST', 'database/roles/wrong', { db_name: 'pg', creation_statements });
    const answer = await stage.server.call('GET', 'database/creds/wrong');
    assert.match(answer.text, /unrecognized role option/);
    const raising = `CREATE ROLE "{{name}}" LOGIN; SELECT '{{password}}'::int`;
    await stage.ok('POST', 'database/roles/wrong', { creation_statements: raising });
    const quoting = await stage.server.call('GET', 'database/creds/wrong');
    assert.match(quoting.text, /invalid input syntax for type integer: \\"\*\*\*\\"/);
    await stage.ok('POST', 'database/config/pg', { password_policy: 'hostile' });
    const broken = `CREATE ROLE "{{name}}" LOGIN PASSWORD '{{password}}'; SELECT '{{password}}'::int, E'{{password}}'`;
    await stage.ok('POST', 'database/roles/wrong', { creation_statements: broken });
    const masked = await stage.server.call('GET', 'database/creds/wrong');
    assert.match(masked.text, /invalid input syntax for type integer: \\"\*\*\*\\"/);
    await stage.ok('POST', 'database/config/pg', { password_policy: '' });
    assert.deepEqual(await roleNames(stage.postgresql, '%wrong%'), [], 'and nothing of it stays');
  });

  test('Coffer needs no superuser: it makes users, and ends them with their sessions and grants, though they own tables', async () => {
    await sql(`CREATE ROLE modest LOGIN CREATEROLE PASSWORD 'modest-pass'`);
    await sql(`CREATE SCHEMA work; GRANT ALL ON SCHEMA work TO modest WITH GRANT OPTION`);
    await sql(`CREATE TABLE work.facts (a int); GRANT SELECT ON work.facts TO modest WITH GRANT OPTION`);
    const login = { username: 'modest', password: 'modest-pass' };
    await stage.ok('POST', 'database/config/modest', connectionTo(stage.postgresql, login));
    const creation_statements = `CREATE ROLE "{{name}}" LOGIN PASSWORD '{{password}}' VALID UNTIL '{{expiration}}'; GRANT USAGE, CREATE ON SCHEMA work TO "{{name}}"; GRANT SELECT ON work.facts TO "{{name}}"`;
    await stage.ok('POST', 'database/roles/modest', { db_name: 'modest', creation_statements });
    const made = await make('modest');
    const as = { user: made.username, password: made.password };
    await stage.postgresql.query('CREATE TABLE work.kept AS SELECT a FROM work.facts', as);
    const session = stage.postgresql.query('SELECT pg_sleep(60)', as).then(
      () => 'ended by itself',
      () => 'cut',
    );
    const connected = `SELECT 1 FROM pg_stat_activity WHERE usename = '${made.username}'`;
    await eventually(async () => (await sql(connected)).length === 1, 'the user is connected');
    await revoke(made);
    assert.equal(await session, 'cut');
    await isGone(made);
    const [kept] = await sql(`SELECT tableowner FROM pg_tables WHERE tablename = 'kept'`);
    assert.equal(kept?.['tableowner'], 'modest', 'data has no lease');
    await stage.ok('POST', 'database/rotate-root/modest');
    const renewed = await make('modest');
    await stage.ok('PUT', 'sys/leases/renew', { lease_id: renewed.leaseId });
    await revoke(renewed);
    await isGone(renewed);
  });

  test('a user that cannot be dropped yet cannot log in any more, and goes when what held it is gone', async () => {
    await sql('CREATE DATABASE neighbour');
    const made = await make('app');
    const grant = `CREATE TABLE held (a int); GRANT SELECT ON held TO ${quoted(made.username)}`;
    await stage.postgresql.query(grant, { database: 'neighbour' });
    const answer = await stage.server.call('PUT', 'sys/leases/revoke', { body: { lease_id: made.leaseId } });
    assert.equal(answer.status, 400, answer.text);
    const login = { user: made.username, password: made.password };
    assert.equal(await stage.postgresql.accepts(login), false);
    await sql('DROP DATABASE neighbour');
    await eventually(async () => (await roleNames(stage.postgresql, made.username)).length === 0, 'it goes');
  });
});
