import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { Failure } from './failure.ts';
import { findToken, forgetStoredToken, storeToken } from './token-file.ts';

test('a token helper named in ~/.vault keeps the token instead of a file, and never has it as an argument', () => {
  const home = fs.mkdtempSync(path.join(os.tmpdir(), 'coffer-helper-'));
  try {
    const helper = path.join(home, 'helper');
    fs.writeFileSync(
      helper,
      `#!/bin/sh\necho "$*" >> "$HOME/calls"\ncase $1 in get) cat "$HOME/kept" 2>/dev/null || true;; store) cat > "$HOME/kept";; erase) rm -f "$HOME/kept";; esac\n`,
      { mode: 0o700 },
    );
    fs.writeFileSync(path.join(home, '.vault'), `# mine\ntoken_helper = "${helper}"\n`);
    const environment = { HOME: home, PATH: '/usr/bin:/bin' };
    assert.equal(findToken(environment), '');
    storeToken(environment, 'hvs.kept-by-helper');
    assert.equal(findToken(environment), 'hvs.kept-by-helper');
    assert.equal(findToken({ ...environment, VAULT_TOKEN: 'of-environment' }), 'of-environment');
    forgetStoredToken(environment);
    assert.equal(findToken(environment), '');
    assert.deepEqual(fs.readdirSync(home).sort(), ['.vault', 'calls', 'helper']);
    assert.equal(fs.readFileSync(path.join(home, 'calls'), 'utf8'), 'get\nstore\nget\nerase\nget\n');
  } finally {
    fs.rmSync(home, { recursive: true });
  }
});

test('a token helper that fails is an error and not a missing token', () => {
  const home = fs.mkdtempSync(path.join(os.tmpdir(), 'coffer-helper-'));
  try {
    fs.writeFileSync(path.join(home, '.vault'), 'token_helper = "/bin/false"\n');
    assert.throws(() => findToken({ HOME: home }), Failure);
    fs.writeFileSync(path.join(home, '.vault'), 'token_helper = "helper"\n');
    assert.throws(() => findToken({ HOME: home }), /whole path/);
  } finally {
    fs.rmSync(home, { recursive: true });
  }
});
