import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { startTestServer } from '../../../tests/start-server.ts';
import { entriesOf } from '../syslog/testing.ts';
import { StreamReceiver } from '../testing.ts';

const local = { host: '127.0.0.1', port: 0 };

test('requests are recorded by a socket and by syslog, and none is served while neither can record', async () => {
  const server = await startTestServer();
  const socket = await StreamReceiver.listen(local);
  const syslog = await StreamReceiver.listen(local);
  const enable = (type: string, options: Record<string, string>) =>
    server.call('PUT', `sys/audit/${type}`, { body: { type, options } });
  try {
    const socketOptions = { address: `127.0.0.1:${socket.port}`, prefix: '@cee: ', write_timeout: '500ms' };
    const syslogOptions = { address: `127.0.0.1:${syslog.port}`, facility: 'LOCAL0', write_timeout: '500ms' };
    assert.equal((await enable('socket', socketOptions)).status, 204);
    assert.equal((await enable('syslog', syslogOptions)).status, 204);
    const refused = await enable('socket', { ...socketOptions, address: '127.0.0.1:1' });
    assert.equal(refused.status, 400);

    const body = { data: { password: 'canary-of-the-test' } };
    assert.equal((await server.call('POST', 'secret/data/app', { body })).status, 200);
    const sent = await socket.text();
    const logged = entriesOf(await syslog.received());
    for (const text of [sent, logged]) {
      assert.match(text, /"type":"request".*"path":"secret\/data\/app"/);
      assert.match(text, /"type":"response".*"path":"secret\/data\/app"/);
      assert.doesNotMatch(text, /canary-of-the-test/);
      for (const line of text.split('\n').slice(0, -1)) JSON.parse(line.replace(/^@cee: /, ''));
    }
    assert.ok(sent.split('\n').every((line) => line === '' || line.startsWith('@cee: {')));

    await socket.close();
    assert.equal((await server.call('GET', 'secret/data/app')).status, 200, 'syslog still records');
    await syslog.close();
    assert.equal((await server.call('GET', 'secret/data/app')).status, 500);
    const back = await StreamReceiver.listen({ ...local, port: syslog.port });
    await sleep(200);
    assert.equal((await server.call('GET', 'secret/data/app')).status, 200);
    assert.match(entriesOf(await back.received()), /"path":"secret\/data\/app"/);
    await server.stop();
    await back.close();
  } catch (error) {
    await Promise.allSettled([server.stop(), socket.close(), syslog.close()]);
    throw error;
  }
});
