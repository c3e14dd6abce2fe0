import assert from 'node:assert/strict';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { AuditSink } from '../../contracts/audit-device.ts';
import { systemClock } from '../../contracts/clock.ts';
import { auditDeviceConformance } from '../../contracts/conformance/audit-suite.ts';
import { silentLogger } from '../../contracts/logger.ts';
import { datagramSocketAt, StreamReceiver } from '../testing.ts';
import { plugin } from './index.ts';

const context = { logger: silentLogger, clock: systemClock, allowedFolders: [] };
const line = (name: string | number) => `{"type":"request","request":{"id":"${name}"}}\n`;
const bytes = (text: string) => Buffer.from(text);
const local = { host: '127.0.0.1', port: 0 };

const hasIPv6 = Object.values(networkInterfaces()).some((all) =>
  all?.some(({ address }) => address === '::1'),
);

const overIPv6 = async () => {
  const receiver = await StreamReceiver.listen({ host: '::1', port: 0 });
  return {
    options: { address: `[::1]:${receiver.port}`, socket_type: 'tcp6' },
    incomplete: {},
    recorded: () => receiver.text(),
    dispose: () => receiver.close(),
  };
};
if (hasIPv6) auditDeviceConformance('over IPv6/socket', plugin, overIPv6);

auditDeviceConformance('over unix/socket', plugin, async () => {
  const folder = await mkdtemp(join(tmpdir(), 'coffer-audit-socket-'));
  const address = join(folder, 'audit.sock');
  const receiver = await StreamReceiver.listen({ path: address });
  return {
    options: { address, socket_type: 'unix' },
    incomplete: { socket_type: 'unix' },
    recorded: () => receiver.text(),
    dispose: async () => {
      await receiver.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
});

function withReceiver(
  name: string,
  body: (receiver: StreamReceiver, sink: AuditSink) => Promise<void>,
  options: Record<string, string> = {},
): void {
  test(name, async () => {
    const receiver = await StreamReceiver.listen(local);
    const sink = await plugin.open({ address: `127.0.0.1:${receiver.port}`, ...options }, context);
    try {
      await body(receiver, sink);
    } finally {
      await sink.close();
      await receiver.close();
    }
  });
}

async function texts(receiver: StreamReceiver): Promise<string[]> {
  return (await receiver.received()).map((each) => each.toString());
}

test('what cannot be is refused with a word on what is wrong', async () => {
  const wrong: [Record<string, string>, RegExp][] = [
    [{}, /address is required/],
    [{ address: '' }, /address is required/],
    [{ address: '127.0.0.1' }, /host:port/],
    [{ address: ':9090' }, /names no host/],
    [{ address: '127.0.0.1:0' }, /host:port/],
    [{ address: '127.0.0.1:65536' }, /host:port/],
    [{ address: '::1:9090' }, /host:port/],
    [{ address: '[localhost]:9090' }, /names no host/],
    [{ address: 'http://127.0.0.1:9090' }, /host:port/],
    [{ address: 'me@host:9090' }, /names no host/],
    [{ address: '[::1]:9090', socket_type: 'tcp4' }, /IPv4/],
    [{ address: '127.0.0.1:9090', socket_type: 'udp6' }, /IPv6/],
    [{ address: '127.0.0.1:9090', socket_type: 'tls' }, /socket_type is none/],
    [{ address: '/run/x.sock', socket_type: 'unixgram' }, /unixgram cannot be used/],
    [{ address: 'x.sock', socket_type: 'unix' }, /absolute path/],
    [{ address: `/${'x'.repeat(110)}`, socket_type: 'unix' }, /longer/],
    [{ address: '/run/x\0y', socket_type: 'unix' }, /NUL/],
    [{ address: '127.0.0.1:9090', write_timeout: 'soon' }, /write_timeout is not a duration/],
    [{ address: '127.0.0.1:9090', write_timeout: '0' }, /write_timeout must lie/],
    [{ address: '127.0.0.1:9090', write_timeout: '1h' }, /write_timeout must lie/],
  ];
  for (const [options, why] of wrong) await assert.rejects(plugin.open(options, context), why);
});

test('a device is not opened when nobody listens at its address', async () => {
  const receiver = await StreamReceiver.listen(local);
  const address = `127.0.0.1:${receiver.port}`;
  await receiver.close();
  await assert.rejects(plugin.open({ address }, context), {
    message: `cannot connect to tcp ${address}: nobody listens there (ECONNREFUSED)`,
  });
  const missing = { address: '/nonexistent/audit.sock', socket_type: 'unix' };
  await assert.rejects(plugin.open(missing, context), /no such socket \(ENOENT\)/);
});

test('a unix datagram socket is refused with a word on what would do', async (t) => {
  const bound = await datagramSocketAt();
  if (bound === undefined) return t.skip('no perl here to make one');
  try {
    const opening = plugin.open({ address: bound.path, socket_type: 'unix' }, context);
    await assert.rejects(opening, /datagram socket.*stream socket/);
  } finally {
    await bound.dispose();
  }
});

for (const how of ['politely', 'reset'] as const) {
  withReceiver(`a peer that left between entries (${how}) is connected to again`, async (receiver, sink) => {
    await sink.append(bytes(line(1)));
    await receiver.received();
    receiver.drop(how);
    await sleep(20);
    await sink.append(bytes(line(2)));
    assert.deepEqual(await texts(receiver), [line(1), line(2)]);
  });

  withReceiver(`an entry written as the peer leaves (${how}) is sent again`, async (receiver, sink) => {
    await sink.append(bytes(line(1)));
    await receiver.received();
    receiver.drop(how);
    await sink.append(bytes(line(2)));
    const all = await texts(receiver);
    assert.equal(all.length, 2);
    assert.equal(all[0]?.startsWith(line(1)), true);
    assert.equal(all[1]?.trimStart(), line(2));
  });
}

withReceiver(
  'a connection that breaks midway never joins half a line to the next',
  async (receiver, sink) => {
    const batch = line('first') + line('x'.repeat(8 * 1024 * 1024)) + line('last');
    receiver.dropAfterBytes = 1024 * 1024;
    await sink.append(bytes(batch));
    await sink.append(bytes(line('after')));
    const [cut = '', whole] = await texts(receiver);
    assert.ok(cut.length >= 1024 * 1024 && cut.length < batch.length);
    assert.ok(batch.startsWith(cut));
    assert.ok(whole === `\n${batch}${line('after')}`);
    assert.equal(receiver.connections, 2);
  },
);

withReceiver(
  'a peer that does not read holds the entries back, and fails them when the time is up',
  async (receiver, sink) => {
    receiver.isDeaf = true;
    await sink.reopen();
    const startedAt = performance.now();
    const large = bytes(line('x'.repeat(32 * 1024 * 1024)));
    await assert.rejects(
      sink.append(large),
      /cannot send to tcp 127\.0\.0\.1:\d+: .*write_timeout of 300 ms/,
    );
    const tookMs = performance.now() - startedAt;
    assert.ok(tookMs >= 290 && tookMs < 1500, `${tookMs} ms`);
    receiver.isDeaf = false;
    await sleep(60);
    await sink.append(bytes(line('after')));
    assert.equal((await texts(receiver)).at(-1), `\n${line('after')}`);
  },
  { write_timeout: '300ms' },
);

test('a peer may restart while an entry waits for it', async () => {
  const before = await StreamReceiver.listen(local);
  const { port } = before;
  const sink = await plugin.open({ address: `127.0.0.1:${port}` }, context);
  await before.close();
  await sleep(20);
  const writing = sink.append(bytes(line(1)));
  await sleep(150);
  const after = await StreamReceiver.listen({ ...local, port });
  await writing;
  assert.equal(await after.text(), line(1));
  await sink.close();
  await after.close();
});

test('while a peer stays away entries fail at once, and are recorded soon after it is back', async () => {
  const before = await StreamReceiver.listen(local);
  const { port } = before;
  const options = { address: `127.0.0.1:${port}`, write_timeout: '200ms' };
  const sink = await plugin.open(options, context);
  await before.close();
  await sleep(20);
  await assert.rejects(sink.append(bytes(line(1))), /ECONNREFUSED/);
  const startedAt = performance.now();
  for (let each = 0; each < 50; each++) await assert.rejects(sink.append(bytes(line(2))), /ECONNREFUSED/);
  assert.ok(performance.now() - startedAt < 150, `${performance.now() - startedAt} ms`);
  await assert.rejects(sink.reopen(), /ECONNREFUSED/);
  const after = await StreamReceiver.listen({ ...local, port });
  const recorded = async () => {
    for (;;) {
      try {
        return await sink.append(bytes(line(3)));
      } catch {
        await sleep(10);
      }
    }
  };
  await Promise.race([
    recorded(),
    sleep(2000, undefined, { ref: false }).then(() => assert.fail('too late')),
  ]);
  assert.equal(await after.text(), line(3));
  await sink.close();
  await after.close();
});

withReceiver(
  'a peer that resets every connection is not asked again for every entry',
  async (receiver, sink) => {
    receiver.isHostile = true;
    receiver.drop('reset');
    await sleep(20);
    for (let each = 0; each < 300; each++) await assert.rejects(sink.append(bytes(line(each))));
    assert.ok(receiver.connections < 30, `${receiver.connections} connections`);
  },
  { write_timeout: '100ms' },
);

withReceiver('reopening connects anew and lets the old connection go', async (receiver, sink) => {
  await sink.append(bytes(line(1)));
  await sink.reopen();
  await sink.append(bytes(line(2)));
  assert.deepEqual(await texts(receiver), [line(1), line(2)]);
  assert.equal(receiver.openConnections, 1);
  await sink.close();
  await receiver.received();
  assert.equal(receiver.openConnections, 0);
});

withReceiver('closing waits for the entry in flight', async (receiver, sink) => {
  const large = line('x'.repeat(4 * 1024 * 1024));
  const writing = sink.append(bytes(large));
  await sink.close();
  await writing;
  assert.ok((await receiver.text()) === large);
});

interface DatagramReceiver {
  readonly address: string;
  readonly datagrams: string[];
  close(): Promise<void>;
}

async function listenForDatagrams(type: 'udp4' | 'udp6', port = 0): Promise<DatagramReceiver> {
  const socket: Socket = createSocket({ type, recvBufferSize: 1024 * 1024 });
  const datagrams: string[] = [];
  socket.on('message', (message) => datagrams.push(message.toString()));
  socket.bind(port, type === 'udp4' ? '127.0.0.1' : '::1');
  await once(socket, 'listening');
  const bound = socket.address();
  return {
    address: type === 'udp4' ? `127.0.0.1:${bound.port}` : `[::1]:${bound.port}`,
    datagrams,
    close: async () => {
      const closed = once(socket, 'close');
      socket.close();
      await closed;
    },
  };
}

for (const [type, mostBytes] of [
  ['udp4', 65_507],
  ['udp6', 65_527],
] as const) {
  const skip = type === 'udp6' && !hasIPv6;
  test(`over ${type} every entry is one datagram, and one that is too large fails alone`, {
    skip,
  }, async () => {
    const receiver = await listenForDatagrams(type);
    const sink = await plugin.open({ address: receiver.address, socket_type: 'udp' }, context);
    try {
      await sink.append(bytes(line(1) + line(2)));
      const largest = line('x'.repeat(mostBytes - line('').length));
      const larger = line('x'.repeat(mostBytes + 1 - line('').length));
      await sink.append(bytes(largest));
      const why = `an entry of ${mostBytes + 1} bytes is larger than a datagram can hold (${mostBytes})`;
      await assert.rejects(sink.append(bytes(larger + line(3))), (error: Error) =>
        error.message.includes(why),
      );
      await sink.reopen();
      await sink.append(bytes(line(4)));
      await sleep(40);
      assert.deepEqual(receiver.datagrams, [line(1), line(2), largest, line(3), line(4)]);
    } finally {
      await sink.close();
      await receiver.close();
    }
  });
}

test('over udp an entry fails when the host says that nobody listens, and is recorded when somebody does', async () => {
  const before = await listenForDatagrams('udp4');
  const options = { address: before.address, socket_type: 'udp', write_timeout: '150ms' };
  const sink = await plugin.open(options, context);
  await before.close();
  await assert.rejects(sink.append(bytes(line(1))), /udp 127\.0\.0\.1:\d+: .*ECONNREFUSED/);
  const after = await listenForDatagrams('udp4', Number(before.address.split(':')[1]));
  await sleep(60);
  await sink.append(bytes(line(2)));
  await sleep(40);
  assert.deepEqual(after.datagrams, [line(2)]);
  await sink.close();
  await assert.rejects(sink.append(bytes(line(3))), /closed/);
  await after.close();
});
