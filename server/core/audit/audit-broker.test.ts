import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import { ManualClock } from '../../contracts/clock.ts';
import { CofferError } from '../../contracts/errors.ts';
import { type LogFields, type Logger, silentLogger } from '../../contracts/logger.ts';
import { AuditBroker, type AuditBrokerOptions } from './audit-broker.ts';
import { parseDeviceOptions } from './device-options.ts';
import { newSalt, SaltedHash } from './salted-hash.ts';
import { MemorySink, testExchange } from './testing.ts';

const isAuditFailure = (error: unknown) => error instanceof CofferError && error.code === 'audit-failure';

function brokerWith(devices: number, options: Partial<AuditBrokerOptions> = {}) {
  const clock = new ManualClock();
  const broker = new AuditBroker({ clock, logger: silentLogger, writeTimeoutMs: 100, ...options });
  const sinks = Array.from({ length: devices }, (_, index) => {
    const sink = new MemorySink();
    broker.add({
      path: `d${index}/`,
      type: 'memory',
      sink,
      options: parseDeviceOptions({}),
      salted: new SaltedHash(newSalt()),
    });
    return sink;
  });
  return { broker, clock, sinks, sink: sinks[0] ?? new MemorySink() };
}

function record(broker: AuditBroker, requestId: string): Promise<void> {
  const exchange = testExchange({ requestId });
  broker.recordRequest(exchange);
  broker.recordResponse(exchange, { timeMs: exchange.timeMs, data: { a: 'b' } });
  return broker.flush();
}

/** The timer looks three times, half a bound apart. */
async function passTheBound(clock: ManualClock): Promise<void> {
  for (let tick = 0; tick < 3; tick++) {
    clock.advance(51);
    await nextTurn();
  }
}

test('a flush resolves when both entries are recorded, and not before', async () => {
  const { broker, sink } = brokerWith(1);
  sink.hang();
  let recorded = false;
  const flushed = record(broker, 'r1').then(() => {
    recorded = true;
  });
  await sleep(5);
  assert.equal(recorded, false);
  sink.resume();
  await flushed;
  assert.deepEqual(
    sink.entries.map(({ type, request }) => [type, request.id]),
    [
      ['request', 'r1'],
      ['response', 'r1'],
    ],
  );
});

test('requests of one turn share a write, and those that come while it is in flight share the next', async () => {
  const { broker, sink } = brokerWith(1);
  sink.hang();
  const first = Array.from({ length: 8 }, (_, index) => record(broker, `a${index}`));
  await nextTurn();
  const second: Promise<void>[] = [];
  for (let index = 0; index < 8; index++) {
    second.push(record(broker, `b${index}`));
    await nextTurn();
  }
  sink.resume();
  await Promise.all([...first, ...second]);
  assert.equal(sink.appends.length, 2);
  assert.equal(sink.entries.length, 32);
  assert.deepEqual(
    sink.entries.filter(({ type }) => type === 'request').map(({ request }) => request.id.charAt(0)),
    [...'aaaaaaaabbbbbbbb'],
  );
});

test('without a device requests are served, unless one is required', async () => {
  await record(brokerWith(0).broker, 'r');
  const { broker } = brokerWith(0, { requireDevice: true });
  await assert.rejects(record(broker, 'r'), isAuditFailure);
});

test('a request that the only device cannot record is refused, and the next is served when it can again', async () => {
  const { broker, sink } = brokerWith(1);
  sink.failWith(new Error('ENOSPC: no space left on device'));
  await assert.rejects(record(broker, 'r1'), isAuditFailure);
  assert.deepEqual(
    broker
      .health()
      .map(({ device, healthy, lastError, lostEntries }) => ({ device, healthy, lastError, lostEntries })),
    [{ device: 'd0/', healthy: false, lastError: 'ENOSPC: no space left on device', lostEntries: 2 }],
  );
  sink.failWith(undefined);
  await record(broker, 'r2');
  assert.equal(broker.health()[0]?.healthy, true);
});

test('one device that records is enough, whichever fails or hangs', async () => {
  for (const broken of [0, 1]) {
    const { broker, sinks, clock } = brokerWith(2);
    sinks[broken]?.failWith(new Error('EIO'));
    await record(broker, 'r1');
    sinks[broken]?.failWith(undefined);
    sinks[broken]?.hang();
    await record(broker, 'r2');
    await passTheBound(clock);
    await record(broker, 'r3');
    assert.equal(broker.health()[broken]?.healthy, false);
    assert.equal(sinks[1 - broken]?.entries.length, 6);
  }
});

test('a request is refused only when every device has failed it', async () => {
  const { broker, sinks } = brokerWith(2);
  for (const sink of sinks) sink.failWith(new Error('EIO'));
  await assert.rejects(record(broker, 'r'), isAuditFailure);
});

test('a stuck device refuses within the bound, at once from then on, and recovers by itself', async () => {
  const { broker, sink, clock } = brokerWith(1);
  sink.hang();
  const waiting = record(broker, 'r1');
  const gathered = nextTurn().then(() => record(broker, 'r2'));
  const refusals = Promise.all([
    assert.rejects(waiting, isAuditFailure),
    assert.rejects(gathered, isAuditFailure),
  ]);
  await nextTurn();
  await nextTurn();
  await passTheBound(clock);
  await refusals;
  assert.equal(broker.health()[0]?.healthy, false);
  assert.match(broker.health()[0]?.lastError ?? '', /longer than 100 ms/);
  // No timer passes any more: this is refused without waiting.
  await assert.rejects(record(broker, 'r3'), isAuditFailure);
  sink.resume();
  await nextTurn();
  await nextTurn();
  assert.equal(broker.health()[0]?.healthy, true);
  await record(broker, 'r4');
  // What was refused but could still be written is there too: nothing that was tried goes unseen.
  assert.deepEqual([...new Set(sink.entries.map(({ request }) => request.id))], ['r1', 'r2', 'r3', 'r4']);
});

test('a clock that jumps ahead does not make a device stuck', async () => {
  const { broker, sink, clock } = brokerWith(1);
  sink.hang();
  const waiting = record(broker, 'r1');
  await nextTurn();
  clock.set(clock.now() + 3_600_000);
  sink.resume();
  await waiting;
  assert.equal(broker.health()[0]?.healthy, true);
});

test('a write that is merely slow is not stuck, however many follow each other', async () => {
  const { broker, sink, clock } = brokerWith(1);
  for (let round = 0; round < 10; round++) {
    sink.hang();
    const waiting = record(broker, `r${round}`);
    await nextTurn();
    clock.advance(60);
    sink.resume();
    await waiting;
  }
  assert.equal(broker.health()[0]?.healthy, true);
});

test('what waits for a slow device is bounded, and what does not fit is refused and counted', async () => {
  const { broker, sink } = brokerWith(1, { maxQueuedCharacters: 10_000 });
  sink.hang();
  const first = record(broker, 'first');
  await nextTurn();
  const outcomes: Promise<string>[] = [];
  for (let index = 0; index < 20; index++) {
    outcomes.push(
      record(broker, `r${index}`).then(
        () => 'recorded',
        () => 'refused',
      ),
    );
    await nextTurn();
  }
  sink.resume();
  await first;
  const ended = await Promise.all(outcomes);
  assert.ok(sink.appends.every((append) => append.length <= 10_000));
  const written = new Set(sink.entries.map(({ request }) => request.id));
  for (const [index, outcome] of ended.entries()) {
    if (outcome === 'recorded') assert.ok(written.has(`r${index}`));
  }
  assert.ok(ended.includes('refused'));
  assert.equal((broker.health()[0]?.lostEntries ?? 0) + sink.entries.length, 42);
});

test('an entry that is larger than the bound is written when it comes alone', async () => {
  const { broker, sink } = brokerWith(1, { maxQueuedCharacters: 1000 });
  const data = Object.fromEntries(Array.from({ length: 100 }, (_, index) => [`k${index}`, 'v']));
  broker.recordRequest(testExchange({ data }));
  await broker.flush();
  assert.equal(sink.entries.length, 1);
});

test('an entry that cannot be rendered is refused, and harms nobody else', async () => {
  const { broker, sink } = brokerWith(2);
  const data = {
    get broken(): string {
      throw new Error('no');
    },
  };
  const before = record(broker, 'r1');
  assert.throws(() => broker.recordRequest(testExchange({ data })), isAuditFailure);
  await Promise.all([before, record(broker, 'r2')]);
  assert.equal(sink.entries.length, 4);
});

test('the log names a device once when it stops recording and once when it records again', async () => {
  const logged: { level: string; message: string; fields: LogFields | undefined }[] = [];
  const at = (level: string) => (message: string, fields?: LogFields) =>
    logged.push({ level, message, fields });
  const logger: Logger = { ...silentLogger, info: at('info'), error: at('error') };
  const { broker, sink } = brokerWith(1, { logger });
  sink.failWith(new Error('EIO: disk'));
  for (let index = 0; index < 3; index++) await assert.rejects(record(broker, 'r'));
  sink.failWith(undefined);
  for (let index = 0; index < 3; index++) await record(broker, 'r');
  assert.deepEqual(
    logged.map(({ level, fields }) => [level, fields?.['path'], fields?.['error']]),
    [
      ['error', 'd0/', 'EIO: disk'],
      ['info', 'd0/', undefined],
    ],
  );
});

test('each device has its own salt, so that two logs cannot be compared by a third party', async () => {
  const { broker, sinks } = brokerWith(2);
  await record(broker, 'r');
  await nextTurn();
  assert.notEqual(sinks[0]?.lines[0], sinks[1]?.lines[0]);
});

test('a device that is removed first writes what it was given, and others are not disturbed', async () => {
  const { broker, sinks } = brokerWith(2);
  const flushed = record(broker, 'r1');
  await broker.remove('d0/');
  await flushed;
  assert.equal(sinks[0]?.closed, true);
  assert.equal(sinks[0]?.entries.length, 2);
  await record(broker, 'r2');
  assert.equal(sinks[0]?.entries.length, 2);
  assert.equal(sinks[1]?.entries.length, 4);
});

test('closing does not wait for a device that hangs', async () => {
  const { broker, sink, clock } = brokerWith(1);
  sink.hang();
  const flushed = assert.rejects(record(broker, 'r1'), isAuditFailure);
  await nextTurn();
  const closed = broker.close();
  await passTheBound(clock);
  await Promise.all([closed, flushed]);
  assert.equal(sink.closed, true);
});

test('a failure that nobody waits for is no unhandled rejection', async () => {
  const { broker, sink } = brokerWith(1);
  sink.failWith(new Error('EIO'));
  let unhandled = 0;
  const count = () => {
    unhandled++;
  };
  process.on('unhandledRejection', count);
  broker.recordRequest(testExchange());
  while (broker.health()[0]?.healthy) await sleep(1);
  // The turn after: unhandled rejections are reported at the end of the one they happen in.
  await sleep(1);
  process.off('unhandledRejection', count);
  assert.equal(unhandled, 0);
  assert.equal(broker.health()[0]?.healthy, false);
});

test('a device that had no room for one entry of a moment does not vouch for the others', async () => {
  const probe = brokerWith(1);
  probe.broker.recordRequest(testExchange());
  await probe.broker.flush();
  const { broker, sinks } = brokerWith(2, {
    maxQueuedCharacters: (probe.sink.appends[0]?.length ?? 0) * 2.5,
  });
  const [small, failing] = sinks;
  small?.hang();
  for (let early = 0; early < 2; early++) {
    broker.recordRequest(testExchange());
    await broker.flush();
  }
  failing?.hang();
  // One entry waits for the small device already. The next fits, the one after that does not.
  broker.recordRequest(testExchange());
  broker.recordRequest(testExchange());
  const refusal = assert.rejects(broker.flush(), isAuditFailure);
  await nextTurn();
  small?.resume();
  await nextTurn();
  failing?.failWith(new Error('EIO'));
  failing?.resume();
  await refusal;
});

test('an answer is refused when its request entry was lost in an earlier write', async () => {
  const { broker, sink } = brokerWith(1);
  const exchange = testExchange();
  sink.failWith(new Error('EIO'));
  broker.recordRequest(exchange);
  await nextTurn();
  await nextTurn();
  sink.failWith(undefined);
  assert.throws(() => broker.recordResponse(exchange, { timeMs: 0 }), isAuditFailure);
  await record(broker, 'the next is served');
});

test('an answer waits for its request entry when that is still being written by another device', async () => {
  const { broker, sinks } = brokerWith(2);
  const exchange = testExchange();
  sinks[0]?.failWith(new Error('EIO'));
  sinks[1]?.hang();
  broker.recordRequest(exchange);
  await nextTurn();
  await nextTurn();
  sinks[0]?.failWith(undefined);
  broker.recordResponse(exchange, { timeMs: 0 });
  let answered = false;
  const flushed = broker.flush().then(() => {
    answered = true;
  });
  while (sinks[0]?.entries.length === 0) await sleep(1);
  await sleep(5);
  assert.equal(sinks[0]?.entries.length, 1);
  assert.equal(answered, false);
  sinks[1]?.resume();
  await flushed;
});

test('when one device is stuck, the failure of the other refuses at once', async () => {
  const { broker, sinks, clock } = brokerWith(2);
  sinks[0]?.hang();
  await record(broker, 'r1');
  await passTheBound(clock);
  await record(broker, 'r2');
  sinks[1]?.failWith(new Error('EIO'));
  await assert.rejects(record(broker, 'r3'), isAuditFailure);
});
