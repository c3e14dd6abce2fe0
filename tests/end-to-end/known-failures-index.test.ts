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
    ['tests/end-to-end/policies.test.ts', 'a list with or without its slash meets the same deny'],
    [
      'tests/end-to-end/identity.test.ts',
      'fill templates with what the entity is, and with nothing that widens a path',
    ],
    ['server/core/policies', 'no value of an identity widens a path beyond its own segment'],
  ],
  'a tenant crossed by a handle': [
    [
      'tests/end-to-end/namespaces.test.ts',
      'tokens and accessors are unknown to another namespace whatever is asked of them',
    ],
    ['tests/end-to-end/unchanged-clients.test.ts', 'looks up and revokes a token by the lease that lists it'],
    [
      'tests/conformance/foreign-ids.test.ts',
      'no id of one namespace reads, changes or ends anything there when it is used in another',
    ],
    ['tests/end-to-end/identity.test.ts', 'are in another as if they did not exist, with every verb'],
    ['server/barrier', 'a namespace created again under the same id reads nothing of the former one'],
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
  'a lockout that another path goes round': [
    ['tests/end-to-end/lockout-model.test.ts', 'is what a plain model of it says, whatever fails, waits'],
    ['tests/end-to-end/lockout.test.ts', 'gets no more guesses out of many that are sent at once'],
  ],
  'an identity that widens a policy': [
    [
      'tests/end-to-end/identity-model.test.ts',
      'is what a plain model of it says, whatever is merged, grouped',
    ],
  ],
  'a quota that miscounts': [
    ['tests/end-to-end/quota-model.test.ts', 'limit rates as a plain model of them says'],
    ['tests/end-to-end/quota-model.test.ts', 'count leases as a plain model of them says'],
  ],
  'names told apart by what a login costs': [
    ['server/auth-methods/userpass', 'an unknown user and a wrong password are answered alike'],
    ['server/auth-methods/userpass', 'an unknown user costs the same work as a known one'],
  ],
  'a second factor shown twice, or in another spelling': [
    ['tests/end-to-end/login-mfa.test.ts', 'lets in once, wherever it is shown again'],
    ['tests/end-to-end/login-mfa.test.ts', 'shown twice at the same moment lets in one'],
    ['tests/end-to-end/login-mfa.test.ts', 'with spaces is none'],
    ['tests/end-to-end/login-mfa.test.ts', 'guessed too often makes the entity wait'],
    ['server/engines/totp', 'sent many times at once, on several nodes, is good for one of them'],
    ['server/engines/totp', 'of another spelling is none: spaces are neither cut nor passed over'],
  ],
  'a machine taken for another': [
    ['server/auth-methods/kubernetes', 'an audience has to be in the token, and in the review'],
    [
      'server/auth-methods/kubernetes',
      'is refused to other accounts and namespaces before the cluster is asked',
    ],
    [
      'server/auth-methods/kubernetes',
      'a token cannot be renewed once its role is gone, nor by a new role of that name',
    ],
    [
      'server/auth-methods/jwt',
      'accepts one fitting audience of several, and none by a role that binds none',
    ],
    ['server/auth-methods/jwt', 'of another key are refused, whatever kid it claims'],
    ['server/auth-methods/jwt', 'none, and HS256 with the public key as its secret, are refused'],
    [
      'tests/end-to-end/auth-cert.test.ts',
      'is renewed over a connection with the same certificate, or one reissued for its key, and no other',
    ],
    ['server/auth-methods/cert', 'that only claims to be signed by the authority is none'],
    [
      'server/auth-methods/github',
      'a member of another organization of the same name, or of none, is refused',
    ],
  ],
  'a revocation that gives up': [
    ['server/core/leases', 'is over at once, is tried again for ever with back-off, and shows as waiting'],
    ['server/core/leases', 'that hangs is given up on, holds up no other, and is tried again'],
    ['tests/faults/revocation-kill.test.ts', 'whatever was ended stays ended, and the rest follows'],
    ['tests/faults/revocation-race.test.ts', 'does nothing more once the revocation is acknowledged'],
  ],
  'a rotation that loses the password': [
    [
      'tests/faults/database-kill.test.ts',
      'a root password that is in force but not yet known to be is used by the next start at once',
    ],
    [
      'tests/faults/database-kill.test.ts',
      'a root password that PostgreSQL was never told is set by the next start, and the old one serves until then',
    ],
  ],
  'a failed fsync that is asked again': [
    ['tests/faults/storage-kill.test.ts', 'stops for good at the first failure: '],
    ['tests/faults/storage-kill.test.ts', 'fsync,fdatasync:error=EIO'],
  ],
  'a comparison that stops early': [
    ['tests/conformance/secret-comparisons.test.ts', 'a secret is compared in constant time'],
  ],
  'a write that another’s write swallows': [
    [
      'tests/faults/concurrent-history.test.ts',
      'see one secret: versions, check-and-set and reads have an order that explains them all',
    ],
  ],
  'secrets in logs': [
    ['server/core/audit', 'a canary in every field of an exchange is nowhere in clear'],
    ['tests/fuzz/canary.test.ts', 'stands in no log, no audit line and no file, in clear or encoded'],
    ['tests/fuzz/canary.test.ts', 'is sent malformed: cut off, broken, too deep, in a form, in headers'],
  ],
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
