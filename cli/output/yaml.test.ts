import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseJson } from '../../formats/json/index.ts';
import { renderYaml } from './yaml.ts';

test('maps are sorted, lists stand under their key without indentation, empty ones on one line', () => {
  const value = parseJson(
    '{"data":{"list":["a","b",3],"map":{"a":{"b":"c"},"z":1},"el":[],"em":{},"nil":null},"a":1}',
  );
  assert.equal(
    renderYaml(value),
    [
      'a: 1',
      'data:',
      '  el: []',
      '  em: {}',
      '  list:',
      '  - a',
      '  - b',
      '  - 3',
      '  map:',
      '    a:',
      '      b: c',
      '    z: 1',
      '  nil: null',
      '',
    ].join('\n'),
  );
});

test('lists of maps and lists of lists keep their shape', () => {
  assert.equal(renderYaml(parseJson('[{"b":2,"a":1},["x",["y"]]]')), '- a: 1\n  b: 2\n- - x\n  - - "y"\n');
});

test('a text that would read as something else is quoted, also as a key', () => {
  for (const text of [
    '',
    'true',
    'No',
    'y',
    'null',
    '~',
    '1',
    '1.5',
    '1e3',
    '0x1f',
    '2026-11-22T04:05:34Z',
    '12:30:45',
  ])
    assert.equal(renderYaml({ k: text }), `k: "${text}"\n`, text);
  assert.equal(renderYaml({ n: 1, no: false, '1': 'a' }), '"1": a\n"n": 1\n"no": false\n');
});

test('a text that YAML would take for its own signs is quoted with single quotes', () => {
  for (const text of ['- a', '[a]', '{a}', 'a: b', 'a #b', ' a', '@a', '*a', '&a', '!a', 'a:', '%a', '? a'])
    assert.equal(renderYaml({ k: text }), `k: '${text}'\n`, text);
  assert.equal(renderYaml({ k: "'quoted'" }), "k: '''quoted'''\n");
});

test('ordinary texts stay plain', () => {
  for (const text of [
    'hello',
    'a b',
    'zażółć 漢字',
    '<a&b>',
    'secret/data/a',
    'a:b',
    'a-b',
    '1h30m',
    'hvs.CAES',
  ])
    assert.equal(renderYaml({ k: text }), `k: ${text}\n`);
});

test('lines become a literal block whose last newline is kept or not', () => {
  assert.equal(renderYaml({ k: 'line1\nline2' }), 'k: |-\n  line1\n  line2\n');
  assert.equal(renderYaml({ k: 'line1\nline2\n' }), 'k: |\n  line1\n  line2\n');
  assert.equal(renderYaml({ k: { m: 'a\n\nb' } }), 'k:\n  m: |-\n    a\n\n    b\n');
});

test('control characters are escaped and cannot break out of their line', () => {
  assert.equal(renderYaml({ k: 'a\u0007\u001b[0m' }), 'k: "a\\u0007\\u001b[0m"\n');
  assert.equal(renderYaml({ k: 'a\rb: c' }), 'k: "a\\rb: c"\n');
});

test('numbers keep their text', () => {
  assert.equal(
    renderYaml(parseJson('{"big":12345678901234567890,"exp":1e30,"f":1.0}')),
    'big: 12345678901234567890\nexp: 1e30\nf: 1.0\n',
  );
});
