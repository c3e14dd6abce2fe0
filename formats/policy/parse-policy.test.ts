import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { PolicyError, parsePolicy } from './index.ts';

const rules = (text: string) => parsePolicy('p', text).rules;
const refusal = (text: string): string => {
  try {
    parsePolicy('p', text);
  } catch (error) {
    assert.ok(error instanceof PolicyError, String(error));
    return error.message;
  }
  return assert.fail(`accepted: ${text}`);
};

test('HCL and JSON give the same rules', () => {
  const hcl = rules('path "secret/*" { capabilities = ["read"] }\npath "a" { capabilities = ["list"] }');
  const json = rules('{"path":{"secret/*":{"capabilities":["read"]},"/a":{"capabilities":["list"]}}}');
  const list = rules('{"path":[{"secret/*":{"capabilities":["read"]}},{"a":{"capabilities":["list"]}}]}');
  assert.deepEqual(json, hcl);
  assert.deepEqual(list, hcl);
  assert.deepEqual(
    hcl.map((rule) => [rule.path, rule.capabilities]),
    [
      ['secret/*', ['read']],
      ['a', ['list']],
    ],
  );
});

test('one leading slash is stripped, the name is lower-cased, and a name in the text means nothing', () => {
  assert.equal(rules('path "/secret/*" { capabilities=["read"] }')[0]?.path, 'secret/*');
  assert.equal(parsePolicy('Reader', 'name = "root"').name, 'reader');
});

test('old policy words are capabilities, and deny stands alone', () => {
  const granted = (body: string) => [...(rules(`path "x" { ${body} }`)[0]?.capabilities ?? [])];
  assert.deepEqual(granted('policy = "read"'), ['read', 'list']);
  assert.deepEqual(granted('policy = "write"'), ['create', 'read', 'update', 'delete', 'list']);
  assert.deepEqual(granted('policy = "sudo"'), ['create', 'read', 'update', 'delete', 'list', 'sudo']);
  assert.deepEqual(granted('policy = "deny"'), ['deny']);
  assert.deepEqual(granted('policy = "read" capabilities = ["patch"]'), ['read', 'list', 'patch']);
  assert.deepEqual(granted('capabilities=["deny","read"]'), ['deny']);
  assert.deepEqual(granted('capabilities=["scan", "recover", "subscribe"]'), [
    'scan',
    'recover',
    'subscribe',
  ]);
  assert.deepEqual(granted(''), []);
  assert.match(refusal('path "x" { policy = "fly" }'), /invalid policy "fly"/);
  assert.match(refusal('path "x" { policy = "constructor" }'), /invalid policy/);
});

test('refusals read as those that were recorded', () => {
  const unknownKey =
    'failed to parse policy: 1 error occurred:\n\t* path "x": invalid key "color" on line 1\n\n';
  assert.equal(refusal('path "x" { capabilities=["read"] color="red" }'), unknownKey);
  assert.equal(
    refusal('name="x"\nfoo="bar"\npath "x" { capabilities=["read"] }'),
    'failed to parse policy: 1 error occurred:\n\t* invalid key "foo" on line 2\n\n',
  );
  assert.equal(
    refusal('path "x" { capabilities = ["fly"] }'),
    'failed to parse policy: path "x": invalid capability "fly"',
  );
  assert.equal(
    refusal('path "x/+*" { capabilities=["read"] }'),
    `failed to parse policy: path "x/+*": invalid use of wildcards ('+*' is forbidden)`,
  );
  assert.equal(
    refusal('path "x" { capabilities=["create"] min_wrapping_ttl="2h" max_wrapping_ttl="1h" }'),
    'failed to parse policy: max_wrapping_ttl cannot be less than min_wrapping_ttl',
  );
  assert.match(refusal('path "x" {'), /^failed to parse policy: At 1:11: /);
});

test('what would be ignored to the harm of its author is refused', () => {
  const bad = [
    'path "x" { mfa_methods = ["a"] }',
    'path "x" { control_group = {} }',
    'path "x" { capabilities = "read" }',
    'path "x" { capabilities = [1] }',
    'path "x" { capabilities = ["read"] capabilities = ["deny"] }',
    'path "x" { allowed_parameters = { a = "1" } }',
    'path "x" { allowed_parameters = { a = ["1"] A = ["2"] } }',
    'path "x" { denied_parameters = ["a"] }',
    'path "x" { min_wrapping_ttl = "soon" }',
    'path "x" { min_wrapping_ttl = -1 }',
    'path "x" { expiration = "soon" }',
    'path "x" { pagination_limit = -1 }',
    'path "x" { capabilities = ["read"] list_scan_response_keys_filter_path = "a" }',
    'path "x{{identity.entity.id" {}',
    'path "x}}" {}',
    'path = "x"',
    'path "a" "b" {}',
    'path ["a"]',
  ];
  for (const text of bad) assert.match(refusal(text), /^failed to parse policy: /, text);
});

test('constraints, expiry and templates are read', () => {
  const [rule] = rules(`path "s/{{identity.entity.id}}" {
    comment = "why"
    capabilities = ["create", "list"]
    allowed_parameters = { "A" = ["1", 2, true, ["x"]] "*" = [] }
    denied_parameters { b = [] }
    required_parameters = ["C"]
    min_wrapping_ttl = "1m"
    max_wrapping_ttl = 3600
    pagination_limit = 5
    expiration = "2030-01-01T00:00:00Z"
  }`);
  assert.ok(rule);
  assert.equal(rule.isTemplated, true);
  assert.deepEqual(
    [...(rule.allowedParameters ?? [])],
    [
      ['a', ['1', { number: '2' }, true, ['x']]],
      ['*', []],
    ],
  );
  assert.deepEqual([...(rule.deniedParameters ?? [])], [['b', []]]);
  assert.deepEqual(rule.requiredParameters, ['c']);
  assert.deepEqual(
    [rule.minWrappingTtlSeconds, rule.maxWrappingTtlSeconds, rule.paginationLimit],
    [60, 3600, 5],
  );
  assert.equal(rule.expiresAtMs, Date.UTC(2030, 0, 1));
});

test('any text is a policy or a PolicyError', () => {
  const word = fc.constantFrom(
    'path',
    '"x"',
    '"a/+*"',
    '{',
    '}',
    '[',
    ']',
    '=',
    ',',
    '\n',
    'capabilities',
    '"read"',
    '"deny"',
    'policy',
    'allowed_parameters',
    'min_wrapping_ttl',
    'expiration',
    '1',
    '"{{x}}"',
    'true',
    'name',
    '{"path":',
    '"capabilities":',
    ':',
    'null',
  );
  const text = fc.array(word, { maxLength: 30 }).map((words) => words.join(' '));
  const likely = fc.array(word, { maxLength: 10 }).map((words) => `path "x" { ${words.join(' ')} }`);
  fc.assert(
    fc.property(fc.oneof(text, likely, fc.string()), (input) => {
      try {
        parsePolicy('p', input);
      } catch (error) {
        assert.ok(error instanceof PolicyError, String(error));
      }
    }),
    { numRuns: 4000 },
  );
});
