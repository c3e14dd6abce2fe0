import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { findToken, storeToken } from './token-file.ts';

let home: string;
beforeEach(() => {
  home = fs.mkdtempSync(path.join(os.tmpdir(), 'coffer-home-'));
});
afterEach(() => fs.rmSync(home, { recursive: true }));

test('the stored token is readable by its owner alone, also when an open file stood there before', () => {
  const file = path.join(home, '.coffer-token');
  fs.writeFileSync(file, 'old', { mode: 0o644 });
  storeToken({ HOME: home }, 'new');
  assert.equal(fs.readFileSync(file, 'utf8'), 'new');
  assert.equal(fs.statSync(file).mode & 0o777, 0o600);
  assert.deepEqual(fs.readdirSync(home), ['.coffer-token']);
});

test('a link that stands there is replaced, not written through', () => {
  const target = path.join(home, 'other');
  fs.writeFileSync(target, 'untouched');
  fs.symlinkSync(target, path.join(home, '.coffer-token'));
  storeToken({ HOME: home }, 'new');
  assert.equal(fs.readFileSync(target, 'utf8'), 'untouched');
});

test('the environment wins, and an empty variable counts as none', () => {
  storeToken({ HOME: home }, 'stored');
  assert.equal(findToken({ HOME: home, VAULT_TOKEN: 'given' }), 'given');
  assert.equal(findToken({ HOME: home, COFFER_TOKEN: '' }), 'stored');
  assert.equal(findToken({}), '');
});

test('a token file that cannot be read is an error and not a missing token', () => {
  fs.mkdirSync(path.join(home, '.coffer-token'));
  assert.throws(() => findToken({ HOME: home }), /cannot read the stored token.*directory/);
});

test('without a home folder nothing can be stored, and the error does not hold the token', () => {
  assert.throws(
    () => storeToken({}, 'canary'),
    (error: Error) => /HOME/.test(error.message) && !/canary/.test(error.message),
  );
});
