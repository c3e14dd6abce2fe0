import assert from 'node:assert/strict';
import { test } from 'node:test';
import { envelope, startLoopbackServer } from '../testing/loopback-server.ts';
import { runInProcess } from '../testing/run-in-process.ts';

test('with *_DISABLE_REDIRECTS a redirect is refused, and without it the command follows', async () => {
  const server = await startLoopbackServer(({ url }) =>
    url.endsWith('/there')
      ? { body: envelope({ data: { k: 'v' } }) }
      : { status: 307, headers: { Location: '/v1/there' } },
  );
  try {
    const environment = { VAULT_ADDR: server.address };
    const followed = await runInProcess(['read', '-field=k', 'here'], { environment });
    assert.deepEqual([followed.exitCode, followed.out], [0, 'v']);
    const refused = await runInProcess(['read', 'here'], {
      environment: { ...environment, VAULT_DISABLE_REDIRECTS: 'true' },
    });
    assert.equal(refused.exitCode, 2);
    assert.match(refused.err, /Code: 307/);
    assert.equal(server.seen.length, 3);
  } finally {
    await server.close();
  }
});

test('*_PROXY_ADDR and *_HTTP_PROXY name a proxy for every request, this machine’s own included', async () => {
  const proxy = await startLoopbackServer(() => ({ body: envelope({ data: { k: 'through' } }) }));
  try {
    for (const name of ['VAULT_PROXY_ADDR', 'BAO_HTTP_PROXY']) {
      const environment = { VAULT_ADDR: 'http://127.0.0.1:1', [name]: proxy.address };
      const { out, err } = await runInProcess(['read', '-field=k', 'a'], { environment });
      assert.equal(out, 'through', err);
    }
    assert.equal(proxy.seen[0]?.url, 'http://127.0.0.1:1/v1/a');
  } finally {
    await proxy.close();
  }
});

test('a *_RATE_LIMIT that cannot be read is refused, and one that can lets requests through', async () => {
  const server = await startLoopbackServer(() => ({ body: envelope({ data: { k: 'v' } }) }));
  try {
    const ask = (limit: string) =>
      runInProcess(['read', '-field=k', 'a'], {
        environment: { VAULT_ADDR: server.address, VAULT_RATE_LIMIT: limit },
      });
    for (const limit of ['100', '100:20', '0.5:1']) assert.equal((await ask(limit)).out, 'v');
    for (const limit of ['fast', '0', '10:', '-1']) assert.match((await ask(limit)).err, /RATE_LIMIT/);
  } finally {
    await server.close();
  }
});
