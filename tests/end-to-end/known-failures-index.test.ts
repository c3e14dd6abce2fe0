import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';

const root = join(import.meta.dirname, '../..');

/** Failures of the field that concern the core and its command line, and the tests that keep us out of them: file, words of the test's name. */
const rows: Readonly<Record<string, readonly (readonly [file: string, name: string])[]>> = {
  'a name read differently by authorisation and storage': [
    [
      'tests/end-to-end/policies.test.ts',
      'is lower-cased in its name, with a warning, and never becomes root',
    ],
    ['tests/end-to-end/names-in-any-case.test.ts', 'gets round no deny by another spelling'],
    [
      'tests/end-to-end/known-failures.test.ts',
      'a policy cache is not shared between names that look alike when joined',
    ],
  ],
  'a tenant crossed by a handle': [
    [
      'tests/end-to-end/namespaces.test.ts',
      'tokens and accessors are unknown to another namespace whatever is asked of them',
    ],
    ['tests/end-to-end/unchanged-clients.test.ts', 'looks up and revokes a token by the lease that lists it'],
  ],
  'an address that the client forges': [
    [
      'tests/end-to-end/known-failures.test.ts',
      'is believed of nobody unless the peer is a configured proxy',
    ],
  ],
  'lockout and enumeration': [
    [
      'tests/end-to-end/lockout.test.ts',
      'is locked after five, in whatever case, whether or not it is anybody, and for the right password too',
    ],
  ],
  'secrets in logs': [['server/core/audit', 'a canary in every field of an exchange is nowhere in clear']],
  'unauthenticated administration': [
    [
      'tests/end-to-end/known-failures.test.ts',
      'cannot stop a key ceremony once an operator has given a share',
    ],
    [
      'tests/end-to-end/known-failures.test.ts',
      'cannot make the server work hard: compressed, deep and endless bodies end early',
    ],
  ],
  'an operator who comes to run code': [
    [
      'tests/end-to-end/known-failures.test.ts',
      'an audit file is never made among the files of the program, where it would be run',
    ],
  ],
  'lease explosion': [
    ['tests/end-to-end/known-failures.test.ts', 'are not made by reading a static secret, however often'],
    ['tests/end-to-end/known-failures.test.ts', 'and tokens by the thousand do not delay the start'],
  ],
  'a blocked audit device': [
    [
      'tests/end-to-end/known-failures.test.ts',
      'stops requests with a clear error after a bounded wait, says which it is, and lets them through again',
    ],
  ],
  'a lock that ran out while its holder slept': [
    [
      'server/core/leases',
      'is one node’s at a time, changes hands when it runs out, and then fails what the first still commits',
    ],
  ],
  'a record read in another place': [
    ['server/barrier', 'a record copied into another namespace or under another key is refused'],
  ],
};

describe('a failure of the field', () => {
  for (const [failure, tests] of Object.entries(rows)) {
    test(`has a test named after it: ${failure}`, () => {
      for (const [place, name] of tests) {
        const files = place.endsWith('.ts') ? [place] : globSync(`${place}/**/*.test.ts`, { cwd: root });
        const named = files.filter((file) => readFileSync(join(root, file), 'utf8').includes(name));
        assert.equal(named.length > 0, true, `no test in ${place} is named "${name}"`);
      }
    });
  }
});
