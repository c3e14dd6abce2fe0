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
  const scripted = Object.entries(readLock().packages).filter(
    ([, { hasInstallScript }]) => hasInstallScript === true,
  );
  assert.deepEqual(
    scripted.map(([name]) => name),
    [],
  );
});
