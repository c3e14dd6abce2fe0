import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { type CallAnswer, startTestServer, type TestServer } from '../start-server.ts';

let server: TestServer;
before(async () => {
  server = await startTestServer({
    configuration: { raw_storage_endpoint: true, introspection_endpoint: true },
    listener: { telemetry: { unauthenticated_metrics_access: true } },
  });
});
after(() => server.stop());

/** A list at the top of `data`. */
function listIn({ body }: CallAnswer, key: string): readonly unknown[] {
  const list = body.data?.[key];
  return Array.isArray(list) ? list : [];
}

async function ok(method: string, path: string, body?: object, more: object = {}): Promise<CallAnswer> {
  const answer = await server.call(method, path, { ...(body ? { body } : {}), ...more });
  assert.ok(answer.status < 300, `${method} ${path}: ${answer.status} ${answer.text}`);
  return answer;
}

const sudoPaths: readonly (readonly [method: string, path: string])[] = [
  ['GET', 'sys/config/cors'],
  ['PUT', 'sys/config/cors'],
  ['DELETE', 'sys/config/cors'],
  ['LIST', 'sys/config/ui/headers'],
  ['GET', 'sys/config/ui/headers/X-A'],
  ['PUT', 'sys/config/ui/headers/X-A'],
  ['GET', 'sys/plugins/catalog/secret/kv'],
  ['PUT', 'sys/plugins/catalog/secret/kv'],
  ['GET', 'sys/raw/n/root/sys/mounts'],
  ['LIST', 'sys/raw'],
  ['PUT', 'sys/raw/n/root/sys/mounts'],
  ['DELETE', 'sys/raw/n/root/sys/mounts'],
  ['GET', 'sys/internal/inspect/router/root'],
  ['PUT', 'sys/step-down'],
];

describe('what only operators may', () => {
  test('needs sudo besides the capability', async () => {
    const all = '["create","read","update","delete","list"]';
    await ok('PUT', 'sys/policies/acl/nearly', { policy: `path "sys/*" { capabilities = ${all} }` });
    const made = await ok('POST', 'auth/token/create', { policies: ['nearly'] });
    const token = String(made.body.auth?.['client_token']);
    for (const [method, path] of sudoPaths) {
      const answer = await server.call(method, path, { token, ...(method === 'PUT' ? { body: {} } : {}) });
      assert.equal(answer.status, 403, `${method} ${path}: ${answer.text}`);
    }
    assert.equal((await server.call('GET', 'sys/host-info', { token })).status, 200);
  });

  test('needs a token', async () => {
    const paths = [
      'host-info',
      'in-flight-req',
      'loggers',
      'config/state/sanitized',
      'quotas/config',
      'plugins/catalog',
    ];
    for (const path of paths) {
      const answer = await server.call('GET', `sys/${path}`, { token: null });
      assert.equal(answer.status, 403, path);
      assert.deepEqual(answer.body.errors, ['permission denied']);
    }
  });

  test('is there in the root namespace only', async () => {
    await ok('PUT', 'sys/namespaces/below');
    const paths = [
      'host-info',
      'in-flight-req',
      'loggers',
      'config/state/sanitized',
      'quotas/config',
      'config/cors',
      'plugins/catalog',
      'raw/n/root/sys/mounts',
    ];
    for (const path of paths)
      assert.equal((await server.call('GET', `sys/${path}`, { namespace: 'below' })).status, 400, path);
    assert.equal((await server.call('GET', 'sys/metrics', { namespace: 'below' })).status, 400);
    await ok('POST', 'sys/tools/hash', { input: 'YWJj' }, { namespace: 'below' });
  });
});

describe('metrics', () => {
  test('are for everybody on a listener that says so, and count what happens', async () => {
    await ok('POST', 'secret/data/counted', { data: { a: 1 } });
    await ok('GET', 'secret/data/counted');
    await server.call('GET', 'secret/data/absent');
    await server.call('GET', 'secret/data/counted', { token: 'hvs.wrong' });
    const { text, headers } = await ok('GET', 'sys/metrics?format=prometheus', undefined, { token: null });
    assert.equal(headers['content-type'], 'text/plain; version=0.0.4; charset=utf-8');
    const value = (line: string) =>
      Number(
        text
          .split('\n')
          .find((one) => one.startsWith(`${line} `))
          ?.split(' ')[1],
      );
    assert.ok(
      value('vault_core_request_duration_seconds_count{mount_type="kv",operation="read"}') >= 3,
      text,
    );
    assert.ok(value('vault_core_request_errors{mount_type="kv",operation="read",class="4xx"}') >= 1);
    assert.ok(value('vault_token_creation{token_type="service"}') >= 1);
    assert.ok(value('vault_storage_operation_duration_seconds_count{operation="commit"}') > 1);
    assert.ok(value('vault_cache_hit') > 10);
    const json = await ok('GET', 'sys/metrics', undefined, { token: null });
    assert.ok(Array.isArray(json.body['Gauges']));
    const gauges = json.body['Gauges'] as { Name: string; Value: number }[];
    assert.equal(gauges.find(({ Name }) => Name === 'vault.core.unsealed')?.Value, 1);
    assert.equal(gauges.find(({ Name }) => Name === 'vault.core.in_flight_requests')?.Value, 1);
    assert.equal((await server.call('GET', 'sys/metrics?format=xml')).status, 400);
  });

  test('are all in the guide', async () => {
    const { text } = await ok('GET', 'sys/metrics?format=prometheus');
    const guide = readFileSync(new URL('../../docs/guides/metrics-and-quotas.md', import.meta.url), 'utf8');
    for (const [, name = ''] of text.matchAll(/^# TYPE (\S+) /gm))
      assert.ok(guide.includes(`\`${name}\``), name);
  });

  test('hold no name that a caller chose', async () => {
    await server.call('GET', 'secret/data/chosen-by-caller');
    const prometheus = await ok('GET', 'sys/metrics?format=prometheus');
    const json = await ok('GET', 'sys/metrics');
    assert.doesNotMatch(prometheus.text + json.text, /chosen-by-caller|hvs\./);
  });

  test('open nothing else on that listener', async () => {
    for (const path of [
      'sys/in-flight-req',
      'sys/mounts',
      'sys/metrics/',
      'secret/data/counted',
      'sys/metrics?help=1',
    ])
      assert.equal(
        (await server.call('GET', path, { token: null })).status === 200,
        path === 'sys/metrics/',
        path,
      );
    assert.equal((await server.call('PUT', 'sys/metrics', { token: null, body: {} })).status >= 400, true);
  });

  test('answer on such a listener while the server is sealed, and elsewhere need a token', async () => {
    const sealed = await startTestServer({
      isSealed: true,
      listener: { telemetry: { unauthenticated_metrics_access: true } },
    });
    try {
      const answer = await sealed.call('GET', 'sys/metrics?format=prometheus');
      assert.equal(answer.status, 200);
      assert.match(answer.text, /^vault_core_unsealed(?:\{[^}]*\})? 0$/m);
    } finally {
      await sealed.stop();
    }
    const usual = await startTestServer();
    try {
      assert.equal((await usual.call('GET', 'sys/metrics', { token: null })).status, 403);
      assert.equal((await usual.call('GET', 'sys/metrics')).status, 200);
    } finally {
      await usual.stop();
    }
  });
});

describe('the server tells', () => {
  test('its requests in flight, of which one is this', async () => {
    const { body } = await ok('GET', 'sys/in-flight-req');
    const requests = Object.values(body) as Record<string, string>[];
    assert.equal(requests.length, 1);
    assert.equal(requests[0]?.['request_path'], '/v1/sys/in-flight-req');
    assert.match(String(requests[0]?.['client_remote_address']), /^127\.0\.0\.1:\d+$/);
  });

  test('them to anybody, on a listener that says so', async () => {
    const open = await startTestServer({
      listener: { profiling: { unauthenticated_in_flight_request_access: true } },
    });
    try {
      assert.equal((await open.call('GET', 'sys/in-flight-req', { token: null })).status, 200);
      assert.equal((await open.call('GET', 'sys/metrics', { token: null })).status, 403);
      for (const method of ['PUT', 'DELETE', 'LIST'])
        assert.notEqual((await open.call(method, 'sys/in-flight-req', { token: null })).status, 200, method);
      const inNamespace = await open.call('GET', 'sys/in-flight-req', { token: null, namespace: 'any' });
      assert.notEqual(inNamespace.status, 200);
    } finally {
      await open.stop();
    }
  });

  test('its versions, machine, plug-ins and counters', async () => {
    const versions = await ok('LIST', 'sys/version-history');
    assert.equal(listIn(versions, 'keys').length, 1);
    assert.equal((await server.call('GET', 'sys/version-history')).status, 405);
    const host = await ok('GET', 'sys/host-info');
    assert.deepEqual(Object.keys(host.body.data ?? {}).sort(), [
      'cpu',
      'cpu_times',
      'disk',
      'host',
      'memory',
      'timestamp',
    ]);
    const catalog = await ok('GET', 'sys/plugins/catalog');
    assert.ok(listIn(catalog, 'secret').includes('kv'));
    assert.ok(!JSON.stringify(catalog.body.data).includes('system'));
    const refused = await server.call('PUT', 'sys/plugins/catalog/secret/own', {
      body: { command: 'x', sha256: 'y' },
    });
    assert.equal(refused.status, 405);
    const counters = await ok('GET', 'sys/internal/counters/tokens');
    assert.match(counters.text, /"service_tokens":\{"total":[1-9]\d*\}/);
    assert.equal((await server.call('GET', 'sys/pprof/heap')).status, 405);
  });

  test('the nodes, of which there is one, and lets nobody step down', async () => {
    const { body } = await ok('GET', 'sys/ha-status');
    assert.deepEqual(body['nodes'], body.data?.['nodes']);
    assert.equal((await server.call('PUT', 'sys/step-down')).status, 204);
  });

  test('its configuration without settings of seals and storage', async () => {
    const { body, text } = await ok('GET', 'sys/config/state/sanitized');
    assert.equal(body.data?.['raw_storage_endpoint'], true);
    assert.deepEqual(body.data?.['seals'], [{ type: 'shamir', disabled: false }]);
    assert.ok(!text.includes(server.folder));
    assert.equal((await server.call('GET', 'sys/config/state/everything')).status, 404);
  });

  test('the router’s tables, sorted as asked', async () => {
    for (const tag of ['root', 'uuid', 'accessor', 'storage']) {
      const { body } = await ok('GET', `sys/internal/inspect/router/${tag}`);
      const rows = body.data?.[tag] as Record<string, string>[];
      assert.ok(
        rows.some((row) => row['mount_path'] === 'secret/' && row['mount_type'] === 'kv'),
        tag,
      );
    }
    assert.equal((await server.call('GET', 'sys/internal/inspect/router/other')).status, 400);
  });
});

describe('raw storage', () => {
  test('shows, changes and removes records, never the keyring', async () => {
    assert.deepEqual((await ok('LIST', 'sys/raw')).body.data, { keys: ['n/'] });
    const namespaces = await ok('LIST', 'sys/raw/n');
    assert.ok(listIn(namespaces, 'keys').includes('root/'));
    const mounts = await ok('GET', 'sys/raw/n/root/sys/mounts');
    assert.match(String(mounts.body.data?.['value']), /"type":"kv"/);
    await ok('PUT', 'sys/raw/n/root/sys/own', { value: '{"big":12345678901234567890}' });
    assert.equal(
      (await ok('GET', 'sys/raw/n/root/sys/own')).body.data?.['value'],
      '{"big":12345678901234567890}',
    );
    await ok('DELETE', 'sys/raw/n/root/sys/own');
    assert.equal((await server.call('GET', 'sys/raw/n/root/sys/own')).status, 404);
    assert.equal((await server.call('PUT', 'sys/raw/n/root/sys/own', { body: { value: '{' } })).status, 400);
    for (const path of ['core/keyring', 'keyring', 'n', 'n/root', 'k/root'])
      assert.equal((await server.call('GET', `sys/raw/${path}`)).status, 400, path);
  });

  test('is not there unless the configuration asks for it', async () => {
    const usual = await startTestServer();
    try {
      for (const path of ['sys/raw/n/root/sys/mounts', 'sys/internal/inspect/router/root'])
        assert.equal((await usual.call('GET', path)).status, 404);
    } finally {
      await usual.stop();
    }
  });
});

describe('log levels', () => {
  test('change at once, for one logger or all, and go back', async () => {
    const level = async (name: string) => (await ok('GET', `sys/loggers/${name}`)).body.data?.[name];
    assert.equal(await level('core'), 'trace');
    await ok('POST', 'sys/loggers/core', { level: 'WARN' });
    assert.deepEqual([await level('core'), await level('audit')], ['warn', 'trace']);
    await ok('POST', 'sys/loggers', { level: 'err' });
    assert.deepEqual([await level('core'), await level('audit')], ['error', 'error']);
    await ok('DELETE', 'sys/loggers/core');
    assert.deepEqual([await level('core'), await level('audit')], ['trace', 'error']);
    await ok('DELETE', 'sys/loggers');
    assert.equal(await level('audit'), 'trace');
    assert.equal((await server.call('POST', 'sys/loggers/core', { body: { level: 'loud' } })).status, 400);
    assert.equal((await server.call('POST', 'sys/loggers/none', { body: { level: 'info' } })).status, 400);
  });
});

describe('cross-origin requests', () => {
  const origin = 'https://app.example';
  const from = (method: string, headers: Record<string, string> = {}) =>
    server.call(method, 'sys/health', { token: null, headers: { Origin: origin, ...headers } });

  test('get no permission while CORS is off', async () => {
    const answer = await from('GET');
    assert.equal(answer.status, 200);
    assert.equal(answer.headers['access-control-allow-origin'], undefined);
  });

  test('are let in for the origins that are configured, preflights included, and refused for others', async () => {
    await ok('POST', 'sys/config/cors', {
      allowed_origins: [origin],
      allowed_headers: ['X-Own', 'content-type'],
    });
    const answer = await from('GET');
    assert.equal(answer.headers['access-control-allow-origin'], origin);
    assert.equal(answer.headers['vary'], 'Origin');
    assert.equal(answer.headers['access-control-allow-credentials'], undefined);
    const preflight = await from('OPTIONS', { 'Access-Control-Request-Method': 'LIST' });
    assert.equal(preflight.status, 204);
    assert.match(String(preflight.headers['access-control-allow-methods']), /LIST/);
    assert.match(String(preflight.headers['access-control-allow-headers']), /X-Vault-Token.*X-Own$/);
    assert.equal((await from('OPTIONS', { 'Access-Control-Request-Method': 'TRACE' })).status, 405);
    for (const other of ['https://evil.example', 'https://app.example.evil.example', 'null']) {
      const refused = await server.call('GET', 'sys/health', { token: null, headers: { Origin: other } });
      assert.equal(refused.status, 403, other);
      assert.equal(refused.headers['access-control-allow-origin'], undefined);
    }
    assert.equal((await server.call('GET', 'sys/health', { token: null })).status, 200, 'no Origin, no CORS');
    await ok('DELETE', 'sys/config/cors');
    assert.equal(
      (await server.call('GET', 'sys/health', { token: null, headers: { Origin: 'null' } })).status,
      200,
    );
  });

  test('cannot be configured for anybody with cookies', async () => {
    const refuse = async (body: object) =>
      assert.equal((await server.call('POST', 'sys/config/cors', { body })).status, 400);
    await refuse({});
    await refuse({ allowed_origins: '*,https://a.example' });
    await refuse({ allowed_origins: '*', allow_credentials: true });
    await refuse({ allowed_origins: '*', allowed_headers: ['X-A: b'] });
  });
});

describe('tools and password policies', () => {
  test('random bytes come in the size and form asked for', async () => {
    const hex = await ok('POST', 'sys/tools/random/16', { format: 'hex' });
    assert.match(String(hex.body.data?.['random_bytes']), /^[0-9a-f]{32}$/);
    const two = await Promise.all([ok('POST', 'sys/tools/random'), ok('POST', 'sys/tools/random')]);
    assert.notEqual(two[0].body.data?.['random_bytes'], two[1].body.data?.['random_bytes']);
    for (const path of [
      'random/0',
      'random/-1',
      'random/131073',
      'random/x',
      'random/seal',
      'random/99999999999999999999',
    ])
      assert.equal((await server.call('POST', `sys/tools/${path}`, { body: {} })).status, 400, path);
  });

  test('hashes refuse input that is not base64 rather than hash something else', async () => {
    const sum = await ok('POST', 'sys/tools/hash/sha2-256', { input: 'YWJj' });
    assert.equal(sum.body.data?.['sum'], 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
    for (const input of ['YWJ', 'YWJj=', 'YW Jj', 'YWJ-', '?', 'YQ==YQ=='])
      assert.equal((await server.call('POST', 'sys/tools/hash', { body: { input } })).status, 400, input);
  });

  test('a password follows its policy, and a policy that cannot be followed is refused', async () => {
    const policy =
      'length = 12\nrule "charset" { charset = "ab" min-chars = 3 }\nrule "charset" { charset = "01" min-chars = 3 }';
    await ok('PUT', 'sys/policies/password/nested/name', { policy: Buffer.from(policy).toString('base64') });
    assert.equal((await ok('GET', 'sys/policies/password/nested/name')).body.data?.['policy'], policy);
    const made = await ok('GET', 'sys/policies/password/nested/name/generate');
    assert.match(String(made.body.data?.['password']), /^[ab01]{12}$/);
    const impossible =
      'length = 4\nrule "charset" { charset = "a" min-chars = 3 }\nrule "charset" { charset = "b" min-chars = 3 }';
    for (const text of [impossible, 'length = 8', '', 'rule'])
      assert.equal(
        (await server.call('PUT', 'sys/policies/password/no', { body: { policy: text } })).status,
        400,
        text,
      );
    assert.equal((await server.call('GET', 'sys/policies/password/no/generate')).status, 404);
  });
});

test('what is asked of a plug-in, mount or namespace that is not there is refused as Vault does, and nothing pretends to have happened', async () => {
  const errorOf = async (method: string, path: string, body: object, type?: string) => {
    const more = type === undefined ? {} : { headers: { 'content-type': type } };
    const answer = await server.call(method, path, { body, ...more });
    return [answer.status, answer.text];
  };
  const [plugin, pluginText] = await errorOf('PUT', 'sys/plugins/reload/backend', { plugin: 'nope' });
  assert.equal(plugin, 400);
  assert.match(String(pluginText), /plugin not found in the catalog/);
  assert.equal((await errorOf('PUT', 'sys/plugins/reload/backend', { mounts: ['nope/'] }))[0], 400);
  assert.equal((await errorOf('PUT', 'sys/plugins/reload/backend', { plugin: 'kv' }))[0], 200);
  const patched = await errorOf('PATCH', 'sys/namespaces/nope', {}, 'application/merge-patch+json');
  assert.equal(patched[0], 400);
  assert.match(String(patched[1]), /namespace not found/);
  assert.equal((await server.call('DELETE', 'sys/plugins/catalog/secret/nope')).status, 204);
  assert.notEqual((await server.call('DELETE', 'sys/plugins/catalog/secret/kv')).status, 204);
});

test('the node of sys/ha-status says where it is reached, also without api_addr', async () => {
  const [node] = listIn(await ok('GET', 'sys/ha-status'), 'nodes');
  assert.match(JSON.stringify(node), /"api_address":"https?:\/\/127\.0\.0\.1:\d+"/);
});
