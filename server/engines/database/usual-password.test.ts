import assert from 'node:assert/strict';
import { test } from 'node:test';
import { usualPassword } from './credentials.ts';

test('a usual password has all four kinds of characters and is safe in a dollar quote and on a command line', () => {
  for (let round = 0; round < 5_000; round++) {
    const password = usualPassword();
    assert.match(password, /^[A-Za-z0-9][A-Za-z0-9-]{19}$/);
    for (const kind of [/[a-z]/, /[A-Z]/, /\d/, /-/]) assert.match(password, kind);
    assert.doesNotMatch(password, /--/);
  }
});
