import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import fc from 'fast-check';
import { ManualClock } from '../../server/contracts/clock.ts';
import { startTestServer, type TestServer } from '../start-server.ts';

/** What lockout is, as plainly as it can be said: the state of one name at one mount. */
interface Name {
  failures: number;
  lastMs: number;
  lockedUntilMs: number;
}
interface Config {
  readonly threshold: number;
  readonly durationSeconds: number;
  readonly resetSeconds: number;
  readonly isDisabled: boolean;
}

const roleIds = ['web', 'ci', 'nobody'];
const mountCount = 2;
const mount = fc.nat({ max: mountCount - 1 });
const role = fc.constantFrom(...roleIds);
const is = <const T extends string>(type: T) => fc.constant(type);
const login = (weight: number, isRight: boolean) => ({
  weight,
  arbitrary: fc.record({
    type: is('login'),
    mount,
    role,
    isRight: fc.constant(isRight),
    count: fc.integer({ min: 1, max: 3 }),
  }),
});
const action = fc.oneof(
  login(8, false),
  login(3, true),
  {
    weight: 2,
    arbitrary: fc.record({ type: is('wait'), seconds: fc.constantFrom(1, 29, 30, 60, 120, 900) }),
  },
  { weight: 1, arbitrary: fc.record({ type: is('unlock'), mount, role }) },
  {
    weight: 1,
    arbitrary: fc.record({
      type: is('tune'),
      mount,
      threshold: fc.integer({ min: 1, max: 4 }),
      durationSeconds: fc.constantFrom(30, 120),
      resetSeconds: fc.constantFrom(60, 600),
      isDisabled: fc.constantFrom(false, false, false, true),
    }),
  },
);
type Action = typeof action extends fc.Arbitrary<infer T> ? T : never;

describe('lockout of logins', () => {
  const clock = new ManualClock();
  let server: TestServer;
  let secretIds: ReadonlyMap<string, string>;
  let rounds = 0;
  before(async () => {
    server = await startTestServer({ clock });
  });
  after(() => server.stop());

  async function ok(method: string, path: string, body?: object) {
    const answer = await server.call(method, path, body ? { body } : {});
    assert.ok(answer.status < 300, `${method} ${path}: ${answer.status} ${answer.text}`);
    return answer.body.data ?? {};
  }

  /** Mounts of a round's own, with the roles `web` and `ci`; nobody is `nobody`. */
  async function mounts(): Promise<readonly { path: string; accessor: string }[]> {
    const made: { path: string; accessor: string }[] = [];
    const ids = new Map<string, string>();
    for (let at = 0; at < mountCount; at++) {
      const path = `machines-${rounds}-${at}`;
      await ok('POST', `sys/auth/${path}`, { type: 'approle' });
      for (const name of ['web', 'ci']) {
        await ok('POST', `auth/${path}/role/${name}`, { token_type: 'batch' });
        await ok('POST', `auth/${path}/role/${name}/role-id`, { role_id: name });
        const { secret_id: secretId } = await ok('POST', `auth/${path}/role/${name}/secret-id`);
        ids.set(`${path} ${name}`, String(secretId));
      }
      made.push({ path, accessor: String((await ok('GET', `sys/auth/${path}`))['accessor']) });
    }
    secretIds = ids;
    rounds++;
    return made;
  }

  async function play(todos: readonly Action[]): Promise<void> {
    const at = await mounts();
    const configs: Config[] = at.map(() => ({
      threshold: 5,
      durationSeconds: 900,
      resetSeconds: 900,
      isDisabled: false,
    }));
    const names = new Map<string, Name>();
    const nameOf = (n: number, name: string): Name => {
      const key = `${n} ${name}`;
      const found = names.get(key) ?? { failures: 0, lastMs: 0, lockedUntilMs: 0 };
      names.set(key, found);
      return found;
    };
    for (const todo of todos) {
      if (todo.type === 'wait') {
        clock.advance(todo.seconds * 1000);
        continue;
      }
      const { path = '', accessor = '' } = at[todo.mount] ?? {};
      if (todo.type === 'unlock') {
        await ok('POST', `sys/locked-users/${accessor}/unlock/${todo.role}`);
        nameOf(todo.mount, todo.role).lockedUntilMs = 0;
      } else if (todo.type === 'tune') {
        await ok('POST', `sys/auth/${path}/tune`, {
          user_lockout_config: {
            lockout_threshold: todo.threshold,
            lockout_duration: `${todo.durationSeconds}s`,
            lockout_counter_reset_duration: `${todo.resetSeconds}s`,
            lockout_disable: todo.isDisabled,
          },
        });
        configs[todo.mount] = todo;
      } else
        for (let n = 0; n < todo.count; n++) {
          const { mount: which, isRight } = todo;
          const name: string = todo.role;
          const secretId = isRight ? (secretIds.get(`${path} ${name}`) ?? 'none') : 'wrong';
          const body = { role_id: name, secret_id: secretId };
          const answer = await server.call('POST', `auth/${path}/login`, { token: null, body });
          const expected = attempt(
            configs[which],
            nameOf(which, name),
            isRight && name !== 'nobody',
            clock.now(),
          );
          assert.equal(answer.status, expected, `${name} at ${path}: ${answer.text}`);
        }
    }
    const locked = [...names].flatMap(([key, { lockedUntilMs }]) =>
      lockedUntilMs > clock.now() ? [key] : [],
    );
    const listed = JSON.stringify(await ok('GET', 'sys/locked-users'));
    for (const [n, { accessor }] of at.entries()) {
      const { total } = await ok('GET', `sys/locked-users?mount_accessor=${accessor}`);
      assert.equal(total, locked.filter((key) => key.startsWith(`${n} `)).length, listed);
    }
  }

  test('is what a plain model of it says, whatever fails, waits, is unlocked and tuned', async () => {
    await fc.assert(fc.asyncProperty(fc.array(action, { minLength: 5, maxLength: 40 }), play), {
      numRuns: 20,
      seed: 4,
    });
  });
});

/** The status of one login, and what it leaves behind. */
function attempt(config: Config | undefined, name: Name, isRight: boolean, nowMs: number): number {
  assert.ok(config);
  if (!config.isDisabled && name.lockedUntilMs > nowMs) return 403;
  if (isRight) {
    if (!config.isDisabled) name.failures = 0;
    return 200;
  }
  if (config.isDisabled) return 400;
  if (nowMs - name.lastMs >= config.resetSeconds * 1000) name.failures = 0;
  name.failures++;
  name.lastMs = nowMs;
  if (name.failures >= config.threshold) {
    name.lockedUntilMs = nowMs + config.durationSeconds * 1000;
    name.failures = 0;
  }
  return 400;
}
