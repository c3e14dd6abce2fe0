import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Acl, AclOperation } from './acl.ts';
import { compileAcl } from './compile-acl.ts';
import { parsePolicy } from './parse-policy.ts';

/**
 * An oracle that shares nothing with the matcher: it looks at every rule for every request, and follows the
 * sentences of vault-api.md (16–18) one by one.
 */
interface OracleRule {
  readonly policy: string;
  readonly path: string;
  readonly capabilities: readonly string[];
}

const capabilityFor = new Map<AclOperation, string>([
  ['create', 'create'],
  ['read', 'read'],
  ['update', 'update'],
  ['delete', 'delete'],
  ['list', 'list'],
  ['patch', 'patch'],
  ['scan', 'scan'],
  ['recover', 'recover'],
  ['renew', 'update'],
  ['revoke', 'update'],
  ['rollback', 'update'],
]);

const hasPlus = (path: string) => path === '+' || path.startsWith('+/') || path.includes('/+');
const isGlob = (path: string) => hasPlus(path) || path.endsWith('*');

/** Does a glob, read one character or segment at a time, cover the whole path? */
function covers(glob: string, path: string): boolean {
  if (!hasPlus(glob)) return path.startsWith(glob.slice(0, -1));
  const open = glob.endsWith('*');
  const wanted = (open ? glob.slice(0, -1) : glob).split('/');
  const given = path.split('/');
  if (open ? given.length < wanted.length : given.length !== wanted.length) return false;
  for (let i = 0; i < wanted.length; i++) {
    const last = i === wanted.length - 1;
    if (wanted[i] === '+') continue;
    if (open && last ? !given[i]!.startsWith(wanted[i]!) : given[i] !== wanted[i]) return false;
  }
  return true;
}

function beats(a: string, b: string): boolean {
  const facts = (glob: string) => {
    const prefix = glob.endsWith('*');
    const text = prefix ? glob.slice(0, -1) : glob;
    return {
      first: hasPlus(glob) ? glob.indexOf('+') : text.length,
      prefix,
      pluses: hasPlus(glob) ? text.split('/').filter((part) => part === '+').length : 0,
      text,
    };
  };
  const x = facts(a);
  const y = facts(b);
  if (x.first !== y.first) return x.first > y.first;
  if (x.prefix !== y.prefix) return y.prefix;
  if (x.pluses !== y.pluses) return x.pluses < y.pluses;
  if (x.text.length !== y.text.length) return x.text.length > y.text.length;
  return x.text > y.text;
}

function decidingPath(rules: readonly OracleRule[], path: string, isList: boolean): string | undefined {
  const bare = isList && path.endsWith('/') ? path.slice(0, -1) : path;
  const paths = rules.map((rule) => rule.path);
  for (const spelling of [path, bare]) if (paths.includes(spelling) && !isGlob(spelling)) return spelling;
  let best: string | undefined;
  for (const candidate of paths) {
    if (!isGlob(candidate) || !(covers(candidate, path) || covers(candidate, bare))) continue;
    if (best === undefined || beats(candidate, best)) best = candidate;
  }
  return best;
}

function oracleCapabilities(
  rules: readonly OracleRule[],
  path: string,
  isList: boolean,
): Map<string, string[]> {
  const deciding = decidingPath(rules, path, isList);
  const same = rules.filter((rule) => rule.path === deciding);
  const granted = new Map<string, string[]>();
  if (same.some((rule) => rule.capabilities.includes('deny'))) return granted;
  for (const { capabilities, policy } of same) {
    for (const capability of capabilities) {
      granted.set(capability, [...new Set([...(granted.get(capability) ?? []), policy])].sort());
    }
  }
  return granted;
}

const segment = fc.constantFrom('a', 'b', 'ab', 'é', '+', '+', 'c+', '+a', '', 'a*b');
const rulePath = fc
  .tuple(fc.array(segment, { minLength: 1, maxLength: 4 }), fc.constantFrom('', '', '*', '/*', 'a*'))
  .map(([segments, tail]) => segments.join('/') + tail)
  .filter((path) => !path.includes('+*') && !path.startsWith('/'));
const capabilityNames = fc.subarray([
  'create',
  'read',
  'update',
  'delete',
  'list',
  'patch',
  'scan',
  'sudo',
  'recover',
  'deny',
]);
const capabilitySet = fc.oneof(
  { weight: 4, arbitrary: capabilityNames.map((all) => all.filter((one) => one !== 'deny')) },
  { weight: 1, arbitrary: capabilityNames },
);
const rules = fc.array(
  fc.record({ policy: fc.constantFrom('one', 'two', 'three'), path: rulePath, capabilities: capabilitySet }),
  { maxLength: 12 },
);
const requestPath = fc
  .array(fc.constantFrom('a', 'b', 'ab', 'abc', 'é', 'c+', '+', '+a', 'a*b', ''), {
    minLength: 1,
    maxLength: 5,
  })
  .map((segments) => segments.join('/'))
  .filter((path) => !path.startsWith('/'));

function compile(all: readonly OracleRule[], namespace = ''): Acl {
  const policies = ['one', 'two', 'three'].map((name) => {
    const own = all.filter((rule) => rule.policy === name);
    const text = own.map(
      ({ path, capabilities }) =>
        `path ${JSON.stringify(path)} { capabilities = ${JSON.stringify(capabilities)} }`,
    );
    return parsePolicy(name, text.join('\n'), namespace);
  });
  return compileAcl(policies, 0);
}

test('the matcher decides as the slow oracle does, for any policies, path and operation', () => {
  let granted = 0;
  fc.assert(
    fc.property(
      rules,
      fc.array(requestPath, { minLength: 1, maxLength: 8 }),
      fc.constantFrom('', 'team/'),
      (all, paths, namespace) => {
        const acl = compile(all, namespace);
        for (const path of paths) {
          for (const [operation, capability] of capabilityFor) {
            const isList = operation === 'list' || operation === 'scan';
            const expected = oracleCapabilities(all, path, isList);
            const decision = acl.decide({ operation, path, namespace });
            const where = `${operation} ${path} of ${JSON.stringify(all)}`;
            assert.equal(decision.allowed, expected.has(capability), where);
            assert.equal(decision.sudo, expected.has('sudo'), where);
            assert.deepEqual(decision.grantingPolicies, expected.get(capability) ?? [], where);
            assert.equal(
              acl.decide({ operation, path, namespace, sudo: true }).allowed,
              expected.has(capability) && expected.has('sudo'),
            );
            if (decision.allowed) granted++;
          }
          const all_ = [...oracleCapabilities(all, path, true).keys()].sort();
          assert.deepEqual(acl.capabilities(path, namespace), all_.length > 0 ? all_ : ['deny']);
        }
      },
    ),
    { numRuns: 1500 },
  );
  assert.ok(granted > 3000, `only ${granted} were granted: the property says too little`);
});

test('the order of policies and of rules changes nothing', () => {
  fc.assert(
    fc.property(rules, requestPath, (all, path) => {
      const backwards = compile([...all].reverse());
      const forwards = compile(all);
      for (const operation of capabilityFor.keys()) {
        assert.deepEqual(
          forwards.decide({ operation, path }).allowed,
          backwards.decide({ operation, path }).allowed,
        );
      }
    }),
    { numRuns: 500 },
  );
});

test('grantsBelow is true whenever something at or below the mount is granted', () => {
  fc.assert(
    fc.property(rules, requestPath, (all, path) => {
      const acl = compile(all);
      if (acl.capabilities(path)[0] === 'deny') return;
      for (let slash = path.indexOf('/'); slash !== -1; slash = path.indexOf('/', slash + 1)) {
        assert.ok(
          acl.grantsBelow(path.slice(0, slash + 1)),
          `${path.slice(0, slash + 1)} of ${JSON.stringify(all)}`,
        );
      }
    }),
    { numRuns: 1000 },
  );
});
