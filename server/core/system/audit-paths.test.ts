import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { mkdtemp, open, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { plugin as file } from '../../audit-devices/file/index.ts';
import { systemClock } from '../../contracts/clock.ts';
import { engineHarness } from '../../contracts/conformance/engine-harness.ts';
import { MemoryRecords } from '../../contracts/conformance/memory-records.ts';
import { CofferError } from '../../contracts/errors.ts';
import { silentLogger } from '../../contracts/logger.ts';
import { AuditBroker } from '../audit/audit-broker.ts';
import { AuditDevices } from '../audit/audit-devices.ts';
import type { DeviceDescription } from '../audit/stored-device.ts';
import { testExchange } from '../audit/testing.ts';
import { auditPaths } from './audit-paths.ts';

interface Server {
  readonly folder: string;
  readonly records: MemoryRecords;
  readonly broker: AuditBroker;
  readonly devices: AuditDevices;
  readonly call: Awaited<ReturnType<typeof engineHarness>>['call'];
}

async function serverOn(
  folder: string,
  records: MemoryRecords,
  declared: DeviceDescription[] = [],
): Promise<Server> {
  const common = { clock: systemClock, logger: silentLogger };
  const broker = new AuditBroker({ ...common, writeTimeoutMs: 200 });
  const devices = new AuditDevices({
    ...common,
    broker,
    records,
    plugins: new Map([['file', file]]),
    sinkContext: { ...common, allowedFolders: [folder] },
  });
  await devices.restore(declared);
  const { call } = await engineHarness({
    type: 'system',
    description: '',
    create: async () => ({ paths: auditPaths(devices) }),
  });
  return { folder, records, broker, devices, call };
}

function withServer(name: string, body: (server: Server) => Promise<void>): void {
  test(name, async () => {
    const folder = await mkdtemp(join(tmpdir(), 'coffer-audit-paths-'));
    const server = await serverOn(folder, new MemoryRecords());
    try {
      await body(server);
    } finally {
      await server.devices.close();
      await rm(folder, { recursive: true, force: true });
    }
  });
}

function fileAt(server: Server, name: string, options: Record<string, string> = {}) {
  return { type: 'file', options: { file_path: join(server.folder, name), ...options } };
}

async function refused(outcome: Promise<unknown>, message: string | RegExp): Promise<void> {
  await assert.rejects(outcome, (error: unknown) => {
    assert.ok(error instanceof CofferError && error.code === 'invalid-request', String(error));
    if (typeof message === 'string') assert.equal(error.message, message);
    else assert.match(error.message, message);
    return true;
  });
}

async function entriesOf(
  server: Server,
  name: string,
): Promise<{ type: string; request: { id: string; path: string } }[]> {
  const text = await readFile(join(server.folder, name), 'utf8');
  return text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
}

async function record(server: Server, requestId: string): Promise<void> {
  server.broker.recordRequest(testExchange({ requestId }));
  await server.broker.flush();
}

withServer('a device is enabled, listed as Vault lists it, records, and is disabled', async (server) => {
  assert.deepEqual(await server.call('read', 'audit'), { data: {} });
  assert.equal(
    await server.call('write', 'audit/file', { ...fileAt(server, 'a.log'), description: 'main' }),
    undefined,
  );
  assert.deepEqual((await server.call('read', 'audit'))?.data, {
    'file/': {
      type: 'file',
      description: 'main',
      options: { file_path: join(server.folder, 'a.log') },
      local: false,
      path: 'file/',
    },
  });
  await record(server, 'r1');
  assert.equal(await server.call('delete', 'audit/file'), undefined);
  await record(server, 'r2');
  assert.deepEqual(
    (await entriesOf(server, 'a.log')).map(({ request }) => request.path),
    ['sys/audit/test', 'secret/data/app'],
  );
  assert.equal(await server.call('delete', 'audit/never-was'), undefined);
});

withServer('what cannot be enabled is refused in Vault words, and leaves nothing behind', async (server) => {
  await server.call('write', 'audit/nested/name', fileAt(server, 'a.log'));
  await refused(server.call('write', 'audit/nested/name', fileAt(server, 'b.log')), 'path already in use');
  await refused(server.call('write', 'audit/nested', fileAt(server, 'b.log')), 'path already in use');
  await refused(
    server.call('write', 'audit/nested/name/more', fileAt(server, 'b.log')),
    'path already in use',
  );
  await refused(server.call('write', 'audit/x', { type: 'bogus' }), 'unknown backend type: "bogus"');
  await refused(server.call('write', 'audit/x', { type: 'file' }), 'file_path is required');
  await refused(
    server.call('write', 'audit/x', fileAt(server, 'b.log', { format: 'yaml' })),
    /unknown format type/,
  );
  await refused(server.call('write', 'audit/x', fileAt(server, '../b.log')), /not below a folder/);
  await refused(server.call('write', 'audit/x', fileAt(server, 'b.log', { exclude: '[]' })), /"exclude"/);
  assert.deepEqual(Object.keys((await server.call('read', 'audit'))?.data ?? {}), ['nested/name/']);
  assert.deepEqual(server.records.keys, ['devices/nested/name/']);
  await assert.rejects(readFile(join(server.folder, 'b.log')), { code: 'ENOENT' });
});

withServer('an option that a device does not know is refused by its name', async (server) => {
  const options = { colour: 'blue', mode: '0640' };
  await refused(
    server.call('write', 'audit/file', fileAt(server, 'a.log', options)),
    'unknown option of the file audit device: colour',
  );
  await assert.rejects(readFile(join(server.folder, 'a.log')), { code: 'ENOENT' });
});

withServer('what no filter matches goes to the one fallback device', async (server) => {
  const enable = (path: string, options: Record<string, string>) =>
    server.call('write', `audit/${path}`, fileAt(server, `${path}.log`, options));
  const reply = await enable('kv', { filter: 'mount_type == kv' });
  assert.match(String(reply?.warnings), /fallback=true/);
  await refused(enable('x', { filter: 'mount_type ==' }), /option "filter"/);
  await refused(enable('x', { filter: 'path == x', fallback: 'true' }), /fallback device with a filter/);
  assert.equal(await enable('rest', { fallback: 'true' }), undefined);
  await refused(enable('rest2', { fallback: 'true' }), /already exists/);
  assert.equal(await enable('logins', { filter: 'path matches "^auth/.*/login"' }), undefined);
});

withServer('of two that enable the same path at once, one wins and the other is refused', async (server) => {
  const outcomes = await Promise.allSettled([
    server.call('write', 'audit/file', fileAt(server, 'a.log')),
    server.call('write', 'audit/file', fileAt(server, 'b.log')),
  ]);
  assert.deepEqual(outcomes.map(({ status }) => status).sort(), ['fulfilled', 'rejected']);
});

withServer('audit-hash gives what the log shows, in the log of that device only', async (server) => {
  await server.call('write', 'audit/one', fileAt(server, 'one.log'));
  await server.call('write', 'audit/two', fileAt(server, 'two.log'));
  const secret = 'sk-live-secret';
  server.broker.recordRequest(testExchange({ data: { value: secret } }));
  await server.broker.flush();
  const hashOf = async (device: string): Promise<string> =>
    String((await server.call('write', `audit-hash/${device}`, { input: secret }))?.data?.['hash']);
  const one = await readFile(join(server.folder, 'one.log'), 'utf8');
  assert.ok(one.includes(`"value":"${await hashOf('one')}"`));
  assert.ok(!one.includes(await hashOf('two')));
  assert.ok(!one.includes(secret));
  await refused(server.call('write', 'audit-hash/file', { input: 'x' }), 'unknown audit backend "file/"');
  await refused(server.call('write', 'audit-hash/one', {}), 'the "input" parameter is empty');
});

withServer(
  'after a restart devices go on with their salt, and a device enabled anew has another',
  async (server) => {
    await server.call('write', 'audit/file', fileAt(server, 'a.log'));
    const before = server.devices.hash('file', 'x');
    await server.devices.close();
    const restarted = await serverOn(server.folder, server.records);
    assert.equal(restarted.devices.hash('file/', 'x'), before);
    await record(restarted, 'r1');
    assert.deepEqual(
      (await entriesOf(server, 'a.log')).map(({ request }) => request.path),
      ['sys/audit/test', 'secret/data/app'],
    );
    await restarted.call('delete', 'audit/file');
    await restarted.call('write', 'audit/file', fileAt(server, 'a.log'));
    assert.notEqual(restarted.devices.hash('file', 'x'), before);
    await restarted.devices.close();
  },
);

withServer(
  'a device that cannot be opened at a restart serves nothing, and recovers by itself',
  async (server) => {
    await server.call('write', 'audit/file', fileAt(server, 'logs/a.log'));
    await server.devices.close();
    await rm(join(server.folder, 'logs'), { recursive: true });
    await writeFile(join(server.folder, 'logs'), 'in the way');
    const restarted = await serverOn(server.folder, server.records);
    const isAuditFailure = (error: unknown) => error instanceof CofferError && error.code === 'audit-failure';
    await assert.rejects(record(restarted, 'r1'), isAuditFailure);
    assert.equal(restarted.broker.health()[0]?.healthy, false);
    await rm(join(server.folder, 'logs'));
    await restarted.broker.reopen();
    await record(restarted, 'r2');
    assert.equal(restarted.broker.health()[0]?.healthy, true);
    assert.deepEqual(
      (await entriesOf(server, 'logs/a.log')).map(({ request }) => request.id),
      ['r2'],
    );
    await restarted.devices.close();
  },
);

withServer(
  'declared devices come with the configuration, keep their salt, and go with it',
  async (server) => {
    const declared: DeviceDescription = {
      path: 'main',
      type: 'file',
      description: 'from the config file',
      options: { file_path: join(server.folder, 'a.log') },
      local: false,
    };
    const first = await serverOn(server.folder, server.records, [declared]);
    const salt = first.devices.hash('main', 'x');
    await refused(first.call('delete', 'audit/main'), 'cannot disable configuration-managed audit device');
    await first.devices.close();
    const moved = { ...declared, options: { file_path: join(server.folder, 'b.log') } };
    const second = await serverOn(server.folder, server.records, [moved]);
    assert.equal(second.devices.hash('main', 'x'), salt);
    await record(second, 'r1');
    assert.deepEqual(
      (await entriesOf(server, 'b.log')).map(({ request }) => request.id),
      ['r1'],
    );
    await second.devices.close();
    const third = await serverOn(server.folder, server.records);
    assert.deepEqual(third.devices.list(), []);
    await third.devices.close();
  },
);

withServer(
  'the path of a declared device is taken, and two that declare it at once share a salt',
  async (server) => {
    const declared = { path: 'main', description: '', local: false, ...fileAt(server, 'a.log') };
    const both = await Promise.all([1, 2].map(() => serverOn(server.folder, server.records, [declared])));
    await refused(
      both[0]?.call('write', 'audit/main', fileAt(server, 'b.log')) ?? Promise.resolve(),
      'path already in use',
    );
    assert.equal(both[0]?.devices.hash('main', 'x'), both[1]?.devices.hash('main', 'x'));
    for (const each of both) await each.devices.close();
  },
);

withServer('sealing lets go of the devices, and unsealing brings them back', async (server) => {
  await server.call('write', 'audit/file', fileAt(server, 'a.log'));
  await server.devices.close();
  assert.equal(server.broker.records, false);
  await server.devices.restore();
  await record(server, 'r1');
  assert.equal((await entriesOf(server, 'a.log')).at(-1)?.request.id, 'r1');
});

withServer('restoring again takes over what another process has changed', async (server) => {
  const other = await serverOn(server.folder, server.records);
  await other.call('write', 'audit/file', fileAt(server, 'a.log'));
  await server.devices.restore();
  assert.equal(server.devices.hash('file', 'x'), other.devices.hash('file', 'x'));
  await other.call('delete', 'audit/file');
  await server.devices.restore();
  assert.deepEqual(server.devices.list(), []);
  assert.equal(server.broker.records, false);
  await other.devices.close();
});

withServer(
  'a pipe that nobody reads is named, bounded in time, and no obstacle while another records',
  async (server) => {
    const pipe = join(server.folder, 'pipe');
    await promisify(execFile)('mkfifo', [pipe]);
    const holder = await open(pipe, 'r+');
    await server.call('write', 'audit/pipe', fileAt(server, 'pipe'));
    const data = Object.fromEntries(Array.from({ length: 2000 }, (_, index) => [`k${index}`, index]));
    const started = Date.now();
    const isAuditFailure = (error: unknown) => error instanceof CofferError && error.code === 'audit-failure';
    await assert.rejects(async () => {
      for (let index = 0; index < 20; index++) {
        server.broker.recordRequest(testExchange({ data }));
        await server.broker.flush();
      }
    }, isAuditFailure);
    assert.ok(Date.now() - started < 5000);
    assert.match(server.broker.health()[0]?.lastError ?? '', /longer than 200 ms/);
    await server.call('write', 'audit/file', fileAt(server, 'a.log'));
    await record(server, 'served');
    assert.deepEqual(
      server.broker.health().map(({ device, healthy }) => [device, healthy]),
      [
        ['pipe/', false],
        ['file/', true],
      ],
    );
    await holder.close();
  },
);

withServer('request headers are read and changed as in Vault, and take effect at once', async (server) => {
  const all = 'config/auditing/request-headers';
  await server.call('write', 'audit/file', fileAt(server, 'a.log'));
  assert.deepEqual((await server.call('read', all))?.data, { headers: {} });
  assert.equal(await server.call('write', `${all}/X-Trace`, { hmac: false }), undefined);
  assert.deepEqual((await server.call('read', `${all}/X-Trace`))?.data, { 'X-Trace': { hmac: false } });
  await server.call('write', `${all}/X-Other`, { hmac: true });
  assert.deepEqual((await server.call('read', all))?.data, {
    headers: { 'x-trace': { hmac: false }, 'x-other': { hmac: true } },
  });
  server.broker.recordRequest(testExchange({ headers: { 'x-trace': 't1' } }));
  await server.broker.flush();
  const restarted = await serverOn(server.folder, server.records);
  assert.equal(restarted.devices.headers['x-other']?.hmac, true);
  await restarted.devices.close();
  assert.ok((await readFile(join(server.folder, 'a.log'), 'utf8')).includes('"headers":{"x-trace":["t1"]}'));
  assert.equal(await server.call('delete', `${all}/x-trace`), undefined);
  await refused(server.call('read', `${all}/X-Trace`), 'Could not find header in config');
  await refused(server.call('read', `${all}/constructor`), 'Could not find header in config');
  await refused(server.call('write', `${all}/a b`, {}), /not the name of an HTTP header/);
});

withServer('a salt reaches no list and no file', async (server) => {
  await server.call('write', 'audit/file', fileAt(server, 'a.log'));
  const salt = String((await server.records.get<{ salt: string }>('devices/file/'))?.value.salt);
  assert.match(salt, /^[0-9a-f]{64}$/);
  assert.equal(
    server.devices.hash('file', 'x'),
    `hmac-sha256:${createHmac('sha256', salt).update('x').digest('hex')}`,
  );
  await record(server, 'r1');
  const shown = JSON.stringify((await server.call('read', 'audit'))?.data);
  assert.ok(!(shown + (await readFile(join(server.folder, 'a.log'), 'utf8'))).includes(salt));
});
