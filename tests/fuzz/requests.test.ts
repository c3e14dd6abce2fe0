import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import fc from 'fast-check';
import { type DeclaredPath, declaredPaths, filled } from '../declared-paths.ts';
import { type CallAnswer, callServer, startTestServer, type TestServer } from '../start-server.ts';

/** Each property stops here, so that the suite stays short on any machine. */
const bounded = { numRuns: 800, interruptAfterTimeLimit: 4000, markInterruptAsFailure: false };
const methods = ['GET', 'HEAD', 'LIST', 'SCAN', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'PURGE'];
const mergePatch = { 'Content-Type': 'application/merge-patch+json' };

let server: TestServer;
let policyToken: string;
before(async () => {
  server = await startTestServer();
  await server.call('POST', 'sys/mounts/kv1', { body: { type: 'kv' } });
  await server.call('POST', 'sys/namespaces/ns', { body: {} });
  await server.call('PUT', 'sys/policies/acl/some', {
    body: {
      policy: 'path "secret/+/a" { capabilities = ["read"] }\npath "kv1/*" { capabilities = ["list"] }',
    },
  });
  const made = await server.call('POST', 'auth/token/create', { body: { policies: ['some'] } });
  policyToken = String(made.body.auth?.['client_token']);
});
after(() => server.stop());

function assertHandled({ status, text, headers }: CallAnswer, what: string): void {
  assert.ok(status >= 200 && status < 500, `${what} answered ${status} ${text.slice(0, 500)}`);
  // Public keys and metadata may be kept for a while, nothing else.
  const cache =
    what.includes('/.well-known/') && status === 200 ? /^(?:no-store|max-age=\d+)$/ : /^no-store$/;
  if (status !== 431) assert.match(String(headers['cache-control']), cache, what);
  assert.ok(!/\bat .*\.ts:\d+/.test(text), `${what} shows a stack trace: ${text}`);
}

/** Characters that node:http lets out in a request target. */
const target = fc
  .oneof(
    fc.webPath({ size: 'medium' }),
    fc.string({ unit: 'binary-ascii', maxLength: 200 }),
    fc
      .array(
        fc.constantFrom(
          ...[
            'secret',
            'data',
            'metadata',
            'kv1',
            'sys',
            'auth',
            'token',
            'ns',
            'mounts',
            'policies',
            'acl',
            'a',
          ],
          ...[
            '..',
            '.',
            '',
            '%2e%2e',
            '%2f',
            '%252f',
            '%00',
            '%',
            '%zz',
            '%ff',
            '%C3%BC',
            'u%CC%88',
            '+',
            '*',
            '{name}',
          ],
          ...[
            '__proto__',
            'constructor',
            'toString',
            'root',
            'internal',
            'ui',
            'wrapping',
            'leases',
            'namespaces',
          ],
        ),
        { maxLength: 8 },
      )
      .map((segments) => segments.join('/')),
  )
  .map((path) => path.replace(/[^\x21-\x7e]/g, (character) => encodeURIComponent(character)));

const query = fc.option(
  fc
    .array(
      fc.tuple(
        fc.constantFrom('list', 'help', 'version', 'depth', 'after', '__proto__', 'scan'),
        fc.string(),
      ),
      {
        maxLength: 4,
      },
    )
    .map(
      (pairs) =>
        `?${pairs.map(([name, value]) => `${name}=${encodeURIComponent(value.toWellFormed())}`).join('&')}`,
    ),
  { nil: '' },
);

describe('whatever comes over HTTP is answered, and never with a defect', () => {
  test('paths of every kind, with a root token, a weak one and none', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...methods),
        target,
        query,
        fc.constantFrom('root', 'weak', 'none'),
        async (method, path, search, who) => {
          if (/seal|step-down|revoke-self/.test(path)) return;
          const token = who === 'root' ? server.rootToken : who === 'weak' ? policyToken : null;
          const body = ['POST', 'PUT', 'PATCH'].includes(method) ? { body: {} } : {};
          const answer = await server.call(method, `${path}${search}`, {
            token,
            headers: mergePatch,
            ...body,
          });
          assertHandled(answer, `${method} ${path}${search}`);
          const foreign = /^(?:sys|auth|cubbyhole|secret|kv1|ns)(?:[/?]|$)/.test(path);
          if (who === 'none' && !foreign)
            assert.ok([400, 403, 404, 405].includes(answer.status), answer.text);
        },
      ),
      bounded,
    );
  });

  test('targets that are outside the API', async () => {
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...methods), target, async (method, path) => {
        if (path.startsWith('v1/') || path.startsWith('/v1/')) return;
        const answer = await callServer(server.port, method, `/${path}`);
        assert.ok(answer.status >= 200 && answer.status < 500, `${method} /${path}: ${answer.text}`);
      }),
      { ...bounded, numRuns: 400 },
    );
  });

  test('headers of every kind, known and unknown', async () => {
    const value = fc.oneof(
      fc.string({ unit: 'grapheme-ascii', maxLength: 300 }),
      fc.string({
        unit: fc.integer({ min: 0xa0, max: 0xff }).map((code) => String.fromCharCode(code)),
        maxLength: 50,
      }),
      fc.constantFrom(
        '',
        '0',
        '-1',
        '1h',
        '9999999999999h',
        '1e400',
        'NaN',
        '0s0ns',
        'ns',
        'ns/',
        '/ns/',
        '..',
        'a//b',
        'root',
      ),
    );
    const name = fc.constantFrom(
      ...['X-Vault-Token', 'X-Vault-Namespace', 'X-Vault-Wrap-TTL', 'Authorization', 'X-Forwarded-For'],
      ...['Content-Type', 'X-Vault-Request', 'X-Vault-MFA', 'X-Vault-Policy-Override', 'Accept', 'Expect-CT'],
    );
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom('GET', 'LIST', 'POST', 'PATCH', 'DELETE'),
        fc.constantFrom('secret/data/a', 'sys/mounts', 'auth/token/lookup-self', 'sys/health', 'kv1/a'),
        fc.dictionary(name, value, { maxKeys: 4 }),
        async (method, path, headers) => {
          assertHandled(
            await server.call(method, path, { headers }),
            `${method} ${path} ${JSON.stringify(headers)}`,
          );
        },
      ),
      { ...bounded, numRuns: 500 },
    );
  });

  test('bodies of any bytes, any JSON and any form, under any content type', async () => {
    const body = fc.oneof(
      fc.uint8Array({ maxLength: 400 }),
      fc.json({ maxDepth: 6, stringUnit: 'grapheme' }),
      fc.string({ unit: 'binary', maxLength: 200 }),
      fc
        .jsonValue()
        .map((value) => JSON.stringify({ data: value, options: value, policy: value, __proto__: value })),
      fc.constantFrom(
        '{"data":',
        '{"a":1}{"b":2}',
        '[1]',
        'null',
        '"x"',
        '{"data":{"a":1e400}}',
        '\ufeff{}',
        '{"a":"\\ud800"}',
      ),
      fc.constantFrom(
        '{"__proto__":{"policies":["root"]},"constructor":{"prototype":{"root":true}}}',
        '{"a":1,"a":2}',
      ),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom('POST', 'PUT', 'PATCH', 'DELETE', 'GET'),
        fc.constantFrom(
          'secret/data/a',
          'kv1/a',
          'cubbyhole/a',
          'auth/token/create',
          'sys/policies/acl/f',
          'sys/capabilities-self',
        ),
        fc.constantFrom(
          'application/json',
          'application/merge-patch+json',
          'application/x-www-form-urlencoded',
          'text/plain',
          '',
        ),
        body,
        async (method, path, type, bytes) => {
          const headers: Record<string, string> = type === '' ? {} : { 'Content-Type': type };
          const answer = await server.call(method, path, { headers, body: bytes });
          assertHandled(answer, `${method} ${path} ${type}`);
        },
      ),
      bounded,
    );
  });

  test('policies, whole and broken', async () => {
    const word = fc.constantFrom(
      ...[
        'path',
        '"secret/*"',
        '"+/+*"',
        '{',
        '}',
        'capabilities',
        '=',
        '[',
        ']',
        '"read"',
        '"deny"',
        ',',
        '\n',
        '#',
        '/*',
      ],
      ...[
        'allowed_parameters',
        '"a"',
        'min_wrapping_ttl',
        '"1h"',
        '<<EOT\nx\nEOT\n',
        '${',
        '{{identity.entity.id}}',
        '-1',
        'true',
      ],
    );
    const policy = fc.oneof(
      fc.array(word, { maxLength: 40 }).map((words) => words.join(' ')),
      fc.string({ unit: 'grapheme', maxLength: 300 }),
      fc.json(),
      fc.uint8Array().map((bytes) => Buffer.from(bytes).toString('base64')),
      fc.integer({ min: 1, max: 4000 }).map((depth) => `path "x" { a = ${'['.repeat(depth)}`),
      fc.integer({ min: 1, max: 4000 }).map((depth) => `path "x" ${'{ a '.repeat(depth)}`),
    );
    await fc.assert(
      fc.asyncProperty(policy, async (text) => {
        const answer = await server.call('PUT', 'sys/policies/acl/fuzzed', { body: { policy: text } });
        assertHandled(answer, JSON.stringify(text));
        if (answer.status >= 300) return;
        const body = { policies: ['fuzzed'], no_default_policy: true, ttl: '5s', type: 'batch' };
        const made = await server.call('POST', 'auth/token/create', { body });
        const token = String(made.body.auth?.['client_token']);
        assertHandled(await server.call('GET', 'secret/data/a', { token }), JSON.stringify(text));
      }),
      { ...bounded, numRuns: 400 },
    );
  });

  test('durations, in headers, bodies and tuning', async () => {
    const unit = fc.constantFrom('s', 'm', 'h', 'd', 'ms', 'us', 'ns', 'y', '', ' ', 'H', '\u00b5s');
    const number = fc.oneof(fc.integer(), fc.double(), fc.bigInt());
    const text = fc.array(fc.tuple(number, unit), { maxLength: 3 }).map((parts) => parts.flat().join(''));
    const duration = fc.oneof(
      text,
      fc.integer(),
      fc.double({ noNaN: true, noDefaultInfinity: true }),
      fc.constant(null),
    );
    await fc.assert(
      fc.asyncProperty(duration, async (given) => {
        const bodies: [string, object][] = [
          ['auth/token/create', { ttl: given, explicit_max_ttl: given, period: given }],
          ['sys/mounts/kv1/tune', { default_lease_ttl: given, max_lease_ttl: given }],
          ['secret/metadata/d', { delete_version_after: given }],
          ['kv1/ttl', { ttl: given }],
        ];
        for (const [path, body] of bodies)
          assertHandled(await server.call('POST', path, { body }), `${path} ${String(given)}`);
        assertHandled(await server.call('GET', 'kv1/ttl'), `kv1/ttl ${String(given)}`);
      }),
      { ...bounded, numRuns: 300 },
    );
  });
});

describe('every declared field of every path', () => {
  test('takes wrong types, nothing, too much and any text without a defect', async () => {
    const paths = (await declaredPaths(server)).filter(isHarmless);
    assert.ok(paths.length > 60, `only ${paths.length} paths were found`);
    const value = fc.oneof(
      fc.jsonValue({ maxDepth: 3 }),
      fc.string({ unit: 'grapheme' }),
      fc.constantFrom(null, '', [], {}, -1, 2 ** 53, 1.5, true, '1h', '-5s', 'a=b', ['a', null], {
        a: { b: {} },
      }),
      fc.constantFrom(
        'x'.repeat(100_000),
        ['x'.repeat(10_000)],
        '../../etc/passwd',
        '/',
        '\u0000',
        '*',
        '+',
        '__proto__',
      ),
    );
    const parameter = fc.oneof(
      fc.constantFrom('a', 'secret', 'root', 'default', 'a/b', 'ns', '*', '__proto__'),
      fc
        .string({ unit: 'grapheme', minLength: 1, maxLength: 20 })
        .map((text) => encodeURIComponent(text.toWellFormed())),
    );
    const request = fc.constantFrom(...paths).chain((path) =>
      fc.record({
        path: fc.constant(path),
        method: fc.constantFrom(...path.methods),
        at: parameter,
        body: fc.dictionary(path.fields.length > 0 ? fc.constantFrom(...path.fields) : fc.string(), value),
      }),
    );
    await fc.assert(
      fc.asyncProperty(request, async ({ path, method, at, body }) => {
        const where = filled(path, at);
        if (method === 'DELETE' && /^sys\/(?:mounts|auth|namespaces)/.test(where)) return;
        const answer = await server.call(method, where, { headers: mergePatch, body });
        assertHandled(answer, `${method} ${where} ${JSON.stringify(body).slice(0, 300)}`);
      }),
      { ...bounded, interruptAfterTimeLimit: 6000 },
    );
  });
});

/** What would end the server, the test's token or write to files is tested by name elsewhere. */
function isHarmless({ mount, route }: DeclaredPath): boolean {
  return !(
    (mount === 'sys/' &&
      /^(?:seal|step-down|audit\/|loggers|raw|rekey|init|unseal|generate-root)/.test(route)) ||
    (mount === 'auth/token/' && /^revoke-self/.test(route)) ||
    (mount === 'sys/' && /^namespaces\/api-lock/.test(route))
  );
}

describe('limits', () => {
  test('on size answer 413 to whoever sends too much, whether it was announced or not', async () => {
    const small = await startTestServer({ listener: { max_request_size: 10_000 } });
    try {
      const fits = JSON.stringify({ data: { a: 'x'.repeat(9_000) } });
      const large = JSON.stringify({ data: { a: 'x'.repeat(15_000) } });
      const huge = JSON.stringify({ data: { a: 'x'.repeat(3_000_000) } });
      assert.equal((await small.call('POST', 'secret/data/a', { body: fits })).status, 200);
      assert.equal((await small.call('POST', 'secret/data/a', { body: large })).status, 413);
      const chunked = { 'Transfer-Encoding': 'chunked' };
      assert.equal((await small.call('POST', 'secret/data/a', { body: fits, headers: chunked })).status, 200);
      assert.equal(
        (await small.call('POST', 'secret/data/a', { body: large, headers: chunked })).status,
        413,
      );
      // Much too much is cut off: the client may see the answer or a closed connection.
      await small.call('POST', 'secret/data/a', { body: huge }).then(
        ({ status }) => assert.equal(status, 413),
        () => undefined,
      );
      assert.equal((await small.call('GET', 'secret/data/a', { token: null, body: large })).status, 413);
      assert.equal((await small.call('GET', 'secret/data/a')).status, 200);
    } finally {
      await small.stop();
    }
  });

  test('on depth, parameters, header and path length answer 400 or 431', async () => {
    const deep = `{"data":${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}}`;
    const wide = `{"data":${'['.repeat(1_000_000)}`;
    for (const body of [deep, wide]) {
      const { status, text } = await server.call('POST', 'secret/data/deep', { body });
      assert.equal(status, 400, text.slice(0, 200));
    }
    const nested = `{"data":${'{"a":'.repeat(200)}1${'}'.repeat(200)}}`;
    assert.equal((await server.call('POST', 'secret/data/deep', { body: nested })).status, 200);
    const query = Array.from({ length: 5000 }, (_, index) => `a${index}=1`).join('&');
    assert.ok([400, 431].includes((await server.call('GET', `secret/data/a?${query}`)).status));
    assert.equal((await server.call('GET', `secret/data/${'a/'.repeat(1500)}b`)).status, 400);
    const headers = { 'X-Vault-Namespace': 'n'.repeat(20_000) };
    assert.ok([400, 431].includes((await server.call('GET', 'secret/data/a', { headers })).status));
  });
});

test('after all of this the server is whole, and logged no defect', async () => {
  assert.equal((await server.call('GET', 'sys/health', { token: null })).status, 200);
  assert.equal((await server.call('POST', 'secret/data/end', { body: { data: { a: 1 } } })).status, 200);
  const errors = server
    .logText()
    .split('\n')
    .filter((line) => line.includes('[ERROR]'));
  assert.deepEqual(errors, []);
});
