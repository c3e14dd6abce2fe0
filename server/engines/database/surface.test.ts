import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { withoutPostgresql } from '../../../tests/postgresql.ts';
import { connectionTo, creation, type DatabaseStage, databaseStage } from './database-harness.ts';

describe('the database engine through HTTP', { skip: withoutPostgresql() }, () => {
  let stage: DatabaseStage;
  const statements = [creation];
  const refused = async (
    method: string,
    path: string,
    body: object | undefined,
    status: number,
    error: RegExp,
  ) => {
    const answer = await stage.server.call(method, path, body ? { body } : {});
    assert.equal(answer.status, status, `${path}: ${answer.text}`);
    assert.match(answer.body.errors?.[0] ?? '', error);
    assert.doesNotMatch(answer.text, /admin-pass/);
  };
  const data = async (path: string) => (await stage.ok('GET', path)).data;

  before(async () => {
    stage = await databaseStage();
    await stage.postgresql.query(
      `CREATE ROLE statuser LOGIN PASSWORD 'old'; CREATE ROLE statuser2 LOGIN PASSWORD 'old'`,
    );
  });
  after(() => stage?.dispose());

  test('what is not there is 404, and a configuration that cannot be is refused in words that help', async () => {
    for (const path of ['config', 'roles', 'static-roles']) {
      assert.equal((await stage.server.call('LIST', `database/${path}`)).status, 404);
      assert.equal((await stage.server.call('GET', `database/${path}/pg`)).text, '{"errors":[]}\n');
    }
    const config = (more: object, error: RegExp) =>
      refused('POST', 'database/config/pg', connectionTo(stage.postgresql, more), 400, error);
    await config({ plugin_name: undefined }, /^empty plugin name$/);
    await config(
      { plugin_name: 'nope-plugin' },
      /^error creating database object: plugin not found in the catalog: nope-plugin$/,
    );
    await config(
      { connection_url: undefined },
      /^error creating database object: connection_url cannot be empty$/,
    );
    await config({ connection_url: 'not a url' }, /: cannot parse connection url: invalid keyword\/value$/);
    await config(
      { password: 'wrong' },
      /error verifying connection: failed to connect .*password authentication failed for user "vault-admin" \(SQLSTATE 28P01\)$/,
    );
    await config({ max_open_connections: 'many' }, /'max_open_connections' cannot parse value as 'int'/);
    await config(
      { password_authentication: 'plain' },
      /: 'plain' is not a valid password authentication type$/,
    );
    await config(
      { username_template: '{{nofunc 3}}' },
      /unable to initialize username template: unable to parse template: template: template:1: function "nofunc" not defined$/,
    );
    await config({ connection_url: 'postgresql://a@127.0.0.1:1/app?sslrootcert=/etc/passwd' }, /sslrootcert/);
    await refused(
      'POST',
      'database/config/pg',
      {
        plugin_name: 'postgresql-database-plugin',
        connection_url: 'postgresql://{{username}}:{{password}}@127.0.0.1:1/app',
      },
      400,
      /dial error: .*ECONNREFUSED/,
    );
  });

  test('a configuration reads back without its password, and a write changes what it names', async () => {
    const rotation = [`ALTER ROLE "{{name}}" WITH PASSWORD '{{password}}';`];
    const more = {
      allowed_roles: ['app', 'app-*', 'stat'],
      max_open_connections: 5,
      max_connection_lifetime: '30s',
      root_rotation_statements: rotation,
    };
    const body = connectionTo(stage.postgresql, more);
    await stage.ok('POST', 'database/config/pg', body, 204);
    await stage.ok('POST', 'database/config/pg', { max_open_connections: 7 }, 204);
    assert.deepEqual(await data('database/config/pg'), {
      allowed_roles: ['app', 'app-*', 'stat'],
      connection_details: {
        connection_url: `postgresql://{{username}}:{{password}}@127.0.0.1:${stage.postgresql.port}/postgres`,
        max_connection_lifetime: '30s',
        max_open_connections: 7,
        username: 'vault-admin',
      },
      password_policy: '',
      plugin_name: 'postgresql-database-plugin',
      plugin_version: '',
      root_credentials_rotate_statements: rotation,
    });
    const inline = await stage.ok(
      'POST',
      'database/config/inline',
      {
        plugin_name: 'postgresql-database-plugin',
        connection_url: `postgresql://vault-admin:admin-pass@127.0.0.1:${stage.postgresql.port}/postgres`,
        allowed_roles: '*',
        max_open_conections: 3,
      },
      200,
    );
    assert.match(
      String(inline.warnings),
      /Password found in connection_url.*ignored these unrecognized parameters: \[max_open_conections\]/s,
    );
    const details = (await data('database/config/inline'))?.['connection_details'];
    assert.deepEqual(details, {
      connection_url: `postgresql://vault-admin:xxxxx@127.0.0.1:${stage.postgresql.port}/postgres`,
    });
    assert.deepEqual((await stage.ok('LIST', 'database/config')).data, { keys: ['inline', 'pg'] });
    await stage.ok('POST', 'database/reset/pg', undefined, 204);
    await refused(
      'POST',
      'database/reset/nope',
      undefined,
      400,
      /^failed to find entry for connection with name: "nope"$/,
    );
    const reloaded = await stage.ok('POST', 'database/reload/postgresql-database-plugin');
    assert.deepEqual(reloaded.data, { connections: ['inline', 'pg'], count: 2 });
    await stage.ok('DELETE', 'database/config/none', undefined, 204);
  });

  test('a role reads back as it was written, and what cannot be is refused', async () => {
    const role = (body: object, error: RegExp) => refused('POST', 'database/roles/app', body, 400, error);
    await role({ creation_statements: statements }, /^database name is required$/);
    await role({ db_name: 'pg', default_ttl: 'soon' }, /default_ttl/);
    await role({ db_name: 'pg', credential_type: 'magic' }, /^invalid credential_type "magic"$/);
    await role(
      { db_name: 'pg', credential_type: 'client_certificate', credential_config: { x: 'y' } },
      /^credential_config validation failed: invalid key_type$/,
    );
    await role(
      { db_name: 'pg', credential_type: 'client_certificate', credential_config: { key_type: 'rsa' } },
      /missing required ca_cert$/,
    );
    await refused('POST', 'database/roles/other', { db_name: 'pg' }, 400, /^"other" is not an allowed role$/);
    const early = await stage.ok(
      'POST',
      'database/roles/early',
      { db_name: 'later', creation_statements: 'x' },
      200,
    );
    assert.match(String(early.warnings), /no connection called "later" yet/);
    await stage.ok(
      'POST',
      'database/roles/app',
      { db_name: 'pg', creation_statements: creation, default_ttl: '10m', max_ttl: '1h' },
      204,
    );
    await stage.ok('POST', 'database/roles/app', { max_ttl: 7200 }, 204);
    assert.deepEqual(await data('database/roles/app'), {
      creation_statements: statements,
      credential_type: 'password',
      db_name: 'pg',
      default_ttl: 600,
      max_ttl: 7200,
      renew_statements: [],
      revocation_statements: [],
      rollback_statements: [],
    });
    await stage.ok('POST', 'database/roles/app-rsa', {
      db_name: 'pg',
      credential_type: 'rsa_private_key',
      creation_statements: statements,
    });
    assert.deepEqual((await data('database/roles/app-rsa'))?.['credential_config'], {
      format: 'pkcs8',
      key_bits: 2048,
    });
    await refused(
      'GET',
      'database/creds/app-rsa',
      undefined,
      400,
      /^unsupported credential_type: "rsa_private_key"$/,
    );
  });

  test('credentials follow template, policy and TTLs; what fails says why', async () => {
    const encoded = Buffer.from(JSON.stringify([creation])).toString('base64');
    for (const [name, body] of Object.entries({
      'app-json': { creation_statements: JSON.stringify(statements) },
      'app-base64': { creation_statements: encoded },
      'app-bad': { creation_statements: 'CREATE BOGUS "{{name}}"' },
      'app-none': {},
      'app-nopolicy': { creation_statements: creation, credential_config: { password_policy: 'none' } },
    }))
      await stage.ok('POST', `database/roles/${name}`, { db_name: 'pg', ...body });
    for (const name of ['app', 'app-json', 'app-base64']) {
      const made = (await data(`database/creds/${name}`)) as { username: string; password: string };
      assert.match(made.password, /^[A-Za-z0-9-]{20}$/);
      assert.equal(
        await stage.postgresql.accepts({ user: made.username, password: made.password }),
        true,
        name,
      );
    }
    const fails = (name: string, status: number, error: RegExp) =>
      refused('GET', `database/creds/${name}`, undefined, status, error);
    await fails('nope', 400, /^unknown role: nope$/);
    await fails('early', 400, /^failed to find entry for connection with name: "later"$/);
    await fails('app-none', 500, /^1 error occurred:\n\t\* empty creation statements\n\n$/);
    await fails('app-nopolicy', 500, /\* failed to generate password: no password policy found\n/);
    await fails(
      'app-bad',
      500,
      /^1 error occurred:\n\t\* failed to execute query: ERROR: syntax error at or near "BOGUS" \(SQLSTATE 42601\)\n\n$/,
    );
    await refused('POST', 'database/creds/app', {}, 405, /unsupported operation/);
    await stage.ok('PUT', 'sys/policies/password/hex', {
      policy: 'length = 24\nrule "charset" {\n  charset = "abcdef0123456789"\n}\n',
    });
    const template = 'v-{{.RoleName}}-{{unix_time}}-{{random 8 | lowercase}}';
    await stage.ok(
      'POST',
      'database/config/pg',
      { username_template: template, password_policy: 'hex' },
      204,
    );
    const answer = await stage.ok('GET', 'database/creds/app');
    assert.match(String(answer.data?.['username']), /^v-app-\d{10}-[a-z0-9]{8}$/);
    assert.match(String(answer.data?.['password']), /^[0-9a-f]{24}$/);
    assert.equal(answer['lease_duration'], 600);
    assert.equal(answer['renewable'], true);
    const renewed = await stage.ok('POST', 'sys/leases/renew', {
      lease_id: answer['lease_id'],
      increment: '100h',
    });
    assert.ok(Number(renewed['lease_duration']) > 7100 && Number(renewed['lease_duration']) <= 7200);
    const [row] = await stage.postgresql.query(
      'SELECT extract(epoch FROM rolvaliduntil - now()) AS left FROM pg_roles WHERE rolname = $1',
      { values: [answer.data?.['username']] },
    );
    assert.ok(Number(row?.['left']) > 7100, `the database was told of the renewal: ${row?.['left']}`);
  });

  test('a static role is rotated at once and on request, without leases', async () => {
    const role = (body: object, status: number, error: RegExp, name = 'stat') =>
      refused('POST', `database/static-roles/${name}`, body, status, error);
    const good = { db_name: 'pg', username: 'statuser', rotation_period: '1h' };
    await role(
      { ...good, username: undefined },
      400,
      /^username is a required field to create a static account$/,
    );
    await role({ ...good, db_name: undefined }, 400, /^database name is a required field$/);
    await role(
      { ...good, rotation_period: undefined },
      400,
      /^one of rotation_schedule or rotation_period must be provided/,
    );
    await role({ ...good, rotation_period: 1 }, 400, /^rotation_period must be 5 seconds or more$/);
    await role({ ...good, rotation_schedule: '0 0 * * SAT' }, 400, /^mutually exclusive fields/);
    await role({ ...good, db_name: 'nodb' }, 400, /^failed to find entry for connection with name: "nodb"$/);
    await role(good, 400, /^"zzz" is not an allowed role$/, 'zzz');
    await role(
      { ...good, username: 'ghost' },
      500,
      /error setting credentials: .*ERROR: role "ghost" does not exist \(SQLSTATE 42704\)/s,
    );
    assert.equal(
      (await stage.server.call('GET', 'database/static-roles/stat')).status,
      404,
      'a failed one leaves nothing',
    );
    await stage.ok('POST', 'database/static-roles/stat', good, 204);
    const first = (await data('database/static-creds/stat')) as Record<string, string | number>;
    assert.deepEqual(Object.keys(first).sort(), [
      'last_vault_rotation',
      'password',
      'rotation_period',
      'ttl',
      'username',
    ]);
    assert.ok(Number(first['ttl']) > 3590);
    assert.equal(
      await stage.postgresql.accepts({ user: 'statuser', password: String(first['password']) }),
      true,
    );
    await role({ username: 'statuser2' }, 400, /^cannot update static account username$/);
    await stage.ok(
      'POST',
      'database/static-roles/stat',
      { username: 'statuser', rotation_period: '2h' },
      204,
    );
    assert.equal((await data('database/static-roles/stat'))?.['rotation_period'], 7200);
    await stage.ok('POST', 'database/rotate-role/stat', undefined, 204);
    const second = (await data('database/static-creds/stat')) as Record<string, string>;
    assert.notEqual(second['password'], first['password']);
    assert.equal(
      await stage.postgresql.accepts({ user: 'statuser', password: second['password'] ?? '' }),
      true,
    );
    await refused('POST', 'database/rotate-role/app', undefined, 400, /^no static role found for role name$/);
    await role(good, 400, /^Role and Static Role names must be unique$/, 'app');
    await refused(
      'POST',
      'database/roles/stat',
      { db_name: 'pg' },
      400,
      /^Role and Static Role names must be unique$/,
    );
    await refused('GET', 'database/creds/stat', undefined, 400, /^unknown role: stat$/);
    await stage.ok(
      'POST',
      'database/static-roles/app-cron',
      { db_name: 'pg', username: 'statuser2', rotation_schedule: '0 0 * * SAT', rotation_window: '2h' },
      204,
    );
    const scheduled = await data('database/static-creds/app-cron');
    assert.equal(scheduled?.['rotation_schedule'], '0 0 * * SAT');
    assert.equal(scheduled?.['rotation_window'], 7200);
    await role({ rotation_schedule: 'often' }, 400, /could not parse rotation_schedule/, 'app-cron');
    await stage.ok('DELETE', 'database/static-roles/app-cron', undefined, 204);
  });

  test('the root password is changed to one that nobody knows, and everything goes on', async () => {
    await refused('POST', 'database/rotate-root/nope', undefined, 400, /failed to find entry/);
    await refused(
      'POST',
      'database/rotate-root/inline',
      undefined,
      400,
      /^unable to rotate root credentials: no username in configuration$/,
    );
    await stage.ok('POST', 'database/rotate-root/pg', undefined, 204);
    assert.equal(await stage.postgresql.accepts({ user: 'vault-admin', password: 'admin-pass' }), false);
    await stage.ok('GET', 'database/creds/app', undefined, 200);
  });

  test('with scram-sha-256 the password never reaches the database, and works', async () => {
    await stage.ok(
      'POST',
      'database/config/pg',
      { password_authentication: 'scram-sha-256', username_template: '' },
      204,
    );
    const seen = `${creation} COMMENT ON ROLE "{{name}}" IS '{{password}}'`;
    await stage.ok('POST', 'database/roles/app-scram', { db_name: 'pg', creation_statements: seen }, 204);
    const made = (await data('database/creds/app-scram')) as { username: string; password: string };
    assert.equal(await stage.postgresql.accepts({ user: made.username, password: made.password }), true);
    const [row] = await stage.postgresql.query(
      "SELECT shobj_description(oid, 'pg_authid') AS seen FROM pg_roles WHERE rolname = $1",
      { values: [made.username] },
    );
    assert.match(String(row?.['seen']), /^SCRAM-SHA-256\$4096:/);
  });
});
