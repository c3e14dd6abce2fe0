import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { formatHcl } from './format-hcl.ts';
import { HclError, readHcl } from './index.ts';

test('a policy is laid out as policy fmt lays it out', () => {
  const ugly =
    'path "a/*" {capabilities=["read","list"]}\npath   "b"   {\ncapabilities = ["deny"]\n      min_wrapping_ttl="1s"\n}';
  assert.equal(
    formatHcl(ugly),
    `path "a/*" {
  capabilities = ["read", "list"]
}

path "b" {
  capabilities     = ["deny"]
  min_wrapping_ttl = "1s"
}
`,
  );
});

test('comments, blank lines between groups, text blocks and long lists keep their sense', () => {
  const ugly = `# file

# first
path "a" { # why
    /* what */ capabilities=[
  "read", # r
  # l
  "list"]
  max = 1 // end


  x=1
  longer=2

} # after
ui=true
config={role="x"}
many={a=1 b=2}
empty={}
text=<<EOT
 {{ x }}
EOT
list = [<<A
x
A
, 1]
# last`;
  assert.equal(
    formatHcl(ugly),
    `# file

# first
path "a" {
  # why
  /* what */
  capabilities = [
    "read", # r
    # l
    "list",
  ]

  max = 1 // end

  x      = 1
  longer = 2
} # after

ui     = true
config = { role = "x" }

many = {
  a = 1
  b = 2
}

empty = {}

text = <<EOT
 {{ x }}
EOT

list = [
  <<A
x
A
  ,
  1,
]

# last
`,
  );
});

test('JSON is indented and keeps repeated keys and numbers as written', () => {
  assert.equal(
    formatHcl('{"a":[1.0,{}],"a":{"b":[]}}'),
    '{\n  "a": [\n    1.0,\n    {}\n  ],\n  "a": {\n    "b": []\n  }\n}\n',
  );
});

const part = fc.constantFrom(
  ...[
    'a',
    'b = 1',
    'path "x" {',
    'k = "v"',
    'c = ["r", "l"]',
    'o = { a = 1 }',
    'o = {',
    'l = [',
    '"i",',
    '{ z = 1 },',
    ']',
    '}',
    '{',
  ],
  ...[
    '\n',
    '\n',
    '\n\n',
    '# c\n',
    '// d\n',
    '/* e */',
    '/* f\n g */',
    ',',
    '=',
    't = <<E\n x\nE\n',
    't = <<-E\n  x\n  E\n',
    ' ',
    '\r\n',
    '"${\n}"',
  ],
);
const body = fc.letrec<{ body: string; item: string }>((tie) => ({
  body: fc.array(tie('item'), { maxLength: 5 }).map((items) => items.join('')),
  item: fc.oneof(
    { depthSize: 'small' },
    fc
      .tuple(
        fc.constantFrom('a', 'long_name', '"q"'),
        fc.constantFrom('1', '"v"', '["r", "l"]', '{}', '{ a = 1 }', '[1,\n2 # c\n]', '<<E\n x\nE\n'),
        fc.constantFrom('\n', ' ', '\n\n\n', ' # t\n', ' /* m */ ', '\n# own\n', '\n\n# own\n\n'),
      )
      .map(([k, v, s]) => `${k} = ${v}${v.startsWith('<<') ? '' : s}`),
    fc
      .tuple(
        fc.constantFrom('p "x" {', 'p {\n', 'o = {', 'p { # c\n\n'),
        tie('body'),
        fc.constantFrom('}\n', '} ', '# e\n}\n', '}\n\n\n'),
      )
      .map((parts) => parts.join('')),
  ),
}));

test('formatting changes neither the meaning nor, the second time, the text, and loses no comment', () => {
  let formatted = 0;
  const comments = (text: string) => (text.match(/# ?\w+|\/\/ d|\/\* \w/g) ?? []).sort();
  fc.assert(
    fc.property(
      fc.oneof(
        body.body,
        fc.array(part, { maxLength: 25 }).map((parts) => parts.join(' ')),
      ),
      (text) => {
        let once: string;
        try {
          once = formatHcl(text);
        } catch (error) {
          assert.ok(error instanceof HclError, String(error));
          return;
        }
        formatted++;
        assert.deepEqual(readHcl(once).plain(), readHcl(text).plain(), text);
        assert.deepEqual(comments(once), comments(text));
        assert.equal(formatHcl(once), once, text);
      },
    ),
    { numRuns: 3000 },
  );
  assert.ok(formatted > 1000, `${formatted}`);
});
