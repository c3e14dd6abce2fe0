import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import fc from 'fast-check';
import { startTestServer, type TestServer } from '../start-server.ts';

let server: TestServer;
before(async () => {
  server = await startTestServer({
    configuration: { raw_storage_endpoint: true, introspection_endpoint: true },
  });
});
after(() => server.stop());

/** A body that each path takes; every field is replaced in turn by what nobody expects. */
const paths: Readonly<Record<string, object>> = {
  'tools/random': { bytes: 8, format: 'hex', source: 'platform' },
  'tools/random/8': { format: 'hex' },
  'tools/hash': { input: 'YWJj', algorithm: 'sha2-256', format: 'hex' },
  'policies/password/fuzz': { policy: 'length = 8\nrule "charset" { charset = "abc" }' },
  'quotas/rate-limit/fuzz': {
    rate: 1,
    path: 'secret/fuzz',
    role: '',
    interval: 1,
    block_interval: 0,
    inheritable: false,
  },
  'quotas/lease-count/fuzz': { max_leases: 5, path: 'secret/fuzz', role: '', inheritable: false },
  'quotas/config': {
    rate_limit_exempt_paths: [],
    absolute_rate_limit_exempt_paths: [],
    enable_rate_limit_audit_logging: false,
    enable_rate_limit_response_headers: false,
  },
  'config/cors': { allowed_origins: ['https://a.example'], allowed_headers: [], allow_credentials: false },
  'config/ui/headers/X-Fuzz': { values: ['a'] },
  loggers: { level: 'trace' },
  'plugins/reload/backend': { plugin: 'kv', mounts: [], scope: '' },
  'raw/n/root/sys/fuzz': { value: '{}', encoding: '' },
};

const odd = fc.oneof(
  fc.constantFrom<unknown>(
    null,
    '',
    ' ',
    0,
    -1,
    1.5,
    1e308,
    -0,
    true,
    [],
    [1],
    [null],
    [['a']],
    {},
    { a: 1 },
  ),
  fc.constantFrom(
    'x'.repeat(100_000),
    '\u0000',
    '../..',
    'a/b/../c',
    '*',
    '//',
    'secret/\u0000',
    '\ud83d\ude00é',
    'NaN',
    '-1h',
    '99999999999h',
  ),
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.jsonValue({ maxDepth: 2 }),
);

const cases = Object.entries(paths).flatMap(([path, body]) =>
  Object.keys(body).map((field) => ({ path, body, field })),
);

test('a field with anything in it is taken or refused with 400, never a defect, and nothing of it is left behind', async () => {
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...cases), odd, async ({ path, body, field }, value) => {
      const answer = await server.call('PUT', `sys/${path}`, { body: { ...body, [field]: value } });
      assert.ok([200, 204, 400].includes(answer.status), `${path} ${field}: ${answer.status} ${answer.text}`);
      if (answer.status === 400)
        assert.ok(Array.isArray(answer.body.errors) && answer.body.errors.length === 1);
      const read = await server.call('GET', `sys/${path}`);
      assert.ok(read.status < 500, `${path} ${field}: reading it back: ${read.status} ${read.text}`);
      const removed = await server.call('DELETE', `sys/${path}`);
      assert.ok(removed.status < 500, `${path}: ${removed.status} ${removed.text}`);
      assert.equal((await server.call('GET', 'sys/health', { token: null })).status, 200);
    }),
    { numRuns: 400 },
  );
});
