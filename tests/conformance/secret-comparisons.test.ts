import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

const server = join(import.meta.dirname, '../../server');

/** Names of what a caller may have to prove that he knows. */
const secretName =
  /(?:^|[^A-Za-z]|[a-z](?=[A-Z]))(?:[Ss]ecret|[Pp]ass(?:word|code|phrase)|[Hh]ash|[Dd]igest|[Hh]?[Mm]ac|[Ss]ignature|[Vv]erifier|[Tt]oken|[Oo]tp|[Nn]once|[Pp]roof)(?:Bytes|Text|Hash)?$/;
const comparison = /([\w.?[\]'#()]+) (?:===|!==) (-?[\w.?[\]'#]+)/g;
const plain = /^(?:undefined|null|true|false|-?\d.*|'.*)$/;

/** Compared with `===` all the same, and why nobody learns anything by it. */
const harmless: Readonly<Record<string, string>> = {
  'core/tokens/token-keys.ts': 'digests of tokens, looked up by one of them',
  'core/tokens/token-revocation.ts': 'keys of records, made of digests of tokens',
  'core/identity/oidc/userinfo-path.ts': 'two headers of the same request',
  'start-up/local/first-start.ts': 'two tokens in files of one operator',
  'core/system/wrapping-paths.ts': 'two tokens that the same caller sent',
  'core/audit/scrubbed.ts': 'two spellings of one secret of the server',
  'engines/database': 'a password of the server against what the server wrote down a moment ago',
  'auth-methods/jwt/authorization-code.ts': 'a claim that the provider has signed',
};

function bareComparisons(text: string): string[] {
  const bare = [...text.matchAll(comparison)].filter(([, left = '', right = '']) => {
    if ([left, right].some((side) => plain.test(side) || /[lL]ength$/.test(side))) return false;
    return [left, right].some((side) => secretName.test(side.replace(/['\])]+$/, '')));
  });
  return bare.map(([found]) => found);
}

test('a secret is compared in constant time, wherever a caller could learn from how long it takes', () => {
  assert.deepEqual(bareComparisons('return given.password === user.password;'), [
    'given.password === user.password',
  ]);
  assert.deepEqual(bareComparisons("mac !== expectedMac; tokenHash === row['hash']").length, 2);
  assert.deepEqual(bareComparisons('password === undefined || token.length !== 5 || version === 1'), []);
  const files = globSync('**/*.ts', { cwd: server }).filter(
    (file) => !/\.test\.ts$|testing|harness/.test(file),
  );
  assert.ok(files.length > 300);
  const bare = files.flatMap((file) =>
    bareComparisons(readFileSync(join(server, file), 'utf8')).map((found) => `${file}: ${found}`),
  );
  const places = Object.keys(harmless);
  assert.deepEqual(
    bare.filter((line) => !places.some((place) => line.startsWith(place))),
    [],
    'equalText and equalBytes of server/crypto/constant-time.ts are for this',
  );
  for (const place of places)
    assert.ok(
      bare.some((line) => line.startsWith(place)),
      `${place} is no exception any more`,
    );
});
