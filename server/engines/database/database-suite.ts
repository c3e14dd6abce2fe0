import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type Database, DatabaseError, type DatabasePlugin } from './database-plugin.ts';

/** A real database of one kind, for the suite. */
export interface DatabaseSubject {
  /** Of a user that may administer others. */
  readonly details: Readonly<Record<string, unknown>>;
  /** Makes a user that can log in. */
  readonly creation: readonly string[];
  /** What fails although it begins well: nothing of it may stay. */
  readonly brokenCreation: readonly string[];
  accepts(user: { readonly username: string; readonly password: string }): Promise<boolean>;
  exists(username: string): Promise<boolean>;
  /** Connections of Coffer's user that are open now. */
  connections(): Promise<number>;
  stop(): Promise<void>;
  start(): Promise<void>;
  dispose(): Promise<void>;
}

/** What `conformance.ts` of every folder of `databases/` exports as `subject`. */
export interface SubjectDeclaration {
  /** Why there is none on this machine; false when there is one. */
  readonly skip: string | false;
  open(): Promise<DatabaseSubject>;
}

const hostilePassword = `'"\\;--\`$$ a' OR 1=1 {{name}}`;

/** What `database-plugin.ts` promises, of one kind of database. */
export function databaseConformance(plugin: DatabasePlugin, declaration: SubjectDeclaration): void {
  describe(`the database ${plugin.type} keeps its promises`, { skip: declaration.skip }, () => {
    let subject: DatabaseSubject;
    let database: Database;
    const pluginName = plugin.pluginNames[0] ?? '';
    const open = (more: object = {}) => plugin.open({ pluginName, details: { ...subject.details, ...more } });
    let count = 0;
    const make = async (password = 'first-Password-1', statements = subject.creation) => {
      const username = `suite_${++count}`;
      const expiresAtMs = Date.now() + 3_600_000;
      await database.createUser({
        username,
        credential: { type: 'password', password },
        expiresAtMs,
        statements,
      });
      return { username, password };
    };
    const fails = async (work: Promise<unknown>, kinds: readonly string[], secret: string) => {
      await assert.rejects(work, (error: unknown) => {
        assert.ok(error instanceof DatabaseError, String(error));
        assert.ok(kinds.includes(error.kind), `${error.kind}: ${error.message}`);
        assert.ok(!error.message.includes(secret), error.message);
        return true;
      });
    };

    before(async () => {
      subject = await declaration.open();
      database = open();
    });
    after(async () => {
      await database?.close();
      await subject?.dispose();
    });

    test('its words are declared, and its names fit', () => {
      assert.ok(plugin.pluginNames.length > 0 && plugin.credentialTypes.length > 0);
      for (const word of Object.keys(subject.details)) assert.ok(plugin.details.includes(word), word);
      for (const name of plugin.pluginNames) {
        const { template, maxBytes } = plugin.username(name);
        assert.match(template, /random/);
        assert.ok(maxBytes >= 16);
      }
    });

    test('a user logs in, gets another password, lives longer, and ends', async () => {
      const user = await make();
      assert.equal(await subject.accepts(user), true);
      const password = 'second-Password-2';
      await database.setPassword({ username: user.username, password, statements: [] });
      assert.equal(await subject.accepts(user), false);
      assert.equal(await subject.accepts({ ...user, password }), true);
      const expiresAtMs = Date.now() + 7_200_000;
      await database.setExpiry({ username: user.username, expiresAtMs, statements: [] });
      await database.deleteUser({ username: user.username, statements: [] });
      assert.equal(await subject.exists(user.username), false);
    });

    test('a password of quotes, backslashes and semicolons is that password', async () => {
      const user = await make(hostilePassword);
      assert.equal(await subject.accepts(user), true);
      const password = `${hostilePassword}${hostilePassword}`;
      await database.setPassword({ username: user.username, password, statements: [] });
      assert.equal(await subject.accepts({ ...user, password }), true);
      await database.deleteUser({ username: user.username, statements: [] });
    });

    test('ending a user that is not there is success, once and by eight at a time', async () => {
      await database.deleteUser({ username: 'suite_nobody', statements: [] });
      for (let round = 0; round < 5; round++) {
        const { username } = await make();
        const others = [open(), open()];
        const ends = Array.from({ length: 8 }, (_, index) =>
          (others[index % 3] ?? database).deleteUser({ username, statements: [] }),
        );
        await Promise.all(ends);
        assert.equal(await subject.exists(username), false);
        await Promise.all(others.map((other) => other.close()));
      }
    });

    test('what fails in the middle leaves nothing, and does not repeat the password', async () => {
      const secret = 'Secret-in-statement-9';
      await fails(make(secret, subject.brokenCreation), ['refused', 'unknown'], secret);
      await database.deleteUser({ username: `suite_${count}`, statements: [] });
      assert.equal(await subject.exists(`suite_${count}`), false);
    });

    test('wrong credentials of Coffer’s own are told from a database that is away', async () => {
      const password = 'not-the-Password-3';
      const wrong = open({ password });
      await fails(wrong.verify(), ['denied'], password);
      await fails(wrong.deleteUser({ username: 'suite_nobody', statements: [] }), ['denied'], password);
      await wrong.close();
      await subject.stop();
      const secret = String(subject.details['password']);
      await fails(database.verify(), ['away'], secret);
      await fails(make(), ['away'], secret);
      await subject.start();
      const user = await make();
      assert.equal(await subject.accepts(user), true, 'connections that broke are not used again');
      await database.deleteUser({ username: user.username, statements: [] });
    });

    test('the connections that it keeps open are bounded, and go with it', async () => {
      const bounded = open({ max_open_connections: 2 });
      const alone = await subject.connections();
      let most = 0;
      let isDone = false;
      const work = Promise.all(
        Array.from({ length: 24 }, (_, index) =>
          bounded.deleteUser({ username: `suite_none_${index}`, statements: [] }),
        ),
      ).finally(() => {
        isDone = true;
      });
      while (!isDone) most = Math.max(most, (await subject.connections()) - alone);
      await work;
      assert.ok(most <= 2, `${most} connections`);
      await bounded.close();
      await bounded.close();
      for (let attempt = 0; (await subject.connections()) > alone; attempt++)
        assert.ok(attempt < 200, 'connections stay open');
      await fails(bounded.deleteUser({ username: 'suite_none', statements: [] }), ['away'], 'no secret');
    });
  });
}
