import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ManualClock } from '../../contracts/clock.ts';
import { silentLogger } from '../../contracts/logger.ts';
import { AuditBroker } from './audit-broker.ts';
import { parseDeviceOptions } from './device-options.ts';
import type { AuditExchange } from './exchange.ts';
import { newSalt, SaltedHash } from './salted-hash.ts';
import { MemorySink, testExchange, testMount } from './testing.ts';

type Options = Readonly<Record<string, string>>;

function brokerWith(devices: Readonly<Record<string, Options>>) {
  const broker = new AuditBroker({ clock: new ManualClock(), logger: silentLogger, writeTimeoutMs: 100 });
  const sinks = new Map<string, MemorySink>();
  for (const [name, options] of Object.entries(devices)) {
    const sink = new MemorySink();
    sinks.set(name, sink);
    broker.add({
      path: `${name}/`,
      type: 'memory',
      sink,
      options: parseDeviceOptions(options),
      salted: new SaltedHash(newSalt()),
    });
  }
  const sink = (name: string): MemorySink => sinks.get(name) ?? new MemorySink();
  const seen = (name: string) => sink(name).entries.map(({ type, request }) => `${type} ${request.id}`);
  return { broker, sink, seen };
}

async function serve(broker: AuditBroker, change: Partial<AuditExchange>): Promise<void> {
  const exchange = testExchange(change);
  broker.recordRequest(exchange);
  broker.recordResponse(exchange, { timeMs: exchange.timeMs, data: { secret: 'value', kept: 7 } });
  await broker.flush();
}

const both = (id: string) => [`request ${id}`, `response ${id}`];
const login: Partial<AuditExchange> = {
  requestId: 'login',
  path: 'auth/userpass/login/alice',
  operation: 'update',
  mount: { ...testMount, path: 'auth/userpass/', type: 'userpass', class: 'auth' },
};

describe('an audit device with a filter', () => {
  test('gets what matches, beside a device that gets all', async () => {
    const { broker, seen } = brokerWith({
      all: {},
      kv: { filter: 'mount_type == kv and operation == read' },
    });
    await Promise.all([serve(broker, { requestId: 'read' }), serve(broker, login)]);
    assert.deepEqual(seen('all'), [...both('read'), ...both('login')]);
    assert.deepEqual(seen('kv'), both('read'));
  });

  test('looks at mount, namespace, operation and path with the namespace in front', async () => {
    const matching = [
      'namespace == ns1',
      'namespace == "ns1/"',
      'mount_point == ns1/secret/',
      'mount_point == ns1/secret',
      'path == "ns1/secret/data/app"',
      'path matches "^ns1/secret/.*"',
      '"data" in path and not operation == update',
    ];
    const { broker, seen } = brokerWith({
      ...Object.fromEntries(matching.map((filter) => [filter, { filter }])),
      root: { filter: 'namespace == root' },
    });
    await serve(broker, { requestId: 'r', namespace: { id: 'abcde', path: 'ns1/' } });
    for (const filter of matching) assert.deepEqual(seen(filter), both('r'), filter);
    assert.deepEqual(seen('root'), []);
  });

  test('that nobody matches counts as recorded without a fallback, and goes to the fallback with one', async () => {
    const without = brokerWith({ kv: { filter: 'mount_type == kv' } });
    await serve(without.broker, login);
    assert.deepEqual(without.seen('kv'), []);
    const { broker, seen } = brokerWith({ kv: { filter: 'mount_type == kv' }, rest: { fallback: 'true' } });
    await Promise.all([serve(broker, login), serve(broker, { requestId: 'read' })]);
    assert.deepEqual(seen('kv'), both('read'));
    assert.deepEqual(seen('rest'), both('login'));
  });

  test('that fails lets nothing through that only it would have recorded, whatever others record', async () => {
    const { broker, sink, seen } = brokerWith({
      kv: { filter: 'mount_type == kv' },
      rest: { fallback: 'true' },
    });
    sink('kv').failWith(new Error('disk full'));
    const [read, other] = await Promise.allSettled([
      serve(broker, { requestId: 'read' }),
      serve(broker, login),
    ]);
    assert.equal(read.status, 'rejected');
    assert.equal(other.status, 'fulfilled');
    assert.deepEqual(seen('rest'), both('login'), 'a failure is no reason for the fallback');
    sink('kv').failWith(undefined);
    await serve(broker, { requestId: 'again' });
    assert.deepEqual(seen('kv'), both('again'));
  });

  test('waits for the request entry, too, when the response is recorded later', async () => {
    const { broker, sink } = brokerWith({ kv: { filter: 'mount_type == kv' } });
    sink('kv').failWith(new Error('disk full'));
    const exchange = testExchange();
    broker.recordRequest(exchange);
    await assert.rejects(broker.flush(), { code: 'audit-failure' });
    sink('kv').failWith(undefined);
    assert.throws(() => broker.recordResponse(exchange, { timeMs: exchange.timeMs }), {
      code: 'audit-failure',
    });
  });
});

describe('an audit device with exclusions', () => {
  const exclude = JSON.stringify([
    { fields: ['/auth/policies', '/not/there', '/request/headers'] },
    {
      condition: '"/request/operation" == read and "/auth/policies" contains app',
      fields: ['/response/data/secret'],
    },
    { condition: 'request.mount_type == ssh', fields: ['/request/path'] },
  ]);

  test('leaves out the fields whose condition the whole entry meets, and changes nothing else', async () => {
    const { broker, sink } = brokerWith({ all: {}, some: { exclude } });
    await serve(broker, {
      requestId: 'r',
      path: 'secret/data/$(id)',
      data: { n: JSON.rawJSON('12345678901234567890') },
    });
    const whole = JSON.parse(sink('all').lines[1] ?? '');
    const reduced = JSON.parse(sink('some').lines[1] ?? '');
    assert.deepEqual(reduced.response.data, { kept: 7 });
    assert.equal(reduced.auth.policies, undefined);
    assert.equal(reduced.request.path, whole.request.path);
    assert.deepEqual(Object.keys(reduced.request), Object.keys(whole.request));
    const line = sink('some').lines[0] ?? '';
    assert.ok(line.includes('"n":12345678901234567890'), 'numbers stay exact');
    assert.doesNotMatch(line, /\$\(/, 'the line is inert where somebody runs it');
  });
});
