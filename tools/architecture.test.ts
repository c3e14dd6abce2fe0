import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { dirname, join, normalize } from 'node:path';
import { describe, it } from 'node:test';
import { pathToFileURL } from 'node:url';
import { importsOf, projectFolder, sourceFiles } from './source-files.ts';

/**
 * Which room may import which. `own` is the room itself. Rooms of plug-ins may use their own folder and the files
 * beside the folders, never a sibling.
 */
const allowed: Readonly<Record<string, readonly string[]>> = {
  'server/contracts': ['own'],
  'server/crypto': ['own'],
  formats: ['own'],
  sdk: ['own'],
  'server/storage': ['server/contracts', 'formats', 'folder'],
  'server/audit-devices': ['server/contracts', 'formats', 'folder'],
  'server/seals': ['server/contracts', 'server/crypto', 'formats', 'folder'],
  'server/barrier': ['own', 'server/contracts', 'server/crypto', 'formats'],
  'server/core': ['own', 'server/contracts', 'server/crypto', 'server/barrier', 'formats'],
  'server/engines': ['server/contracts', 'server/crypto', 'formats', 'folder'],
  'server/auth-methods': ['server/contracts', 'server/crypto', 'formats', 'folder'],
  'server/rotation': ['server/contracts', 'server/crypto', 'formats', 'folder'],
  'server/platform': ['own', 'server/contracts', 'server/core', 'formats'],
  'server/dialects': ['server/contracts', 'server/core', 'server/platform', 'formats', 'folder'],
  'server/start-up': ['own', 'server', 'formats'],
  server: ['own', 'server', 'formats'],
  cli: ['own', 'agent', 'sdk', 'formats'],
  agent: ['own', 'sdk', 'formats'],
  gateway: ['own', 'sdk', 'formats'],
  bin: ['own', 'cli', 'server'],
};
/** Rooms made of plug-in folders, each exporting `plugin`. */
const pluginRooms = ['storage', 'seals', 'engines', 'auth-methods', 'audit-devices'];
/** Tests reach further: real storage, real seals, the harnesses of contracts. */
const isTest = (path: string): boolean =>
  /\.test\.ts$|(^|\/)conformance(\.ts$|\/)|(^|\/)testing(\.ts$|\/)|-harness\.ts$/.test(path);
const unchecked = ['tests', 'tools', 'bench'];

const files = sourceFiles().filter(({ path }) => path.endsWith('.ts'));

function roomOf(path: string): string {
  const parts = path.split('/');
  if (parts[0] !== 'server') return parts[0] ?? '';
  return parts.length > 2 ? `server/${parts[1]}` : 'server';
}

function pluginFolderOf(path: string): string | undefined {
  const parts = path.split('/');
  return parts.length > 3 ? parts.slice(0, 3).join('/') : undefined;
}

function isAllowed(from: string, to: string): boolean {
  const room = roomOf(from);
  const target = roomOf(to);
  const rules = allowed[room] ?? [];
  if (rules.includes(target)) return true;
  if (rules.includes('server') && target.startsWith('server/')) return true;
  if (room !== target) return false;
  if (rules.includes('own')) return true;
  if (!rules.includes('folder')) return false;
  const folder = pluginFolderOf(to);
  return folder === undefined || folder === pluginFolderOf(from);
}

describe('the architecture', () => {
  it('sees imports of every kind', () => {
    const text = `import { a,\n b } from './one.ts';\nimport type { c } from "./two.ts";\nexport * from './three.ts';
      import './four.ts'; // import './no.ts'
      const later = await import('./five.ts'); type T = import('./six.ts').T; /* import('./no.ts') */`;
    const names = importsOf(text).map(({ specifier }) => specifier);
    assert.deepEqual(
      names.sort(),
      ['five', 'four', 'one', 'six', 'three', 'two'].map((name) => `./${name}.ts`),
    );
    assert.equal(isAllowed('server/engines/kv/a.ts', 'server/engines/ssh/b.ts'), false, 'a sibling');
    assert.equal(isAllowed('server/engines/kv/a.ts', 'server/engines/kv/b.ts'), true);
    assert.equal(isAllowed('server/core/a/b.ts', 'server/engines/kv/b.ts'), false);
    assert.equal(isAllowed('cli/main.ts', 'server/core/a.ts'), false);
  });

  it('lets every room import only what the table allows', () => {
    const wrong: string[] = [];
    for (const { path, text } of files) {
      if (unchecked.includes(roomOf(path)) || isTest(path)) continue;
      if (!(roomOf(path) in allowed)) wrong.push(`${path}: the room is not in the table`);
      for (const { specifier } of importsOf(text)) {
        if (!specifier.startsWith('.')) continue;
        const target = normalize(join(dirname(path), specifier));
        if (!isAllowed(path, target)) wrong.push(`${path} imports ${target}`);
      }
    }
    assert.deepEqual(wrong, []);
  });

  it('never lets the program import a test or its harness', () => {
    const wrong = files
      .filter(({ path }) => !unchecked.includes(roomOf(path)) && !isTest(path))
      .flatMap(({ path, text }) =>
        importsOf(text)
          .map(({ specifier }) => normalize(join(dirname(path), specifier)))
          .filter((target) => isTest(target))
          .map((target) => `${path} imports ${target}`),
      );
    assert.deepEqual(wrong, []);
  });

  it('imports relative files by their real name, and the runtime’s modules as node:', () => {
    const wrong: string[] = [];
    for (const { path, text } of files.filter(({ path }) => !isTest(path))) {
      for (const { specifier } of importsOf(text)) {
        if (specifier.startsWith('.') && !existsSync(join(projectFolder, dirname(path), specifier))) {
          wrong.push(`${path} imports ${specifier}, which does not exist`);
        }
        if (!specifier.startsWith('node:') && builtinModules.includes(specifier))
          wrong.push(`${path} imports ${specifier} without node:`);
      }
    }
    assert.deepEqual(wrong, []);
  });

  it('has no folder or file called utils, helpers, common or misc', () => {
    const banned = /(^|\/)(utils?|helpers?|common|misc)(\/|\.[a-z.]+$)/;
    assert.deepEqual(
      sourceFiles()
        .map(({ path }) => path)
        .filter((path) => banned.test(path)),
      [],
    );
  });

  it('has in every plug-in folder a plugin of the folder’s name', async () => {
    const wrong: string[] = [];
    for (const room of pluginRooms) {
      for (const name of foldersOf(`server/${room}`)) {
        const index = join(projectFolder, 'server', room, name, 'index.ts');
        const loaded: unknown = await import(pathToFileURL(index).href);
        const plugin =
          typeof loaded === 'object' && loaded !== null && 'plugin' in loaded ? loaded.plugin : undefined;
        const type =
          typeof plugin === 'object' && plugin !== null && 'type' in plugin ? plugin.type : undefined;
        if (type !== name) wrong.push(`server/${room}/${name}: plugin.type is ${String(type)}`);
      }
    }
    assert.deepEqual(wrong, []);
  });

  it('has in every plug-in folder a README.md and tests, its own or a conformance suite’s', () => {
    const wrong: string[] = [];
    for (const room of [...pluginRooms, 'dialects']) {
      for (const name of foldersOf(`server/${room}`)) {
        const names = readdirSync(join(projectFolder, 'server', room, name), { recursive: true }).map(String);
        if (!names.includes('README.md')) wrong.push(`server/${room}/${name}: no README.md`);
        if (!names.some((file) => file.endsWith('.test.ts') || file === 'conformance.ts')) {
          wrong.push(`server/${room}/${name}: no tests`);
        }
      }
    }
    assert.deepEqual(wrong, []);
  });
});

function foldersOf(path: string): string[] {
  const folder = join(projectFolder, path);
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name);
}
