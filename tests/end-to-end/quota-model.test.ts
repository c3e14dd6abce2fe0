import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import fc from 'fast-check';
import { ManualClock } from '../../server/contracts/clock.ts';
import { startTestServer, type TestServer } from '../start-server.ts';

const is = <const T extends string>(type: T) => fc.constant(type);

/** Which quota counts a request, the first of these that is there; management is exempt. */
const targets: Readonly<
  Record<string, { readonly namespace?: string; readonly path: string; readonly order: readonly string[] }>
> = {
  'a-one': { path: 'secret/data/a-one', order: ['secret/data/a-one', 'secret/data/a*', 'secret/', ''] },
  'a-two': { path: 'secret/data/a-two', order: ['secret/data/a*', 'secret/', ''] },
  b: { path: 'secret/data/b', order: ['secret/', ''] },
  other: { path: 'cubbyhole/x', order: [''] },
  team: { path: 'kv/x', namespace: 'team', order: ['team/kv/', 'team/', ''] },
  squad: { path: 'kv/x', namespace: 'team/squad', order: [''] },
};
const places = ['', 'secret/', 'secret/data/a*', 'secret/data/a-one', 'team/', 'team/kv/'];

const rateAction = fc.oneof(
  { weight: 8, arbitrary: fc.record({ type: is('ask'), target: fc.constantFrom(...Object.keys(targets)) }) },
  {
    weight: 3,
    arbitrary: fc.record({
      type: is('set'),
      place: fc.constantFrom(...places),
      rate: fc.integer({ min: 1, max: 3 }),
      blockSeconds: fc.constantFrom(0, 0, 90),
    }),
  },
  { weight: 1, arbitrary: fc.record({ type: is('remove'), place: fc.constantFrom(...places) }) },
  { weight: 2, arbitrary: fc.record({ type: is('wait'), seconds: fc.constantFrom(1, 59, 60, 89, 90) }) },
);
const leaseAction = fc.oneof(
  { weight: 6, arbitrary: fc.record({ type: is('create'), ttlSeconds: fc.constantFrom(300, 3600) }) },
  { weight: 3, arbitrary: fc.record({ type: is('revoke'), which: fc.nat({ max: 9 }) }) },
  { weight: 1, arbitrary: fc.record({ type: is('set'), max: fc.integer({ min: 1, max: 6 }) }) },
  { weight: 1, arbitrary: fc.record({ type: is('wait'), seconds: fc.constantFrom(200, 400) }) },
);

interface RateState {
  readonly rate: number;
  readonly blockSeconds: number;
  used: number;
  sinceMs: number | undefined;
  blockedUntilMs: number;
}
const intervalSeconds = 60;

/** Whether one more is let through. */
function take(quota: RateState, nowMs: number): boolean {
  if (nowMs < quota.blockedUntilMs) return false;
  if (
    quota.sinceMs === undefined ||
    quota.blockedUntilMs > 0 ||
    nowMs >= quota.sinceMs + intervalSeconds * 1000
  ) {
    quota.sinceMs = nowMs;
    quota.used = 0;
    quota.blockedUntilMs = 0;
  }
  if (quota.used < quota.rate) {
    quota.used++;
    return true;
  }
  if (quota.blockSeconds > 0) quota.blockedUntilMs = nowMs + quota.blockSeconds * 1000;
  return false;
}

describe('quotas', () => {
  const clock = new ManualClock();
  let server: TestServer;
  before(async () => {
    server = await startTestServer({ clock });
    await ok('PUT', 'sys/namespaces/team');
    await ok('PUT', 'sys/namespaces/squad', undefined, 'team');
    for (const namespace of ['team', 'team/squad'])
      await ok('POST', 'sys/mounts/kv', { type: 'kv' }, namespace);
    const exempt = ['sys/quotas/*', 'auth/token/revoke', 'auth/token/create'];
    await ok('POST', 'sys/quotas/config', { rate_limit_exempt_paths: exempt });
  });
  after(() => server.stop());

  async function ok(method: string, path: string, body?: object, namespace?: string) {
    const more = { ...(body ? { body } : {}), ...(namespace ? { namespace } : {}) };
    const answer = await server.call(method, path, more);
    assert.ok(answer.status < 300, `${method} ${path}: ${answer.status} ${answer.text}`);
    return answer.body;
  }

  const nameOf = (place: string) => `q${places.indexOf(place)}`;

  test('limit rates as a plain model of them says', async () => {
    const run = fc.asyncProperty(fc.array(rateAction, { minLength: 10, maxLength: 60 }), async (todos) => {
      const quotas = new Map<string, RateState>();
      for (const place of places) await server.call('DELETE', `sys/quotas/rate-limit/${nameOf(place)}`);
      for (const todo of todos) {
        if (todo.type === 'wait') clock.advance(todo.seconds * 1000);
        else if (todo.type === 'remove') {
          await server.call('DELETE', `sys/quotas/rate-limit/${nameOf(todo.place)}`);
          quotas.delete(todo.place);
        } else if (todo.type === 'set') {
          const { place, rate, blockSeconds } = todo;
          const body = { path: place, rate, interval: intervalSeconds, block_interval: blockSeconds };
          await ok('POST', `sys/quotas/rate-limit/${nameOf(place)}`, body);
          const before = quotas.get(place);
          // Written again as it was, it goes on counting.
          if (before?.rate === rate && before.blockSeconds === blockSeconds) continue;
          quotas.set(place, { rate, blockSeconds, used: 0, sinceMs: undefined, blockedUntilMs: 0 });
        } else {
          const { path, namespace, order } = targets[todo.target] ?? { path: '', order: [] };
          const quota = order.map((place) => quotas.get(place)).find((found) => found !== undefined);
          const expected = quota === undefined || take(quota, clock.now()) ? 404 : 429;
          const answer = await server.call('GET', path, namespace ? { namespace } : {});
          assert.equal(answer.status, expected, `${todo.target}: ${JSON.stringify([...quotas])}`);
        }
      }
    });
    await fc.assert(run, { numRuns: 25, seed: 4 });
  });

  test('count leases as a plain model of them says', async () => {
    for (const place of places) await server.call('DELETE', `sys/quotas/rate-limit/${nameOf(place)}`);
    await ok('PUT', 'sys/policies/acl/none', { policy: 'path "x" { capabilities = ["read"] }' });
    const run = fc.asyncProperty(fc.array(leaseAction, { minLength: 10, maxLength: 30 }), async (todos) => {
      let max = 3;
      let alive: { token: string; endMs: number }[] = [];
      await ok('POST', 'sys/quotas/lease-count/leases', { path: 'auth/token', max_leases: max });
      for (const todo of todos) {
        if (todo.type === 'wait') clock.advance(todo.seconds * 1000);
        else if (todo.type === 'set') {
          max = todo.max;
          await ok('POST', 'sys/quotas/lease-count/leases', { path: 'auth/token', max_leases: max });
        } else if (todo.type === 'revoke') {
          const gone = alive[todo.which % Math.max(1, alive.length)];
          if (gone) await ok('POST', 'auth/token/revoke', { token: gone.token });
          alive = alive.filter((token) => token !== gone);
        } else {
          // What ended shows at the next count, a second later at the latest when the limit seems reached.
          clock.advance(61_000);
          alive = alive.filter(({ endMs }) => endMs > clock.now());
          const body = { ttl: `${todo.ttlSeconds}s`, policies: ['none'] };
          const answer = await server.call('POST', 'auth/token/create', { body });
          assert.equal(
            answer.status,
            alive.length < max ? 200 : 429,
            `${alive.length} of ${max}: ${answer.text}`,
          );
          if (answer.status !== 200) continue;
          const token = String(answer.body.auth?.['client_token']);
          alive.push({ token, endMs: clock.now() + todo.ttlSeconds * 1000 });
        }
      }
      for (const { token } of alive) await ok('POST', 'auth/token/revoke', { token });
      await ok('DELETE', 'sys/quotas/lease-count/leases');
    });
    await fc.assert(run, { numRuns: 15, seed: 4 });
  });
});
