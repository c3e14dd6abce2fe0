import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { type CallAnswer, callServer, startTestServer, type TestServer } from '../start-server.ts';

let server: TestServer;
before(async () => {
  server = await startTestServer();
  await server.call('POST', 'sys/mounts/kv1', { body: { type: 'kv' } });
  await server.call('POST', 'kv1/a', { body: { x: 'y' } });
  await server.call('POST', 'secret/data/a', { body: { data: { x: 'y' } } });
});
after(() => server.stop());

const mergePatch = { 'Content-Type': 'application/merge-patch+json' };
const errorsOf = ({ status, body }: CallAnswer): unknown[] => [status, body.errors];

describe('verbs', () => {
  test('a list is LIST or GET with list=true, with a slash at the end or without', async () => {
    const lists = [
      server.call('LIST', 'kv1'),
      server.call('LIST', 'kv1/'),
      server.call('GET', 'kv1?list=true'),
      server.call('GET', 'kv1/?list=true'),
      server.call('GET', 'kv1?list=1'),
    ];
    for (const answer of await Promise.all(lists))
      assert.deepEqual(answer.body.data, { keys: ['a'] }, answer.text);
  });

  test('PUT and POST are one, and create or update by what is there', async () => {
    const policy = 'path "kv1/c" { capabilities = ["create"] }\npath "kv1/u" { capabilities = ["update"] }';
    await server.call('PUT', 'sys/policies/acl/creator', { body: { policy } });
    const made = await server.call('POST', 'auth/token/create', { body: { policies: ['creator'] } });
    const token = String(made.body.auth?.['client_token']);
    const write = async (method: string, path: string) =>
      (await server.call(method, path, { token, body: { a: 'b' } })).status;
    assert.equal(await write('PUT', 'kv1/c'), 204);
    assert.equal(await write('POST', 'kv1/c'), 403, 'it is there now, and needs update');
    assert.equal(await write('POST', 'kv1/u'), 403, 'it is not there, and needs create');
    await server.call('POST', 'kv1/u', { body: { a: 'b' } });
    assert.equal(await write('PUT', 'kv1/u'), 204);
  });

  test('HEAD is GET without the body', async () => {
    const get = await server.call('GET', 'kv1/a');
    const head = await server.call('HEAD', 'kv1/a');
    assert.deepEqual([head.status, head.text], [200, '']);
    assert.equal(head.headers['content-length'], get.headers['content-length']);
  });

  test('PATCH wants its own content type, and says which it got', async () => {
    const wrong = await server.call('PATCH', 'secret/data/a', {
      headers: { 'Content-Type': 'application/json' },
      body: { data: {} },
    });
    assert.deepEqual(errorsOf(wrong), [
      415,
      ['PATCH requires Content-Type of application/merge-patch+json, provided application/json'],
    ]);
    const right = {
      headers: { 'Content-Type': 'application/merge-patch+json; charset=utf-8' },
      body: { data: { z: 1 } },
    };
    assert.equal((await server.call('PATCH', 'secret/data/a', right)).status, 200);
  });

  test('a verb that nothing takes is 405, with or without a token', async () => {
    for (const method of ['PURGE', 'OPTIONS', 'TRACE', 'COPY'])
      assert.deepEqual(errorsOf(await server.call(method, 'kv1/a')), [405, []], method);
    const refused = await server.call('LIST', 'secret/data/a');
    assert.deepEqual(errorsOf(refused), [405, ['1 error occurred:\n\t* unsupported operation\n\n']]);
  });

  test('a write to a path that ends in a slash is refused', async () => {
    const answer = await server.call('POST', 'kv1/b/', { body: { a: 'b' } });
    assert.deepEqual(errorsOf(answer), [400, ["cannot write to a path ending in '/'"]]);
  });
});

describe('answers', () => {
  test('carry the whole envelope, and are never stored by anybody on the way', async () => {
    const { body, headers } = await server.call('GET', 'kv1/a');
    const { request_id: id, ...rest } = body;
    assert.match(String(id), /^[0-9a-f]{8}-[0-9a-f-]{27}$/);
    assert.deepEqual(rest, {
      lease_id: '',
      renewable: false,
      lease_duration: 2764800,
      data: { x: 'y' },
      wrap_info: null,
      warnings: null,
      auth: null,
      mount_type: 'kv',
    });
    assert.equal(headers['cache-control'], 'no-store');
    assert.equal(headers['content-type'], 'application/json');
    const refused = await server.call('GET', 'kv1/a', { token: null });
    assert.equal(refused.headers['cache-control'], 'no-store');
  });

  test('with nothing to say are 404 to a read or a list, and 204 to a write', async () => {
    const empty = [
      server.call('GET', 'kv1/none'),
      server.call('LIST', 'kv1/none'),
      server.call('GET', 'sys/policies/acl/none'),
    ];
    for (const answer of await Promise.all(empty)) assert.deepEqual(errorsOf(answer), [404, []], answer.text);
    const written = await server.call('POST', 'kv1/b', { body: { a: 'b' } });
    assert.deepEqual([written.status, written.text], [204, '']);
    assert.equal((await server.call('DELETE', 'kv1/b')).status, 204);
    assert.equal((await server.call('DELETE', 'kv1/b')).status, 204, 'again');
  });

  test('carry warnings for fields that nobody knows, which turn 204 into 200', async () => {
    const answer = await server.call('POST', 'sys/mounts/kv1/tune', {
      body: { zz: 1, aa: 2, description: 'd' },
    });
    assert.deepEqual(
      [answer.status, answer.body.data, answer.body.warnings],
      [200, null, ['Endpoint ignored these unrecognized parameters: [aa zz]']],
    );
  });

  test('of the old sys paths repeat their keys at the top', async () => {
    const { body } = await server.call('GET', 'sys/policy/default');
    assert.equal(body['name'], 'default');
    assert.equal(body['rules'], body.data?.['rules']);
    const capabilities = await server.call('POST', 'sys/capabilities-self', {
      body: { paths: ['kv1/a', 'b'] },
    });
    assert.deepEqual(capabilities.body['kv1/a'], ['root']);
    assert.deepEqual(capabilities.body.data, { 'kv1/a': ['root'], b: ['root'] });
  });

  test('of health, seal status and the like have no envelope', async () => {
    for (const path of ['sys/health', 'sys/seal-status', 'sys/init', 'sys/leader']) {
      const { status, body } = await server.call('GET', path, { token: null });
      assert.equal(status, 200, path);
      assert.ok(!('data' in body) && !('request_id' in body), path);
    }
    const { body } = await server.call('GET', 'sys/health', { token: 'nonsense' });
    assert.match(String(body['version']), /^\d+\.\d+\.\d+$/);
    const coded = await server.call('GET', 'sys/health?activecode=299&standbyok=true', { token: null });
    assert.equal(coded.status, 299);
  });

  test('to help are bare too', async () => {
    const { status, body } = await server.call('GET', 'secret/data/a?help=1');
    assert.equal(status, 200);
    assert.deepEqual(Object.keys(body).sort(), ['help', 'openapi', 'see_also']);
    assert.match(String(body['help']), /Matching Route: \^data\//);
    assert.equal((await server.call('GET', 'secret/data/a?help=1', { token: null })).status, 403);
  });

  test('that are wrapped carry nothing but the wrapping', async () => {
    const { body } = await server.call('GET', 'kv1/a', { headers: { 'X-Vault-Wrap-TTL': '60s' } });
    const { wrap_info: wrap, ...rest } = body;
    assert.deepEqual(rest, {
      request_id: '',
      lease_id: '',
      renewable: false,
      lease_duration: 0,
      data: null,
      warnings: null,
      auth: null,
    });
    assert.partialDeepStrictEqual(wrap, { ttl: 60, creation_path: 'kv1/a' });
  });
});

describe('errors', () => {
  test('say as much as Vault does and no more', async () => {
    const forbidden = [
      server.call('GET', 'kv1/a', { token: null }),
      server.call('GET', 'kv1/a', { token: 'hvs.none' }),
    ];
    for (const answer of await Promise.all(forbidden))
      assert.deepEqual(errorsOf(answer), [403, ['permission denied']]);
    const made = await server.call('POST', 'auth/token/create', { body: { policies: ['default'] } });
    const token = String(made.body.auth?.['client_token']);
    const wrapped = [403, ['1 error occurred:\n\t* permission denied\n\n']];
    for (const path of ['kv1/a', 'kv1/none', 'nowhere/x', 'sys/nowhere', 'sys/mounts'])
      assert.deepEqual(errorsOf(await server.call('GET', path, { token })), wrapped, path);
    const nowhere = await server.call('GET', 'nowhere/x');
    assert.deepEqual(errorsOf(nowhere), [404, ['no handler for route "nowhere/x". route entry not found.']]);
    const unknown = await server.call('GET', 'sys/nowhere');
    assert.deepEqual(errorsOf(unknown), [404, ['1 error occurred:\n\t* unsupported path\n\n']]);
    assert.equal((await callServer(server.port, 'GET', '/v1')).status, 404);
  });

  test('of a sealed server are 503, and 501 from the health of a new one', async () => {
    const sealed = await startTestServer({ isSealed: true });
    try {
      assert.equal((await sealed.call('GET', 'sys/health')).status, 501);
      assert.equal((await sealed.call('GET', 'sys/health?uninitcode=200')).status, 200);
      const answer = await sealed.call('GET', 'kv1/a', { token: 'x' });
      assert.deepEqual(errorsOf(answer), [503, ['Vault is sealed']]);
      const made = await sealed.call('PUT', 'sys/init', { body: { secret_shares: 1, secret_threshold: 1 } });
      assert.equal(made.status, 200);
      assert.equal((await sealed.call('GET', 'sys/health')).status, 503);
      assert.equal((await sealed.call('GET', 'sys/health?sealedcode=299')).status, 299);
    } finally {
      await sealed.stop();
    }
  });
});

describe('what clients really send', () => {
  test('tokens come as a header of their own or as a bearer', async () => {
    const bearer = { token: null, headers: { Authorization: `Bearer ${server.rootToken}` } };
    assert.equal((await server.call('GET', 'kv1/a', bearer)).status, 200);
    const lower = { token: null, headers: { Authorization: `bearer ${server.rootToken}` } };
    assert.equal((await server.call('GET', 'kv1/a', lower)).status, 200);
    const basic = { token: null, headers: { Authorization: `Basic ${server.rootToken}` } };
    assert.equal((await server.call('GET', 'kv1/a', basic)).status, 403);
    const extra = { headers: { 'X-Vault-Request': 'true', 'X-Vault-Namespace': '' } };
    assert.equal((await server.call('GET', 'kv1/a', extra)).status, 200);
  });

  test('bodies come as forms, without a type, in chunks, empty, or with nulls', async () => {
    const form = { 'Content-Type': 'application/x-www-form-urlencoded' };
    assert.equal(
      (await server.call('POST', 'kv1/form', { headers: form, body: 'a=1&b=x%20y&b=z' })).status,
      204,
    );
    assert.deepEqual((await server.call('GET', 'kv1/form')).body.data, { a: '1', b: ['x y', 'z'] });
    assert.equal((await server.call('POST', 'kv1/plain', { body: '{"a":"b"}' })).status, 204);
    const chunked = { headers: { 'Transfer-Encoding': 'chunked' }, body: '{"a":"c"}' };
    assert.equal((await server.call('POST', 'kv1/plain', chunked)).status, 204);
    assert.deepEqual((await server.call('GET', 'kv1/plain')).body.data, { a: 'c' });
    const empty = { headers: { 'Content-Length': '0' } };
    assert.equal((await server.call('DELETE', 'kv1/plain', empty)).status, 204);
    const nulls = {
      ttl: null,
      policies: null,
      meta: null,
      renewable: null,
      num_uses: null,
      display_name: null,
    };
    assert.equal((await server.call('POST', 'auth/token/create', { body: nulls })).status, 200);
    assert.equal((await server.call('POST', 'auth/token/create', { body: 'null' })).status, 200);
    assert.equal((await server.call('POST', 'auth/token/create')).status, 200);
  });

  test('booleans, numbers, lists and durations come as strings', async () => {
    const body = {
      ttl: '3600',
      renewable: 'false',
      num_uses: '5',
      policies: 'default',
      explicit_max_ttl: '1.5h',
    };
    const { body: made } = await server.call('POST', 'auth/token/create', { body });
    assert.partialDeepStrictEqual(made.auth, { lease_duration: 3600, renewable: false, num_uses: 5 });
    const token = { ttl: '23430s0ns', explicit_max_ttl: '0s0ns' };
    const odd = await server.call('POST', 'auth/token/create', { body: token });
    assert.equal(odd.body.auth?.['lease_duration'], 23_430, odd.text);
    const days = await server.call('POST', 'auth/token/create', { body: { ttl: '30d' } });
    assert.equal(days.body.auth?.['lease_duration'], 2_592_000);
  });

  test('policies come as JSON text with leading slashes, and as base64', async () => {
    const json = JSON.stringify({ path: { '/kv1/*': { capabilities: ['read'] } } });
    for (const policy of [json, Buffer.from(json).toString('base64')]) {
      assert.equal((await server.call('PUT', 'sys/policies/acl/json', { body: { policy } })).status, 204);
      const made = await server.call('POST', 'auth/token/create', { body: { policies: ['json'] } });
      const token = String(made.body.auth?.['client_token']);
      assert.equal((await server.call('GET', 'kv1/a', { token })).status, 200);
    }
  });

  test('a body that is announced twice, or ends early, is refused and nothing of it is done', async () => {
    const send = (head: string, body: string): Promise<string> =>
      new Promise((resolve, reject) => {
        const socket = connect(server.port, '127.0.0.1', () => socket.write(`${head}\r\n\r\n${body}`));
        let text = '';
        socket.on('data', (chunk) => {
          text += chunk.toString('latin1');
          socket.end();
        });
        socket.on('close', () => resolve(text));
        socket.on('error', reject);
        setTimeout(() => socket.destroy(), 2000).unref();
      });
    const head = `POST /v1/kv1/smuggled HTTP/1.1\r\nHost: x\r\nX-Vault-Token: ${server.rootToken}`;
    const twice = await send(
      `${head}\r\nContent-Length: 9\r\nTransfer-Encoding: chunked`,
      '0\r\n\r\n{"a":"b"}',
    );
    assert.match(twice, /^HTTP\/1\.1 400 /);
    const differing = await send(`${head}\r\nContent-Length: 9\r\nContent-Length: 3`, '{"a":"b"}');
    assert.match(differing, /^HTTP\/1\.1 400 /);
    assert.equal((await server.call('GET', 'kv1/smuggled')).status, 404);
  });

  test('KV version 2 metadata is patched, and a deleted version answers 404 with its metadata', async () => {
    await server.call('POST', 'secret/data/d', { body: { data: { a: 1 } } });
    const patch = { headers: mergePatch, body: { custom_metadata: { team: 'ml' } } };
    assert.equal((await server.call('PATCH', 'secret/metadata/d', patch)).status, 204);
    await server.call('DELETE', 'secret/data/d');
    const { status, body } = await server.call('GET', 'secret/data/d');
    assert.equal(status, 404);
    assert.equal(body.errors, undefined);
    assert.partialDeepStrictEqual(body.data, {
      data: null,
      metadata: { version: 1, custom_metadata: { team: 'ml' } },
    });
  });
});
