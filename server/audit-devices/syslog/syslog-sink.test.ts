import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { ManualClock, systemClock } from '../../contracts/clock.ts';
import { auditDeviceConformance } from '../../contracts/conformance/audit-suite.ts';
import { silentLogger } from '../../contracts/logger.ts';
import { datagramSocketAt, StreamReceiver } from '../testing.ts';
import { plugin } from './index.ts';
import { syslogFraming, syslogHostName } from './syslog-framing.ts';
import { openSyslogSink } from './syslog-sink.ts';
import { countedMessages, entriesOf, parseMessage } from './testing.ts';

const context = { logger: silentLogger, clock: systemClock, allowedFolders: [] };
const line = (name: string | number) => `{"type":"request","request":{"id":"${name}"}}\n`;
const bytes = (text: string) => Buffer.from(text);
const local = { host: '127.0.0.1', port: 0 };

function entriesOfLines(text: string): string {
  const messages = text.split('\n').slice(0, -1);
  return messages.map((message) => `${parseMessage(message).entry}\n`).join('');
}

auditDeviceConformance('over unix/syslog', plugin, async () => {
  const folder = await mkdtemp(join(tmpdir(), 'coffer-audit-syslog-'));
  const address = join(folder, 'log');
  const receiver = await StreamReceiver.listen({ path: address });
  return {
    options: { address },
    incomplete: {},
    recorded: async () => entriesOfLines(await receiver.text()),
    dispose: async () => {
      await receiver.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
});

function inFolder(name: string, body: (folder: string) => Promise<void>): void {
  test(name, async () => {
    const folder = await mkdtemp(join(tmpdir(), 'coffer-audit-syslog-'));
    try {
      await body(folder);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
}

test('a message says who sent it, when, and how grave it is, as RFC 5424 wants it', async () => {
  const receiver = await StreamReceiver.listen(local);
  const clock = new ManualClock(Date.UTC(2026, 0, 2, 3, 4, 5, 6));
  const address = `127.0.0.1:${receiver.port}`;
  const usual = await plugin.open({ address }, { ...context, clock });
  await usual.append(bytes(line('é😀')));
  await usual.close();
  const chosen = await plugin.open({ address, facility: 'local7', tag: 'vault' }, { ...context, clock });
  await chosen.append(bytes(line(2)));
  await chosen.close();
  const [first = '', second = ''] = (await receiver.received()).flatMap(countedMessages);
  assert.deepEqual(parseMessage(first), {
    priority: 4 * 8 + 6,
    time: '2026-01-02T03:04:05.006Z',
    hostName: syslogHostName(hostname()),
    tag: 'coffer',
    processId: String(process.pid),
    messageId: 'audit',
    entry: line('é😀').trimEnd(),
  });
  assert.equal(parseMessage(second).priority, 23 * 8 + 6);
  assert.equal(parseMessage(second).tag, 'vault');
  await receiver.close();
});

test('what cannot be is refused with a word on what is wrong', async () => {
  const at = { address: '127.0.0.1:1' };
  const wrong: [Record<string, string>, RegExp][] = [
    [{ ...at, facility: 'LOCAL8' }, /facility is none of KERN/],
    [{ ...at, facility: 'constructor' }, /facility is none of KERN/],
    [{ ...at, tag: 'two words' }, /tag must be/],
    [{ ...at, tag: 'x'.repeat(49) }, /tag must be/],
    [{ ...at, tag: 'a\n<0>1' }, /tag must be/],
    [{ ...at, framing: 'nul' }, /framing is neither/],
    [{ ...at, framing: 'newline', socket_type: 'udp' }, /no meaning over udp/],
    [{ ...at, write_timeout: '2h' }, /write_timeout must lie/],
    [{ ...at, socket_type: 'unixgram' }, /unixgram cannot be used/],
    [{ socket_type: 'tcp' }, /address is required/],
    [{ address: '127.0.0.1' }, /host:port/],
    [at, /cannot connect to tcp 127\.0\.0\.1:1: nobody listens there/],
  ];
  for (const [options, why] of wrong) await assert.rejects(plugin.open(options, context), why);
});

inFolder('without an address the daemon of the machine is found among its usual sockets', async (folder) => {
  const path = join(folder, 'log');
  const receiver = await StreamReceiver.listen({ path });
  const stale = join(folder, 'stale');
  await writeFile(stale, '');
  const sink = await openSyslogSink({}, context, [join(folder, 'missing'), stale, path]);
  await sink.append(bytes(line(1)));
  await sink.close();
  assert.equal(entriesOfLines(await receiver.text()), line(1));
  await receiver.close();
});

inFolder('without a daemon that listens on a stream socket the refusal says what to do', async (folder) => {
  const missing = join(folder, 'log');
  await assert.rejects(openSyslogSink({}, context, [missing]), /no local syslog socket .*Set address/);
});

test('a daemon with a datagram socket only is refused, and the refusal says what to do', async (t) => {
  const bound = await datagramSocketAt();
  if (bound === undefined) return t.skip('no perl here to make one');
  try {
    await assert.rejects(openSyslogSink({}, context, [bound.path]), /EPROTOTYPE.*Set address/);
  } finally {
    await bound.dispose();
  }
});

test('over udp every entry is one message in one datagram', async () => {
  const socket = createSocket('udp4');
  const datagrams: string[] = [];
  socket.on('message', (message) => datagrams.push(message.toString()));
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  const options = { address: `127.0.0.1:${socket.address().port}`, socket_type: 'udp' };
  const sink = await plugin.open(options, context);
  await sink.append(bytes(line(1) + line(2)));
  await assert.rejects(sink.append(bytes(line('x'.repeat(65_500)) + line(3))), /larger than a datagram/);
  await sleep(40);
  assert.equal(
    datagrams.map((each) => `${parseMessage(each).entry}\n`).join(''),
    line(1) + line(2) + line(3),
  );
  await sink.close();
  socket.close();
});

test('a break midway leaves no half message in the next connection, and no newline between counted ones', async () => {
  for (const framing of ['octet-counting', 'newline']) {
    const receiver = await StreamReceiver.listen(local);
    const sink = await plugin.open({ address: `127.0.0.1:${receiver.port}`, framing }, context);
    const batch = line(1) + line('x'.repeat(4 * 1024 * 1024));
    receiver.dropAfterBytes = 100_000;
    await sink.append(bytes(batch));
    const [, whole = Buffer.alloc(0)] = await receiver.received();
    const entries = framing === 'newline' ? entriesOfLines(whole.toString().slice(1)) : entriesOf([whole]);
    assert.ok(entries === batch, framing);
    assert.equal(whole.toString('latin1', 0, 1) === '\n', framing === 'newline');
    await sink.close();
    await receiver.close();
  }
});

test('whatever an entry holds, counting octets finds it again', () => {
  const identity = { priority: 38, hostName: 'h', tag: 't', processId: 1 };
  const framing = syslogFraming(identity, 'octet-counting', new ManualClock());
  fc.assert(
    fc.property(fc.array(fc.string({ unit: 'binary' }), { minLength: 1, maxLength: 6 }), (texts) => {
      const lines = texts.map((text) => `${JSON.stringify(text)}\n`).join('');
      const stream = Buffer.concat(framing.messages(Buffer.from(lines)));
      assert.equal(entriesOf([stream]), lines);
    }),
    { numRuns: 50 },
  );
});

test('a host name is made fit for a message', () => {
  assert.equal(syslogHostName('box.example'), 'box.example');
  assert.equal(syslogHostName('a b\n<c>'), 'ab<c>');
  assert.equal(syslogHostName(' \n'), '-');
  assert.equal(syslogHostName('x'.repeat(300)).length, 255);
});
