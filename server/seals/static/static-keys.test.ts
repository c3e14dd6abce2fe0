import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { chmod, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { silentLogger } from '../../contracts/logger.ts';
import { SealError } from '../../contracts/seal.ts';
import { createStaticKeyFile, plugin } from './index.ts';

const folder = await mkdtemp(join(tmpdir(), 'coffer-static-keys-'));
after(() => rm(folder, { recursive: true }));

const open = (settings: Record<string, unknown>, environment: Record<string, string> = {}) =>
  plugin.open(settings, { environment, logger: silentLogger });

const invalid = (pattern: RegExp) => (error: unknown) =>
  error instanceof SealError && error.kind === 'invalid' && pattern.test(error.message) && error.hint !== '';

async function fileWith(name: string, content: string | Uint8Array): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, content, { mode: 0o600 });
  return path;
}

test('one key in any spelling, from a file or a variable, is the same key', async () => {
  const key = randomBytes(32);
  const spellings = [key, key.toString('hex'), `${key.toString('base64')}\n`, key.toString('base64url')];
  const first = await open({}, { COFFER_SECRET_ENCRYPTION_KEY: key.toString('base64') });
  const wrapped = await first.wrap(Buffer.from('x'), 'c');
  for (const [index, spelling] of spellings.entries()) {
    const path = await fileWith(`spelling-${index}`, spelling);
    for (const settings of [{ key_file: path }, { current_key: `file://${path}` }]) {
      assert.equal(Buffer.from(await (await open(settings)).unwrap(wrapped, 'c')).toString(), 'x');
    }
  }
  const named = await open({ current_key: 'env://MINE' }, { MINE: key.toString('hex') });
  assert.equal(Buffer.from(await named.unwrap(wrapped, 'c')).toString(), 'x');
});

test('a key file that is missing, too open, too short or no key is refused with a hint', async () => {
  await assert.rejects(open({ key_file: join(folder, 'nowhere') }), invalid(/is not there/));
  const tooOpen = await fileWith('open', randomBytes(32));
  await chmod(tooOpen, 0o644);
  await assert.rejects(open({ key_file: tooOpen }), invalid(/open to others/));
  await assert.rejects(open({ key_file: await fileWith('short', randomBytes(31)) }), invalid(/32 bytes/));
  await assert.rejects(open({ key_file: await fileWith('zeros', Buffer.alloc(32)) }), invalid(/repeated/));
  await assert.rejects(open({ key_file: await fileWith('empty', '') }), invalid(/32 bytes/));
  await assert.rejects(
    open({ key_file: await fileWith('huge', Buffer.alloc(1 << 20)) }),
    invalid(/too large/),
  );
});

test('a key written into the configuration itself is refused, and not repeated', async () => {
  const key = randomBytes(32).toString('hex');
  await assert.rejects(
    open({ current_key: key }),
    (error) => invalid(/not a path/)(error) && !String(error).includes(key),
  );
});

test('no key anywhere is an error, never a new key', async () => {
  await assert.rejects(open({}), invalid(/has no key/));
  await assert.rejects(open({ current_key: 'env://ABSENT' }), invalid(/ABSENT/));
  await assert.rejects(open({ key_file: '/a', current_key: '/b' }), invalid(/both/));
  await assert.rejects(open({ key_file: 7 }), invalid(/not a string/));
});

test('the previous key of the environment opens what it wrapped, and alone does not fit the new one', async () => {
  const [old, fresh] = [randomBytes(32).toString('base64'), randomBytes(32).toString('base64')];
  const before = await open({}, { COFFER_SECRET_ENCRYPTION_KEY: old });
  const wrapped = await before.wrap(Buffer.from('x'), 'c');
  const during = await open(
    {},
    { COFFER_SECRET_ENCRYPTION_KEY: fresh, COFFER_SECRET_ENCRYPTION_KEY_PREVIOUS: old },
  );
  assert.equal(Buffer.from(await during.unwrap(wrapped, 'c')).toString(), 'x');
  assert.equal(during.isStale(wrapped), true);
  const rewrapped = await during.wrap(Buffer.from('x'), 'c');
  await assert.rejects(
    before.unwrap(rewrapped, 'c'),
    (error) => error instanceof SealError && error.kind === 'wrong-key',
  );
});

test('an id kept for another key is told apart from a missing id', async () => {
  const [one, two] = [await fileWith('one', randomBytes(32)), await fileWith('two', randomBytes(32))];
  const wrapped = await (await open({ current_key_id: 'a', current_key: one })).wrap(Buffer.from('x'), 'c');
  const sameName = await open({ current_key_id: 'a', current_key: two });
  await assert.rejects(sameName.unwrap(wrapped, 'c'), /though it has its name/);
  const otherName = await open({ current_key_id: 'b', current_key: one });
  await assert.rejects(otherName.unwrap(wrapped, 'c'), /sealed with the key "a"/);
  const clash = { current_key_id: 'a', current_key: one, previous_key_id: 'a', previous_key: two };
  await assert.rejects(open(clash), invalid(/same id/));
});

test('a fresh key file is private, works at once, and is never overwritten', async () => {
  const path = join(folder, 'deep', 'er', 'seal.key');
  await createStaticKeyFile(path);
  assert.equal((await stat(path)).mode & 0o777, 0o600);
  assert.equal((await stat(join(folder, 'deep'))).mode & 0o777, 0o700);
  const content = await readFile(path, 'utf8');
  await open({ key_file: path });
  await assert.rejects(createStaticKeyFile(path), { code: 'EEXIST' });
  assert.equal(await readFile(path, 'utf8'), content);
});
