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

/** What the tests of one kind of database share. */
class SuiteStage {
  readonly plugin: DatabasePlugin;
  readonly subject: DatabaseSubject;
  readonly database: Database;
  count = 0;

  constructor(plugin: DatabasePlugin, subject: DatabaseSubject) {
    this.plugin = plugin;
    this.subject = subject;
    this.database = this.open();
  }

  open(more: object = {}): Database {
    const pluginName = this.plugin.pluginNames[0] ?? '';
    return this.plugin.open({ pluginName, details: { ...this.subject.details, ...more } });
  }

  async make(password = 'first-Password-1', statements = this.subject.creation) {
    const username = `suite_${++this.count}`;
    const expiresAtMs = Date.now() + 3_600_000;
    const credential = { type: 'password', password } as const;
    await this.database.createUser({ username, credential, expiresAtMs, statements });
    return { username, password };
  }
}

async function fails(work: Promise<unknown>, kinds: readonly string[], secret: string): Promise<void> {
  await assert.rejects(work, (error: unknown) => {
    assert.ok(error instanceof DatabaseError, String(error));
    assert.ok(kinds.includes(error.kind), `${error.kind}: ${error.message}`);
    assert.ok(!error.message.includes(secret), error.message);
    return true;
  });
}

/** What `database-plugin.ts` promises, of one kind of database. */
export function databaseConformance(plugin: DatabasePlugin, declaration: SubjectDeclaration): void {
  describe(`the database ${plugin.type} keeps its promises`, { skip: declaration.skip }, () => {
    let stage: SuiteStage | undefined;
    before(async () => {
      stage = new SuiteStage(plugin, await declaration.open());
    });
    after(async () => {
      await stage?.database.close();
      await stage?.subject.dispose();
    });
    const suiteTest: SuiteTest = (name, run) => {
      test(name, async () => {
        assert.ok(stage);
        await run(stage);
      });
    };
    users(suiteTest);
    failures(suiteTest);
  });
}

type SuiteTest = (name: string, run: (stage: SuiteStage) => Promise<void> | void) => void;

function users(test: SuiteTest): void {
  test('its words are declared, and its names fit', (stage) => {
    assert.ok(stage.plugin.pluginNames.length > 0 && stage.plugin.credentialTypes.length > 0);
    for (const word of Object.keys(stage.subject.details))
      assert.ok(stage.plugin.details.includes(word), word);
    for (const name of stage.plugin.pluginNames) {
      const { template, maxBytes } = stage.plugin.username(name);
      assert.match(template, /random/);
      assert.ok(maxBytes >= 16);
    }
  });

  test('a user logs in, gets another password, lives longer, and ends', async (stage) => {
    const user = await stage.make();
    assert.equal(await stage.subject.accepts(user), true);
    const password = 'second-Password-2';
    await stage.database.setPassword({ username: user.username, password, statements: [] });
    assert.equal(await stage.subject.accepts(user), false);
    assert.equal(await stage.subject.accepts({ ...user, password }), true);
    const expiresAtMs = Date.now() + 7_200_000;
    await stage.database.setExpiry({ username: user.username, expiresAtMs, statements: [] });
    await stage.database.deleteUser({ username: user.username, statements: [] });
    assert.equal(await stage.subject.exists(user.username), false);
  });

  test('a password of quotes, backslashes and semicolons is that password', async (stage) => {
    const user = await stage.make(hostilePassword);
    assert.equal(await stage.subject.accepts(user), true);
    const password = `${hostilePassword}${hostilePassword}`;
    await stage.database.setPassword({ username: user.username, password, statements: [] });
    assert.equal(await stage.subject.accepts({ ...user, password }), true);
    await stage.database.deleteUser({ username: user.username, statements: [] });
  });

  test('ending a user that is not there is success, once and by eight at a time', async (stage) => {
    await stage.database.deleteUser({ username: 'suite_nobody', statements: [] });
    for (let round = 0; round < 5; round++) {
      const { username } = await stage.make();
      const others = [stage.open(), stage.open()];
      const ends = Array.from({ length: 8 }, (_, index) =>
        (others[index % 3] ?? stage.database).deleteUser({ username, statements: [] }),
      );
      await Promise.all(ends);
      assert.equal(await stage.subject.exists(username), false);
      await Promise.all(others.map((other) => other.close()));
    }
  });
}

function failures(test: SuiteTest): void {
  test('what fails in the middle leaves nothing, and does not repeat the password', async (stage) => {
    const secret = 'Secret-in-statement-9';
    await fails(stage.make(secret, stage.subject.brokenCreation), ['refused', 'unknown'], secret);
    await stage.database.deleteUser({ username: `suite_${stage.count}`, statements: [] });
    assert.equal(await stage.subject.exists(`suite_${stage.count}`), false);
  });

  test('wrong credentials of Coffer’s own are told from a database that is away', async (stage) => {
    const password = 'not-the-Password-3';
    const wrong = stage.open({ password });
    await fails(wrong.verify(), ['denied'], password);
    await fails(wrong.deleteUser({ username: 'suite_nobody', statements: [] }), ['denied'], password);
    await wrong.close();
    await stage.subject.stop();
    const secret = String(stage.subject.details['password']);
    await fails(stage.database.verify(), ['away'], secret);
    await fails(stage.make(), ['away'], secret);
    await stage.subject.start();
    const user = await stage.make();
    assert.equal(await stage.subject.accepts(user), true, 'connections that broke are not used again');
    await stage.database.deleteUser({ username: user.username, statements: [] });
  });

  test('the connections that it keeps open are bounded, and go with it', async (stage) => {
    const bounded = stage.open({ max_open_connections: 2 });
    const alone = await stage.subject.connections();
    let most = 0;
    let isDone = false;
    const work = Promise.all(
      Array.from({ length: 24 }, (_, index) =>
        bounded.deleteUser({ username: `suite_none_${index}`, statements: [] }),
      ),
    ).finally(() => {
      isDone = true;
    });
    while (!isDone) most = Math.max(most, (await stage.subject.connections()) - alone);
    await work;
    assert.ok(most <= 2, `${most} connections`);
    await bounded.close();
    await bounded.close();
    for (let attempt = 0; (await stage.subject.connections()) > alone; attempt++)
      assert.ok(attempt < 200, 'connections stay open');
    await fails(bounded.deleteUser({ username: 'suite_none', statements: [] }), ['away'], 'no secret');
  });
}
