import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { startTestServer, type TestServer } from '../start-server.ts';

/** Small things that only a client which was written for Vault notices, found by replaying recorded exchanges. */
describe('a client written for Vault', () => {
  let server: TestServer;
  before(async () => {
    server = await startTestServer();
  });
  after(() => server.stop());

  test('gets the content type with an answer that says nothing', async () => {
    const calls = [
      ['PUT', 'sys/policies/acl/a', { policy: 'path "x" { capabilities = ["read"] }' }],
      ['DELETE', 'sys/policies/acl/a', undefined],
      ['POST', 'cubbyhole/a', { a: 1 }],
    ] as const;
    for (const [method, path, body] of calls) {
      const answer = await server.call(method, path, body ? { body } : {});
      assert.deepEqual(
        [answer.status, answer.headers['content-type'], answer.headers['content-length'], answer.text],
        [204, 'application/json', undefined, ''],
        `${method} ${path}`,
      );
    }
  });

  test('reads the path that is in use without the table it is in', async () => {
    const body = { type: 'userpass' };
    assert.equal((await server.call('POST', 'sys/auth/people', { body })).status, 204);
    const again = await server.call('POST', 'sys/auth/people', { body });
    assert.equal(again.status, 400);
    assert.deepEqual(again.body.errors, ['path is already in use at people/']);
  });

  test('sees no options of a mount as an empty object, and null only where there never are any', async () => {
    await server.call('POST', 'sys/mounts/plain', { body: { type: 'kv' } });
    const { body } = await server.call('GET', 'sys/mounts');
    assert.partialDeepStrictEqual(body.data, { 'plain/': { options: {} }, 'cubbyhole/': { options: null } });
  });

  test('tunes one time of a mount without losing the other, though it sends it as empty text', async () => {
    const config = { default_lease_ttl: '1h' };
    await server.call('POST', 'sys/mounts/timed', { body: { type: 'kv', config } });
    const body = { default_lease_ttl: '', max_lease_ttl: '2h' };
    assert.equal((await server.call('PUT', 'sys/mounts/timed/tune', { body })).status, 204);
    const tuned = await server.call('GET', 'sys/mounts/timed/tune');
    assert.partialDeepStrictEqual(tuned.body.data, { default_lease_ttl: 3600, max_lease_ttl: 7200 });
    await server.call('PUT', 'sys/mounts/timed/tune', { body: { default_lease_ttl: 'system' } });
    const reset = await server.call('GET', 'sys/mounts/timed/tune');
    assert.partialDeepStrictEqual(reset.body.data, { default_lease_ttl: 7200 });
  });

  test('may unwrap by reading cubbyhole/response with the wrapping token, once', async () => {
    const headers = { 'X-Vault-Wrap-TTL': '1m' };
    const wrapped = await server.call('POST', 'sys/wrapping/wrap', { body: { secret: 'in here' }, headers });
    const token = String(wrapped.body.wrap_info?.['token']);
    const read = await server.call('GET', 'cubbyhole/response', { token });
    assert.equal(read.status, 200, read.text);
    const inside: unknown = JSON.parse(String(read.body.data?.['response']));
    assert.partialDeepStrictEqual(inside, { data: { secret: 'in here' }, wrap_info: null });
    assert.match(String(read.body.warnings), /cubbyhole\/response' is deprecated/);

    assert.equal((await server.call('GET', 'cubbyhole/response', { token })).status, 403);
    const late = await server.call('POST', 'sys/wrapping/unwrap', { body: { token } });
    assert.equal(late.status, 400);
  });

  test('looks up and revokes a token by the lease that lists it', async () => {
    const made = await server.call('POST', 'auth/token/create', {
      body: { policies: ['default'], ttl: '9m' },
    });
    const token = String(made.body.auth?.['client_token']);
    const folder = 'auth/token/create';
    const listed = await server.call('LIST', `sys/leases/lookup/${folder}`);
    const ids = [listed.body.data?.['keys']].flat().map((key) => `${folder}/${String(key)}`);
    const found = await Promise.all(
      ids.map((id) => server.call('PUT', 'sys/leases/lookup', { body: { lease_id: id } })),
    );
    const mine = found.find(({ body }) => Number(body.data?.['ttl']) <= 540);
    assert.ok(mine, listed.text);
    const { id, ...rest } = mine.body.data ?? {};
    assert.partialDeepStrictEqual(rest, { path: folder, last_renewal: null, renewable: true });
    const other = { lease_id: String(id).replace('create', 'made') };
    assert.equal((await server.call('PUT', 'sys/leases/lookup', { body: other })).status, 400);
    assert.equal((await server.call('PUT', 'sys/leases/revoke', { body: other })).status, 204);
    assert.equal((await server.call('GET', 'auth/token/lookup-self', { token })).status, 200);

    const elsewhere = await server.call('POST', 'sys/namespaces/elsewhere');
    assert.equal(elsewhere.status, 200);
    const foreign = { body: { lease_id: id }, namespace: 'elsewhere' };
    assert.equal((await server.call('PUT', 'sys/leases/lookup', foreign)).status, 400);
    assert.equal((await server.call('PUT', 'sys/leases/revoke', foreign)).status, 204);
    assert.equal((await server.call('GET', 'auth/token/lookup-self', { token })).status, 200);

    assert.equal((await server.call('PUT', 'sys/leases/revoke', { body: { lease_id: id } })).status, 204);
    assert.equal((await server.call('GET', 'auth/token/lookup-self', { token })).status, 403);
  });

  test('finds its own secret at cubbyhole/response when its token wraps nothing', async () => {
    await server.call('POST', 'cubbyhole/response', { body: { own: 'value' } });
    const { body } = await server.call('GET', 'cubbyhole/response');
    assert.deepEqual(body.data, { own: 'value' });
  });
});
