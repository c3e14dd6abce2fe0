import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import type { Acl } from './acl.ts';
import { defaultPolicyText, responseWrappingPolicyText, rootPolicy } from './built-in-policies.ts';
import { compileAcl } from './compile-acl.ts';
import type { PathRule } from './parse-policy.ts';
import { parsePolicy } from './parse-policy.ts';
import { resultantAcl } from './resultant-acl.ts';

const acl = (...texts: string[]): Acl =>
  compileAcl(
    texts.map((text, index) => parsePolicy(`p${index}`, text)),
    0,
  );
const rule = (path: string, ...capabilities: string[]) =>
  `path "${path}" { capabilities = ${JSON.stringify(capabilities)} }\n`;
const can = (
  from: Acl,
  operation: 'read' | 'list' | 'update' | 'create' | 'delete',
  path: string,
  data?: Record<string, unknown>,
) => from.decide({ operation, path, data }).allowed;

test('the policy of the mission allows one path and denies the rest', () => {
  const both = acl(`path "secret/data/ai/openai" { capabilities = ["read"] }
path "secret/*"              { capabilities = ["deny"] }`);
  assert.ok(can(both, 'read', 'secret/data/ai/openai'));
  assert.ok(!can(both, 'update', 'secret/data/ai/openai'));
  assert.ok(!can(both, 'read', 'secret/data/ai/openai/x'));
  assert.deepEqual(both.capabilities('secret/data/ai/other'), ['deny']);
});

test('precedence: exact, later first wildcard, no prefix, fewer plus signs, longer, larger', () => {
  const orders: [string, string, string][] = [
    ['secret/*', 'secret/data/x', 'secret/data/x'],
    ['secret/*', 'secret/data/*', 'secret/data/x'],
    ['+/data/x', 'secret/+/x', 'secret/data/x'],
    ['secret/*', 'secret/+/x', 'secret/data/x'],
    ['secret/+/*', 'secret/+/x', 'secret/data/x'],
    ['a/+/+/d', 'a/+/c/d', 'a/b/c/d'],
    ['a/+/*', 'a/+/c*', 'a/b/cd'],
    ['a/+/+/cc/d', 'a/+/bb/+/d', 'a/x/bb/cc/d'],
  ];
  for (const [weaker, stronger, path] of orders) {
    assert.ok(
      can(acl(rule(weaker, 'deny') + rule(stronger, 'read')), 'read', path),
      `${stronger} over ${weaker}`,
    );
    assert.ok(
      !can(acl(rule(weaker, 'read') + rule(stronger, 'deny')), 'read', path),
      `${stronger} over ${weaker}`,
    );
  }
});

test('a plus sign that is only a character counts as the first wildcard of its rule, as in Vault', () => {
  const odd = acl(rule('+a/+/b', 'deny') + rule('+/longer/b', 'read'));
  assert.ok(can(odd, 'read', '+a/longer/b'));
  assert.ok(!can(odd, 'read', '+a/other/b'));
});

test('deny is absolute within one path and gives way to a more specific rule', () => {
  assert.ok(!can(acl(rule('a/*', 'read'), rule('a/*', 'deny'), rule('a/*', 'read')), 'read', 'a/b'));
  assert.ok(can(acl(rule('a/*', 'deny'), rule('a/b', 'read')), 'read', 'a/b'));
  assert.deepEqual(acl(rule('a', 'deny', 'read')).capabilities('a'), ['deny']);
});

test('capabilities of one path unite across policies, and say who granted them', () => {
  const both = acl(rule('a', 'read'), rule('a', 'list', 'read') + rule('b', 'sudo', 'update'));
  assert.deepEqual(both.capabilities('a'), ['list', 'read']);
  assert.deepEqual(both.decide({ operation: 'read', path: 'a' }).grantingPolicies, ['p0', 'p1']);
  assert.deepEqual(both.decide({ operation: 'list', path: 'a/' }).grantingPolicies, ['p1']);
  const sudo = both.decide({ operation: 'update', path: 'b', sudo: true });
  assert.ok(sudo.allowed && sudo.sudo);
  assert.ok(!both.decide({ operation: 'read', path: 'a', sudo: true }).allowed);
});

test('a LIST with its trailing slash goes round no deny', () => {
  assert.ok(!can(acl(rule('*', 'list') + rule('secret/*', 'deny')), 'list', 'secret/'));
  assert.ok(!can(acl(rule('secret/*', 'list') + rule('secret/+', 'deny')), 'list', 'secret/a/'));
  assert.ok(!can(acl(rule('secret/*', 'list') + rule('secret/a', 'deny')), 'list', 'secret/a/'));
  assert.ok(!can(acl(rule('secret/*', 'list') + rule('secret/a/', 'deny')), 'list', 'secret/a/'));
  assert.ok(can(acl(rule('secret/a', 'list')), 'list', 'secret/a/'));
  assert.ok(can(acl(rule('secret/+', 'list')), 'list', 'secret/a/'));
});

test('a mount is known to who is granted something on it or below it', () => {
  for (const path of [
    'secret/a',
    'secret/data/+/x',
    'secret/*',
    '*',
    'sec*',
    '+/x',
    'secret',
    'secret/+',
    '+/+/+/d*',
  ]) {
    assert.ok(acl(rule(path, 'read')).grantsBelow('secret/'), path);
  }
  for (const path of ['other/a', 'secrets/*', 'other/+/x'])
    assert.ok(!acl(rule(path, 'read')).grantsBelow('secret/'), path);
  assert.ok(!acl(rule('*', 'read') + rule('secret/*', 'deny')).grantsBelow('secret/'));
  assert.ok(
    acl(rule('secret/*', 'read') + rule('secret/+', 'deny') + rule('secret/+/+', 'deny')).grantsBelow(
      'secret/',
    ),
  );
  assert.ok(!acl(rule('secret/a', 'deny')).grantsBelow('secret/'));
});

test('a plus sign is one whole segment, and a star counts only at the end', () => {
  const one = acl(rule('a/+/c', 'read') + rule('b/x*y', 'read') + rule('c/d+', 'read'));
  assert.ok(can(one, 'read', 'a/b/c'));
  for (const path of ['a/b/b/c', 'a/b/cc', 'a/b', 'a/b/c/', 'b/xzy', 'b/x', 'c/de'])
    assert.ok(!can(one, 'read', path), path);
  assert.ok(can(one, 'read', 'b/x*y') && can(one, 'read', 'c/d+'));
});

test('help is for everybody, and what no rule names is denied', () => {
  const none = acl('');
  assert.ok(none.decide({ operation: 'help', path: 'x', sudo: true }).allowed);
  assert.ok(!can(none, 'read', 'x'));
  assert.deepEqual(none.capabilities('x'), ['deny']);
});

test('only the root policy itself, alone, makes a root', () => {
  assert.ok(compileAcl([rootPolicy], 0).isRoot);
  assert.deepEqual(compileAcl([rootPolicy], 0).capabilities('x'), ['root']);
  assert.ok(compileAcl([rootPolicy], 0).decide({ operation: 'delete', path: 'x', sudo: true }).allowed);
  assert.ok(!compileAcl([parsePolicy('ROOT', '')], 0).isRoot);
  assert.ok(!compileAcl([parsePolicy('x', 'name = "root"')], 0).isRoot);
  assert.ok(!compileAcl([rootPolicy, parsePolicy('x', '')], 0).isRoot);
});

test('a policy counts in its own namespace only', () => {
  const team = compileAcl([parsePolicy('p', rule('*', 'read') + rule('+/x', 'list'), 'team/')], 0);
  assert.ok(team.decide({ operation: 'read', namespace: 'team/', path: 'secret/a' }).allowed);
  assert.ok(team.decide({ operation: 'read', namespace: 'team/sub/', path: 'secret/a' }).allowed);
  assert.ok(!team.decide({ operation: 'read', path: 'secret/a' }).allowed);
  assert.ok(!team.decide({ operation: 'read', namespace: 'teams/', path: 'secret/a' }).allowed);
  const odd = compileAcl([parsePolicy('p', rule('a/+', 'read'), '+/')], 0);
  assert.ok(!odd.decide({ operation: 'read', namespace: 'team/', path: 'a/b' }).allowed);
  assert.ok(odd.decide({ operation: 'read', namespace: '+/', path: 'a/b' }).allowed);
});

test('an expired rule counts for nothing, and the next expiry is known', () => {
  const policy = parsePolicy(
    'p',
    `path "a" { capabilities = ["read"] expiration = "2030-01-01T00:00:00Z" }\n${rule('b', 'read')}`,
  );
  const due = Date.UTC(2030, 0, 1);
  const before = compileAcl([policy], due - 1);
  assert.ok(can(before, 'read', 'a'));
  assert.equal(before.expiresAtMs, due);
  const after = compileAcl([policy], due);
  assert.ok(!can(after, 'read', 'a') && can(after, 'read', 'b'));
  assert.equal(after.expiresAtMs, undefined);
});

test('a grant with conditions that nothing evaluates is not given, a deny with them holds', () => {
  const policy = parsePolicy('p', rule('a', 'read') + rule('b', 'deny') + rule('*', 'read'));
  const rules = policy.rules.map(
    (one): PathRule => (one.path === '*' ? one : { ...one, conditions: { addresses: ['10.0.0.0/8'] } }),
  );
  const compiled = compileAcl([{ ...policy, rules: rules.filter((one) => one.path !== '*') }], 0);
  assert.ok(!can(compiled, 'read', 'a'));
  assert.ok(!can(compileAcl([{ ...policy, rules }], 0), 'read', 'b'));
});

test('wrapping limits demand wrapping within the smaller limits', () => {
  const text = 'path "a" { capabilities = ["read"] min_wrapping_ttl = "1m" max_wrapping_ttl = 3600 }';
  const wrapped = (from: Acl, wrapTtlSeconds?: number) =>
    from.decide({ operation: 'read', path: 'a', wrapTtlSeconds }).allowed;
  const one = acl(text);
  assert.deepEqual(
    [undefined, 59, 60, 3600, 3601].map((ttl) => wrapped(one, ttl)),
    [false, false, true, true, false],
  );
  const two = acl(text, 'path "a" { capabilities = ["read"] max_wrapping_ttl = "2m" }');
  assert.deepEqual(
    [120, 121].map((ttl) => wrapped(two, ttl)),
    [true, false],
  );
  const never = acl(text, 'path "a" { capabilities = ["read"] max_wrapping_ttl = "30s" }');
  assert.deepEqual(
    [30, 60].map((ttl) => wrapped(never, ttl)),
    [false, false],
  );
  assert.equal(
    one.decide({ operation: 'read', path: 'a', wrapTtlSeconds: 60 }).limits.maxWrappingTtlSeconds,
    3600,
  );
});

test('the resultant ACL has the shape that was recorded', () => {
  const lines = readFileSync(new URL('./testdata/resultant-acl.json', import.meta.url), 'utf8');
  const own = `path "p/a" { capabilities=["create","update"] allowed_parameters={"a"=["1","2*"]} }
path "p/d" { capabilities=["create","update"] denied_parameters={"b"=[] "c"=["x"]} }
path "p/r" { capabilities=["create","update"] required_parameters=["k"] }
path "p/w" { capabilities=["create","update","read"] min_wrapping_ttl="1m" max_wrapping_ttl="1h" }
path "p/s/*" { capabilities=["deny"] }
path "p/s/ok" { capabilities=["read","create","sudo"] }`;
  assert.deepEqual(resultantAcl(acl(own)), JSON.parse(lines));
  assert.deepEqual(resultantAcl(compileAcl([rootPolicy], 0)), { root: true });
});

test('the built-in policies grant what Vault grants to every token, and no more', () => {
  const plain = acl(defaultPolicyText);
  for (const [operation, path] of [
    ['read', 'auth/token/lookup-self'],
    ['update', 'auth/token/renew-self'],
    ['update', 'auth/token/revoke-self'],
    ['update', 'sys/capabilities-self'],
    ['read', 'sys/internal/ui/resultant-acl'],
    ['update', 'sys/leases/renew'],
    ['update', 'sys/leases/lookup'],
    ['list', 'cubbyhole/'],
    ['create', 'cubbyhole/a/b'],
    ['update', 'sys/wrapping/unwrap'],
    ['update', 'sys/tools/hash/sha2-256'],
    ['update', 'identity/oidc/provider/x/authorize'],
  ] as const) {
    assert.ok(can(plain, operation, path), `${operation} ${path}`);
  }
  for (const path of [
    'auth/token/lookup',
    'sys/policies/acl/default',
    'sys/leases/revoke',
    'secret/a',
    'identity/entity/id/x',
  ]) {
    assert.deepEqual(plain.capabilities(path), ['deny'], path);
  }
  const wrapping = acl(responseWrappingPolicyText);
  assert.ok(can(wrapping, 'read', 'cubbyhole/response') && can(wrapping, 'update', 'sys/wrapping/unwrap'));
  assert.ok(!can(wrapping, 'read', 'cubbyhole/other'));
});

test('a hundred thousand rules decide about as fast as a hundred', () => {
  const text = (policy: number) =>
    Array.from({ length: 100 }, (_, n) =>
      rule(
        [`s/${policy}/e${n}`, `s/${policy}/p${n}/*`, `s/${policy}/+/q${n}`, `s/${policy}/+/q${n}/r*`][n % 4]!,
        'read',
      ),
    ).join('');
  const small = acl(text(0));
  const large = acl(...Array.from({ length: 1000 }, (_, policy) => text(policy)));
  const paths = Array.from(
    { length: 100 },
    (_, n) => [`s/0/e${n}`, `s/0/p${n}/x/y`, `s/0/x/q${n}`, `s/0/x/q${n}/rest`][n % 4]!,
  );
  const measure = (from: Acl): number => {
    const started = performance.now();
    for (let round = 0; round < 300; round++)
      for (const path of paths) assert.ok(from.decide({ operation: 'read', path }).allowed);
    return performance.now() - started;
  };
  measure(small);
  measure(large);
  const best = (from: Acl) => Math.min(...Array.from({ length: 5 }, () => measure(from)));
  const ratio = best(large) / best(small);
  assert.ok(ratio < 2.5, `the large one took ${ratio.toFixed(2)} times as long`);
});

test('events may be received where list and subscribe are granted together, of the types that any policy names', () => {
  const subscribe = (path: string, types: readonly string[], ...capabilities: string[]) =>
    `path "${path}" { capabilities = ${JSON.stringify(capabilities)} subscribe_event_types = ${JSON.stringify(types)} }\n`;
  const both = acl(
    subscribe('secret/data/*', ['kv-v2/data-write'], 'list', 'subscribe'),
    subscribe('secret/data/*', ['kv-v2/data-*', 'kv-v2/data-write'], 'read') +
      subscribe('secret/metadata/*', ['*'], 'subscribe') +
      subscribe('secret/data/denied', ['*'], 'deny', 'list', 'subscribe'),
  );
  assert.deepEqual(both.eventTypes('secret/data/a'), ['kv-v2/data-write', 'kv-v2/data-*']);
  for (const path of ['secret/metadata/a', 'secret/data/denied', 'other'])
    assert.deepEqual(both.eventTypes(path), [], path);
  assert.deepEqual(both.eventTypes('secret/data/a', 'ns1/'), []);
  assert.deepEqual(compileAcl([rootPolicy], 0).eventTypes('anything'), ['*']);
  assert.match(
    JSON.stringify(resultantAcl(both)),
    /"subscribe_event_types":\["kv-v2\/data-write","kv-v2\/data-\*"\]/,
  );
});
