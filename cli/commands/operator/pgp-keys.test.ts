import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { generateKey, readKey } from 'openpgp';
import { readPgpKey, readPgpKeys } from './pgp-keys.ts';

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'coffer-pgp-'));
after(() => fs.rmSync(folder, { recursive: true }));

function file(name: string, content: string | Uint8Array): string {
  const full = path.join(folder, name);
  fs.writeFileSync(full, content);
  return full;
}

test('a key is the same base64 whether its file is armored, binary or base64', async () => {
  const { publicKey } = await generateKey({ userIDs: [{ name: 'holder' }], format: 'armored' });
  const key = await readKey({ armoredKey: publicKey });
  const expected = Buffer.from(key.write()).toString('base64');
  assert.equal(readPgpKey('pgp-keys', file('armored.asc', publicKey)), expected);
  assert.equal(readPgpKey('pgp-keys', file('windows.asc', publicKey.replaceAll('\n', '\r\n'))), expected);
  assert.equal(readPgpKey('pgp-keys', file('binary.gpg', key.write())), expected);
  assert.equal(readPgpKey('pgp-keys', `@${file('base64.txt', `${expected}\n`)}`), expected);
});

test('armor lines before the key and a checksum after it are left out', () => {
  const armored =
    '-----BEGIN PGP PUBLIC KEY BLOCK-----\nVersion: 1\nComment: x\n\nAAAA\nBBBB\n=abcd\n-----END PGP PUBLIC KEY BLOCK-----\n';
  assert.equal(readPgpKey('pgp-keys', file('headers.asc', armored)), 'AAAABBBB');
});

test('several files stand in one flag or in several, and a missing one is named', () => {
  const [a, b] = [file('a', 'AAAA'), file('b', 'BBBB')];
  assert.deepEqual(readPgpKeys('pgp-keys', [`${a},${b}`, a]), ['AAAA', 'BBBB', 'AAAA']);
  assert.equal(readPgpKeys('pgp-keys', undefined), undefined);
  assert.throws(() => readPgpKeys('pgp-keys', ['missing.asc']), /flag -pgp-keys.*missing\.asc.*no such file/);
});
