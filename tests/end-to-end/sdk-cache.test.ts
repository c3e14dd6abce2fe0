import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { inspect } from 'node:util';
import {
  CofferClient,
  type CofferClientOptions,
  fetchTransport,
  ProblemError,
  TransportError,
} from '../../sdk/index.ts';
import { ManualClock } from '../../server/contracts/clock.ts';
import { callPlatform } from '../platform-client.ts';
import { newWorkspace } from '../platform-people.ts';
import { startTestServer, type TestServer } from '../start-server.ts';

const workspace = 'production';
let server: TestServer;
before(async () => {
  server = await startTestServer();
  await newWorkspace(server, workspace);
});
after(() => server.stop());

interface Watched {
  readonly client: CofferClient;
  readonly clock: ManualClock;
  /** What went out, as `METHOD path`. */
  readonly sent: string[];
  /** While true, nothing reaches the server. */
  isAway: boolean;
}

/** A client whose requests are counted on their way to the real server. */
function watched(options: CofferClientOptions = {}): Watched {
  const sent: string[] = [];
  const clock = new ManualClock(Date.now());
  const client = new CofferClient({
    address: server.address,
    token: server.rootToken,
    workspace,
    maxRetries: 0,
    clock,
    transport: (request) => {
      sent.push(`${request.method} ${new URL(request.url).pathname.replace('/api/v1/', '')}`);
      if (self.isAway) throw new TransportError('away', { mayRetry: true });
      return fetchTransport(request);
    },
    ...options,
  });
  const self: Watched = { client, clock, sent, isAway: false };
  return self;
}

async function other(method: string, path: string, body?: object): Promise<void> {
  const answer = await callPlatform(server, method, path, { workspace, ...(body ? { body } : {}) });
  assert.ok(answer.status < 300, answer.text);
}

const newSecret = (name: string, more: object = {}) =>
  other('POST', 'secrets', { name, value: 'first', ...more });

test('a value is asked for once in five minutes, and again afterwards', async () => {
  await newSecret('ONCE');
  const { client, clock, sent } = watched();
  for (let i = 0; i < 3; i++) assert.equal((await client.secrets.get('ONCE')).value, 'first');
  assert.deepEqual(sent, ['GET secrets/ONCE:value']);
  await other('PATCH', 'secrets/ONCE', { value: 'second' });
  clock.advance(300_000);
  assert.equal((await client.secrets.get('ONCE')).value, 'second');
  clock.set(clock.now() - 3_600_000);
  await client.secrets.get('ONCE');
  assert.equal(sent.length, 3, 'a clock that was set back makes nothing young');
});

test('a value that is used late in its time is read again in the background', async () => {
  await newSecret('LATE');
  const { client, clock, sent } = watched();
  await client.secrets.get('LATE');
  await other('PATCH', 'secrets/LATE', { value: 'second' });
  clock.advance(250_000);
  assert.equal((await client.secrets.get('LATE')).value, 'first');
  assert.equal(sent.length, 2);
  while ((await client.secrets.get('LATE')).value === 'first') await new Promise(setImmediate);
  assert.equal(sent.length, 2, 'reads under way are joined');
});

test('equal reads that are under way are one request, and a batch asks only for what is missing', async () => {
  for (const name of ['J1', 'J2', 'J3']) await newSecret(name);
  const { client, sent } = watched();
  await Promise.all([
    client.secrets.get('J1'),
    client.secrets.get('J1'),
    client.secrets.batchGet(['J1', 'J2']),
  ]);
  const all = await client.secrets.batchGet(['J1', 'J2', 'J3']);
  assert.equal(`${all['J1']} ${all['J2']} ${all['J3']}`, 'first first first');
  await client.secrets.get('J3');
  assert.deepEqual(sent, ['GET secrets/J1:value', 'POST secrets:batch-get', 'POST secrets:batch-get']);
});

test('a read that joined a batch does not share the fate of the other names', async () => {
  await newSecret('FINE');
  const { client } = watched();
  const batch = client.secrets.batchGet(['FINE', 'NONE']);
  const fine = client.secrets.get('FINE');
  const none = client.secrets.get('NONE');
  await assert.rejects(batch, /cannot be read: NONE/);
  assert.equal((await fine).value, 'first');
  await assert.rejects(none, (error) => error instanceof ProblemError && error.code === 'not-found');
});

test('what this client changes, and what it is told to forget, is asked for anew', async () => {
  await newSecret('MINE');
  const { client } = watched();
  const value = async () => (await client.secrets.get('MINE')).value;
  await value();
  await client.secrets.update('MINE', { value: 'second' });
  assert.equal(await value(), 'second');
  await client.secrets.rollback('MINE');
  assert.equal(await value(), 'first');
  await other('PATCH', 'secrets/MINE', { value: 'third' });
  assert.equal(await value(), 'first');
  client.secrets.forget('MINE');
  assert.equal(await value(), 'third');
  await client.secrets.delete('MINE');
  await assert.rejects(value(), ProblemError);
});

test('a read that began before a change leaves nothing old behind', async () => {
  await newSecret('RACE');
  let release = () => {};
  const gate = new Promise<void>((resolve) => {
    release = resolve;
  });
  const { client } = watched({
    transport: async (request) => {
      const answer = await fetchTransport(request);
      if (request.method === 'GET') await gate;
      return answer;
    },
  });
  const early = client.secrets.get('RACE');
  await client.secrets.update('RACE', { value: 'second' });
  release();
  await early;
  assert.equal((await client.secrets.get('RACE')).value, 'second');
});

test('`cache: false` asks the server, for one read or for all', async () => {
  await newSecret('FRESH');
  const some = watched();
  await some.client.secrets.get('FRESH');
  await some.client.secrets.get('FRESH', { cache: false });
  await some.client.secrets.batchGet(['FRESH'], { cache: false });
  assert.equal(some.sent.length, 3);
  const none = watched({ cache: false });
  await none.client.secrets.get('FRESH');
  await none.client.secrets.get('FRESH');
  assert.equal(none.sent.length, 2);
});

test('while the server is away an old value is answered, for ten minutes more and no longer', async () => {
  await newSecret('AWAY');
  const self = watched();
  await self.client.secrets.get('AWAY');
  self.isAway = true;
  self.clock.advance(899_000);
  assert.equal((await self.client.secrets.get('AWAY')).value, 'first');
  assert.equal((await self.client.secrets.batchGet(['AWAY']))['AWAY'], 'first');
  self.clock.advance(1000);
  await assert.rejects(self.client.secrets.get('AWAY'), TransportError);
});

test('a no of the server is believed at once, and an expired secret is never answered', async () => {
  await newSecret('GONE');
  await newSecret('SHORT', { expires_in: '60s' });
  const self = watched();
  await self.client.secrets.batchGet(['GONE', 'SHORT']);
  await other('DELETE', 'secrets/GONE');
  self.clock.advance(301_000);
  await assert.rejects(self.client.secrets.get('GONE'), ProblemError);
  self.isAway = true;
  await assert.rejects(self.client.secrets.get('GONE'), TransportError, 'the old value is gone');
  await assert.rejects(self.client.secrets.get('SHORT'), TransportError);
});

test('no printed form of the client holds a value or the token', async () => {
  await newSecret('CANARY', { value: 'canary-value' });
  const { client } = watched();
  await client.secrets.get('CANARY');
  const printed = `${client} ${JSON.stringify(client)} ${inspect(client, { depth: 9, showHidden: true })}`;
  assert.doesNotMatch(printed, /canary-value/);
  assert.equal(printed.includes(server.rootToken), false);
});
