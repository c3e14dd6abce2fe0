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
import { type Killable, startKillable } from '../end-to-end/killable-server.ts';
import { startPostgresql, type TestPostgresql, withoutPostgresql } from '../postgresql.ts';
import { startTestServer, type TestServer } from '../start-server.ts';
import { AnswerGate } from './answer-gate.ts';

/** So long after the crash that nobody can be at work any more on what was begun before it. */
const laterMs = 60_000;

describe('kill -9 of Coffer while PostgreSQL is at work for it', { skip: withoutPostgresql() }, () => {
  let postgresql: TestPostgresql;
  let gate: AnswerGate;
  let folder: string;
  let doomed: Killable;
  let next: TestServer | undefined;

  before(async () => {
    postgresql = await startPostgresql();
  });
  after(() => postgresql?.dispose());

  beforeEach(async () => {
    next = undefined;
    folder = mkdtempSync(join(tmpdir(), 'coffer-database-kill-'));
    gate = await AnswerGate.open(postgresql.port);
    await postgresql.query(`CREATE ROLE "vault-admin" LOGIN SUPERUSER PASSWORD 'admin-pass'`);
    await postgresql.query(`CREATE ROLE reports LOGIN PASSWORD 'first'`);
    doomed = await startKillable(folder);
    await configure(doomed);
  });
  afterEach(async () => {
    await doomed.kill();
    await next?.stop();
    await gate.close();
    rmSync(folder, { recursive: true, force: true });
    for (const name of await roleNames(postgresql, 'v-%'))
      await postgresql.query(`DROP OWNED BY "${name}"; DROP ROLE "${name}"`);
    await postgresql.query(`DROP ROLE reports, "vault-admin"`);
  });

  async function configure(server: Killable): Promise<void> {
    const url = `postgresql://{{username}}:{{password}}@127.0.0.1:${gate.port}/postgres?sslmode=disable`;
    const connection = connectionTo(postgresql, { connection_url: url });
    for (const [path, body] of [
      ['sys/mounts/database', { type: 'database' }],
      ['database/config/pg', connection],
      ['database/roles/app', { db_name: 'pg', creation_statements: creation }],
      ['database/static-roles/reports', { db_name: 'pg', username: 'reports', rotation_period: '24h' }],
    ] as const) {
      const answer = await server.call('POST', path, { body });
      assert.ok(answer.status < 300, `${path}: ${answer.text}`);
    }
  }

  /** Sends the request, and kills the server while PostgreSQL has done, or is about to do, what `holds` says. */
  async function killAt(
    point: { readonly text: string; readonly holds: 'requests' | 'answers'; done?(): Promise<boolean> },
    method: string,
    path: string,
  ): Promise<void> {
    const held = gate.holdFrom(point.text, point.holds);
    const answer = doomed.call(method, path).then(
      ({ status, text }) => `${status} ${text}`,
      () => 'cut off',
    );
    assert.equal(await Promise.race([held.then(() => 'held'), answer]), 'held');
    if (point.done) await eventually(point.done, `PostgreSQL did its part of ${path}`);
    await doomed.kill();
    assert.equal(await answer, 'cut off');
    gate.cut();
  }

  async function reopen(offsetMs: number): Promise<TestServer> {
    const clock = { ...systemClock, now: () => Date.now() + offsetMs };
    next = await startTestServer({ storage: 'sqlite', folder, reopen: doomed, clock });
    return next;
  }

  const made = () => roleNames(postgresql, 'v-%');
  const works = async (server: TestServer) => {
    const answer = await server.call('GET', 'database/creds/app');
    assert.equal(answer.status, 200, answer.text);
  };
  const adminHas = (password: string) => postgresql.accepts({ user: 'vault-admin', password });
  const isAdminChanged = async () => !(await adminHas('admin-pass'));

  test('a user that was made and has no lease yet is removed by the next start, even if the database is away at first', async () => {
    const point = {
      text: 'COMMIT',
      holds: 'answers',
      done: async () => (await made()).length === 1,
    } as const;
    await killAt(point, 'GET', 'database/creds/app');
    await postgresql.stop();
    const server = await reopen(laterMs);
    assert.equal((await server.call('GET', 'secret/config')).status, 200, 'the start waits for no database');
    await eventually(() => server.logText().includes('without a lease could not be removed'), 'a try');
    await postgresql.start();
    await eventually(async () => (await made()).length === 0, 'the user without a lease is gone');
    await eventually(() => server.logText().includes('without a lease was removed'), 'it is said');
    const leases = await server.call('LIST', 'sys/leases/lookup/database/creds/app');
    assert.equal(leases.status, 404, leases.text);
    await works(server);
    assert.equal((await made()).length, 1, 'and a user with a lease stays');
  });

  test('a user that PostgreSQL was never asked for leaves nothing to do', async () => {
    await killAt({ text: 'CREATE ROLE', holds: 'requests' }, 'GET', 'database/creds/app');
    const server = await reopen(laterMs);
    await eventually(
      () => server.logText().includes('without a lease was removed'),
      'the note is struck out',
    );
    assert.deepEqual(await made(), []);
    assert.doesNotMatch(server.logText(), /could not be removed/);
    await works(server);
  });

  test('a root password that is in force but not yet known to be is used by the next start at once', async () => {
    const point = { text: 'COMMIT', holds: 'answers', done: isAdminChanged } as const;
    await killAt(point, 'POST', 'database/rotate-root/pg');
    const server = await reopen(0);
    await works(server);
    const again = await server.call('POST', 'database/rotate-root/pg');
    assert.equal(again.status, 204, again.text);
    await works(server);
  });

  test('a root password that PostgreSQL was never told is set by the next start, and the old one serves until then', async () => {
    await killAt({ text: 'ALTER ROLE', holds: 'requests' }, 'POST', 'database/rotate-root/pg');
    assert.equal(await adminHas('admin-pass'), true);
    const early = await reopen(0);
    await works(early);
    assert.equal(await adminHas('admin-pass'), true);
    await early.stop();
    const late = await reopen(laterMs);
    await eventually(isAdminChanged, 'the rotation that was cut off goes on');
    await works(late);
  });

  for (const [what, point] of [
    ['set but not written down as set', { text: 'COMMIT', holds: 'answers' }],
    ['written down but not set', { text: 'ALTER ROLE', holds: 'requests' }],
  ] as const) {
    test(`a static password that was ${what} is given out again once it is certain`, async () => {
      await killAt(point, 'POST', 'database/rotate-role/reports');
      const server = await reopen(laterMs);
      await eventually(async () => {
        const { body } = await server.call('GET', 'database/static-creds/reports');
        return postgresql.accepts({ user: 'reports', password: String(body.data?.['password']) });
      }, 'Coffer gives out the password that is in force');
      const rotated = await server.call('POST', 'database/rotate-role/reports');
      assert.equal(rotated.status, 204, rotated.text);
      const { body } = await server.call('GET', 'database/static-creds/reports');
      assert.equal(
        await postgresql.accepts({ user: 'reports', password: String(body.data?.['password']) }),
        true,
      );
    });
  }
});
