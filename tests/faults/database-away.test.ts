import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, beforeEach, describe, test } from 'node:test';
import { systemClock } from '../../server/contracts/clock.ts';
import {
  connectionTo,
  creation,
  eventually,
  roleNames,
} from '../../server/engines/database/database-harness.ts';
import { startPostgresql, type TestPostgresql, withoutPostgresql } from '../postgresql.ts';
import { startTestServer, type TestServer } from '../start-server.ts';

interface Made {
  readonly leaseId: string;
  readonly username: string;
}

/** Above the longest wait between two tries. */
const longMs = 20 * 60_000;

describe('leases of a PostgreSQL that is away', { skip: withoutPostgresql() }, () => {
  let postgresql: TestPostgresql;
  let other: TestPostgresql;
  let folder: string;
  let server: TestServer;
  let offsetMs = 0;
  const clock = { ...systemClock, now: () => Date.now() + offsetMs };

  before(async () => {
    [postgresql, other] = await Promise.all([startPostgresql(), startPostgresql()]);
    for (const one of [postgresql, other])
      await one.query(`CREATE ROLE "vault-admin" LOGIN SUPERUSER PASSWORD 'admin-pass'`);
  });
  after(async () => {
    await postgresql?.dispose();
    await other?.dispose();
  });

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'coffer-database-away-'));
    server = await startTestServer({ storage: 'sqlite', folder, clock });
    await call('POST', 'sys/mounts/database', { type: 'database' });
    await call('POST', 'database/config/pg', connectionTo(postgresql));
    await call('POST', 'database/config/other', connectionTo(other));
    await call('POST', 'database/roles/app', { db_name: 'pg', creation_statements: creation });
    await call('POST', 'database/roles/elsewhere', { db_name: 'other', creation_statements: creation });
  });
  afterEach(async () => {
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  async function call(method: string, path: string, body?: object) {
    const answer = await server.call(method, path, body ? { body } : {});
    assert.ok(answer.status < 300, `${method} ${path}: ${answer.status} ${answer.text}`);
    return answer.body;
  }
  async function make(role: string): Promise<Made> {
    const body = await call('GET', `database/creds/${role}`);
    return { leaseId: String(body['lease_id']), username: String(body.data?.['username']) };
  }
  const isThere = async (where: TestPostgresql, { username }: Made) =>
    (await roleNames(where, username)).length > 0;
  const revoke = ({ leaseId }: Made) => call('PUT', 'sys/leases/revoke', { lease_id: leaseId });
  const waiting = async () => (await call('GET', 'sys/leases?type=irrevocable')).data?.['lease_count'];

  test('an end is tried again with back-off, holds up nothing else, survives a restart, and comes in the end', async () => {
    const [made, elsewhere] = [await make('app'), await make('elsewhere')];
    await postgresql.stop();
    const told = await server.call('PUT', 'sys/leases/revoke', { body: { lease_id: made.leaseId } });
    assert.equal(told.status, 400, told.text);
    assert.match(told.text, /has ended, but .* goes on in the background/);
    const gone = await server.call('PUT', 'sys/leases/lookup', { body: { lease_id: made.leaseId } });
    assert.equal(gone.status, 400, 'ended is ended, whatever the database says');
    const refused = await server.call('GET', 'database/creds/app');
    assert.equal(refused.status, 500, refused.text);
    assert.match(refused.text, /ECONNREFUSED/);
    assert.doesNotMatch(refused.text, /admin-pass/);
    await revoke(elsewhere);
    await eventually(
      async () => !(await isThere(other, elsewhere)),
      'the other database is not kept waiting',
    );

    await server.stop();
    server = await startTestServer({ storage: 'sqlite', folder, clock, reopen: server });
    const later = await make('elsewhere');
    assert.equal(await isThere(other, later), true, 'the start did not wait');
    for (const failures of [2, 3, 4]) {
      offsetMs += longMs;
      const said = new RegExp(
        `could not be taken back.*attempts=${failures}.*next_try_seconds=${5 * 2 ** (failures - 1)}\\b`,
      );
      await eventually(() => said.test(server.logText()), `try ${failures}`);
    }
    assert.equal(await waiting(), 1);
    await postgresql.start();
    offsetMs += longMs;
    await eventually(async () => !(await isThere(postgresql, made)), 'the user is removed');
    await eventually(async () => (await waiting()) === 0, 'nothing waits any more');
    assert.doesNotMatch(server.logText(), /admin-pass/);
  });

  test('a user that somebody else has dropped already is a success', async () => {
    const made = await make('app');
    await postgresql.query(`DROP OWNED BY "${made.username}"; DROP ROLE "${made.username}"`);
    await revoke(made);
    assert.equal(await waiting(), 0);
    await call('POST', 'database/roles/app', {
      revocation_statements: `REVOKE ALL ON ALL TABLES IN SCHEMA public FROM "{{name}}"; DROP ROLE "{{name}}"`,
    });
    const byStatements = await make('app');
    await postgresql.query(`DROP OWNED BY "${byStatements.username}"; DROP ROLE "${byStatements.username}"`);
    await revoke(byStatements);
    assert.equal(await waiting(), 0);
    assert.doesNotMatch(server.logText(), /does not exist/);
  });

  test('an end that comes by time takes the user away, with the connections that it has open', async () => {
    await call('POST', 'database/roles/app', { default_ttl: '5m' });
    const body = await call('GET', 'database/creds/app');
    const { username, password } = body.data as { username: string; password: string };
    const session = postgresql.query('SELECT pg_sleep(60)', { user: username, password }).then(
      () => 'ended by itself',
      () => 'cut',
    );
    const isConnected = async () =>
      (await postgresql.query('SELECT 1 FROM pg_stat_activity WHERE usename = $1', { values: [username] }))
        .length === 1;
    await eventually(isConnected, 'the user is connected');
    offsetMs += 6 * 60_000;
    assert.equal(await session, 'cut');
    await eventually(async () => (await roleNames(postgresql, username)).length === 0, 'the user is gone');
  });
});
