import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { choosePolicies, type Parent } from './choose-policies.ts';
import type { TokenRole } from './roles.ts';

const plain: Parent = { policies: ['a', 'b', 'default'], isRoot: false, hasSudo: false, isElsewhere: false };
const root: Parent = { policies: ['root'], isRoot: true, hasSudo: true, isElsewhere: false };
const role: TokenRole = {
  name: 'r',
  allowedPolicies: [],
  disallowedPolicies: [],
  allowedPoliciesGlob: [],
  disallowedPoliciesGlob: [],
  orphan: false,
  renewable: true,
  pathSuffix: '',
  allowedEntityAliases: null,
  boundCidrs: [],
  explicitMaxTtlSeconds: 0,
  periodSeconds: 0,
  noDefaultPolicy: false,
  tokenType: 'default-service',
  numUses: 0,
  olderNames: [],
};

function choose(
  policies: readonly string[] | undefined,
  parent: Parent,
  more: { role?: Partial<TokenRole>; noDefaultPolicy?: boolean } = {},
): string[] {
  const wish = { policies, noDefaultPolicy: more.noDefaultPolicy ?? false };
  return choosePolicies(wish, more.role && { ...role, ...more.role }, parent);
}

describe('policies of a new token', () => {
  test('are the parent’s when none are asked for, with default only if the parent has it', () => {
    assert.deepEqual(choose(undefined, plain), ['a', 'b', 'default']);
    assert.deepEqual(choose([], { ...plain, policies: ['a'] }), ['a']);
    assert.deepEqual(choose(undefined, root), ['root']);
    assert.deepEqual(choose(undefined, plain, { noDefaultPolicy: true }), ['a', 'b']);
  });

  test('are lower-cased, trimmed, each once, and root stands alone', () => {
    assert.deepEqual(choose([' B', 'a', 'A'], plain), ['a', 'b', 'default']);
    assert.deepEqual(choose(['x', 'Root'], root), ['root']);
  });

  test('are never more than the parent’s without sudo or a role, whatever is asked', () => {
    const names = fc.constantFrom('a', 'A', 'b ', 'c', 'root', 'ROOT', 'default', 'response-wrapping', '');
    fc.assert(
      fc.property(fc.array(names), fc.boolean(), (asked, noDefaultPolicy) => {
        let chosen: string[];
        try {
          chosen = choose(asked, plain, { noDefaultPolicy });
        } catch (error) {
          assert.match(String(error), /subset|internal|assign/);
          return;
        }
        assert.ok(chosen.every((name) => plain.policies.includes(name)));
      }),
    );
  });

  test('root comes only from root, and never from above', () => {
    const sudo = { ...plain, hasSudo: true };
    for (const parent of [sudo, { ...sudo, policies: ['root'] }])
      assert.throws(() => choose(['root'], parent), /without parent token being root/);
    assert.throws(() => choose(['root'], { ...root, isElsewhere: true }), /from a parent namespace/);
    assert.throws(() => choose(['root'], plain, { role: { allowedPoliciesGlob: ['*'] } }), /being root/);
  });

  test('in a namespace below, nothing is inherited, and only sudo names any', () => {
    const above = { ...plain, isElsewhere: true };
    assert.deepEqual(choose(undefined, above), ['default']);
    assert.throws(() => choose(['a'], above), /subset of parent/);
    assert.deepEqual(choose(['x'], { ...above, hasSudo: true }), ['default', 'x']);
    assert.deepEqual(choose(undefined, { ...root, isElsewhere: true }), ['default']);
  });

  test('a role that allows decides by itself; globs and refusals count', () => {
    const allowed = { allowedPolicies: ['x', 'y'] };
    assert.deepEqual(choose(undefined, plain, { role: allowed }), ['default', 'x', 'y']);
    assert.deepEqual(choose(['x'], plain, { role: allowed }), ['default', 'x']);
    assert.throws(() => choose(['a'], plain, { role: allowed }), {
      message: `token policies (["a" "default"]) must be subset of the role's allowed policies (["default" "x" "y"]) or glob policies ([])`,
    });
    assert.deepEqual(choose(['re-x'], plain, { role: { allowedPoliciesGlob: ['re*'] } }), [
      'default',
      're-x',
    ]);
    const refusing = { allowedPoliciesGlob: ['*'], disallowedPoliciesGlob: ['*min'] };
    assert.throws(() => choose(['admin'], plain, { role: refusing }), /"admin" is disallowed by this role/);
    assert.deepEqual(choose(['a'], plain, { role: { disallowedPolicies: ['default'] } }), ['a']);
    assert.deepEqual(choose(['x'], plain, { role: { ...allowed, noDefaultPolicy: true } }), ['x']);
  });

  test('a role that names no policy leaves the caller’s own rights in force', () => {
    assert.throws(() => choose(['c'], plain, { role: {} }), /subset of parent/);
    assert.deepEqual(choose(['a'], plain, { role: {} }), ['a', 'default']);
  });
});
