import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { promisify } from 'node:util';
import { Program } from './program.ts';

const run = promisify(execFile);
const root = join(import.meta.dirname, '../..');
const quiet = ['--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];

describe('the packed package', () => {
  let folder = '';
  let installed = '';
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'coffer-package-'));
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  it('holds JavaScript, its documents, and no test or source', async () => {
    const tree = join(folder, 'tree');
    mkdirSync(tree);
    await run(
      process.execPath,
      [
        join(root, 'node_modules/typescript/bin/tsc'),
        '-p',
        'tsconfig.build.json',
        '--outDir',
        join(tree, 'dist'),
      ],
      { cwd: root },
    );
    cpSync(join(root, 'bin/coffer'), join(tree, 'bin/coffer'));
    for (const name of readdirSync(root)) {
      if (/^(package\.json|[A-Z]+\.md|LICENSE)$/.test(name)) copyFileSync(join(root, name), join(tree, name));
    }
    const { stdout } = await run('npm', ['pack', '--json', '--pack-destination', folder, ...quiet], {
      cwd: tree,
    });
    const files = /"path":\s*"([^"]+)"/g;
    const names = [...stdout.matchAll(files)].map((match) => match[1] ?? '');
    assert.ok(
      names.includes('bin/coffer') && names.includes('dist/bin/coffer.js'),
      names.slice(0, 20).join(),
    );
    assert.deepEqual(
      names.filter((name) => /\.ts$|\.test\.|harness|(^|\/)testing|conformance/.test(name)),
      [],
    );
  });

  it('can be installed in an empty folder without running any script', async () => {
    installed = join(folder, 'installed');
    mkdirSync(installed);
    const tarball = readdirSync(folder).find((name) => name.endsWith('.tgz')) ?? '';
    await run(
      'npm',
      ['install', '--prefix', installed, '--prefer-offline', '--omit=dev', ...quiet, join(folder, tarball)],
      {
        cwd: installed,
        timeout: 60_000,
      },
    );
    assert.ok(existsSync(join(installed, 'node_modules/.bin/coffer')));
    const manifest = readFileSync(join(installed, 'node_modules/coffer/package.json'), 'utf8');
    assert.match(manifest, /"name": "coffer"/);
  });

  it('speaks as Vault through a link of that name', async () => {
    const link = join(folder, 'vault');
    symlinkSync(join(installed, 'node_modules/.bin/coffer'), link);
    const program = new Program([link]);
    try {
      assert.match((await program.run(['version'])).out, /^Vault v\d+\.\d+\.\d+ \(Coffer v/);
      assert.match((await program.run(['kv', 'get', '-help'])).out, /^Usage: vault kv get /);
    } finally {
      await program.dispose();
    }
  });

  it('starts, keeps a secret and gives it back', async () => {
    const program = new Program([join(installed, 'node_modules/.bin/coffer')]);
    try {
      const server = await program.start(['start', '-address=127.0.0.1:0'], /Stop with Ctrl-C/);
      const reach = { COFFER_ADDR: server.address };
      const put = await program.run(['kv', 'put', 'secret/ai/openai', 'api-key=sk-packed'], reach);
      assert.equal(put.code, 0, put.err);
      const get = await program.run(['kv', 'get', '-field=api-key', 'secret/ai/openai'], reach);
      assert.equal(get.out.trim(), 'sk-packed', get.err);
      const { code, err } = await server.stop();
      assert.equal(code, 0, err);
    } finally {
      await program.dispose();
    }
  });
});
