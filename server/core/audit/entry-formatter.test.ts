import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseJson } from '../../../formats/json/index.ts';
import { ManualClock } from '../../contracts/clock.ts';
import { AuditedHeaders } from './audited-headers.ts';
import { parseDeviceOptions } from './device-options.ts';
import { EntryFormatter } from './entry-formatter.ts';
import type { AuditExchange, AuditOutcome } from './exchange.ts';
import { Timestamps } from './json-text.ts';
import { PlainFragments } from './plain-fragments.ts';
import { RecentHashes } from './recent-hashes.ts';
import { newSalt, SaltedHash } from './salted-hash.ts';
import { testExchange, testMount, testToken } from './testing.ts';

function formatterWith(options: Record<string, string> = {}, headers = new AuditedHeaders()) {
  const salt = newSalt();
  const shared = {
    clock: new ManualClock(),
    timestamps: new Timestamps(),
    fragments: new PlainFragments(),
    headers,
  };
  const formatter = new EntryFormatter(new SaltedHash(salt), parseDeviceOptions(options), shared);
  // Not the code under test: the obvious HMAC of the runtime.
  const hashed = (text: string) => `hmac-sha256:${createHmac('sha256', salt).update(text).digest('hex')}`;
  return { formatter, hashed };
}

const ended: AuditOutcome = { timeMs: Date.UTC(2026, 0, 1, 12, 0, 1, 250) };

test('a request entry has the shape of Vault, with the token and its accessor hashed', () => {
  const { formatter, hashed } = formatterWith();
  const line = formatter.requestLine(
    testExchange({ operation: 'update', data: { data: { key: 'value', n: 1 } }, wrapTtlSeconds: 60 }),
  );
  assert.ok(line.endsWith('}\n'));
  assert.deepEqual(JSON.parse(line), {
    time: '2026-01-01T12:00:00.007Z',
    type: 'request',
    auth: {
      client_token: hashed('hvs.token-of-the-test'),
      accessor: hashed(testToken.accessor),
      display_name: 'token-app',
      policies: ['app', 'default'],
      token_policies: ['app', 'default'],
      metadata: { service: 'chat' },
      token_type: 'service',
      token_ttl: 3600,
      token_issue_time: '2026-01-01T00:00:00Z',
      policy_results: {
        allowed: true,
        granting_policies: [{ name: 'app', namespace_id: 'root', type: 'acl' }],
      },
    },
    request: {
      id: 'b1f6a4ae-6c2c-4d09-8f0e-9d1c2b3a4f5e',
      operation: 'update',
      client_token: hashed('hvs.token-of-the-test'),
      client_token_accessor: hashed(testToken.accessor),
      mount_point: 'secret/',
      mount_type: 'kv',
      mount_accessor: 'kv_5e1f0a77',
      mount_running_version: 'v2',
      mount_class: 'secret',
      namespace: { id: 'root' },
      path: 'secret/data/app',
      data: { data: { key: hashed('value'), n: 1 } },
      remote_address: '192.0.2.7',
      remote_port: 40123,
      wrap_ttl: 60,
    },
  });
});

test('a response entry repeats the request and adds what was answered', () => {
  const { formatter, hashed } = formatterWith();
  const exchange = testExchange();
  const request = JSON.parse(formatter.requestLine(exchange));
  const entry = JSON.parse(
    formatter.responseLine(exchange, {
      ...ended,
      data: { username: 'v-token-1', ttl: 60 },
      leaseId: 'database/creds/app/q1w2',
      auth: { ...testToken, clientToken: 'hvs.new', numUses: 3 },
      wrap: {
        ttlSeconds: 30,
        token: 'hvs.wrapping',
        accessor: 'wrapping-accessor',
        createdAtMs: Date.UTC(2026, 0, 1),
        creationPath: 'secret/data/app',
        wrappedAccessor: 'wrapped-accessor',
      },
      warnings: ['careful'],
    }),
  );
  assert.equal(entry.type, 'response');
  assert.equal(entry.time, '2026-01-01T12:00:01.250Z');
  assert.deepEqual(entry.auth, request.auth);
  assert.deepEqual(entry.request, request.request);
  const { auth, ...response } = entry.response;
  assert.equal(auth.client_token, hashed('hvs.new'));
  assert.equal(auth.num_uses, 3);
  assert.deepEqual(response, {
    mount_point: 'secret/',
    mount_type: 'kv',
    mount_accessor: 'kv_5e1f0a77',
    mount_running_plugin_version: 'v2',
    mount_class: 'secret',
    secret: { lease_id: 'database/creds/app/q1w2' },
    data: { username: hashed('v-token-1'), ttl: 60 },
    warnings: ['careful'],
    wrap_info: {
      ttl: 30,
      token: hashed('hvs.wrapping'),
      accessor: hashed('wrapping-accessor'),
      creation_time: '2026-01-01T00:00:00.000Z',
      creation_path: 'secret/data/app',
      wrapped_accessor: hashed('wrapped-accessor'),
    },
  });
});

test('a call without a token says so, and a token that is not valid is still hashed', () => {
  const { formatter, hashed } = formatterWith();
  const entry = JSON.parse(
    formatter.requestLine(
      testExchange({
        token: undefined,
        policyResults: undefined,
        mount: undefined,
        error: 'permission denied',
      }),
    ),
  );
  assert.deepEqual(entry.auth, { token_type: 'default' });
  assert.equal(entry.request.client_token, hashed('hvs.token-of-the-test'));
  assert.equal(entry.error, 'permission denied');
  assert.ok(!('mount_point' in entry.request));
});

test('a canary in every field of an exchange is nowhere in clear', () => {
  const canary = 'CANARY-"7f\\3-geheim';
  const headers = new AuditedHeaders();
  headers.replace({
    'x-trace': { hmac: true },
    authorization: { hmac: false },
    'x-vault-token': { hmac: false },
  });
  const kinds: Record<string, string>[] = [
    {},
    { format: 'jsonx' },
    { hmac_accessor: 'true', elide_list_responses: 'true' },
  ];
  for (const options of kinds) {
    const { formatter } = formatterWith(options, headers);
    const nested = { a: canary, b: [canary, { c: canary, d: [[canary]] }], keys: 1, n: 5, t: true, z: null };
    const token = { ...testToken, accessor: canary };
    const exchange = testExchange({
      clientToken: canary,
      token,
      data: nested,
      headers: {
        'x-trace': canary,
        authorization: `Bearer ${canary}`,
        'x-vault-token': [canary, canary],
        cookie: canary,
      },
      error: `no such thing: ${canary}`,
    });
    const outcome: AuditOutcome = {
      ...ended,
      data: { ...nested, deep: { deeper: { deepest: canary } } },
      auth: { ...token, clientToken: canary },
      wrap: {
        ttlSeconds: 1,
        token: canary,
        accessor: canary,
        createdAtMs: 0,
        creationPath: 'p',
        wrappedAccessor: canary,
      },
      warnings: [`ignored ${JSON.stringify(canary)}`],
      redirect: `https://example.com/${canary}`,
      error: `failed on ${JSON.stringify({ canary })}`,
    };
    for (const list of [exchange, { ...exchange, operation: 'list' as const }]) {
      const text = formatter.requestLine(list) + formatter.responseLine(list, outcome);
      for (const piece of ['CANARY', 'geheim', '7f\\\\3']) assert.ok(!text.includes(piece), text);
    }
  }
});

test('any body is written as the same body with its strings hashed', () => {
  const { formatter, hashed } = formatterWith();
  const model = (value: unknown): unknown => {
    if (typeof value === 'string') return hashed(value);
    if (Array.isArray(value)) return value.map(model);
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, model(member)]));
  };
  fc.assert(
    fc.property(fc.dictionary(fc.string({ unit: 'binary' }), fc.jsonValue({ maxDepth: 4 })), (body) => {
      const data = JSON.parse(JSON.stringify(body));
      const line = formatter.requestLine(testExchange({ data }));
      assert.equal(line.indexOf('\n'), line.length - 1);
      assert.deepEqual(JSON.parse(line).request.data ?? {}, model(data));
    }),
    { numRuns: 300 },
  );
});

test('no text can end a line, or be expanded by a shell that runs the file', () => {
  const { formatter } = formatterWith();
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      const path = `${text}$(id)\`id\`\n\u2028${text}`;
      const line = formatter.requestLine(testExchange({ path }));
      assert.ok(!/[\u0000-\u0009\u000b-\u001f$`\u0085\u2028\u2029]/.test(line));
      assert.equal(line.indexOf('\n'), line.length - 1);
      assert.equal(JSON.parse(line).request.path, path);
    }),
  );
});

test('keys that the mount or the operation declares clear stay clear, wherever they stand', () => {
  const { formatter, hashed } = formatterWith();
  const mount = { ...testMount, nonHmacRequestKeys: ['name'], nonHmacResponseKeys: ['role'] };
  const data = {
    name: 'x',
    names: ['name'],
    list: [{ name: ['y', 'z'] }],
    role: 'r',
    inner: { name: { other: 'o' } },
  };
  const exchange = testExchange({ mount, data });
  assert.deepEqual(JSON.parse(formatter.requestLine(exchange)).request.data, {
    name: 'x',
    names: [hashed('name')],
    list: [{ name: ['y', 'z'] }],
    role: hashed('r'),
    inner: { name: { other: hashed('o') } },
  });
  const response = JSON.parse(
    formatter.responseLine(exchange, {
      ...ended,
      data: { role: 'r', kind: 'k', v: 'v' },
      clearKeys: ['kind'],
    }),
  );
  assert.deepEqual(response.response.data, { role: 'r', kind: 'k', v: hashed('v') });
});

test('tuning a mount changes how a known answer is written from the next entry on', () => {
  const { formatter, hashed } = formatterWith();
  const data = { role: 'r' };
  const before = testExchange();
  const after = testExchange({ mount: { ...testMount, nonHmacResponseKeys: ['role'] } });
  const written = (exchange: AuditExchange) =>
    JSON.parse(formatter.responseLine(exchange, { ...ended, data })).response.data.role;
  assert.deepEqual([written(before), written(after), written(before)], [hashed('r'), 'r', hashed('r')]);
});

test('numbers are written as they came, whatever their size', () => {
  const { formatter } = formatterWith();
  const data = { big: JSON.rawJSON('12345678901234567890'), one: JSON.rawJSON('1.0'), plain: -0.5 };
  const line = formatter.requestLine(testExchange({ data }));
  assert.ok(line.includes('"data":{"big":12345678901234567890,"one":1.0,"plain":-0.5}'), line);
});

test('a raw device writes values in clear, and one with hmac_accessor=false only accessors', () => {
  const raw = formatterWith({ log_raw: 'true' }).formatter;
  const entry = JSON.parse(raw.requestLine(testExchange({ data: { key: 'value' } })));
  assert.equal(entry.request.client_token, 'hvs.token-of-the-test');
  assert.deepEqual(entry.request.data, { key: 'value' });
  const { formatter, hashed } = formatterWith({ hmac_accessor: 'false' });
  const half = JSON.parse(formatter.requestLine(testExchange()));
  assert.equal(half.auth.accessor, testToken.accessor);
  assert.equal(half.request.client_token_accessor, testToken.accessor);
  assert.equal(half.auth.client_token, hashed('hvs.token-of-the-test'));
});

test('lists are elided to their size when the device says so, and only lists', () => {
  const { formatter, hashed } = formatterWith({ elide_list_responses: 'true' });
  const data = { keys: ['a', 'b'], key_info: { a: {}, b: { x: 'y' }, c: {} }, note: 'n' };
  const dataOf = (exchange: AuditExchange) =>
    JSON.parse(formatter.responseLine(exchange, { ...ended, data })).response.data;
  assert.deepEqual(dataOf(testExchange({ operation: 'list' })), { keys: 2, key_info: 3, note: hashed('n') });
  assert.deepEqual(dataOf(testExchange()).keys, [hashed('a'), hashed('b')]);
});

test('only configured headers are written, hashed when they should be, whatever case they were named in', () => {
  const headers = new AuditedHeaders();
  headers.replace({ 'X-Trace': { hmac: false }, 'x-secret': { hmac: true } });
  const { formatter, hashed } = formatterWith({}, headers);
  const sent = { 'x-trace': 'abc', 'x-secret': ['one', 'two'], 'x-other': 'no' };
  assert.deepEqual(JSON.parse(formatter.requestLine(testExchange({ headers: sent }))).request.headers, {
    'x-trace': ['abc'],
    'x-secret': [hashed('one'), hashed('two')],
  });
});

test('the uses that a token has left are those of the request, not of an earlier one', () => {
  const { formatter } = formatterWith();
  const left = (remainingUses: number) =>
    JSON.parse(formatter.requestLine(testExchange({ remainingUses }))).auth.remaining_uses;
  assert.deepEqual([left(3), left(2)], [3, 2]);
});

test('JSONx is one line of XML with sorted names and the prefix before it', () => {
  const { formatter, hashed } = formatterWith({ format: 'jsonx', prefix: '@cee: ' });
  const line = formatter.requestLine(
    testExchange({ path: 'secret/a<b&"c', mount: undefined, token: undefined }),
  );
  assert.ok(line.startsWith('@cee: <json:object '));
  assert.ok(
    line.endsWith(
      '<json:object name="request">' +
        `<json:string name="client_token">${hashed('hvs.token-of-the-test')}</json:string>` +
        '<json:string name="id">b1f6a4ae-6c2c-4d09-8f0e-9d1c2b3a4f5e</json:string>' +
        '<json:object name="namespace"><json:string name="id">root</json:string></json:object>' +
        '<json:string name="operation">read</json:string>' +
        '<json:string name="path">secret/a&#60;b&#38;&#34;c</json:string>' +
        '<json:string name="remote_address">192.0.2.7</json:string>' +
        '<json:number name="remote_port">40123</json:number></json:object>' +
        '<json:string name="time">2026-01-01T12:00:00.007Z</json:string>' +
        '<json:string name="type">request</json:string></json:object>\n',
    ),
    line,
  );
});

test('a hash is the HMAC-SHA-256 of RFC 2104 for any text', () => {
  const salt = newSalt();
  const salted = new SaltedHash(salt);
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 300 }), (text) => {
      const expected = createHmac('sha256', salt).update(text).digest('hex');
      assert.equal(salted.text(text), `hmac-sha256:${expected}`);
    }),
  );
});

test('time stamps are right across seconds, before 1970, and back', () => {
  const timestamps = new Timestamps();
  fc.assert(
    fc.property(fc.integer({ min: -1e12, max: 4e12 }), (timeMs) => {
      assert.equal(timestamps.text(timeMs), new Date(timeMs).toISOString());
    }),
  );
});

test('device options are read as Vault reads them, and what would change the record is never ignored', () => {
  assert.equal(parseDeviceOptions({ log_raw: 'T' }).logRaw, true);
  assert.throws(() => parseDeviceOptions({ log_raw: 'yes' }), /neither true nor false/);
  assert.throws(() => parseDeviceOptions({ format: 'xml' }), /format/);
  assert.throws(
    () => parseDeviceOptions({ filter: 'colour == blue' }),
    /"filter": there is no such selector/,
  );
  assert.throws(() => parseDeviceOptions({ filter: 'path == x', fallback: 'true' }), /fallback/);
  for (const exclude of [
    '{}',
    '[]',
    '[{}]',
    '[1]',
    '[{"fields":[]}]',
    '[{"fields":[""]}]',
    '[{"fields":["/a"],"when":""}]',
    '[{"fields":["/a"],"condition":"("}]',
    'x',
  ])
    assert.throws(() => parseDeviceOptions({ exclude }), /"exclude"/, exclude);
  for (const prefix of ['@cee: ', 'CEE:', '[audit] ', 'app='])
    assert.equal(parseDeviceOptions({ prefix }).prefix, prefix);
  for (const prefix of ['#!/bin/sh\n', '* * * * * root ', 'rm ', '@reboot ', 'a\nb:', 'ssh-rsa AAAA x:']) {
    assert.throws(() => parseDeviceOptions({ prefix }), /prefix/, prefix);
  }
});

test('parsing the JSON of an entry and writing it as JSONx keeps exact numbers', () => {
  const { formatter } = formatterWith({ format: 'jsonx' });
  const data = { big: parseJson('12345678901234567890') };
  assert.ok(
    formatter.requestLine(testExchange({ data })).includes('<json:number name="big">12345678901234567890<'),
  );
});

test('hashes that are kept for a second are those of the text, and none is kept longer', () => {
  const clock = new ManualClock();
  let hashed = 0;
  const salted = new SaltedHash(newSalt());
  class Counting extends SaltedHash {
    override text(secret: string): string {
      hashed++;
      return salted.text(secret);
    }
  }
  const recent = new RecentHashes(new Counting(newSalt()), clock);
  for (let round = 0; round < 3; round++) assert.equal(recent.text('a'), salted.text('a'));
  assert.equal(recent.text('b'), salted.text('b'));
  assert.equal(hashed, 2);
  clock.advance(1000);
  recent.text('a');
  recent.text('b');
  assert.equal(hashed, 4);
  for (let index = 0; index < 5000; index++) {
    assert.equal(recent.text(`text ${index % 1500}`), salted.text(`text ${index % 1500}`));
  }
});
