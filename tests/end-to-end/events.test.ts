import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import WebSocketClient from 'ws';
import { startTestServer, type TestServer } from '../start-server.ts';

interface CloudEvent {
  readonly id: string;
  readonly source: string;
  readonly specversion: string;
  readonly type: string;
  readonly time: string;
  readonly data: {
    readonly event: { readonly id: string; readonly metadata: Readonly<Record<string, string>> };
    readonly event_type: string;
    readonly namespace?: string;
    readonly plugin_info?: Readonly<Record<string, string>>;
  };
}

/** A subscriber with the real `ws` client, its events in the order in which they came. */
class Subscriber {
  readonly events: CloudEvent[] = [];
  readonly binary: Buffer[] = [];
  readonly socket: WebSocketClient;
  readonly closed: Promise<number>;
  #told = (): void => {};

  constructor(socket: WebSocketClient) {
    this.socket = socket;
    this.closed = new Promise((resolve) => socket.once('close', (code) => resolve(code)));
    socket.on('message', (data: Buffer, isBinary: boolean) => {
      if (isBinary) this.binary.push(data);
      else this.events.push(JSON.parse(data.toString()));
      this.#told();
    });
  }

  /** The types so far, once there are so many; fails after a while. */
  async types(count: number): Promise<string[]> {
    const deadline = setTimeout(() => this.#told(), 10_000);
    for (let waits = 0; this.events.length < count && waits < 10_000; waits++) {
      const before = this.events.length;
      await new Promise<void>((resolve) => {
        this.#told = resolve;
      });
      if (this.events.length === before) break;
    }
    clearTimeout(deadline);
    return this.events.map(({ data }) => data.event_type);
  }

  close(): void {
    this.socket.terminate();
  }
}

let server: TestServer;
const open = new Set<Subscriber>();
before(async () => {
  server = await startTestServer();
});
after(async () => {
  for (const one of open) one.close();
  await server.stop();
});

function urlOf(path: string, at: TestServer = server): string {
  return `${at.address.replace('http', 'ws')}/v1/${path}`;
}

async function subscribe(path: string, token: string, headers: Record<string, string> = {}, at = server) {
  const socket = new WebSocketClient(urlOf(path, at), { headers: { 'X-Vault-Token': token, ...headers } });
  const subscriber = new Subscriber(socket);
  open.add(subscriber);
  await once(socket, 'open');
  return subscriber;
}

async function refusedWith(
  path: string,
  headers: Record<string, string>,
): Promise<{ status: number; text: string }> {
  const socket = new WebSocketClient(urlOf(path), { headers });
  return new Promise((resolve, reject) => {
    socket.on('error', () => {});
    socket.on('open', () => reject(new Error('it was let in')));
    socket.on('unexpected-response', (_request, response) => {
      let text = '';
      response.on('data', (part: Buffer) => {
        text += part.toString();
      });
      response.on('end', () => resolve({ status: response.statusCode ?? 0, text }));
    });
  });
}

async function policy(name: string, text: string): Promise<void> {
  const { status } = await server.call('PUT', `sys/policies/acl/${name}`, { body: { policy: text } });
  assert.equal(status, 204);
}

async function tokenWith(policies: readonly string[], more: object = {}): Promise<string> {
  const made = await server.call('POST', 'auth/token/create', { body: { policies, ...more } });
  return String(made.body.auth?.['client_token']);
}

const write = (path: string, data: object = { a: 'b' }) =>
  server.call('POST', `secret/data/${path}`, { body: { data } });

describe('a subscription', () => {
  test('gets Vault’s CloudEvents of everything that is done to a KV secret, in order', async () => {
    const subscriber = await subscribe('sys/events/subscribe/kv-v2/*?json=true', server.rootToken);
    await write('app');
    await server.call('PATCH', 'secret/data/app', {
      body: { data: { c: 'd' } },
      headers: { 'Content-Type': 'application/merge-patch+json' },
    });
    await server.call('DELETE', 'secret/data/app');
    await server.call('POST', 'secret/undelete/app', { body: { versions: [2] } });
    await server.call('POST', 'secret/delete/app', { body: { versions: [1] } });
    await server.call('POST', 'secret/destroy/app', { body: { versions: [1, 2] } });
    await server.call('POST', 'secret/metadata/app', { body: { max_versions: 3 } });
    await server.call('POST', 'secret/config', { body: { max_versions: 7 } });
    await server.call('GET', 'secret/data/app');
    await server.call('DELETE', 'secret/metadata/app');
    assert.deepEqual(await subscriber.types(9), [
      'kv-v2/data-write',
      'kv-v2/data-patch',
      'kv-v2/data-delete',
      'kv-v2/undelete',
      'kv-v2/delete',
      'kv-v2/destroy',
      'kv-v2/metadata-write',
      'kv-v2/config-write',
      'kv-v2/metadata-delete',
    ]);
    const [first] = subscriber.events;
    assert.ok(first);
    assert.match(first.source, /^coffer:\/\/[0-9a-f-]{36}$/);
    assert.match(first.id, /^[0-9a-f-]{36}$/);
    assert.equal(first.data.event.id, first.id);
    assert.deepEqual([first.specversion, first.type], ['1.0', '*']);
    assert.deepEqual(first.data.event.metadata, {
      current_version: '1',
      oldest_version: '0',
      data_path: 'secret/data/app',
      modified: 'true',
      operation: 'data-write',
      path: 'secret/data/app',
    });
    const { mount_accessor: accessor, ...plugin } = first.data.plugin_info ?? {};
    assert.match(accessor ?? '', /^kv_[0-9a-f]{8}$/);
    assert.deepEqual(plugin, { mount_class: 'secret', mount_path: 'secret/', plugin: 'kv', version: '2' });
    assert.equal(subscriber.events[5]?.data.event.metadata['destroyed_versions'], '[1,2]');
    assert.equal(subscriber.events[2]?.data.event.metadata['data_path'], undefined);
    subscriber.close();
  });

  test('gets protobuf messages unless it asks for JSON', async () => {
    const subscriber = await subscribe('sys/events/subscribe/*', server.rootToken);
    await write('proto');
    await subscriber.types(0);
    while (subscriber.binary.length === 0) await once(subscriber.socket, 'message');
    const text = subscriber.binary[0]?.toString('latin1') ?? '';
    for (const part of ['kv-v2/data-write', 'data_path', 'secret/data/proto', 'kv_'])
      assert.ok(text.includes(part), part);
    // Member 1 (the event), length-delimited, then its own member 1: an id of 36 characters.
    assert.equal(subscriber.binary[0]?.[0], 0x0a);
    assert.match(text.slice(0, 60), /\x0a\x24[0-9a-f-]{36}/);
    subscriber.close();
  });

  test('gets logins, KV version 1, and what the filter lets through', async () => {
    await server.call('POST', 'sys/mounts/kv1', { body: { type: 'kv' } });
    await server.call('POST', 'sys/auth/userpass', { body: { type: 'userpass' } });
    await server.call('POST', 'auth/userpass/users/alice', { body: { password: 'a-password-of-alice' } });
    const filter = encodeURIComponent('operation != "delete" and not path contains "hidden"');
    const subscriber = await subscribe(`sys/events/subscribe/*?json=true&filter=${filter}`, server.rootToken);
    await server.call('PUT', 'kv1/a', { body: { v: 'x' } });
    await server.call('PUT', 'kv1/hidden', { body: { v: 'x' } });
    await server.call('DELETE', 'kv1/a');
    await server.call('POST', 'auth/userpass/login/alice', {
      token: null,
      body: { password: 'a-password-of-alice' },
    });
    await server.call('POST', 'auth/userpass/login/alice', { token: null, body: { password: 'wrong' } });
    await write('last');
    assert.deepEqual(await subscriber.types(3), ['kv-v1/write', 'auth/login', 'kv-v2/data-write']);
    const login = subscriber.events[1];
    assert.equal(login?.data.event.metadata['path'], 'auth/userpass/login/alice');
    assert.equal(login?.data.plugin_info?.['mount_class'], 'auth');
    subscriber.close();
  });

  test('hears of the paths and types that its policies name, and of nothing else', async () => {
    await policy(
      'listener',
      `path "sys/events/subscribe/*" { capabilities = ["read"] }
       path "secret/data/mine/*" { capabilities = ["list", "subscribe"] subscribe_event_types = ["kv-v2/data-*"] }
       path "secret/delete/mine/*" { capabilities = ["list", "subscribe"] subscribe_event_types = ["kv-v1/*"] }
       path "secret/data/unlisted/*" { capabilities = ["subscribe"] subscribe_event_types = ["*"] }
       path "secret/data/listed/*" { capabilities = ["list"] subscribe_event_types = ["*"] }
       path "secret/data/mine/denied" { capabilities = ["deny"] }`,
    );
    const subscriber = await subscribe('sys/events/subscribe/*?json=true', await tokenWith(['listener']));
    for (const path of ['other', 'unlisted/x', 'listed/x', 'mine/denied', 'mine/one']) await write(path);
    await server.call('POST', 'secret/delete/mine/one', { body: { versions: [1] } });
    await write('mine/two');
    await subscriber.types(2);
    assert.deepEqual(
      subscriber.events.map(({ data }) => data.event.metadata['path']),
      ['secret/data/mine/one', 'secret/data/mine/two'],
    );
    subscriber.close();
  });

  test('reaches into child namespaces only where it asks to, and may', async () => {
    await server.call('POST', 'sys/namespaces/team');
    await server.call('POST', 'sys/namespaces/other');
    for (const namespace of ['team', 'other'])
      await server.call('POST', 'sys/mounts/kv', {
        namespace,
        body: { type: 'kv', options: { version: '2' } },
      });
    const all = await subscribe('sys/events/subscribe/kv-v2/*?json=true&namespaces=te*', server.rootToken);
    const inside = await subscribe('sys/events/subscribe/*?json=true', server.rootToken, {
      'X-Vault-Namespace': 'team',
    });
    const put = (namespace: string) =>
      server.call('POST', 'kv/data/x', { namespace, body: { data: { a: '1' } } });
    await put('other');
    await put('team');
    await write('after');
    await all.types(2);
    await inside.types(1);
    assert.deepEqual(
      all.events.map(({ data }) => data.namespace),
      ['team/', undefined],
    );
    assert.deepEqual(
      inside.events.map(({ data }) => data.namespace),
      ['team/'],
    );
    all.close();
    inside.close();
  });

  test('ends when its token is revoked, expires, or loses its policy, and hears nothing more', async () => {
    await policy(
      'ends',
      'path "sys/events/subscribe/*" { capabilities = ["read"] } path "secret/*" { capabilities = ["list","subscribe"] subscribe_event_types = ["*"] }',
    );
    const path = 'sys/events/subscribe/*?json=true';
    const revoked = await tokenWith(['ends']);
    const first = await subscribe(path, revoked);
    const expiring = await subscribe(path, await tokenWith(['ends'], { ttl: '1s', explicit_max_ttl: '1s' }));
    await server.call('POST', 'auth/token/revoke', { body: { token: revoked } });
    await write('after-revocation');
    assert.equal(await first.closed, 1008);
    assert.deepEqual(first.events, []);
    assert.equal(await expiring.closed, 1008);
    const third = await subscribe(path, await tokenWith(['ends']));
    await server.call('DELETE', 'sys/policies/acl/ends');
    await write('after-policy');
    assert.equal(await third.closed, 1008);
    assert.deepEqual(third.events, []);
  });

  test('of a batch token ends with the token that made it', async () => {
    await policy(
      'batch',
      'path "sys/events/subscribe/*" { capabilities = ["read"] } path "auth/token/create" { capabilities = ["update"] } path "secret/*" { capabilities = ["list","subscribe"] subscribe_event_types = ["*"] }',
    );
    const parent = await tokenWith(['batch']);
    const made = await server.call('POST', 'auth/token/create', {
      token: parent,
      body: { type: 'batch', ttl: '1h' },
    });
    const subscriber = await subscribe(
      'sys/events/subscribe/*?json=true',
      String(made.body.auth?.['client_token']),
    );
    await write('heard');
    assert.deepEqual(await subscriber.types(1), ['kv-v2/data-write']);
    await server.call('POST', 'auth/token/revoke', { body: { token: parent } });
    await write('not-heard');
    assert.equal(await subscriber.closed, 1008);
    assert.equal(subscriber.events.length, 1);
  });

  test('with the runtime’s own WebSocket carries its token as a browser’s page has to', async () => {
    const token = Buffer.from(server.rootToken).toString('base64url');
    const socket = new WebSocket(urlOf('sys/events/subscribe/kv-v2/*?json=true'), [
      'coffer.events',
      `coffer.token.${token}`,
    ]);
    await once(socket, 'open');
    assert.equal(socket.protocol, 'coffer.events');
    const message = once(socket, 'message');
    await write('browser');
    const [received] = await message;
    assert.match(String(received.data), /secret\/data\/browser/);
    socket.close();
    await once(socket, 'close');
  });

  test('that says something is closed, and so is one that asks for nonsense', async () => {
    const subscriber = await subscribe('sys/events/subscribe/*', server.rootToken);
    subscriber.socket.send('hello');
    assert.equal(await subscriber.closed, 1008);
    const token = { 'X-Vault-Token': server.rootToken };
    const bad = await refusedWith('sys/events/subscribe/*?filter=colour', token);
    assert.equal(bad.status, 400);
    assert.match(bad.text, /filter/);
    assert.equal((await refusedWith('sys/events/subscribe/*?json=maybe', token)).status, 400);
    assert.equal((await refusedWith('sys/events/subscribe/*?namespaces=../x', token)).status, 400);
    assert.equal(
      (await refusedWith('sys/events/subscribe/*', { ...token, 'X-Vault-Wrap-TTL': '60' })).status,
      400,
    );
    assert.equal((await refusedWith('secret/data/missing', token)).status, 404);
  });

  test('is asked for by a GET without a body; anything else is a request like any other', async () => {
    const headers = { Connection: 'Upgrade', Upgrade: 'websocket' };
    const written = await server.call('POST', 'secret/data/upgraded', {
      headers,
      body: { data: { a: 'b' } },
    });
    assert.equal(written.status, 200, written.text);
    const other = await server.call('GET', 'secret/data/upgraded', {
      headers: { Connection: 'Upgrade', Upgrade: 'h2c' },
    });
    assert.equal(other.status, 200);
    const key = { 'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==', 'Sec-WebSocket-Version': '13' };
    const elsewhere = await server.call('GET', 'secret/data/upgraded', { headers: { ...headers, ...key } });
    assert.equal(elsewhere.status, 200);
    const old = await server.call('GET', 'sys/events/subscribe/*', {
      headers: { ...headers, ...key, 'Sec-WebSocket-Version': '7' },
    });
    assert.equal(old.status, 400);
  });

  test('needs a token with read on the path; plain HTTP hears what to do instead', async () => {
    assert.equal((await refusedWith('sys/events/subscribe/*', {})).status, 403);
    assert.equal((await refusedWith('sys/events/subscribe/*', { 'X-Vault-Token': 'hvs.wrong' })).status, 403);
    const weak = await tokenWith(['default']);
    assert.equal((await refusedWith('sys/events/subscribe/*', { 'X-Vault-Token': weak })).status, 403);
    const plain = await server.call('GET', 'sys/events/subscribe/*?json=true');
    assert.equal(plain.status, 400);
    assert.match(plain.text, /WebSocket only/);
    assert.equal((await server.call('GET', 'sys/events/subscribe/*', { token: null })).status, 403);
  });

  test('is bounded in number for each token', async () => {
    const token = await tokenWith(['root']);
    const many = await Promise.all(
      Array.from({ length: 100 }, () => subscribe('sys/events/subscribe/none', token)),
    );
    const refused = await refusedWith('sys/events/subscribe/none', { 'X-Vault-Token': token });
    assert.equal(refused.status, 429);
    many[0]?.close();
    await many[0]?.closed;
    const other = await subscribe('sys/events/subscribe/none', server.rootToken);
    other.close();
    for (const one of many) one.close();
    await Promise.all(many.map(({ closed }) => closed));
  });
});

describe('a subscription in the audit log', () => {
  test('is a request like any other, refused or not, and its token a hash', async () => {
    const file = join(server.folder, 'audit.log');
    const body = { type: 'file', options: { file_path: file, hmac_accessor: 'false' } };
    assert.equal((await server.call('PUT', 'sys/audit/file', { body })).status, 204);
    await server.call('PUT', 'sys/config/auditing/request-headers/sec-websocket-protocol', {
      body: { hmac: false },
    });
    const token = Buffer.from(server.rootToken).toString('base64url');
    const socket = new WebSocket(urlOf('sys/events/subscribe/kv-v2/*?json=true'), [
      'coffer.events',
      `coffer.token.${token}`,
    ]);
    await once(socket, 'open');
    await refusedWith('sys/events/subscribe/x', {});
    const text = readFileSync(file, 'utf8');
    const lines = text
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    const asked = lines.filter(({ request }) => request.path === 'sys/events/subscribe/kv-v2/*');
    assert.deepEqual(
      asked.map(({ type }) => type),
      ['request', 'response'],
    );
    assert.equal(asked[0].request.operation, 'read');
    assert.match(asked[0].request.client_token, /^hmac-sha256:/);
    const refused = lines.filter(({ request }) => request.path === 'sys/events/subscribe/x');
    assert.match(refused.at(-1).error, /permission denied/);
    assert.ok(!text.includes(server.rootToken) && !text.includes(token));
    socket.close();
    await once(socket, 'close');
  });
});

describe('no secret is in an event', () => {
  test('whatever was written, and whoever wrote it', async () => {
    const canary = `sk-Canary${randomBytes(12).toString('hex')}`;
    const subscriber = await subscribe('sys/events/subscribe/*?json=true', server.rootToken);
    const binary = await subscribe('sys/events/subscribe/*', server.rootToken);
    await write('canary', { key: canary, [canary]: 'x' });
    await server.call('POST', 'secret/metadata/canary', { body: { custom_metadata: { note: canary } } });
    await server.call('POST', 'auth/userpass/users/bob', { body: { password: canary } });
    const login = await server.call('POST', 'auth/userpass/login/bob', {
      token: null,
      body: { password: canary },
    });
    const token = String(login.body.auth?.['client_token']);
    await write('end');
    await subscriber.types(4);
    while (binary.binary.length < 4) await once(binary.socket, 'message');
    const seen = JSON.stringify(subscriber.events) + Buffer.concat(binary.binary).toString('latin1');
    assert.match(seen, /auth\/userpass\/login\/bob/);
    assert.ok(!seen.includes(canary));
    assert.ok(!seen.includes(token) && !seen.includes(server.rootToken));
    assert.ok(!server.logText().includes(canary) && !server.logText().includes(server.rootToken));
    subscriber.close();
    binary.close();
  });
});

describe('when the server seals or stops', () => {
  test('subscriptions end, with a word', async () => {
    const other = await startTestServer();
    try {
      const path = 'sys/events/subscribe/*';
      const sealed = await subscribe(path, other.rootToken, {}, other);
      await other.call('PUT', 'sys/seal');
      assert.equal(await sealed.closed, 1001);
      await other.call('PUT', 'sys/unseal', { body: { key: other.unsealKey } });
      const stopped = await subscribe(path, other.rootToken, {}, other);
      const stopping = other.stop();
      assert.equal(await stopped.closed, 1001);
      await stopping;
    } finally {
      await other.stop();
    }
  });
});
