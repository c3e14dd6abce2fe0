import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { HclBlock } from './index.ts';
import { HclError, parseHcl, readHcl } from './index.ts';

const plain = (text: string): unknown => readHcl(text).plain();

test('attributes, lists and objects are read with every kind of value', () => {
  const text = `
    # one
    // two
    /* three
       lines */
    name = "x" count = 3 on = true, off = false
    list = ["a", "b",]
    empty = []
    object = { a = 1, "b c": "d"
      e = [{ f = 2 }] }
    dotted.key-x_1 = -1.5e2
  `;
  assert.deepEqual(plain(text), {
    name: 'x',
    count: 3,
    on: true,
    off: false,
    list: ['a', 'b'],
    empty: [],
    object: { a: 1, 'b c': 'd', e: [{ f: 2 }] },
    'dotted.key-x_1': -150,
  });
});

test('numbers are decimal, hexadecimal or octal, and negative', () => {
  assert.deepEqual(plain('a = 0x1F\nb = 0755\nc = -12\nd = 1e3\ne = 0\nf = -0x10\ng = -0'), {
    a: 31,
    b: 493,
    c: -12,
    d: 1000,
    e: 0,
    f: -16,
    g: 0,
  });
  for (const text of ['a = 08', 'a = 1h', 'a = 1.2.3', 'a = 1e999', 'a = 1.'])
    assert.throws(() => parseHcl(text), HclError, text);
});

test('escapes in strings are resolved and interpolations kept as they are', () => {
  const text = String.raw`a = "q\"b\\s\n\t\x41\101\u00e9\U0001F600" b = "x ${'$'}{a "b" {c} \"} y" c = "$${'$'} { }"`;
  assert.deepEqual(plain(text), { a: 'q"b\\s\n\tAA\u00e9\u{1F600}', b: 'x ${a "b" {c} \\"} y', c: '$$ { }' });
  for (const bad of [
    String.raw`a = "\q"`,
    String.raw`a = "\xff"`,
    String.raw`a = "\ud800"`,
    'a = "x\ny"',
    'a = "${x"',
  ]) {
    assert.throws(() => parseHcl(bad), HclError, bad);
  }
});

test('text blocks keep their lines, and <<- takes the indentation of the closing word away', () => {
  assert.deepEqual(plain('a = <<EOT\n  x {{ "y" }} ${z\n\nEOT2\nEOT\nb = 1'), {
    a: '  x {{ "y" }} ${z\n\nEOT2\n',
    b: 1,
  });
  assert.deepEqual(plain('a = <<-EOT\n    x\n\n      y\n    EOT\n'), { a: 'x\n\n  y\n' });
  assert.deepEqual(plain('a = <<-EOT\n  x\n    EOT\n'), { a: '  x\n' });
  assert.deepEqual(plain('a = <<EOT\r\nx\r\nEOT\r\n'), { a: 'x\r\n' });
  assert.deepEqual(plain('a = <<EOT\nEOT'), { a: '' });
  assert.deepEqual(plain('a = [<<A\nx\nA\n, "y"]'), { a: ['x\n', 'y'] });
  assert.throws(() => parseHcl('a = <<EOT\nx\n EOTx\n'), { line: 1, column: 5 });
});

test('blocks have labels, quoted or bare, and may repeat and nest', () => {
  const root = readHcl(
    'listener "tcp" { address = "a" }\nlistener tcp { address = "b" tls "x" "y" {} }\nseal "shamir" {}',
  );
  const listeners = root.blocks('listener', 1);
  assert.deepEqual(
    listeners.map((block) => [block.labels, block.string('address'), block.at.line]),
    [
      [['tcp'], 'a', 1],
      [['tcp'], 'b', 2],
    ],
  );
  assert.deepEqual(listeners[1]?.blocks('tls', 2)[0]?.labels, ['x', 'y']);
  assert.equal(root.block('seal', 1)?.labels[0], 'shamir');
  assert.throws(() => root.block('listener', 1), /there twice/);
  assert.throws(() => root.blocks('listener'), /too many labels/);
});

test('JSON gives the same blocks as HCL, as objects or lists', () => {
  const addresses = (text: string) =>
    readHcl(text)
      .blocks('listener', 1)
      .map((block) => [...block.labels, block.string('address')]);
  const expected = [
    ['tcp', 'a'],
    ['tcp', 'b'],
  ];
  assert.deepEqual(addresses('{"listener":[{"tcp":{"address":"a"}},{"tcp":{"address":"b"}}]}'), expected);
  assert.deepEqual(addresses('{"listener":{"tcp":[{"address":"a"},{"address":"b"}]}}'), expected);
  assert.deepEqual(
    addresses('listener = { tcp = { address = "a" } }\nlistener "tcp" { address = "b" }'),
    expected,
  );
  assert.deepEqual(addresses('\ufeff\n{"listener":null}'), []);
});

test('a block whose label is optional is returned without it', () => {
  const described = (text: string) =>
    readHcl(text)
      .blocks('method', 1, true)
      .map((block) => [block.labels, block.keys().map((key) => key.text)]);
  assert.deepEqual(described('method "jwt" { x = 1 }'), [[['jwt'], ['x']]]);
  assert.deepEqual(described('method { type = "jwt" config = {} }'), [[[], ['type', 'config']]]);
  assert.deepEqual(described('{"method":{"type":"jwt","config":{}}}'), [[[], ['type', 'config']]]);
  assert.deepEqual(described('{"method":[{"jwt":{"config":{}}}]}'), [[['jwt'], ['config']]]);
});

test('values are read as Vault reads them', () => {
  const block = readHcl('a = 1\nb = "true"\nc = "x, y,"\nd = ["x"]\ne = "12"\nf = "30m"\ng = 0');
  assert.equal(block.boolean('a'), true);
  assert.equal(block.boolean('b'), true);
  assert.equal(block.boolean('g'), false);
  assert.deepEqual(block.stringList('c', 'accepted'), ['x', 'y']);
  assert.deepEqual(block.stringList('d'), ['x']);
  assert.equal(block.number('e'), 12);
  assert.equal(block.string('a'), '1');
  assert.equal(block.scalar('f'), '30m');
  assert.equal(block.string('none'), undefined);
  block.refuseUnread();
  for (const wrong of [
    () => block.number('f'),
    () => block.boolean('f'),
    () => block.stringList('c'),
    () => block.string('d'),
    () => block.blocks('f'),
  ]) {
    assert.throws(wrong, HclError);
  }
});

test('an unknown key, a wrong value and a key set twice name file, line and key', () => {
  const text = 'ui = true\nlistener "tcp" {\n  adress = "x"\n  address = [1]\n  port = 1\n  port = 2\n}';
  const root = readHcl(text, { file: '/etc/coffer.hcl' });
  const listener: HclBlock | undefined = root.block('listener', 1);
  assert.ok(listener);
  assert.throws(() => listener.refuseUnknown(['address', 'port']), {
    message: '/etc/coffer.hcl:3:3: invalid key "adress" in listener "tcp"',
    hint: 'Did you mean "address"?',
    line: 3,
  });
  assert.throws(() => listener.string('address'), {
    message: '/etc/coffer.hcl:4:13: "address" in listener "tcp" must be a string, not a list',
  });
  assert.throws(() => listener.number('port'), { message: '/etc/coffer.hcl:6:3: "port" is set twice' });
  assert.throws(() => root.refuseUnread(), { reason: 'invalid key "ui"' });
  assert.deepEqual(
    root.unread().map((key) => key.text),
    ['ui'],
  );
});

test('mistakes are named with their place and without the values around them', () => {
  const cases: [string, number, number][] = [
    ['path "x" {', 1, 11],
    ['a = "canary"\nb = [1, 2\n}', 3, 1],
    ['a = canary', 1, 5],
    ['a', 1, 2],
    ['= 1', 1, 1],
    ['a "b" = 1', 1, 7],
    ["a = 'canary'", 1, 5],
    ['a = 1 }', 1, 7],
    ['/* canary', 1, 1],
    ['a = "canary', 1, 5],
    ['{"a": "canary}', 1, 7],
    ['{"a": 1} canary', 1, 10],
    ['{"a": canary}', 1, 7],
    ['{"a" "canary"}', 1, 6],
    ['a = {,}', 1, 6],
  ];
  for (const [text, line, column] of cases) {
    assert.throws(
      () => parseHcl(text),
      (error) => {
        assert.ok(error instanceof HclError);
        assert.deepEqual([error.line, error.column], [line, column], text);
        return !`${error.message}${error.hint}`.includes('canary');
      },
    );
  }
});

test('a key __proto__ is a key like any other', () => {
  for (const text of ['__proto__ { x = 1 }', '{"__proto__":{"x":1}}', 'a "__proto__" { x = 1 }']) {
    const value = readHcl(text).plain();
    assert.equal(Object.getPrototypeOf(value), Object.prototype);
    assert.equal(Reflect.get({}, 'x'), undefined);
  }
});

test('depth and length are limited', () => {
  for (const unit of ['a {', 'a = [', '{"a":', 'a = {']) {
    assert.throws(() => parseHcl(unit.repeat(100_000)), HclError, unit);
  }
  assert.throws(() => parseHcl(`a = ${'['.repeat(1_000_000)}`), /nested too deeply/);
  assert.throws(() => parseHcl('#'.repeat(101), { maxLength: 100 }), /too long/);
});
