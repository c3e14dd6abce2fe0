import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseJson } from '../../formats/json/index.ts';
import { toSecret } from '../../sdk/secret.ts';
import { goText } from './go-text.ts';
import { renderSecret } from './secret-table.ts';
import { headingForMap, renderMap, renderTableWithHeader } from './table.ts';
import { renderWarnings } from './warnings.ts';

test('columns are aligned with four spaces between, empty cells say n/a, lines end without spaces', () => {
  const table = renderTableWithHeader(
    ['Path', 'Type', 'Description'],
    [
      ['cubbyhole/', 'cubbyhole', 'own'],
      ['kv/', 'kv', ''],
    ],
  );
  assert.equal(
    table,
    [
      'Path          Type         Description',
      '----          ----         -----------',
      'cubbyhole/    cubbyhole    own',
      'kv/           kv           n/a',
      '',
    ].join('\n'),
  );
});

test('values read as Go prints them', () => {
  const value = parseJson('{"z":1,"a":{"b":"c"},"l":["a","b",3],"n":null,"e":[],"m":{},"t":true,"s":""}');
  assert.equal(goText(value), 'map[a:map[b:c] e:[] l:[a b 3] m:map[] n:<nil> s: t:true z:1]');
});

test('a number keeps its own text, however large it is', () => {
  assert.equal(goText(parseJson('12345678901234567890')), '12345678901234567890');
  assert.equal(goText(parseJson('1e30')), '1e30');
  assert.equal(goText(parseJson('1.0')), '1.0');
});

test('keys that name a span of time show it as one, but only when the value is a number', () => {
  const table = renderMap({
    ttl: 3600,
    lease_ttl: 5400,
    auto_rotate_period: 0,
    default_duration: '1h',
    total: 3600,
  });
  assert.deepEqual(
    table
      .split('\n')
      .slice(2, -1)
      .map((line) => line.split(/ {2,}/)),
    [
      ['auto_rotate_period', '0s'],
      ['default_duration', '1h'],
      ['lease_ttl', '1h30m'],
      ['total', '3600'],
      ['ttl', '1h'],
    ],
  );
});

test('a heading is as wide as the table under it, and four signs at least', () => {
  assert.equal(headingForMap('Data', { k: 1 }), '== Data ==\n');
  assert.equal(headingForMap('Data', { user: 1 }), '==== Data ====\n');
  assert.equal(headingForMap('Metadata', { custom_metadata: 1 }), '======= Metadata =======\n');
  assert.equal(headingForMap('Version 10', { deletion_time: 1 }), '===== Version 10 =====\n');
});

test('a static secret has a refresh interval and a dynamic one a lease, before its data', () => {
  assert.match(
    renderSecret(toSecret({ lease_duration: 2764800, data: { a: 1 } })),
    /^refresh_interval {4}768h\na {19}1$/m,
  );
  const rows = renderSecret(
    toSecret({ lease_id: 'db/1', lease_duration: 3600, renewable: true, data: { a: 1 } }),
  ).split('\n');
  assert.deepEqual(
    rows.slice(2, 6).map((row) => row.split(/ +/)[0]),
    ['lease_id', 'lease_duration', 'lease_renewable', 'a'],
  );
});

test('a token that never expires lasts ∞, and its metadata comes last', () => {
  const table = renderSecret(
    toSecret({
      auth: {
        client_token: 't',
        lease_duration: 0,
        policies: ['default', 'root'],
        metadata: { b: '2', a: '1' },
      },
    }),
  );
  assert.match(table, /^token_duration {7}∞$/m);
  assert.match(table, /^policies {13}\["default" "root"\]$/m);
  assert.match(table, /^identity_policies {4}\[\]$/m);
  assert.deepEqual(
    table
      .trimEnd()
      .split('\n')
      .slice(-2)
      .map((line) => line.split(/ +/)[0]),
    ['token_meta_a', 'token_meta_b'],
  );
});

test('warnings are wrapped at 76 columns under an indentation of two', () => {
  const text = renderWarnings(['word '.repeat(30).trim()]);
  const lines = text.split('\n').slice(2, -2);
  assert.ok(lines.length > 1);
  assert.ok(lines.every((line) => line.startsWith('  ') && line.length <= 78));
  assert.equal(lines.map((line) => line.trim()).join(' '), `* ${'word '.repeat(30).trim()}`);
});
