import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { Program } from './program.ts';

const ready = /Stop with Ctrl-C/;
const anyPort = '-address=127.0.0.1:0';

let program: Program;
beforeEach(() => {
  program = new Program();
});
afterEach(() => program.dispose());

const keyFolder = (): string => {
  const folder = join(program.home, '.config/coffer');
  return join(folder, readdirSync(folder)[0] ?? '');
};
const dataFolder = (): string => join(program.home, '.local/share/coffer');
const tokenFile = (): string => join(program.home, '.coffer-token');

async function refused(argv: readonly string[], more: NodeJS.ProcessEnv = {}): Promise<string> {
  const { code, out, err } = await program.run(['start', anyPort, ...argv], more);
  assert.equal(code, 1, `${out}${err}`);
  assert.equal(out, '');
  assert.match(err, /^Coffer cannot start: [^\n]+\.\n[^\n]+\n$/, 'one sentence and a hint');
  assert.doesNotMatch(err, /Error|\.ts:\d|node:/);
  return err;
}

describe('coffer start', () => {
  it('makes a store and a key, logs the user in, and has everything there the next time', async () => {
    const first = await program.start(['start', anyPort], ready);
    const reach = { COFFER_ADDR: first.address };
    assert.match(
      first.out,
      /with a new, empty store[\s\S]*Data .*\n.*Key .*\n.*Root token[\s\S]*kv put[\s\S]*kv get[\s\S]*status[\s\S]*coffer server -config=FILE/,
    );
    assert.equal(first.err, '', 'the log is quiet');
    assert.equal(statSync(dataFolder()).mode & 0o777, 0o700);
    for (const file of [
      tokenFile(),
      ...['unseal.key', 'root-token', 'recovery-key'].map((name) => join(keyFolder(), name)),
    ]) {
      assert.equal(statSync(file).mode & 0o777, 0o600, file);
    }
    assert.equal(readFileSync(join(keyFolder(), 'recovery-key'), 'utf8').trim().length, 44);
    const put = await program.run(['kv', 'put', 'secret/ai/openai', 'api-key=sk-one'], reach);
    assert.equal(put.code, 0, put.err);
    assert.deepEqual((await first.stop()).code, 0);

    const second = await program.start(['start', anyPort], ready);
    assert.doesNotMatch(second.out, /new, empty store/);
    const get = await program.run(['kv', 'get', '-field=api-key', 'secret/ai/openai'], {
      COFFER_ADDR: second.address,
    });
    assert.equal(get.out.trim(), 'sk-one', get.err);
    assert.equal((await second.stop('SIGINT')).code, 0);
  });

  it('keeps the key and every secret out of the data folder and of what it prints', async () => {
    const server = await program.start(['start', anyPort, '-log-level=trace'], ready);
    await program.run(['kv', 'put', 'secret/a', 'k=canary-7d1'], { COFFER_ADDR: server.address });
    const { out, err } = await server.stop();
    const key = readFileSync(join(keyFolder(), 'unseal.key'), 'utf8').trim();
    const token = readFileSync(tokenFile(), 'utf8').trim();
    const stored = readdirSync(dataFolder()).map((name) => readFileSync(join(dataFolder(), name), 'latin1'));
    for (const secret of [key, token, Buffer.from(key, 'base64').toString('latin1'), 'canary-7d1']) {
      assert.ok([out, err, ...stored].every((text) => !text.includes(secret)));
    }
  });

  it('keeps a token of another server that the command line had', async () => {
    writeFileSync(tokenFile(), 'hvs.other', { mode: 0o600 });
    const server = await program.start(['start', anyPort], ready);
    assert.match(server.out, /The token that was there before is now in ~\/\.coffer-token\.before/);
    assert.equal(readFileSync(`${tokenFile()}.before`, 'utf8'), 'hvs.other');
    await server.stop();
  });

  it('changes nothing when the port is taken', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => other.once('listening', resolve));
    const address = other.address();
    assert.ok(typeof address === 'object' && address !== null);
    const err = await refused([`-address=127.0.0.1:${address.port}`]);
    assert.match(err, /is taken by another program/);
    assert.deepEqual(readdirSync(program.home), []);
    other.close();
  });

  it('names the flag, and no line of a file that is not there, when an address is none', async () => {
    const { code, err } = await program.run(['start', '-address=nowhere']);
    assert.equal(code, 1);
    assert.match(err, /^ {2}-address: "address" must be HOST:PORT/m);
  });

  it('says so when the folder cannot be written, is a file, or belongs to something else', async () => {
    writeFileSync(join(program.home, 'file'), '');
    assert.match(await refused(['-data=file']), /a file is in its way|is no folder/);
    assert.match(await refused(['-data=file/below']), /a file is in its way/);
    assert.match(await refused(['-data=/proc/coffer']), /cannot be (written|made|used)/);
    mkdirSync(join(program.home, 'documents'));
    writeFileSync(join(program.home, 'documents/letter.txt'), 'dear');
    assert.match(await refused(['-data=documents']), /holds other files/);
    assert.deepEqual(readdirSync(join(program.home, 'documents')), ['letter.txt']);
  });

  it('says so when another process has the data', async () => {
    const server = await program.start(['start', anyPort], ready);
    assert.match(await refused([]), /another process uses this data folder/);
    assert.equal(server.child.exitCode, null);
    await server.stop();
  });

  it('never makes a new key for a store that is there, whether the key is lost or another’s', async () => {
    await (await program.start(['start', anyPort], ready)).stop();
    const key = join(keyFolder(), 'unseal.key');
    renameSync(key, `${key}.kept`);
    assert.match(await refused([]), /the key that opens the data in .* is not at .*unseal\.key/);
    assert.equal(existsSync(key), false);
    writeFileSync(key, `${randomBytes(32).toString('base64')}\n`, { mode: 0o600 });
    assert.match(await refused([]), /unseal\.key is not the one that the data in .* was encrypted with/);
    writeFileSync(key, 'too short', { mode: 0o600 });
    assert.doesNotMatch(await refused([]), /too short/);
    renameSync(`${key}.kept`, key);
    await (await program.start(['start', anyPort], ready)).stop();
  });

  it('finds its key after the data folder was moved', async () => {
    await (await program.start(['start', anyPort, '-data=one'], ready)).stop();
    renameSync(join(program.home, 'one'), join(program.home, 'two'));
    const server = await program.start(['start', anyPort, '-data=two'], ready);
    assert.doesNotMatch(server.out, /new, empty store/);
    await server.stop();
  });

  it('refuses a key file inside of the data folder', async () => {
    assert.match(await refused(['-data=d', '-key-file=d/key']), /may not lie in the data folder/);
  });

  it('goes on where a first start was cut off, at every step of it', async () => {
    const begin = async (): Promise<void> => {
      const server = await program.start(['start', anyPort], ready);
      const reach = { COFFER_ADDR: server.address };
      assert.equal((await program.run(['kv', 'put', 'secret/x', 'a=1'], reach)).code, 0);
      assert.equal(existsSync(join(keyFolder(), 'first-start-unfinished')), false);
      await server.stop();
    };
    const anew = (): void => {
      for (const name of readdirSync(program.home)) rmSync(join(program.home, name), { recursive: true });
      mkdirSync(dataFolder(), { recursive: true, mode: 0o700 });
    };
    anew();
    await begin(); // an empty folder
    anew();
    writeFileSync(join(dataFolder(), 'installation-id'), '0123456789abcdef\n');
    await begin(); // an id and no key
    anew();
    writeFileSync(join(dataFolder(), 'installation-id'), '0123456789abcdef\n');
    mkdirSync(join(program.home, '.config/coffer/0123456789abcdef'), { recursive: true });
    writeFileSync(join(program.home, '.config/coffer/0123456789abcdef/unseal.key'), '');
    await begin(); // a key that was never written
    // Everything done but the last step, and then the token and the recovery key were lost.
    writeFileSync(join(keyFolder(), 'first-start-unfinished'), 'revoked-before-the-crash');
    rmSync(tokenFile());
    rmSync(join(keyFolder(), 'recovery-key'));
    const server = await program.start(['start', anyPort], ready);
    assert.match(server.out, /interrupted before its recovery key was written down/);
    assert.equal(
      readFileSync(tokenFile(), 'utf8'),
      readFileSync(join(keyFolder(), 'root-token'), 'utf8').trim(),
    );
    await server.stop();
  });

  it('can be killed at any moment of its first start', async () => {
    for (const afterMs of [180, 240, 300, 400]) {
      const folders = [`-data=d${afterMs}`];
      await program.run(['start', anyPort, ...folders], {}, afterMs);
      const server = await program.start(['start', anyPort, ...folders], ready);
      const get = await program.run(['secrets', 'list'], { COFFER_ADDR: server.address });
      assert.match(get.out, /secret\//, get.err);
      await server.stop('SIGKILL');
    }
  });

  it('takes the key from the environment where there is no place for files', async () => {
    const more = { COFFER_SECRET_ENCRYPTION_KEY: randomBytes(32).toString('base64') };
    const server = await program.start(['start', anyPort], ready, more);
    await server.stop();
    assert.equal(existsSync(join(keyFolder(), 'unseal.key')), false);
    const other = { COFFER_SECRET_ENCRYPTION_KEY: randomBytes(32).toString('base64') };
    assert.match(await refused([], other), /COFFER_SECRET_ENCRYPTION_KEY is not the one/);
  });

  it('suggests what a mistyped flag was meant to be, and explains itself', async () => {
    assert.match(await refused(['-dta=x']), /flag provided but not defined: -dta\.\nDid you mean "data"\?/);
    const help = await program.run(['start', '--help']);
    assert.match(help.out, /coffer start/);
  });
});
